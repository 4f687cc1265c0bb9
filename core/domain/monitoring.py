"""What usage thresholds and alerts may say (rating §8, lago_api §4 and §7.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from core.domain.decimals import decimal_text, read_decimal
from core.domain.problems import Problems

MOST_ALERT_THRESHOLDS = 20
SUBSCRIPTION_ALERTS = (
    "current_usage_amount",
    "billable_metric_current_usage_amount",
    "billable_metric_current_usage_units",
    "lifetime_usage_amount",
    "billable_metric_lifetime_usage_units",
)
WALLET_ALERTS = (
    "wallet_balance_amount",
    "wallet_credits_balance",
    "wallet_ongoing_balance_amount",
    "wallet_credits_ongoing_balance",
)


def names_a_metric(alert_type: str) -> bool:
    """Whether alerts of this type watch one billable metric."""
    return alert_type.startswith("billable_metric_")


def direction_of(alert_type: str) -> str:
    """Usage alerts fire on the way up, wallet alerts on the way down."""
    return "decreasing" if alert_type in WALLET_ALERTS else "increasing"


def check_usage_thresholds(rows: Sequence[Mapping[str, Any]], problems: Problems) -> None:
    """Positive amounts in minor units, none twice, and at most one that recurs; problems go under `usage_thresholds`."""
    for row in rows:
        of_row = Problems(row)
        of_row.mandatory("amount_cents")
        of_row.cents("amount_cents", least=1)
        of_row.boolean("recurring")
        of_row.text("threshold_display_name")
        for code in (code for codes in of_row.details.values() for code in codes):
            problems.add("usage_thresholds", code)
    keys = [(row.get("amount_cents"), bool(row.get("recurring"))) for row in rows]
    if len(set(keys)) < len(keys):
        problems.add("usage_thresholds", "duplicate_threshold_values")
    if sum(recurring for _, recurring in keys) > 1:
        problems.add("usage_thresholds", "multiple_recurring_thresholds")


def read_alert_thresholds(rows: Sequence[Mapping[str, Any]] | None, problems: Problems) -> list[dict[str, Any]]:
    """The thresholds of an alert as the catalog keeps them: code, value (decimal text), recurring.

    Problems go under `thresholds`, those of a value under `thresholds:value`.
    """
    kept: list[dict[str, Any]] = []
    if not rows:
        problems.add("thresholds", "value_is_mandatory")
    elif len(rows) > MOST_ALERT_THRESHOLDS:
        problems.add("thresholds", "too_many_thresholds")
    for row in rows or ():
        value = _value(row, problems)
        recurring = row.get("recurring") is True
        if value is not None:
            if recurring and value <= 0:
                problems.add("thresholds:value", "recurring_value_is_negative")
            kept.append({"code": row.get("code"), "value": decimal_text(value), "recurring": recurring})
    if len({(row["value"], row["recurring"]) for row in kept}) < len(kept):
        problems.add("thresholds", "duplicate_threshold_values")
    if sum(row["recurring"] for row in kept) > 1:
        problems.add("thresholds", "multiple_recurring_thresholds")
    return kept


def _value(row: Mapping[str, Any], problems: Problems) -> Decimal | None:
    if row.get("value") is None:
        problems.add("thresholds:value", "value_is_mandatory")
        return None
    value = read_decimal(row["value"])
    if value is None:
        problems.add("thresholds:value", "value_is_invalid")
    return value
