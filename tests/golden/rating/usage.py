"""Kinds `usage_timeline` and `filtered_usage`: the case gives events, metering and rating do the rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from core.ids import deterministic_id
from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating import metered
from tests.golden.rating.advance_facts import period_of
from tests.golden.rating.facts import HORIZON, Case, Facts, filters, instant, no_prices, prices, superseding
from tests.golden.rating.fees import assert_fee, assert_fees, assert_totals, fees_of

LAST_SECOND = "23:59:59.999Z"
"""How the end of a whole period is written (the cases' zones are UTC); a service may end at any other time."""
NOTHING = dict.fromkeys(("amount", "amount_cents", "units", "total_aggregated_units", "events_count"), 0)
"""A bill does not list what is neither used nor owed."""


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> {window: its fees}; a timeline has a window per checkpoint."""
    fees = fees_of(graph, facts_of(cases))
    return {
        case["id"]: {name: fees.get(deterministic_id(name, case["id"]), []) for name, _, _ in windows(case)}
        for case in cases
    }


def check(case: Case, outcome: dict[str, list[dict[str, Any]]]) -> None:
    """Raises AssertionError where a listed field differs."""
    if "checkpoints" not in case["expected"]:
        return assert_fees(case, outcome[case["id"]])
    for index, checkpoint in enumerate(case["expected"]["checkpoints"]):
        fees = outcome[f"{case['id']}#{index}"] or [NOTHING]
        if len(fees) > 1:
            assert_totals(case, checkpoint, fees)
        else:
            assert_fee(case, checkpoint, fees[0])


def facts_of(cases: list[Case]) -> Facts:
    """One charge per case, and one window per period or checkpoint."""
    facts = no_prices() | {"int_metering__service_periods": []}
    for case in cases:
        own = facts_of_one(case)
        superseding(own, min(moments(case)), max(moments(case)))
        if not case["inputs"].get("continued", True):
            for row in own["catalog.charges"]:
                if row["plan_id"] == next_plan(case) and row["valid_from"] == min(moments(case)):
                    row["billable_metric_id"] = next_plan(case)
        for name, rows in own.items():
            facts.setdefault(name, []).extend(rows)
    return facts


def moments(case: Case) -> list[datetime]:
    """When the case's prices and filters are asked for: at its horizons, and of a charge in advance at its events."""
    events = case["inputs"]["events"] if case["inputs"]["charge"].get("pay_in_advance") else []
    return [*(horizon for _, _, horizon in windows(case)), *(instant(event["timestamp"]) for event in events)]


def facts_of_one(case: Case) -> Facts:
    """The charge of a case, which its customer also has on the plan of an upgrade, its windows, and events."""
    facts, inputs = no_prices() | {"int_metering__service_periods": []}, case["inputs"]
    metered.charge(case["id"], inputs["metric"], inputs["charge"], facts)
    facts["catalog.charges"].append(facts["catalog.charges"][0] | dict.fromkeys(("id", "plan_id"), next_plan(case)))
    metered.events(case, inputs["events"], facts)
    metered.others(case["id"], facts)
    prices(case["id"], None, inputs["charge"]["properties"], facts)
    oldest_first = sorted(inputs.get("charge_filters", []), key=lambda row: row.get("created_at", ""))
    filters(case["id"], [(row["name"], row["values"]) for row in oldest_first], inputs.get("metric_filters", {}), facts)
    for row in oldest_first:
        prices(case["id"], f"{case['id']}/{row['name']}", row["properties"], facts)
    for name, described, horizon in windows(case):
        columns = {column: inputs[column] for column in ("currency", "timezone") if column in inputs}
        metered.usage_window(
            name,
            case["id"],
            described["period"],
            horizon,
            facts,
            subscription_id=case["id"],
            **columns,
            **billing(case, described),
        )
    if inputs["charge"].get("pay_in_advance"):
        facts["int_metering__service_periods"] += service_periods(case)
        beside(case, facts)
    return facts


def beside(case: Case, facts: Facts) -> None:
    """What is billed in advance beside the case: a second charge of the plan on the same metric, at 1 per unit, and another subscription
    to the plan, which sends every event twice.
    """
    second, other = f"{case['id']}/second", f"/{case['id']}"
    facts["catalog.charges"].append(facts["catalog.charges"][0] | {"id": second, "charge_model": "standard"})
    prices(second, None, {"amount": "1"}, facts)
    names = dict.fromkeys(("external_subscription_id", "subscription_id"), other)
    facts["int_metering__service_periods"] += [row | names for row in facts["int_metering__service_periods"]]
    called = metered.names(case["id"])
    own = [row for row in facts["landing.events"] if all(row[column] == called[column] for column in ("external_subscription_id", "code"))]
    for again in ("once", "twice"):
        facts["landing.events"] += [
            row | {"external_subscription_id": other, "transaction_id": f"{row['transaction_id']}/{again}"} for row in own
        ]


def next_plan(case: Case) -> str:
    return f"{case['id']}/next"


def billing(case: Case, described: Case) -> dict[str, Any]:
    """What becomes of a window: it is looked at, or billed; then the bill opens the next period, unless the service has ended."""
    if described.get("upgraded"):
        return {"window_state": "due", "ends_with_service": True, "successor_plan_id": next_plan(case)}
    if described.get("context") != "invoice":
        return {}
    is_whole = described["period"]["to"].endswith(LAST_SECOND)
    return {"window_state": "due", "renewed_to_at": HORIZON if is_whole else None, "ends_with_service": not is_whole}


def windows(case: Case) -> Iterator[tuple[str, Case, datetime]]:
    """(window id, what the case says of it, horizon): one per checkpoint of a timeline, else one that sees every event."""
    for index, checkpoint in enumerate(case["expected"].get("checkpoints", [])):
        yield f"{case['id']}#{index}", checkpoint, instant(checkpoint["at"])
    if "checkpoints" not in case["expected"]:
        yield case["id"], case["inputs"], datetime(9999, 1, 1)


def service_periods(case: Case) -> list[dict[str, Any]]:
    """The periods in which the events of a charge in advance are billed, one after the other."""
    periods = {described["period"]["from"]: described["period"] for _, described, _ in windows(case)}
    called = metered.names(case["id"])
    names = {"subscription_id": case["id"], "customer_id": f"{case['id']}/customer"} | {
        name: called[name] for name in ("external_subscription_id", "plan_id")
    }
    zone = {column: case["inputs"][column] for column in ("currency", "timezone") if column in case["inputs"]}
    return [
        period_of(period, **names, **zone) | {"period_index": index} for index, period in enumerate(periods.values(), 1)
    ]
