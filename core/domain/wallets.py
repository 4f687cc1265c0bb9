"""What the terms of a wallet and of its top-ups may say (invoicing §9, lago_api §7.12)."""

from __future__ import annotations

from collections.abc import Sequence
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
