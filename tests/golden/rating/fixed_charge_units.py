"""Kind `fixed_charge_units`: the case gives changes of units, metering says how many there are in the period.

Cases of our own also say on which `bill` (default: the one that ends the service) and whether it is paid in advance, what it was
`known_until`, when the subscription was made and changed, and from when until when the plan `sold` the fixed charge. A change without a
timestamp is for the next period; one of the subscription's `own` is not the plan's. A plan may bill its fixed charges `monthly` though its own
period is another, or not close a period of its own with the bill (`closes`). Cases may expect that there is, or is not, a bill for the
subscription's start, and no units (null).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.facts import ALWAYS, Case, Facts, Outcome, instant, superseding, version
from tests.golden.rating.fees import assert_field, assert_known
from tests.support import facts as given_facts

QUANTITIES = "int_metering__fixed_charge_quantities"
STARTS = "int_metering__fixed_charge_starts"
TARGETS = [QUANTITIES, STARTS]
EVER = instant("9999-01-01T00:00:00Z")
WEEK = timedelta(days=7)


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> (its quantities, whether its subscription has a bill for its start)."""
    connection = given_facts.open_connection()
    relations = given_facts.give_all(connection, graph, TARGETS, facts_of(cases))
    graph.run(connection, TARGETS, relations)
    starting = {row["subscription_id"] for row in given_facts.rows_of(connection, STARTS)}
    found: dict[str, Any] = {case["id"]: ([], case["id"] in starting) for case in cases}
    for row in given_facts.rows_of(connection, QUANTITIES):
        if row["fixed_charge_id"] in found:
            found[row["fixed_charge_id"]][0].append(row)
    return found


def check(case: Case, outcome: tuple[Outcome, bool]) -> None:
    """Raises AssertionError where the units differ, or a bill for the start is missing or too many."""
    quantities, has_start_bill = outcome
    expected = case["expected"]
    assert_known(case, expected, {"units", "has_start_bill"})
    if "units" in expected and expected["units"] is None:
        assert not quantities, f"{case['id']}: {quantities}"
    elif "units" in expected:
        (quantity,) = quantities
        assert_field(case, "units", expected["units"], quantity["units"])
    if "has_start_bill" in expected:
        assert has_start_bill == expected["has_start_bill"], f"{case['id']}: a bill for the start: {has_start_bill}"


def facts_of(cases: list[Case]) -> Facts:
    """Each case is a plan with one fixed charge, a subscription that has been on it from the beginning of time, and a bill."""
    facts: Facts = {
        "int_metering__unissued_items": [],
        "int_metering__service_periods": [],
        "int_metering__fixed_charge_bills": [],
    }
    for case in cases:
        inputs = case["inputs"]
        terms = {"prorated": inputs["prorated"], "pay_in_advance": inputs.get("pay_in_advance", False)}
        sold_from = {"valid_from": instant(inputs["sold"]["from"])} if "from" in inputs.get("sold", {}) else {}
        fixed_charge(case["id"], facts, **terms, **sold_from)
        if "subscription" in inputs:
            subscription(
                facts["stg_catalog__subscriptions"],
                **{name: instant(at) for name, at in inputs["subscription"].items()},
            )
        begin, end = instant(inputs["period"]["from"]), instant(inputs["period"]["to"])
        next_end = instant(inputs["next_period"]["to"]) if "next_period" in inputs else None
        bill(case, inputs.get("bill", "terminating"), begin, end, next_end, facts)
        for event in inputs["events"]:
            effective_at = instant(event["timestamp"]) if "timestamp" in event else None
            owner = case["id"] if event.get("own") else None
            units(case["id"], event["units"], effective_at, instant(event["created_at"]), facts, owner)
        if not inputs.keys() & {"sold", "subscription"}:
            others(case["id"], terms, facts)
    superseding(facts, EVER)
    ends = {
        case["id"]: instant(case["inputs"]["sold"]["to"]) for case in cases if "to" in case["inputs"].get("sold", {})
    }
    for row in facts["stg_catalog__fixed_charges"]:
        if "valid_to" in row:
            row["valid_to"] = ends.get(row["fixed_charge_id"], EVER)
    return facts


