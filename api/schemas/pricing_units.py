"""Pricing units on the wire, and what a charge or a fee says of its own (rating §4.11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.body import DECIMAL, INTEGER, TEXT, Body
from api.schemas.wire import decimal, instant
from core.catalog.pricing_units import PricingUnit

APPLIED_FIELDS = {"code": TEXT, "conversion_rate": DECIMAL}
FIELDS = {"code": TEXT, "name": TEXT, "short_name": TEXT, "description": TEXT, "exponent": INTEGER}
CREATE = Body("pricing_unit", FIELDS, mandatory=("code", "name", "short_name"))
UPDATE = Body("pricing_unit", FIELDS)


def pricing_unit_objects(rows: Sequence[PricingUnit]) -> list[dict[str, Any]]:
    """The pricing units."""
    return [
        {
            "lago_id": row.id,
            "code": row.code,
            "name": row.name,
            "short_name": row.short_name,
            "description": row.description,
            "exponent": row.exponent,
            "created_at": instant(row.created_at),
        }
        for row in rows
    ]


def pricing_unit_details(fee: Mapping[str, Any], units: Mapping[str, PricingUnit]) -> dict[str, Any] | None:
    """A fee's amounts in the pricing unit that its charge is priced in; None without one. `units` are by id."""
    unit = units.get(fee["pricing_unit_id"])
    if unit is None:
        return None
    return {
        "lago_pricing_unit_id": unit.id,
        "pricing_unit_code": fee["pricing_unit_code"],
        "short_name": fee["pricing_unit_short_name"],
        "amount_cents": fee["pricing_unit_amount_cents"],
        "precise_amount_cents": decimal(fee["pricing_unit_precise_amount"].scaleb(unit.exponent)),
        "unit_amount_cents": int(fee["pricing_unit_unit_amount"].scaleb(unit.exponent)),
        "precise_unit_amount": decimal(fee["pricing_unit_unit_amount"]),
        "conversion_rate": decimal(fee["conversion_rate"]),
    }
