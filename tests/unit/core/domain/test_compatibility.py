"""Which metric, model and timing go together (rating §4.10)."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from core.domain.compatibility import check_compatibility
from core.domain.pricing import CHARGE_MODELS
from core.domain.problems import Problems

CHARGE = {
    "charge_model": "standard",
    "pay_in_advance": False,
    "prorated": False,
    "invoiceable": True,
    "min_amount_cents": 0,
    "late_usage_policy": "next_invoice",
}
AGGREGATIONS = ("count_agg", "sum_agg", "max_agg", "latest_agg", "unique_count_agg", "weighted_sum_agg")


def found(aggregation: str = "sum_agg", is_recurring: bool = False, **charge: Any) -> dict[str, list[str]]:
    problems = Problems(charge)
    check_compatibility(CHARGE | charge, aggregation, is_recurring, problems)
    return problems.details


@pytest.mark.parametrize(("model", "aggregation"), product(CHARGE_MODELS, AGGREGATIONS))
def test_in_arrears_only_latest_and_dynamic_are_particular(model: str, aggregation: str) -> None:
    refused = (model in ("percentage", "graduated_percentage") and aggregation == "latest_agg") or (
        model == "dynamic" and aggregation != "sum_agg"
    )
    assert found(aggregation, charge_model=model) == (
        {"charge_model": ["invalid_aggregation_type_or_charge_model"]} if refused else {}
    )


@pytest.mark.parametrize(("model", "aggregation"), product(CHARGE_MODELS, AGGREGATIONS))
def test_in_advance_needs_what_one_event_adds(model: str, aggregation: str) -> None:
    refused = model in ("volume", "custom") or aggregation in (
        "max_agg",
        "latest_agg",
        "weighted_sum_agg",
        "custom_agg",
    )
    assert ("pay_in_advance" in found(aggregation, charge_model=model, pay_in_advance=True)) == refused


@pytest.mark.parametrize(("model", "in_advance"), product(CHARGE_MODELS, (False, True)))
def test_proration_needs_a_recurring_metric_and_a_model_that_can(model: str, in_advance: bool) -> None:
    taken = model == "standard" or (not in_advance and model in ("volume", "graduated"))
    terms = {"charge_model": model, "pay_in_advance": in_advance, "prorated": True}
    assert ("prorated" not in found(is_recurring=True, **terms)) == taken
    assert "prorated" in found(is_recurring=False, **terms)
    assert "prorated" in found("weighted_sum_agg", is_recurring=True, **terms)


@pytest.mark.parametrize("policy", ["credit_note", "ignore"])
def test_a_charge_in_advance_has_no_late_usage(policy: str) -> None:
    assert found(pay_in_advance=True, late_usage_policy=policy) == {
        "late_usage_policy": ["not_compatible_with_pay_in_advance"]
    }
    assert found(late_usage_policy=policy) == {}


def test_minimum_and_invoiceable_depend_on_the_timing() -> None:
    assert found(pay_in_advance=True, min_amount_cents=1) == {
        "min_amount_cents": ["not_compatible_with_pay_in_advance"]
    }
    assert found(min_amount_cents=1) == {}
    assert found(invoiceable=False) == {"invoiceable": ["must_be_true_unless_pay_in_advance"]}
    assert found(pay_in_advance=True, invoiceable=False) == {}
