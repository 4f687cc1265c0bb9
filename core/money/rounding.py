"""The roundings of this system, half away from zero (rating §0.1, invoicing §4.5).

Each function is the exact twin of the SQL macro of the same name; a property test runs both.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal

# Wide enough for any DECIMAL(38, s) after any rounding, so that quantize never refuses and no digit is lost.
_WIDE = Context(prec=100)


def div_round(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest integer, halves away from zero.

    Raises ZeroDivisionError for a zero denominator.
    """
    if denominator == 0:
        raise ZeroDivisionError(f"cannot divide {numerator} by zero")
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    numerator, denominator = abs(numerator), abs(denominator)
    return sign * ((2 * numerator + denominator) // (2 * denominator))


def round_half_away(value: Decimal, places: int) -> Decimal:
    """`value` at `places` decimals, halves away from zero. Negative places round to tens, hundreds and so on."""
    return _at(value, places, ROUND_HALF_UP)


def round_ceil(value: Decimal, places: int) -> Decimal:
    """The smallest number at `places` decimals that is not below `value`."""
    return _at(value, places, ROUND_CEILING)


def round_floor(value: Decimal, places: int) -> Decimal:
    """The largest number at `places` decimals that is not above `value`."""
    return _at(value, places, ROUND_FLOOR)


def scaled(value: Decimal, places: int) -> Decimal:
    """`value` times 10^places, every digit kept (`Decimal.scaleb` alone rounds to the 28 digits of its default context)."""
    return value.scaleb(places, context=_WIDE)


def _at(value: Decimal, places: int, mode: str) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=mode, context=_WIDE)
