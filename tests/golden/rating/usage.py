"""Kinds `aggregation`, `usage_timeline` and `filtered_usage`: the case gives events, metering and rating do the rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.facts import Case, Facts, charge, events, filters, instant, no_facts, prices, window
from tests.golden.rating.fees import assert_fee, assert_fees, fees_of

AGGREGATIONS = {"count_agg", "sum_agg", "max_agg", "latest_agg", "unique_count_agg"}
CHARGE_MODELS = {"standard", "graduated", "package", "volume"}


def covers(case: Case) -> bool:
    """Whether the SQL claims this case's features so far."""
    inputs = case["inputs"]
    metric, terms = inputs.get("metric", {}), inputs.get("charge", {"charge_model": "standard"})
    if metric.get("recurring") or inputs.get("prorated") or terms.get("prorated") or terms.get("pay_in_advance"):
        return False
    if metric and metric["aggregation_type"] not in AGGREGATIONS:
        return False
    if (
        inputs.keys() & {"dedup", "presentation_group_keys"}
        or "event_values" in case["expected"]
        or "precise_total_amount" in str(case["expected"])
    ):
        return False
    return (case["kind"] != "aggregation" or case["subject"] in {*AGGREGATIONS, "rounding"}) and terms[
        "charge_model"
    ] in CHARGE_MODELS


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> {window charge: its fees}; a timeline has a window charge per checkpoint."""
    fees = fees_of(graph, facts_of(cases))
    return {case["id"]: {name: fees.get(name, []) for name, _, _ in windows(case)} for case in cases}


def check(case: Case, outcome: dict[str, list[dict[str, Any]]]) -> None:
    """Raises AssertionError where a listed field differs."""
    if "checkpoints" not in case["expected"]:
        return assert_fees(case, outcome[case["id"]])
    for index, checkpoint in enumerate(case["expected"]["checkpoints"]):
        (fee,) = outcome[f"{case['id']}#{index}"]
        assert_fee(case, checkpoint, fee)


def facts_of(cases: list[Case]) -> Facts:
    """Cases that start from events: one window charge per period or checkpoint."""
    facts = no_facts() | {"int_metering__received_events": []}
    for case in cases:
        inputs = case["inputs"]
        if case["subject"] == "rounding":
            case["inputs"]["events"] = [{"timestamp": "2024-01-01T00:00:00Z", "properties": {"value": inputs["units"]}}]
        events(case, facts)
        named = [(row["name"], row["values"]) for row in inputs.get("charge_filters", [])]
        if "matching_filters" in inputs:
            named = [("matching", inputs["matching_filters"])]
        filters(case["id"], named, inputs.get("metric_filters", {}), facts)
        terms = inputs.get("charge", {"charge_model": "standard", "properties": {"amount": "1"}})
        properties = {"pricing_group_keys": inputs.get("pricing_group_keys")} | terms["properties"]
        prices(case["id"], None, properties, facts)
        for row in inputs.get("charge_filters", []):
            prices(case["id"], f"{case['id']}/{row['name']}", row["properties"], facts)
        if "matching_filters" in inputs:
            prices(case["id"], f"{case['id']}/matching", properties, facts)
        has_buckets = bool(
            named
            or properties.get("pricing_group_keys")
            or any(r["properties"].get("pricing_group_keys") for r in inputs.get("charge_filters", []))
        )
        for name, period, horizon in windows(case):
            facts["int_metering__window_charges"].append(
                charge(
                    case["id"],
                    terms["charge_model"],
                    inputs.get("metric", inputs),
                    has_buckets,
                    **window(period),
                    horizon_at=horizon,
                )
                | {"window_charge_id": name}
            )
    return facts


def windows(case: Case) -> Iterator[tuple[str, Case, datetime]]:
    """(window charge id, period, horizon): one per checkpoint of a timeline, else one that sees every event."""
    for index, checkpoint in enumerate(case["expected"].get("checkpoints", [])):
        yield f"{case['id']}#{index}", checkpoint["period"], instant(checkpoint["at"])
    if "checkpoints" not in case["expected"]:
        period = case["inputs"].get("period", {"from": "2024-01-01T00:00:00Z", "to": "2024-12-31T23:59:59Z"})
        yield case["id"], period, datetime(9999, 1, 1)
