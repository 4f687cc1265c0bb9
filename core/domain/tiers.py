"""The ranges of tiered charges: what they may say, and how they follow each other (rating §4.2, §4.4, §4.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from core.domain.decimals import read_amount, read_rate

RANGES = {
    "graduated": "graduated_ranges",
    "graduated_percentage": "graduated_percentage_ranges",
    "volume": "volume_ranges",
}
"""Tiered charge model -> the property that holds its ranges."""


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier. `to_value` is inclusive and None for the last; amounts are in currency units, `rate` in percent.

    A tier prices its units by `per_unit_amount` or, on a graduated percentage charge, by `rate`; the other is None.
    """

    position: int
    from_value: Decimal
    to_value: Decimal | None
    per_unit_amount: Decimal | None
    rate: Decimal | None
    flat_amount: Decimal


def parse_tiers(charge_model: str, properties: Mapping[str, Any], codes: list[str]) -> tuple[Tier, ...]:
    """The tiers that `properties` state for a tiered charge model; what is wrong is added to `codes` in Lago's words."""
    name = RANGES[charge_model]
    ranges = properties.get(name)
    if not ranges:
        codes.append(f"missing_{name}")
        return ()
    if not isinstance(ranges, Sequence) or not all(isinstance(row, Mapping) for row in ranges):
        codes.append(f"invalid_{name}")
        return ()
    tiers = []
    for position, row in enumerate(ranges, start=1):
        from_value, to_value = read_amount(row.get("from_value")), row.get("to_value")
        top = None if to_value is None else read_amount(to_value)
        if from_value is None or (to_value is not None and top is None):
            codes.append(f"invalid_{name}")
            return ()
        by_rate = charge_model == "graduated_percentage"
        rate = _text(row, "rate", read_rate, "invalid_rate", codes) if by_rate else None
        per_unit = None if by_rate else _text(row, "per_unit_amount", read_amount, "invalid_amount", codes)
        flat = _text(row, "flat_amount", read_amount, "invalid_amount", codes)
        tiers.append(Tier(position, from_value, top, per_unit, rate, flat or Decimal(0)))
    if not _contiguous(tiers):
        codes.append(f"invalid_{name}")
    return tuple(tiers)


def _text(row: Mapping[str, Any], key: str, read: Any, code: str, codes: list[str]) -> Decimal | None:
    # Only text: a JSON number may have lost digits before it came here (rating §0.1).
    value = row.get(key)
    number: Decimal | None = read(value) if isinstance(value, str) else None
    if number is None:
        codes.append(code)
    return number


def _contiguous(tiers: Sequence[Tier]) -> bool:
    """First from 0 (1 is tolerated), each next from the last bound or that plus one, only the last unbounded."""
    if tiers[0].from_value not in (0, 1) or tiers[-1].to_value is not None:
        return False
    for tier, following in pairwise(tiers):
        if tier.to_value is None or tier.to_value < tier.from_value:
            return False
        if following.from_value not in (tier.to_value, tier.to_value + 1):
            return False
    return True
