"""How quantities, prices, steps and periods of the books are worded for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core.money.currency import exponent

PRICE_PLACES = 10
"""Decimals at which a price is shown; a derived unit price may have more."""


def quantity(value: Decimal) -> str:
    """`1,234.5`: grouped, without trailing zeros."""
    return _trimmed(value, 0)


def price(amount: Decimal, currency: str) -> str:
    """An amount in currency units at its own precision, at least the currency's: `0.0000025`, `4.00`; `≈` when it is cut."""
    cut = round(amount, PRICE_PLACES)
    return ("" if cut == amount else "≈ ") + _trimmed(cut, exponent(currency))


def group(group_key: str | None) -> str:
    """`model: swift-1, region: eu` for the canonical JSON of a pricing group; empty without one."""
    members = json.loads(group_key) if group_key else {}
    return ", ".join(f"{name}: {value if value is not None else 'none'}" for name, value in members.items())


def day(value: date) -> str:
    """`4 Aug 2026`."""
    return f"{value.day} {value:%b %Y}"


def period(from_at: datetime | None, to_at: datetime | None, timezone: str) -> str:
    """First and last day of a half-open period of UTC instants, in a time zone: `1 Aug 2026 – 31 Aug 2026`."""
    if from_at is None or to_at is None:
        return ""
    zone = ZoneInfo(timezone)
    first = from_at.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).date()
    last = (to_at - timedelta(microseconds=1)).replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).date()
    return day(first) if last <= first else f"{day(first)} – {day(last)}"


def step(row: Mapping[str, Any], currency: str) -> str:
    """What a step of a line says: its range and units times price, what was free, packages begun, fixed amounts."""
    said = _STEPS.get(row["step_kind"])
    return said(row, currency) if said else str(row["step_kind"] or "")


def steps_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """The steps worth showing by fee, in order: without those that nothing fell into, and without a plain unit price."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        is_free = row["step_kind"] == "free" and row["flat_count"]
        if row["step_kind"] != "units" and (row["units"] or row["amount"] or is_free):
            found.setdefault(row["fee_id"], []).append(row)
    return found


def groups_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    """By fee, what stands on the invoice of its presentation groups: (`cloud: aws`, the units of such groups)."""
    units: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        if row["displayed_key"] is not None:
            key = row["fee_id"], row["displayed_key"]
            units[key] = units.get(key, Decimal(0)) + row["units"]
    found: dict[str, list[tuple[str, str]]] = {}
    for (fee_id, shown), part in sorted(units.items()):
        found.setdefault(fee_id, []).append((group(shown), quantity(part)))
    return found


def _tier(row: Mapping[str, Any], currency: str) -> str:
    upper = f"to {quantity(row['to_value'])}" if row["to_value"] is not None else "and above"
    priced = f"× {price(row['per_unit_amount'], currency)}" if row["rate"] is None else f"at {quantity(row['rate'])} %"
    flat = f" + {price(row['flat_amount'], currency)}" if row["flat_amount"] else ""
    prorated = " prorated" if row["step_kind"] == "prorated_tier" else ""
    return f"{quantity(row['from_value'])} {upper}: {quantity(row['units'])}{prorated} {priced}{flat}"


def _sql_step(row: Mapping[str, Any], currency: str) -> str:
    """A step of a SQL charge says what it has: a range, units, a price, a fixed amount."""
    upper = f"to {quantity(row['to_value'])}" if row["to_value"] is not None else "and above"
    bounds = f"{quantity(row['from_value'])} {upper}: " if row["from_value"] is not None else ""
    priced = f" × {price(row['per_unit_amount'], currency)}" if row["per_unit_amount"] is not None else ""
    flat = f" + {price(row['flat_amount'], currency)}" if row["flat_amount"] else ""
    return f"{bounds}{quantity(row['units'])}{priced}{flat}"


def _free(row: Mapping[str, Any], currency: str) -> str:
    events = f", {_counted(row['flat_count'], 'event')}" if row["flat_count"] else ""
    return f"Free: {_counted(row['units'], 'unit')}{events}"


def _packages(row: Mapping[str, Any], currency: str) -> str:
    return f"Packages of {quantity(row['package_size'])} begun: {quantity(row['flat_count'])} × {price(row['flat_amount'], currency)}"


def _counted(number: Decimal, thing: str) -> str:
    return f"{quantity(number)} {thing}" if number == 1 else f"{quantity(number)} {thing}s"


_STEPS: dict[str, Callable[[Mapping[str, Any], str], str]] = {
    "units": lambda row, currency: f"{quantity(row['units'])} × {price(row['per_unit_amount'], currency)}",
    "tier": _tier,
    "prorated_tier": _tier,
    "rate_tier": _tier,
    "volume_tier": _tier,
    "free": _free,
    "packages": _packages,
    "rate": lambda row, _: f"{_counted(row['units'], 'unit')} at {quantity(row['rate'])} %",
    "fixed_fee": lambda row, currency: (
        f"{_counted(row['flat_count'], 'event')} × {price(row['flat_amount'], currency)}"
    ),
    "min_max": lambda *_: "Minimum and maximum per event",
    "sql_step": _sql_step,
    "event_amounts": lambda *_: "Amounts that the events state",
    "true_up": lambda *_: "Up to the minimum of the charge",
    "adjustment": lambda *_: "Corrected, against what was computed",
    "paid_before": lambda *_: "Paid for these days on the plan before",
    "floor": lambda *_: "Less than nothing costs nothing",
}
"""Step kind -> how it is said."""


def _trimmed(value: Decimal, least: int) -> str:
    text = f"{value:,f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0").ljust(least, "0")
    return f"{whole}.{fraction}" if fraction else whole
