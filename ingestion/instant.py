"""Reading the times that senders write. No float takes part: digits are exact to the microsecond, the rest is cut off."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from core.clock import as_utc
from ingestion.event import to_micros

EARLIEST = to_micros(datetime.min)
LATEST = to_micros(datetime.max)
MICROS = 1_000_000

LONGEST_SECONDS = 12

_iso = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
).fullmatch


def unix_micros(value: Any) -> int | None:
    """Unix seconds as an integer or as digits with an optional fraction -> microseconds; None when it is not that.

    The rule is lago_api §3 "Dates": ISO text is refused. An instant outside of the years 1 to 9999 is refused too,
    which catches milliseconds sent as seconds.
    """
    if type(value) is int:
        micros = value * MICROS
    elif type(value) is str and value.isascii():
        seconds, _, fraction = value.partition(".")
        whole = seconds.removeprefix("-")
        if not whole.isdigit() or len(whole) > LONGEST_SECONDS or not (fraction.isdigit() or not fraction):
            return None
        micros = int(whole + fraction[:6].ljust(6, "0"))
        if value[0] == "-":
            micros = -micros - (1 if fraction[6:].strip("0") else 0)
    else:
        return None
    return micros if EARLIEST <= micros <= LATEST else None


def iso_micros(value: Any) -> int | None:
    """`YYYY-MM-DD HH:MM:SS.ffffff` (or with T, with any number of digits, with a zone) -> microseconds; else None.

    Without a zone it is UTC. Used for files and CloudEvents only; the API refuses ISO text.
    """
    if isinstance(value, datetime):
        return to_micros(as_utc(value))
    if type(value) is not str or not _iso(value):
        return None
    try:
        return to_micros(as_utc(datetime.fromisoformat(value)))
    except (ValueError, OverflowError):
        return None
