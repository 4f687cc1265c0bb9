"""Which metric, charge model and timing go together on a charge (rating §4.6 to §4.10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.problems import Problems

_IN_ADVANCE = ("count_agg", "sum_agg", "unique_count_agg")
"""Aggregations that know what one event adds."""
_NOT_IN_ADVANCE = ("volume", "custom")
"""Models that price a period as a whole."""
_NOT_ON_LATEST = ("percentage", "graduated_percentage")
_PRORATED = ("standard", "volume", "graduated")


def check_compatibility(
    charge: Mapping[str, Any], aggregation_type: str, is_recurring: bool, problems: Problems
) -> None:
    """Record in Lago's words what does not go together.

    `charge` has charge_model, pay_in_advance, prorated, invoiceable, min_amount_cents and late_usage_policy.
    """
    model = charge["charge_model"]
    if (model in _NOT_ON_LATEST and aggregation_type == "latest_agg") or (
        model == "dynamic" and aggregation_type != "sum_agg"
    ):
        problems.add("charge_model", "invalid_aggregation_type_or_charge_model")
    if charge["pay_in_advance"]:
        if model in _NOT_IN_ADVANCE or aggregation_type not in _IN_ADVANCE:
            problems.add("pay_in_advance", "invalid_aggregation_type_or_charge_model")
        if charge["min_amount_cents"]:
            problems.add("min_amount_cents", "not_compatible_with_pay_in_advance")
        # Each event has its fee when it becomes known, so none is late.
        if charge["late_usage_policy"] != "next_invoice":
            problems.add("late_usage_policy", "not_compatible_with_pay_in_advance")
    elif not charge["invoiceable"]:
        problems.add("invoiceable", "must_be_true_unless_pay_in_advance")
    if charge["prorated"]:
        models = ("standard",) if charge["pay_in_advance"] else _PRORATED
        if not is_recurring or aggregation_type == "weighted_sum_agg" or model not in models:
            problems.add("prorated", "invalid_billable_metric_or_charge_model")
