"""Decimals as they travel: text in JSON and in the catalog, exact, never through a float."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

MOST_INTEGER_DIGITS = 15
MOST_DECIMALS = 12
MOST_RATE_DECIMALS = 10
"""Of a rate in percent: as a share of one it then has 12, and its products are exact."""


# Python reads more than SQL does: spaces, underscores, other alphabets' digits.
_spelled = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,4})?").fullmatch


def read_decimal(value: Any, most_decimals: int = MOST_DECIMALS) -> Decimal | None:
    """The exact number that this text, int or Decimal says, or None when it is not one that SQL can hold.

    Finite, at most 15 integer digits and `most_decimals` (12 by default: DECIMAL(38,12) leaves room for products). A float is refused
    because its text is not what the sender wrote: the edge must parse JSON numbers as Decimal.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    if isinstance(value, str) and not _spelled(value):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    number = number.normalize() if number else Decimal(0)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)  # finite numbers have one
    if -exponent > most_decimals or number.adjusted() >= MOST_INTEGER_DIGITS:
        return None
    return number


def read_amount(value: Any) -> Decimal | None:
    """As `read_decimal`, and not negative (rating §0.1: prices are finite, non-negative decimals)."""
    number = read_decimal(value)
    return number if number is not None and number >= 0 else None


def read_rate(value: Any) -> Decimal | None:
    """A rate in percent: as `read_amount`, with at most 10 decimals."""
    number = read_decimal(value, MOST_RATE_DECIMALS)
    return number if number is not None and number >= 0 else None


def decimal_text(number: Decimal) -> str:
    """Plain text without exponent or trailing zeros: the one spelling kept in the catalog."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
