"""Which module runs which kind of rating case.

A module has `run(graph, cases)`: case id -> outcome, all cases in one run of the pricing graph; `check(case, outcome)`: raises
AssertionError where the outcome differs, or where the case lists a field that the module does not compare.
"""

from __future__ import annotations

from types import ModuleType

from tests.golden.rating import (
    advance_details,
    advance_fees,
    advance_units,
    aggregation,
    alerts,
    charge_models,
    estimates,
    expressions,
    fixed_charge_fees,
    fixed_charge_units,
    pricing_units,
    progressive_billing,
    routing,
    usage,
    usage_thresholds,
)

KINDS: dict[str, ModuleType] = {
    "charge_model": charge_models,
    "estimate": estimates,
    "pricing_unit": pricing_units,
    "spending_minimum": pricing_units,
    "aggregation": aggregation,
    "usage_timeline": usage,
    "filtered_usage": usage,
    "expression": expressions,
    "fixed_charge_units": fixed_charge_units,
    "fixed_charge_fee": fixed_charge_fees,
    "fixed_charge_delta": fixed_charge_fees,
    "filter_match": routing,
    "filter_scope": routing,
    "usage_threshold": usage_thresholds,
    "progressive_billing": progressive_billing,
    "alert": alerts,
    "pay_in_advance_fees": advance_fees,
    "pay_in_advance_units": advance_units,
    "amount_details_delta": advance_details,
}
