"""How quantities, prices, tiers and periods of the books are worded for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core.money.currency import exponent

PRICE_PLACES = 10
"""Decimals at which a price is shown; a derived unit price may have more."""

TIER_MODELS = ("graduated", "volume", "package")
"""Charge models whose unit price is an average: their tiers say more."""


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


def tier(row: Mapping[str, Any], charge_model: str, currency: str) -> str:
    """What a tier says: its range, and units times price plus the flat fee. Package steps count packages."""
    at_price = f"{quantity(row['units'])} × {price(row['per_unit_amount'], currency)}"
    if charge_model == "package":
        free = f", after {quantity(row['from_value'])} free" if row["from_value"] else ""
        return f"Packages begun{free}: {at_price}"
    flat = f" + {price(row['flat_amount'], currency)}" if row["flat_amount"] else ""
    upper = f"to {quantity(row['to_value'])}" if row["to_value"] is not None else "and above"
    return f"{quantity(row['from_value'])} {upper}: {at_price}{flat}"


def tiers_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Tiers by fee, in order, without those that the quantity did not reach."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["units"] or row["amount"]:
            found.setdefault(row["fee_id"], []).append(row)
    return found


def _trimmed(value: Decimal, least: int) -> str:
    text = f"{value:,f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0").ljust(least, "0")
    return f"{whole}.{fraction}" if fraction else whole
