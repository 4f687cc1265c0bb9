"""Kind `alert`: the case gives two values, monitoring says which thresholds lie between them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.facts import ALWAYS, Case, Facts, Outcome, version
from tests.support import facts as given_facts

TARGET = "int_billing__alert_crossings"


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> its crossings."""
    connection = given_facts.open_connection()
    relations = given_facts.give_all(connection, graph, [TARGET], facts_of(cases))
    graph.run(connection, [TARGET], relations)
    found: dict[str, Any] = {case["id"]: [] for case in cases}
    for row in given_facts.rows_of(connection, TARGET):
        found[row["alert_id"]].append(row)
    return found


def check(case: Case, outcome: Outcome) -> None:
    """Raises AssertionError where other values were crossed."""
    crossed = sorted(row["threshold_value"] for row in outcome)
    expected = sorted(Decimal(value) for value in case["expected"]["crossed"])
    assert crossed == expected, f"{case['id']}: crossed {crossed}, expected {expected}"


def facts_of(cases: list[Case]) -> Facts:
    """Each case is an alert that is looked at once."""
    facts: Facts = {"int_billing__alert_checks": [], "stg_catalog__alert_thresholds": []}
    for case in cases:
        name, inputs = case["id"], case["inputs"]
        facts["int_billing__alert_checks"].append(
            {
                "alert_check_id": name,
                "alert_id": name,
                "checked_at": ALWAYS,
                "is_recorded": False,
                "direction": inputs["direction"],
                "previous_value": inputs["previous_value"],
                "value": inputs["current_value"],
            }
        )
        values = [(value, False) for value in inputs["thresholds"]]
        if inputs["recurring_threshold"] is not None:
            values.append((inputs["recurring_threshold"], True))
        for position, (value, is_recurring) in enumerate(values, 1):
            facts["stg_catalog__alert_thresholds"].append(
                version(alert_id=name, position=position, value=value, is_recurring=is_recurring)
            )
    return facts
