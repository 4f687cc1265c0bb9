"""Kind `pay_in_advance_units`: what one event is billed for, or what current usage prices, given how the totals of the period stand.

The case's state is given as events that lead to it: those of the period that rose to the highest total and fell to the
current one, and for an id that is active already one from before the period.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.facts import ALWAYS, Case, Facts, charge, instant, window
from tests.golden.rating.fees import assert_field
from tests.support import facts as given_facts

EVENT_TARGETS = ["int_metering__advance_units"]
VIEW_TARGETS = ["int_metering__advance_usage"]
NEW = "new"


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> what metering says of its event, or of its current usage; nothing for an event that is not counted."""
    by_event, views = events_of(cases), views_of(cases)
    events = _rows(graph, EVENT_TARGETS, by_event, empty=["int_metering__event_buckets"])
    outcomes = {row["external_subscription_id"]: row for row in events if row["transaction_id"] == NEW}
    return outcomes | {row["usage_id"]: row for row in _rows(graph, VIEW_TARGETS, views, empty=[])}


def check(case: Case, outcome: dict[str, Any] | None) -> None:
    """Raises AssertionError where a listed field differs."""
    columns = {
        "billed_units": "priced_units",
        "new_current": "current_after",
        "new_max": "peak_after",
        "applied_units": "change_quantity",
    }
    columns |= {"current_usage_units": "full_units"}
    for field, expected in case["expected"].items():
        assert_field(case, field, expected, outcome[columns.get(field, field)] if outcome else 0)


def events_of(cases: list[Case]) -> Facts:
    """The events of every case that has one, in their order."""
    facts: Facts = {"int_metering__advance_events": [], "int_metering__advance_charge_events": []}
    for case in cases:
        if "event" not in case["inputs"]:
            continue
        event = case["inputs"]["event"]
        at = instant(event["timestamp"]) if "timestamp" in event else ALWAYS
        for sequence, (name, value, operation, is_carried) in enumerate(_sent(case["inputs"])):
            _event(case, facts, at, sequence, name, value, operation, is_carried)
    return facts


def views_of(cases: list[Case]) -> Facts:
    """The open period of every case that looks at current usage: its total and where the totals of the period stand."""
    facts: Facts = {
        "int_metering__window_charges": [],
        "int_metering__quantities": [],
        "int_metering__advance_states": [],
    }
    for case in cases:
        inputs = case["inputs"]
        if "event" in inputs:
            continue
        columns = (
            window(inputs["period"]) | {"period_days": inputs["period"]["duration_days"]} if "period" in inputs else {}
        )
        flags = {"prorated": inputs.get("prorated", False), "pay_in_advance": True}
        facts["int_metering__window_charges"].append(charge(case["id"], "standard", inputs, False, **flags, **columns))
        facts["int_metering__quantities"].append(
            {"usage_id": case["id"], "window_charge_id": case["id"], "full_units": inputs["total_units"]}
        )
        state = inputs["state"]
        if state is not None:
            columns = {
                "current_after": state["current"],
                "peak_after": state["max"],
                "priced_peak_after": state.get("max_prorated"),
            }
            facts["int_metering__advance_states"].append({"window_charge_id": case["id"]} | columns)
    return facts


def _sent(inputs: Case) -> list[tuple[str, str | None, str, bool]]:
    """(transaction, value, operation, before the period) of the events that lead to the state, and of the new one."""
    event, state = inputs["event"], inputs.get("state") or {"current": "0", "max": "0"}
    highest, current = Decimal(state["max"]), Decimal(state["current"])
    if inputs["aggregation_type"] != "unique_count_agg":
        rise, fall = ("rise", str(highest), "add", False), ("fall", str(current - highest), "add", False)
        return [rise, fall, (NEW, event.get("value"), "add", False)]
    ids = [f"id {number}" for number in range(int(highest))]
    sent = [(f"add {value}", value, "add", False) for value in ids]
    sent += [(f"remove {value}", value, "remove", False) for value in ids[int(current) :]]
    if event["already_active"]:
        sent.insert(0, ("active", NEW, "add", True))
    return [*sent, (NEW, NEW, event["operation_type"], False)]


def _event(
    case: Case,
    facts: Facts,
    at: datetime,
    sequence: int,
    name: str,
    value: str | None,
    operation: str,
    is_carried: bool,
) -> None:
    inputs = case["inputs"]
    identity = {"external_subscription_id": case["id"], "transaction_id": name, "timestamp": at}
    facts["int_metering__advance_events"].append(
        {
            **identity,
            "fee_id": f"{case['id']}/{name}",
            "window_charge_id": None if is_carried else case["id"],
            "charge_id": case["id"],
            "properties": json.dumps({"operation_type": operation}),
            "known_at": at,
            "received_at": at,
            "received_sequence": sequence,
            "billed_at": at,
            "aggregation_type": inputs["aggregation_type"],
            "recurring": True,
            "is_billed": True,
            "has_buckets": False,
            "field_text": value,
            "field_value": None if inputs["aggregation_type"] == "unique_count_agg" else value,
        }
    )
    period = inputs.get("period")
    facts["int_metering__advance_charge_events"].append(
        {
            **identity,
            "window_charge_id": case["id"],
            "timezone": "UTC",
            "to_at": window(period)["to_at"] if period else None,
            "ends_with_service": False,
            "prorated": inputs.get("prorated", False),
            "period_days": period["duration_days"] if period else None,
        }
    )


def _rows(graph: PricingGraph, targets: list[str], facts: Facts, empty: list[str]) -> list[dict[str, Any]]:
    connection = given_facts.open_connection()
    graph.run(connection, targets, given_facts.give_all(connection, graph, targets, facts, empty=empty))
    return given_facts.rows_of(connection, targets[0])
