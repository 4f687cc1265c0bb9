"""Pricing units on the wire, and what a charge or a fee says of its own (rating §4.11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.body import DECIMAL, INTEGER, TEXT, Body
from api.schemas.wire import instant
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
