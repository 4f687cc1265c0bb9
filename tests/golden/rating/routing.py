"""Kinds `filter_match` and `filter_scope`: to which filter events go. The scope of a filter is tried out, with an event for
every combination of the values that the case knows, of one that it does not know, and of no value.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating import metered
from tests.golden.rating.facts import Case, filters, no_prices, superseding
from tests.support import filter_scopes
from tests.support.facts import give_all, open_connection, rows_of

TARGET = "int_metering__event_buckets"
EVER = datetime(9999, 1, 1)
PERIOD = {"from": "2024-01-01T00:00:00Z", "to": "2024-12-31T23:59:59Z"}


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> for each event that was sent, its properties and the name of its filter."""
    facts = no_prices()
    for case in cases:
        inputs = case["inputs"]
        metered.charge(case["id"], {"aggregation_type": "count_agg"}, {"charge_model": "standard"}, facts)
        metered.usage_window(case["id"], case["id"], PERIOD, EVER, facts)
        oldest_first = sorted(inputs["charge_filters"], key=lambda row: row.get("created_at", ""))
        filters(case["id"], [(row["name"], row["values"]) for row in oldest_first], inputs["metric_filters"], facts)
        metered.events(
            case, [{"timestamp": PERIOD["from"], "properties": properties} for properties in sent(case)], facts
        )
    superseding(facts, EVER, EVER)
    connection = open_connection()
    graph.run(connection, [TARGET], give_all(connection, graph, [TARGET], facts))
    rows = rows_of(connection, TARGET)
    filter_of = {row["transaction_id"]: row["charge_filter_id"] for row in rows}
    assert len(filter_of) == len(rows), "an event is in two buckets"
    properties_of = {
        row["transaction_id"]: (row["code"], json.loads(row["properties"])) for row in facts["landing.events"]
    }
    case_of = {metered.names(case["id"])["code"]: case["id"] for case in cases}
    found: dict[str, Any] = {case["id"]: [] for case in cases}
    for transaction_id, (code, properties) in properties_of.items():
        filter_id, case_id = filter_of[transaction_id], case_of[code]
        found[case_id].append((properties, filter_id and filter_id.removeprefix(f"{case_id}/")))
    return found


def sent(case: Case) -> list[Case]:
    """The case's one event, or all that tell filters apart."""
    if case["kind"] == "filter_match":
        return [case["inputs"]["event_properties"]]
    return filter_scopes.probes(case["inputs"]["metric_filters"])


def check(case: Case, outcome: list[tuple[Case, str | None]]) -> None:
    """Raises AssertionError where an event is in another filter than the case says."""
    if case["kind"] == "filter_match":
        ((_, name),) = outcome
        assert name == case["expected"]["filter"], (
            f"{case['id']}: the event is in {name}, expected {case['expected']['filter']}"
        )
        return
    for properties, name in outcome:
        expected = filter_scopes.meets(properties, case["expected"]["matching"])
        expected &= not any(filter_scopes.meets(properties, condition) for condition in case["expected"]["ignored"])
        is_in = name == case["inputs"]["current_filter"]
        assert is_in == expected, (
            f"{case['id']}: {properties} is in {name}, expected in {case['inputs']['current_filter']}: {expected}"
        )
