"""What the terms of a wallet and of its top-ups may say (invoicing §9, lago_api §7.12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.domain.decimals import read_amount, read_decimal
from core.domain.problems import Problems
from core.money.rounding import round_floor

MOST_ACTIVE_WALLETS = 6
LOWEST_PRIORITY = 50
FEE_TYPES = ("charge", "subscription", "commitment")
"""What a wallet may be limited to, besides metrics."""
CREDIT_DECIMALS = 5
MOST_GIVEN_DECIMALS = 30  # clients send the digits of binary floats; they are cut to five


def check_rate(rate_amount: Any, problems: Problems) -> Decimal:
    """The money that one credit is worth, in currency units; must be positive (else `invalid_rate`)."""
    rate = read_amount(rate_amount)
    if not rate:
        problems.add("rate_amount", "value_is_mandatory" if rate_amount is None else "invalid_rate")
    return rate or Decimal(1)


def check_fee_types(fee_types: Sequence[Any] | None, problems: Problems) -> None:
    """The types of lines that a wallet may pay are known ones (else `invalid_limitations` under `applies_to`)."""
    if set(fee_types or ()) - set(FEE_TYPES):
        problems.add("applies_to", "invalid_limitations")


def check_credits(field: str, value: Any, problems: Problems) -> Decimal:
    """A number of credits cut to 5 decimals (invoicing §4.5); absent is zero.

    Anything that is not a non-negative decimal gives `invalid_<field>` and `invalid_amount`.
    """
    number = Decimal(0) if value is None else read_decimal(value, MOST_GIVEN_DECIMALS)
    if number is None or number < 0:
        problems.add(field, f"invalid_{field}")
        problems.add(field, "invalid_amount")
        return Decimal(0)
    return round_floor(number, CREDIT_DECIMALS)


RULES = "recurring_transaction_rules"
INTERVALS = ("weekly", "monthly", "quarterly", "semiannual", "yearly")


def read_rule(fields: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    """The terms of a rule by their names on the wire, with credits as Decimal cut to 5 decimals, or None where they do not
    say when and how much (invoicing §9.4). `now` is the customer's.

    A threshold needs `threshold_credits`, an interval its `interval`, a target its `target_ongoing_balance`, which is no
    less than the threshold; a fixed rule tops up with something.
    """
    problems = Problems({})
    trigger, method = fields.get("trigger"), fields.get("method") or "fixed"
    credits = {
        name: check_credits(name, fields.get(name), problems)
        for name in ("threshold_credits", "paid_credits", "granted_credits", "target_ongoing_balance")
    }
    is_threshold, is_target = trigger == "threshold", method == "target"
    expiration_at = fields.get("expiration_at")
    holds = (
        not problems.details
        and trigger in ("interval", "threshold")
        and method in ("fixed", "target")
        and (is_threshold or fields.get("interval") in INTERVALS)
        and (not is_threshold or fields.get("threshold_credits") is not None)
        and (not is_target or fields.get("target_ongoing_balance") is not None)
        and (is_target or credits["paid_credits"] + credits["granted_credits"] > 0)
        and not (is_target and is_threshold and credits["target_ongoing_balance"] < credits["threshold_credits"])
        and (expiration_at is None or expiration_at > now)
    )
    if not holds:
        return None
    return credits | {
        "trigger": trigger,
        "method": method,
        "interval": None if is_threshold else fields.get("interval"),
        "target_ongoing_balance": credits["target_ongoing_balance"] if is_target else None,
        "grants_target_top_up": bool(is_target and fields.get("grants_target_top_up")),
        "started_at": fields.get("started_at"),
        "expiration_at": expiration_at,
        "ignore_paid_top_up_limits": bool(fields.get("ignore_paid_top_up_limits")),
        "transaction_name": fields.get("transaction_name"),
        "transaction_metadata": list(fields.get("transaction_metadata") or []),
    }
