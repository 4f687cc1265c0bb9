"""Kinds `usage_timeline` and `filtered_usage`: the case gives events, metering and rating do the rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from core.ids import deterministic_id
from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating import metered
from tests.golden.rating.advance_facts import period_of
from tests.golden.rating.facts import Case, Facts, filters, instant, no_prices, prices
from tests.golden.rating.fees import assert_fee, assert_fees, fees_of


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> {window: its fees}; a timeline has a window per checkpoint."""
    fees = fees_of(graph, facts_of(cases))
    return {case["id"]: {name: fees.get(deterministic_id(name, case["id"]), []) for name, _, _ in windows(case)} for case in cases}


def check(case: Case, outcome: dict[str, list[dict[str, Any]]]) -> None:
    """Raises AssertionError where a listed field differs."""
    if "checkpoints" not in case["expected"]:
        return assert_fees(case, outcome[case["id"]])
    for index, checkpoint in enumerate(case["expected"]["checkpoints"]):
        (fee,) = outcome[f"{case['id']}#{index}"]
        assert_fee(case, checkpoint, fee)


def facts_of(cases: list[Case]) -> Facts:
    """One charge per case, and one window per period or checkpoint."""
    facts = no_prices() | {"int_metering__service_periods": []}
    for case in cases:
        inputs = case["inputs"]
        metered.charge(case["id"], inputs["metric"], inputs["charge"], facts)
        metered.events(case, inputs["events"], facts)
        prices(case["id"], None, inputs["charge"]["properties"], facts)
        oldest_first = sorted(inputs.get("charge_filters", []), key=lambda row: row.get("created_at", ""))
        filters(case["id"], [(row["name"], row["values"]) for row in oldest_first], inputs.get("metric_filters", {}), facts)
        for row in oldest_first:
            prices(case["id"], f"{case['id']}/{row['name']}", row["properties"], facts)
        for name, checkpoint, horizon in windows(case):
            is_upgraded = checkpoint.get("upgraded", False)
            columns = {"ends_with_service": is_upgraded, "successor_plan_id": f"{case['id']}/next" if is_upgraded else None}
            columns |= {column: inputs[column] for column in ("currency", "timezone") if column in inputs}
            metered.usage_window(name, case["id"], checkpoint["period"], horizon, facts, subscription_id=case["id"], **columns)
        if inputs["charge"].get("pay_in_advance"):
            facts["int_metering__service_periods"] += service_periods(case)
    return facts


def windows(case: Case) -> Iterator[tuple[str, Case, datetime]]:
    """(window id, what the case says of it, horizon): one per checkpoint of a timeline, else one that sees every event."""
    for index, checkpoint in enumerate(case["expected"].get("checkpoints", [])):
        yield f"{case['id']}#{index}", checkpoint, instant(checkpoint["at"])
    if "checkpoints" not in case["expected"]:
        yield case["id"], case["inputs"], datetime(9999, 1, 1)


def service_periods(case: Case) -> list[dict[str, Any]]:
    """The periods in which the events of a charge in advance are billed, one after the other."""
    periods = {described["period"]["from"]: described["period"] for _, described, _ in windows(case)}
    names = dict.fromkeys(("subscription_id", "customer_id", "external_subscription_id", "plan_id"), case["id"])
    zone = {column: case["inputs"][column] for column in ("currency", "timezone") if column in case["inputs"]}
    return [period_of(period, **names, **zone) | {"period_index": index} for index, period in enumerate(periods.values(), 1)]
