"""What the properties of a charge may say, per charge model, and what they mean (rating §4.1 to §4.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from core.domain.decimals import read_amount
from core.errors import ValidationError

CHARGE_MODELS = ("standard", "graduated", "package", "volume")
_RANGES = {"graduated": "graduated_ranges", "volume": "volume_ranges"}


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier. `to_value` is inclusive and None for the last; amounts are in currency units, not cents."""

    position: int
    from_value: Decimal
    to_value: Decimal | None
    per_unit_amount: Decimal
    flat_amount: Decimal


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """The parsed properties of a charge or filter; what a model does not use is None or empty."""

    amount: Decimal | None = None
    package_size: int | None = None
    free_units: int | None = None
    tiers: tuple[Tier, ...] = ()
    group_keys: tuple[str, ...] = ()


def default_properties(charge_model: str) -> dict[str, Any]:
    """The properties of a charge created without any: everything is free."""
    free_tier = {"from_value": 0, "to_value": None, "per_unit_amount": "0", "flat_amount": "0"}
    defaults: dict[str, dict[str, Any]] = {
        "standard": {"amount": "0"},
        "package": {"amount": "0", "package_size": 1, "free_units": 0},
        "graduated": {"graduated_ranges": [free_tier]},
        "volume": {"volume_ranges": [free_tier]},
    }
    return defaults[charge_model]


def parse_properties(charge_model: str, properties: Mapping[str, Any]) -> PriceTerms:
    """The terms that `properties` state for `charge_model`.

    Raises ValidationError under `properties` with Lago's codes (`invalid_amount`, `missing_graduated_ranges`,
    `invalid_volume_ranges`, `invalid_package_size`, `invalid_free_units`, ...), or under `charge_model`.
    """
    codes: list[str] = []
    group_keys = _group_keys(properties, codes)
    if charge_model == "standard":
        terms = PriceTerms(amount=_amount(properties, codes), group_keys=group_keys)
    elif charge_model == "package":
        terms = PriceTerms(
            amount=_amount(properties, codes),
            package_size=_whole(properties.get("package_size"), 1, "invalid_package_size", codes),
            free_units=_whole(properties.get("free_units", 0), 0, "invalid_free_units", codes),
            group_keys=group_keys,
        )
    elif charge_model in _RANGES:
        ranges = _RANGES[charge_model]
        terms = PriceTerms(tiers=_tiers(properties.get(ranges), ranges, codes), group_keys=group_keys)
    else:
        raise ValidationError({"charge_model": ["value_is_invalid"]})
    if codes:
        raise ValidationError({"properties": list(dict.fromkeys(codes))})
    return terms


def _amount(properties: Mapping[str, Any], codes: list[str]) -> Decimal | None:
    # Only text: a JSON number may have lost digits before it came here (rating §0.1).
    value = properties.get("amount")
    number = read_amount(value) if isinstance(value, str) else None
    if number is None:
        codes.append("invalid_amount")
    return number


def _whole(value: Any, least: int, code: str, codes: list[str]) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 10**15:
        codes.append(code)
        return None
    return int(value)


def _group_keys(properties: Mapping[str, Any], codes: list[str]) -> tuple[str, ...]:
    # grouped_by is the former name of pricing_group_keys and still read (rating §3.2).
    keys = properties.get("pricing_group_keys") or properties.get("grouped_by") or []
    if not isinstance(keys, Sequence) or isinstance(keys, str) or not all(isinstance(k, str) and k for k in keys):
        codes.append("invalid_type")
        return ()
    return tuple(dict.fromkeys(keys))


def _tiers(ranges: Any, name: str, codes: list[str]) -> tuple[Tier, ...]:
    if not ranges:
        codes.append(f"missing_{name}")
        return ()
    if not isinstance(ranges, Sequence) or not all(isinstance(row, Mapping) for row in ranges):
        codes.append(f"invalid_{name}")
        return ()
    tiers = []
    for position, row in enumerate(ranges, start=1):
        per_unit, flat = (
            read_amount(row.get(key)) if isinstance(row.get(key), str) else None
            for key in ("per_unit_amount", "flat_amount")
        )
        if per_unit is None or flat is None:
            codes.append("invalid_amount")
        from_value, to_value = read_amount(row.get("from_value")), row.get("to_value")
        top = None if to_value is None else read_amount(to_value)
        if from_value is None or (to_value is not None and top is None):
            codes.append(f"invalid_{name}")
            return ()
        tiers.append(Tier(position, from_value, top, per_unit or Decimal(0), flat or Decimal(0)))
    if not _contiguous(tiers):
        codes.append(f"invalid_{name}")
    return tuple(tiers)


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
