"""Kind `fixed_charge_units`: the case gives changes of units, metering says how many there are in the period."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.facts import ALWAYS, Case, Facts, Outcome, instant, version
from tests.golden.rating.fees import assert_field
from tests.support import facts as given_facts

TARGET = "int_metering__fixed_charge_quantities"
EVER = instant("9999-01-01T00:00:00Z")


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> its quantities."""
    connection = given_facts.open_connection()
    relations = given_facts.give_all(connection, graph, [TARGET], facts_of(cases))
    graph.run(connection, [TARGET], relations)
    found: dict[str, Any] = {}
    for row in given_facts.rows_of(connection, TARGET):
        found.setdefault(row["fixed_charge_id"], []).append(row)
    return found


def check(case: Case, outcome: Outcome) -> None:
    """Raises AssertionError where the units differ."""
    (quantity,) = outcome
    assert_field(case, "units", case["expected"]["units"], quantity["units"])


def facts_of(cases: list[Case]) -> Facts:
    """Each case is a plan with one fixed charge, and a subscription that has been on it from the beginning of time."""
    facts: Facts = {"int_metering__fixed_charge_windows": []}
    for case in cases:
        inputs = case["inputs"]
        fixed_charge(case["id"], facts, prorated=inputs["prorated"], pay_in_advance=False)
        begin, end = instant(inputs["period"]["from"]), instant(inputs["period"]["to"])
        facts["int_metering__fixed_charge_windows"].append(
            window(case, billing_side="arrears", period_from_at=begin, from_at=begin, to_at=end, last_at=end)
        )
        for event in inputs["events"]:
            units(case["id"], event["units"], instant(event["timestamp"]), instant(event["created_at"]), facts)
    return facts


def window(case: Case, **columns: Any) -> dict[str, Any]:
    """A side of a bill on which the case's fixed charge is billed."""
    name, inputs = case["id"], case["inputs"]
    return {
        "fixed_charge_window_id": name,
        "invoice_id": name,
        "subscription_id": name,
        "plan_id": name,
        "currency": inputs.get("currency", "EUR"),
        "timezone": inputs.get("timezone", "UTC"),
        "window_state": "due",
        "horizon_at": EVER,
        "period_days": inputs["period"]["duration_days"],
        **columns,
    }


def fixed_charge(name: str, facts: Facts, **terms: Any) -> None:
    """A fixed charge on a plan, and a subscription to it, all called `name`."""
    facts.setdefault("stg_catalog__fixed_charges", []).append(
        version(fixed_charge_id=name, plan_id=name, add_on_id=name, charge_model="standard") | terms
    )
    facts.setdefault("stg_catalog__subscriptions", []).append(
        version(subscription_id=name, plan_id=name, started_at=ALWAYS)
    )


def units(name: str, number: Any, effective_at: Any, known_at: Any, facts: Facts) -> None:
    """A change of units; changes made at one instant follow each other as they are listed."""
    changes = facts.setdefault("stg_catalog__fixed_charge_units", [])
    changes.append(
        version(fixed_charge_id=name, units=Decimal(number), effective_at=effective_at)
        | {"valid_from": known_at, "sequence": len(changes)}
    )
