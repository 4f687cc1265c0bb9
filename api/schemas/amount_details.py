"""How a charge's steps make its amount, in Lago's shape per charge model (rating §4, "Details"). Names only: SQL has the numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from api.schemas.wire import decimal, whole_or_decimal
from core.money.rounding import round_half_away

Step = Mapping[str, Any]
Steps = Sequence[Step]


def amount_details(charge_model: str | None, units: Decimal, steps: Steps) -> dict[str, Any]:
    """The details of a fee with these units, from the steps that explain it; empty for a model that has none."""
    detail = _DETAILS.get(charge_model or "")
    return detail(units, steps) if detail and steps and not _kind(steps, "true_up") + _kind(steps, "adjustment") else {}


def event_amount_details(charge_model: str | None, steps: Steps) -> dict[str, Any]:
    """The details of a fee in advance: of one event, so its steps are differences (rating §5.2). Lago shows them for two models."""
    if charge_model == "percentage" and steps:
        billed = sum((step["units"] for step in (*_kind(steps, "free"), *_kind(steps, "rate"))), Decimal(0))
        return _percentage(billed, steps)
    if charge_model == "graduated_percentage":
        return {"graduated_percentage_ranges": [_event_range(step) for step in _kind(steps, "rate_tier")]}
    return {}


def _event_range(step: Step) -> dict[str, Any]:
    # Here Lago's unit total is what a unit cost, and the flat amount is what the event pays of it.
    cost = round_half_away(step["amount"] / step["units"], 2) if step["units"] else Decimal(0)
    return _range(step) | {
        "rate": decimal(step["rate"]),
        "flat_unit_amount": decimal(step["amount"] - step["per_unit_total_amount"]),
        "per_unit_total_amount": decimal(cost),
    }


def _graduated(units: Decimal, steps: Steps) -> dict[str, Any]:
    # A prorated graduated charge has steps of another kind, and Lago shows no details for it.
    tiers = [_range(step) | {"per_unit_amount": decimal(step["per_unit_amount"])} for step in _kind(steps, "tier")]
    return {"graduated_ranges": tiers} if tiers else {}


def _graduated_percentage(units: Decimal, steps: Steps) -> dict[str, Any]:
    tiers = [_range(step) | {"rate": decimal(step["rate"])} for step in _kind(steps, "rate_tier")]
    return {"graduated_percentage_ranges": tiers}


def _range(step: Step) -> dict[str, Any]:
    return {
        "units": decimal(step["units"]),
        "from_value": whole_or_decimal(step["from_value"]),
        "to_value": whole_or_decimal(step["to_value"]),
        "flat_unit_amount": decimal(step["flat_amount"]),
        "per_unit_total_amount": decimal(step["per_unit_total_amount"]),
        "total_with_flat_amount": decimal(step["amount"]),
    }


def _volume(units: Decimal, steps: Steps) -> dict[str, Any]:
    (tier,) = _kind(steps, "volume_tier")
    return {
        "flat_unit_amount": decimal(tier["flat_amount"]),
        "per_unit_amount": decimal(tier["per_unit_amount"]),
        "per_unit_total_amount": decimal(tier["per_unit_total_amount"]),
    }


def _package(units: Decimal, steps: Steps) -> dict[str, Any]:
    (free,), (packages,) = _kind(steps, "free"), _kind(steps, "packages")
    return {
        "free_units": decimal(free["units"]),
        "paid_units": decimal(packages["units"]),
        "per_package_size": int(packages["package_size"]),
        "per_package_unit_amount": decimal(packages["flat_amount"]),
    }


def _percentage(units: Decimal, steps: Steps) -> dict[str, Any]:
    (free,), (rate,) = _kind(steps, "free"), _kind(steps, "rate")
    (fixed,), (adjusted,) = _kind(steps, "fixed_fee"), _kind(steps, "min_max")
    return {
        "units": decimal(units),
        "free_units": decimal(free["units"]),
        "paid_units": decimal(rate["units"]),
        "free_events": int(free["flat_count"]),
        "paid_events": int(fixed["flat_count"]),
        "rate": decimal(rate["rate"]),
        "per_unit_total_amount": decimal(rate["amount"]),
        "fixed_fee_unit_amount": decimal(fixed["flat_amount"]),
        "fixed_fee_total_amount": decimal(fixed["amount"]),
        "min_max_adjustment_total_amount": decimal(adjusted["amount"]),
    }


def _kind(steps: Steps, kind: str) -> list[Step]:
    return [step for step in steps if step["step_kind"] == kind]


_DETAILS: dict[str, Callable[[Decimal, Steps], dict[str, Any]]] = {
    "graduated": _graduated,
    "graduated_percentage": _graduated_percentage,
    "volume": _volume,
    "package": _package,
    "percentage": _percentage,
}
