"""What every charge model charges, by exact fractions: written from the reference (rating §4) and our decisions, not from the SQL.

Properties are those of the wire. Amounts are in currency units, before anything is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import ceil, inf
from typing import Any

Properties = Mapping[str, Any]
Change = tuple[Fraction, Fraction]
"""How far an event moves the units, in full and prorated."""
ZERO = Fraction(0)


@dataclass(frozen=True)
class Usage:
    """What is priced. `changes` are the events of a prorated charge in order, `values` those of any other; `cents` is what they state."""

    units: Fraction
    full_units: Fraction
    events: int = 0
    changes: Sequence[Change] = ()
    cents: Fraction = ZERO
    is_prorated: bool = False
    values: Sequence[Fraction] = ()

    @classmethod
    def plain(cls, units: Fraction, **more: Any) -> Usage:
        """Usage that nothing prorates."""
        return cls(units, units, **more)


def amount(model: str, properties: Properties, usage: Usage, minor_units: int = 100) -> Fraction:
    """The amount before negative ones are dropped."""
    if model == "standard":
        return usage.units * Fraction(properties["amount"])
    if model == "package":
        paid = usage.units - properties.get("free_units", 0)
        return max(ceil(paid / properties["package_size"]), 0) * Fraction(properties["amount"])
    if model == "dynamic":
        return usage.cents / minor_units if usage.units else ZERO
    if model == "percentage":
        return _percentage(properties, usage)
    tiers = tiers_of(properties)
    if usage.units == 0 and not properties.get("flat_fee_without_usage", True):
        tiers = [tier | {"flat": ZERO} for tier in tiers]
    if model == "volume":
        return _volume(tiers, usage)
    return _prorated(tiers, usage) if usage.is_prorated else _graduated(tiers, usage.units)


def billed(model: str, properties: Properties, usage: Usage, minor_units: int = 100) -> tuple[Fraction, Fraction]:
    """(units shown, amount): nothing where either is negative (rating §0.1)."""
    due = amount(model, properties, usage, minor_units)
    return (ZERO, ZERO) if usage.full_units < 0 or due < 0 else (usage.full_units, due)


def unit_amount(model: str, properties: Properties, usage: Usage, minor_units: int = 100) -> Fraction:
    """The amount per full unit, per paid unit of a package charge; 0 where there are none, or nothing is billed."""
    shown, due = billed(model, properties, usage, minor_units)
    divisor = max(usage.units - properties.get("free_units", 0), ZERO) if model == "package" else usage.full_units
    return due / divisor if divisor and (shown or due) else ZERO


def tiers_of(properties: Properties) -> list[dict[str, Fraction]]:
    """Tiers as half-open slices (low, high] of all units; each begins where the one before it ends (rating §9.4)."""
    (ranges,) = [value for name, value in properties.items() if name.endswith("_ranges")]
    tiers, low = [], ZERO
    for row in ranges:
        high = inf if row["to_value"] is None else Fraction(row["to_value"])
        price = Fraction(row["rate"]) / 100 if "rate" in row else Fraction(row["per_unit_amount"])
        tiers.append({"low": low, "high": high, "price": price, "flat": Fraction(row["flat_amount"])})
        low = high
    return tiers  # type: ignore[return-value]


def _graduated(tiers: list[dict[str, Fraction]], units: Fraction) -> Fraction:
    total = ZERO
    for place, tier in enumerate(tiers):
        if place and units <= tier["low"]:
            break
        total += (min(units, tier["high"]) - tier["low"]) * tier["price"] + tier["flat"]
    return total


def _volume(tiers: list[dict[str, Fraction]], usage: Usage) -> Fraction:
    tier = next(tier for tier in tiers if usage.full_units <= tier["high"])
    return usage.units * tier["price"] + tier["flat"]


def _prorated(tiers: list[dict[str, Fraction]], usage: Usage) -> Fraction:
    """Walk the level from bound to bound; each stretch costs its share of the event's prorated units (rating §4.3)."""
    if usage.units == 0:
        return tiers[0]["flat"]
    level = peak = total = ZERO
    for full, prorated in usage.changes:
        goal = level + full
        if full == 0:
            total += prorated * tiers[0]["price"]
        while level != goal:
            if full > 0:
                tier = next(tier for tier in tiers if level < tier["high"])
                following = min(goal, tier["high"])
            else:
                tier = next(tier for tier in reversed(tiers) if level > tier["low"] or tier is tiers[0])
                following = goal if tier is tiers[0] else max(goal, tier["low"])
            total += (following - level) * prorated / full * tier["price"]
            level = following
        peak = max(peak, level)
    flats = sum((tier["flat"] for place, tier in enumerate(tiers) if place == 0 or tier["low"] < peak), ZERO)
    return max(total, ZERO) + flats


def _percentage(properties: Properties, usage: Usage) -> Fraction:
    def term(name: str) -> Fraction | None:
        return None if properties.get(name) is None else Fraction(properties[name])

    rate, fixed = Fraction(properties["rate"]) / 100, term("fixed_amount") or ZERO
    free_events = properties.get("free_units_per_events")
    free_units = term("free_units_per_total_aggregation") or None
    least, most = term("per_transaction_min_amount"), term("per_transaction_max_amount")
    if least is None and most is None:
        return _percentage_of_total(rate, fixed, free_events, free_units, usage)
    total, left = ZERO, free_units or ZERO
    are_left = free_events or 0
    is_open = free_events is not None or free_units is not None
    for value in usage.values:
        paid = value
        if is_open:
            are_left -= 1
            if free_units is None or value <= left:
                left -= value
                paid = ZERO
            else:
                paid, left = value - left, ZERO
            is_free = free_units is None or paid == 0
            # The allowance that is used up first ends both (rating §9.5).
            is_open = not (free_events is not None and are_left <= 0) and not (free_units is not None and left <= 0)
            if is_free:
                continue
        due = paid * rate + fixed
        total += least if least is not None and due < least else most if most is not None and due > most else due
    return total


def _percentage_of_total(
    rate: Fraction, fixed: Fraction, free_events: int | None, free_units: Fraction | None, usage: Usage
) -> Fraction:
    running: list[Fraction] = []
    if free_events is not None or free_units is not None:
        for total in accumulate(usage.values):
            running.append(total)
            used_up = free_units is not None and total > free_units
            if used_up or (free_events is not None and len(running) >= free_events):
                break
    covered = running[-1] if running else ZERO
    covered = max(covered if free_units is None else min(covered, free_units), ZERO)
    below = sum(1 for total in running if free_units is not None and total < free_units)
    spared = (free_events or 0) if free_units is None else below
    by_rate = (usage.units - covered) * rate if covered <= usage.units else ZERO
    by_event = (usage.events - spared) * fixed if usage.units and spared < usage.events else ZERO
    return by_rate + by_event
