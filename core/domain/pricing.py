"""What the properties of a charge may say, per charge model, and what they mean (rating §4.1 to §4.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.domain.decimals import read_amount, read_rate
from core.domain.tiers import RANGES, Tier, parse_tiers
from core.errors import ValidationError

CHARGE_MODELS = (
    "standard",
    "graduated",
    "graduated_percentage",
    "package",
    "percentage",
    "volume",
    "dynamic",
    "custom",
)
FLAT_WITHOUT_USAGE = "flat_fee_without_usage"
"""Property of a tiered charge, true by default: whether zero units owe the first tier's flat fee (rating §9.1)."""

MOST_PRESENTATION_KEYS = 2
"""How many presentation group keys a charge may have (rating §3.2)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that a custom charge states for its SQL charge. In a list, `position` counts from 1 and `key` is the key in
    the object there; a value that stands alone has position 0 and no key."""

    name: str
    position: int
    key: str
    value: str | None


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """The parsed properties of a charge or filter; what a model does not use is None or empty. Rates are in percent."""

    amount: Decimal | None = None
    package_size: int | None = None
    free_units: int | None = None
    rate: Decimal | None = None
    fixed_amount: Decimal | None = None
    free_units_per_events: int | None = None
    free_units_per_total_aggregation: Decimal | None = None
    per_transaction_min_amount: Decimal | None = None
    per_transaction_max_amount: Decimal | None = None
    bills_flat_without_usage: bool = True
    tiers: tuple[Tier, ...] = ()
    group_keys: tuple[str, ...] = ()
    presentation_keys: tuple[str, ...] = ()
    """Event properties by which a charge's units are shown apart; they have no part in its price (rating §3.2)."""
    displayed_keys: tuple[str, ...] = ()
    """Those of the presentation keys that stand on the invoice too."""
    sql_charge: str | None = None
    parameters: tuple[Parameter, ...] = ()


def default_properties(charge_model: str) -> dict[str, Any]:
    """The properties of a charge created without any: everything is free."""
    free_tier = {"from_value": 0, "to_value": None, "per_unit_amount": "0", "flat_amount": "0"}
    free_rate = {"from_value": 0, "to_value": None, "rate": "0", "flat_amount": "0"}
    defaults: dict[str, dict[str, Any]] = {
        "standard": {"amount": "0"},
        "package": {"amount": "0", "package_size": 1, "free_units": 0},
        "percentage": {"rate": "0"},
        "graduated": {"graduated_ranges": [free_tier]},
        "graduated_percentage": {"graduated_percentage_ranges": [free_rate]},
        "volume": {"volume_ranges": [free_tier]},
        "dynamic": {},
        "custom": {},  # which SQL charge it is has no default
    }
    return defaults[charge_model]


def parse_properties(charge_model: str, properties: Mapping[str, Any]) -> PriceTerms:
    """The terms that `properties` state for `charge_model`.

    Raises ValidationError under `properties` with Lago's codes (`invalid_amount`, `missing_graduated_ranges`,
    `invalid_rate`, `invalid_package_size`, `invalid_free_units_per_events`, ...), or under `charge_model`.
    """
    if charge_model not in CHARGE_MODELS:
        raise ValidationError({"charge_model": ["value_is_invalid"]})
    codes: list[str] = []
    terms: dict[str, Any] = {
        "group_keys": _group_keys(properties, codes),
        "presentation_keys": _presentation_keys(properties, codes),
    }
    terms["displayed_keys"] = _displayed_keys(properties, terms["presentation_keys"])
    if charge_model == "standard":
        terms["amount"] = _required(properties, "amount", read_amount, "invalid_amount", codes)
    elif charge_model == "package":
        terms["amount"] = _required(properties, "amount", read_amount, "invalid_amount", codes)
        terms["package_size"] = _whole(properties.get("package_size"), 1, "invalid_package_size", codes)
        terms["free_units"] = _whole(properties.get("free_units", 0), 0, "invalid_free_units", codes)
    elif charge_model == "percentage":
        terms |= _percentage(properties, codes)
    elif charge_model == "custom":
        terms["sql_charge"] = _name(properties.get("sql_charge"), codes)
        terms["parameters"] = _parameters(properties.get("custom_properties") or {}, codes)
    elif charge_model in RANGES:
        terms["tiers"] = parse_tiers(charge_model, properties, codes)
        terms["bills_flat_without_usage"] = properties.get(FLAT_WITHOUT_USAGE, True)
        if not isinstance(terms["bills_flat_without_usage"], bool):
            codes.append("invalid_type")
    if codes:
        raise ValidationError({"properties": list(dict.fromkeys(codes))})
    return PriceTerms(**terms)