def bill(case: Case, reason: str, begin: datetime, end: datetime, next_end: datetime | None, facts: Facts) -> None:
    """A bill of the case's subscription and the period that it closes, opens, or lies in. A service that ends counts its last instant;
    one that ends on the day of a boundary is closed by a bill of the next period.
    """
    names = dict.fromkeys(("subscription_id", "plan_id"), case["id"]) | {"known_from": ALWAYS, "period_index": 1}
    facts["int_metering__unissued_items"].append(
        {
            **names,
            "invoice_id": case["id"],
            "invoicing_reason": "terminating" if reason == "closing" else reason,
            "period_index": 2 if reason == "closing" else 1,
            "currency": case["inputs"].get("currency", "EUR"),
            "timezone": case["inputs"].get("timezone", "UTC"),
            "ends_with_service": reason == "terminating",
            "usage_to_at": end if reason in ("periodic", "terminating", "closing") else None,
            "horizon_at": instant(case["inputs"]["known_until"]) if "known_until" in case["inputs"] else EVER,
            "is_due": True,
        }
    )
    monthly = case["inputs"].get("monthly", False)
    own = {
        "usage_from_at": begin,
        "period_ends_at": end,
        "period_ends_on": end.date(),
        "next_period_ends_at": next_end,
        "next_period_ends_on": next_end and next_end.date(),
        "period_days": case["inputs"]["period"]["duration_days"],
    }
    # A period of which nothing may be read, but the end of what a closing bill closes.
    other = dict.fromkeys(own, None) | {"usage_from_at": begin - WEEK, "period_days": 1}
    other["period_ends_at"] = end if reason == "closing" else end - WEEK
    of_month, of_plan = (own, other) if monthly else (other, own)
    period = {
        **names,
        "started_at": begin,
        "is_first_period": True,
        **of_month,
        **{
            name.replace("period", "plan_period").replace("usage", "plan_usage"): value
            for name, value in of_plan.items()
        },
        "closes_plan_period": not monthly and case["inputs"].get("closes", True),
        "bill_fixed_charges_monthly": monthly,
    }
    facts["int_metering__service_periods"] += [period, period | {"known_from": EVER}, period | {"period_index": 9}]


def others(name: str, terms: Case, facts: Facts) -> None:
    """What has no part in the case: another fixed charge of its plan, and another subscription to it with units of its own."""
    other = f"{name}/other"
    fixed_charge(other, facts, plan_id=name, **terms)
    facts["stg_catalog__subscriptions"][-1]["plan_id"] = name
    units(other, 1000, ALWAYS, ALWAYS, facts)
    units(name, 999, ALWAYS, ALWAYS, facts, other)


def fixed_charge(name: str, facts: Facts, **terms: Any) -> None:
    """A fixed charge on a plan, and a subscription to it, all called `name`."""
    facts.setdefault("stg_catalog__plans", []).append(version(plan_id=name))
    facts.setdefault("stg_catalog__fixed_charges", []).append(
        version(fixed_charge_id=name, plan_id=name, add_on_id=name, charge_model="standard") | terms
    )
    facts.setdefault("stg_catalog__subscriptions", []).append(
        version(subscription_id=name, plan_id=name, started_at=ALWAYS)
    )


def subscription(rows: list[dict[str, Any]], made_at: datetime, started_at: datetime, changed_at: datetime) -> None:
    """The last of `rows` as it was made, and a later version of it."""
    rows[-1] |= {"valid_from": made_at, "started_at": started_at}
    rows.append(rows[-1] | {"valid_from": changed_at})


def units(
    name: str, number: Any, effective_at: Any, known_at: Any, facts: Facts, subscription_id: str | None = None
) -> None:
    """A change of units; changes made at one instant follow each other as they are listed."""
    changes = facts.setdefault("stg_catalog__fixed_charge_units", [])
    changes.append(
        version(fixed_charge_id=name, subscription_id=subscription_id, units=Decimal(number), effective_at=effective_at)
        | {"valid_from": known_at, "sequence": len(changes)}
    )
