"""Kind `aggregation`: the case gives events, metering reduces them to units."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating import metered, storage_zones
from tests.golden.rating.facts import Case, Facts, filters, instant, no_prices, superseding, window
from tests.golden.rating.fees import assert_field, assert_known
from tests.support.facts import give_all, open_connection, rows_of

BREAKDOWNS = "int_metering__presentation_units"
PARTS = ["int_metering__prorated_quantities", "int_metering__weighted_quantities"]
TARGETS = [
    "int_metering__quantities",
    "int_metering__event_changes",
    "int_metering__window_charges",
    BREAKDOWNS,
    *PARTS,
]
EVER = datetime(9999, 1, 1)
YEAR = {"from": "2024-01-01T00:00:00Z", "to": "2024-12-31T23:59:59Z"}
FIELDS = {
    "units": "units",
    "full_units": "full_units",
    "events_count": "events_count",
    "total_aggregated_units": "total_aggregated_units",
    "precise_total_amount_cents": "precise_total_amount_cents",
    "variation": "level_change",
}
PLACE = {"grouped_by", "groups", "per_event_values", "per_event_prorated_values", "breakdowns"}
CUSTOM = "custom_agg"
NOTHING = {**dict.fromkeys((*FIELDS.values(), "exact_units"), 0), "breakdowns": []}
"""A group that has ended is not metered."""
PER_EVENT = {"per_event_values": "change_quantity", "per_event_prorated_values": "prorated_quantity"}


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> (its quantities, its event changes in order); of a user's own function, the rated charge."""
    custom = [case for case in cases if case["subject"] == CUSTOM]
    cases = [case for case in cases if case["subject"] != CUSTOM]
    if not cases:
        return storage_zones.run(graph, custom)
    facts = facts_of(cases)
    metered.load_events(facts)
    connection = open_connection()
    graph.run(connection, TARGETS, give_all(connection, graph, TARGETS, facts))
    owner = {
        row["window_charge_id"]: row["usage_window_id"] for row in rows_of(connection, "int_metering__window_charges")
    }
    found: dict[str, Any] = {case["id"]: ([], []) for case in cases}
    parts: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in (row for name in PARTS for row in rows_of(connection, name)):
        parts[bucket(row)] = parts.get(bucket(row), {}) | row
    shown: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(connection, BREAKDOWNS):
        shown.setdefault(row["usage_id"], []).append(row)
    for row in rows_of(connection, "int_metering__quantities"):
        breakdowns = {"breakdowns": shown.get(row["usage_id"], [])}
        found[owner[row["window_charge_id"]]][0].append(parts.get(bucket(row), {}) | row | breakdowns)
    for row in sorted(rows_of(connection, "int_metering__event_changes"), key=lambda row: row["event_number"]):
        found[owner[row["window_charge_id"]]][1].append(row)
    return found | (storage_zones.run(graph, custom) if custom else {})


def bucket(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["window_charge_id"], row["charge_filter_id"], row["group_key"]


def check(case: Case, outcome: Any) -> None:
    """Raises AssertionError where a listed field differs."""
    if case["subject"] == CUSTOM:
        return storage_zones.check(case, outcome)
    quantities, changes = outcome
    expected = case["expected"]
    looked_at = f"{case['id']}/matching" if "matching_filters" in case["inputs"] else None
    found = {row["group_key"]: row for row in quantities if row["charge_filter_id"] == looked_at}
    assert len({bucket(row) for row in quantities}) == len(quantities), f"{case['id']}: a bucket has two quantities"
    assert len({row["window_charge_id"] for row in quantities}) == 1, f"{case['id']}: more than one charge"
    for part in expected.get("groups", []):
        key = json.dumps(part["grouped_by"], separators=(",", ":"))
        assert_quantity(case, part, found.pop(key, NOTHING), "groups.")
    if "groups" in expected:
        assert not found, f"{case['id']}: nobody expects {sorted(found)}"
    else:
        (quantity,) = found.values()
        assert_quantity(case, expected, quantity)
    for field, column in PER_EVENT.items():
        for wanted, change in zip(expected.get(field, []), changes, strict=field in expected):
            assert_field(case, field, wanted, change[column])


def assert_quantity(case: Case, expected: Case, quantity: dict[str, Any], prefix: str = "") -> None:
    """What the case lists of one quantity; before the rounding up at the fifth decimal where it says so."""
    assert_known(case, expected, FIELDS.keys() | PLACE)
    columns = FIELDS | ({"units": "exact_units"} if case["inputs"].get("ceil_5") is False else {})
    for field in FIELDS.keys() & expected.keys():
        assert_field(case, prefix + field, expected[field], quantity[columns[field]])
    shown = {part["presentation_key"]: part["units"] for part in quantity["breakdowns"]}
    for part in expected.get("breakdowns", []):
        assert_field(
            case,
            f"{prefix}breakdowns.value",
            part["value"],
            shown.pop(json.dumps(part["groups"], separators=(",", ":"))),
        )
    assert not shown, f"{case['id']}: nobody expects {shown}"


def facts_of(cases: list[Case]) -> Facts:
    """One window and one charge per case; a case that only rounds is a sum of one event."""
    facts = no_prices()
    for case in cases:
        inputs = case["inputs"]
        metric = inputs.get("metric", inputs | {"aggregation_type": "sum_agg", "field_name": "value"})
        in_advance = inputs.get("context") == "billing_date_pay_in_advance"
        per_event = PER_EVENT.keys() & case["expected"].keys() and not inputs.get("prorated")
        terms = {
            "charge_model": "percentage" if per_event else "standard",
            "prorated": inputs.get("prorated", False),
            "pay_in_advance": in_advance,
        }
        metered.charge(case["id"], metric, terms, facts)
        metered.group_keys(case["id"], None, inputs, facts)
        metered.presentation_keys(case["id"], inputs, facts)
        zone = {"timezone": inputs["timezone"]} if "timezone" in inputs else {}
        metered.usage_window(case["id"], case["id"], inputs.get("period", YEAR), EVER, facts, **zone)
        metered.events(case, begins_with(case) if "period" in inputs else [once(inputs["units"])], facts)
        metered.others(case["id"], facts)
        if "matching_filters" in inputs:
            ignored = [
                (f"ignored_{n}", inputs["matching_filters"] | row)
                for n, row in enumerate(inputs.get("ignored_filters", []))
            ]
            filters(case["id"], [*ignored, ("matching", inputs["matching_filters"])], {}, facts)
            metered.group_keys(case["id"], f"{case['id']}/matching", inputs, facts)
    superseding(facts, EVER, EVER)
    return facts


def once(units: str) -> Case:
    return {"timestamp": YEAR["from"], "properties": {"value": units}}


def begins_with(case: Case) -> list[Case]:
    """The case's events; a level that the period begins with is an event before it."""
    inputs = case["inputs"]
    levels = [({}, inputs["initial_value"])] if "initial_value" in inputs else []
    levels += [(row["grouped_by"], row["value"]) for row in inputs.get("initial_values", [])]
    before = [
        {"timestamp": "2000-01-01T00:00:00Z", "properties": {**group, inputs["metric"]["field_name"]: value}}
        for group, value in levels
    ]
    assert all(instant(event["timestamp"]) < window(inputs["period"])["from_at"] for event in before)
    return before + inputs["events"]