def _percentage(properties: Mapping[str, Any], codes: list[str]) -> dict[str, Any]:
    free_events = properties.get("free_units_per_events")
    least = _optional(properties, "per_transaction_min_amount", "invalid_amount", codes)
    most = _optional(properties, "per_transaction_max_amount", "invalid_amount", codes)
    if least is not None and most is not None and most < least:
        codes.append("per_transaction_max_lower_than_per_transaction_min")
    free_amount = "free_units_per_total_aggregation"
    return {
        "rate": _required(properties, "rate", read_rate, "invalid_rate", codes),
        "fixed_amount": _optional(properties, "fixed_amount", "invalid_fixed_amount", codes),
        "free_units_per_events": None
        if free_events is None
        else _whole(free_events, 1, "invalid_free_units_per_events", codes),
        free_amount: _optional(properties, free_amount, f"invalid_{free_amount}", codes),
        "per_transaction_min_amount": least,
        "per_transaction_max_amount": most,
    }


def _name(value: Any, codes: list[str]) -> str | None:
    if not isinstance(value, str) or not value.strip():
        codes.append("invalid_sql_charge")
        return None
    return value


def _parameters(properties: Any, codes: list[str]) -> tuple[Parameter, ...]:
    """The rows of `custom_properties`: plain values, and lists of objects of plain values."""
    found: list[Parameter] = []
    try:
        for name, value in properties.items():
            rows = enumerate(value, start=1) if isinstance(value, list) else [(0, {"": value})]
            found += [Parameter(name, place, key, _plain(item)) for place, row in rows for key, item in row.items()]
    except (AttributeError, TypeError):
        codes.append("invalid_custom_properties")
    return tuple(found)


def _plain(value: Any) -> str | None:
    """A value as text. Raises TypeError for a list or an object, and for a float, which may have lost digits."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(value)


def _required(properties: Mapping[str, Any], key: str, read: Any, code: str, codes: list[str]) -> Decimal | None:
    # Only text: a JSON number may have lost digits before it came here (rating §0.1).
    value = properties.get(key)
    number: Decimal | None = read(value) if isinstance(value, str) else None
    if number is None:
        codes.append(code)
    return number


def _optional(properties: Mapping[str, Any], key: str, code: str, codes: list[str]) -> Decimal | None:
    """A term that may be left out, or be null or empty."""
    return None if properties.get(key) in (None, "") else _required(properties, key, read_amount, code, codes)


def _whole(value: Any, least: int, code: str, codes: list[str]) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 10**15:
        codes.append(code)
        return None
    return int(value)


def _group_keys(properties: Mapping[str, Any], codes: list[str]) -> tuple[str, ...]:
    # grouped_by is the former name of pricing_group_keys and still read (rating §3.2).
    stated = [properties.get(name) for name in ("pricing_group_keys", "grouped_by")]
    keys: Any = next((keys for keys in stated if keys not in (None, "", [])), ())
    if not isinstance(keys, Sequence) or isinstance(keys, str) or not all(isinstance(k, str) and k for k in keys):
        codes.append("invalid_type")
        return ()
    return tuple(dict.fromkeys(keys))


def _presentation_keys(properties: Mapping[str, Any], codes: list[str]) -> tuple[str, ...]:
    """The keys of `[{value, options: {display_in_invoice}}]`, at most two."""
    rows = properties.get("presentation_group_keys") or []
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not all(_is_presentation_key(row) for row in rows):
        codes.append("invalid_type")
        return ()
    keys = tuple(dict.fromkeys(row["value"] for row in rows))
    if len(keys) > MOST_PRESENTATION_KEYS:
        codes.append("invalid_count")
    return keys


def _displayed_keys(properties: Mapping[str, Any], keys: Sequence[str]) -> tuple[str, ...]:
    asked = (
        {
            row["value"]
            for row in properties["presentation_group_keys"]
            if (row.get("options") or {}).get("display_in_invoice")
        }
        if keys
        else set()
    )
    return tuple(key for key in keys if key in asked)


def _is_presentation_key(row: Any) -> bool:
    if not isinstance(row, Mapping) or not isinstance(row.get("value"), str) or not row["value"]:
        return False
    options = row.get("options") or {}
    return isinstance(options, Mapping) and isinstance(options.get("display_in_invoice", True), bool)
