"""Values as Lago writes them (lago_api §3 "Numbers" and "Dates")."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from core.clock import MICROSECOND


def instant(value: datetime | None) -> str | None:
    """A naive UTC instant as ISO 8601 with Z, to the second."""
    return None if value is None else f"{value.isoformat(timespec='seconds')}Z"


def instant_ms(value: datetime | None) -> str | None:
    """As `instant`, to the millisecond."""
    return None if value is None else f"{value.isoformat(timespec='milliseconds')}Z"


def last_instant(end: datetime | None) -> str | None:
    """The inclusive end of a half-open period: Lago's `to` is the last second inside."""
    return None if end is None else instant(end - MICROSECOND)


def day(value: date | None) -> str | None:
    """A calendar date."""
    return None if value is None else value.isoformat()


def decimal(value: Decimal | str | int | None) -> str | None:
    """A decimal as text with a point, without an exponent or needless zeros: 10 is "10.0"."""
    if value is None:
        return None
    text = format(Decimal(value), "f")
    if "." in text:
        text = text.rstrip("0")
        return f"{text}0" if text.endswith(".") else text
    return f"{text}.0"


def number(value: Decimal | str | int | None) -> Any:
    """A decimal as a JSON number, digit by digit: no float takes part."""
    text = decimal(value)
    return None if text is None else msgspec.Raw(text.encode())


def whole_or_decimal(value: Decimal | None) -> Any:
    """A bound of a tier: a JSON integer where it is whole (Lago's clients read one), else a number digit by digit."""
    return int(value) if value is not None and value == int(value) else number(value)
