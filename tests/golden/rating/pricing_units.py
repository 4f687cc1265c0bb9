"""Kinds `pricing_unit` and `spending_minimum`: what a bill makes of the amounts of a charge."""

from __future__ import annotations

from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating import charge_models
from tests.golden.rating.facts import HORIZON, Case, Facts, Outcome, charge, no_facts, prices, superseding, version
from tests.golden.rating.fees import assert_field, assert_known, fees_of


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> its fees."""
    return fees_of(graph, facts_of(cases))


def check(case: Case, outcome: Outcome) -> None:
    """Raises AssertionError where a listed field differs."""
    if case["kind"] == "pricing_unit":
        return charge_models.check(case, outcome)
    assert_known(case, case["expected"], {"true_up_amount_cents", "pricing_unit_amount_cents", "precise_amount_cents"})
    (parent,) = [fee for fee in outcome if fee["charge_filter_id"] is None and not fee["true_up_parent_fee_id"]]
    true_ups = [fee for fee in outcome if fee["true_up_parent_fee_id"]]
    if not case["expected"].get("true_up_amount_cents"):
        assert not true_ups, f"{case['id']}: there should be no true-up"
        return None
    (true_up,) = true_ups
    assert true_up["true_up_parent_fee_id"] == parent["fee_id"]
    assert_field(case, "units", "1", true_up["units"])
    expected = case["expected"]
    assert_field(case, "true_up_amount_cents", expected["true_up_amount_cents"], true_up["amount_cents"])
    if "pricing_unit_amount_cents" in expected:
        assert_field(
            case,
            "pricing_unit_amount_cents",
            expected["pricing_unit_amount_cents"],
            true_up["pricing_unit_amount_cents"],
        )
    if "precise_amount_cents" in expected:
        assert_field(
            case, "precise_amount_cents", expected["precise_amount_cents"], true_up["precise_amount"].scaleb(2)
        )


def facts_of(cases: list[Case]) -> Facts:
    """A bill of one charge per case; where a case states the amount that was used, the events state it (a dynamic charge)."""
    names = ("int_metering__quantities", "int_metering__event_changes", "int_metering__window_days")
    facts: Facts = no_facts() | {name: [] for name in names}
    facts |= {"stg_catalog__charges": [], "stg_catalog__pricing_units": []}
    for case in cases:
        inputs = case["inputs"]
        terms = {"currency": inputs.get("currency", "EUR"), "min_amount_cents": inputs.get("min_amount_cents", 0)}
        facts["int_metering__window_charges"].append(
            charge(case["id"], inputs.get("charge_model", "dynamic"), {}, False, horizon_at=HORIZON, **terms)
            | {"window_state": "due" if case["kind"] == "spending_minimum" else "open", "invoiceable": True}
        )
        prices(case["id"], None, inputs.get("properties", {}), facts)
        facts["int_metering__window_days"].append(
            {
                "window_charge_id": case["id"],
                "window_days": inputs.get("billed_days"),
                "period_days": inputs.get("duration_days"),
            }
        )
        unit = inputs.get("pricing_unit")
        if unit:
            facts["stg_catalog__pricing_units"].append(
                version(pricing_unit_id=case["id"], code="credits", exponent=unit["exponent"])
            )
        facts["stg_catalog__charges"].append(
            version(
                charge_id=case["id"],
                pricing_unit_id=case["id"] if unit else None,
                conversion_rate=unit["conversion_rate"] if unit else None,
            )
        )
        if "units" in inputs:
            charge_models.quantity(case["id"], inputs, facts)
        for number, used in enumerate(inputs.get("used_by_bucket", [inputs.get("used_amount_cents")])):
            if used is not None:
                facts["int_metering__quantities"].append(bucket(case["id"], number, used))
    superseding(facts, HORIZON, HORIZON)
    return facts


def bucket(case_id: str, number: int, used_cents: int) -> dict[str, Any]:
    """The quantity of the default bucket (0) or of a filter, with what its events state."""
    return {
        "usage_id": f"{case_id}/{number}",
        "window_charge_id": case_id,
        "charge_filter_id": None if number == 0 else f"{case_id}/{number}",
        "units": "1",
        "full_units": "1",
        "total_aggregated_units": "1",
        "events_count": 1,
        "precise_total_amount_cents": str(used_cents),
    }
