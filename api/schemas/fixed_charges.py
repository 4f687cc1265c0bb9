"""Fixed charges on the wire (lago_api §7.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from api.body import BOOLEAN, DECIMAL, MAPPING, TEXT, TEXTS, Body
from api.schemas.taxes import taxes_by_owner
from api.schemas.wire import instant, number
from core.catalog import fixed_charge_units
from core.catalog.add_ons import ADD_ONS
from core.catalog.fixed_charges import FixedCharge

OVERRIDABLE = {
    "invoice_display_name": TEXT,
    "units": DECIMAL,
    "apply_units_immediately": BOOLEAN,
    "properties": MAPPING,
    "tax_codes": TEXTS,
}
FIELDS = OVERRIDABLE | {
    "add_on_id": TEXT,
    "add_on_code": TEXT,
    "code": TEXT,
    "charge_model": TEXT,
    "pay_in_advance": BOOLEAN,
    "prorated": BOOLEAN,
}
IN_PLAN_FIELDS = FIELDS | {"id": TEXT}
CREATE = UPDATE = Body("fixed_charge", FIELDS | {"cascade_updates": BOOLEAN})
OVERRIDE = Body("fixed_charge", OVERRIDABLE)


def fixed_charge_objects(
    connection: sa.Connection, rows: Sequence[FixedCharge], subscription_id: str | None = None
) -> list[dict[str, Any]]:
    """The fixed charges with the units last asked for, by this subscription where one is given."""
    ids = [row.id for row in rows]
    sold = {add_on.id: add_on for add_on in ADD_ONS.where_in(connection, "id", [row.add_on_id for row in rows])}
    units = fixed_charge_units.units_of(connection, ids, subscription_id)
    taxes = taxes_by_owner(connection, "fixed_charge", ids)
    return [
        {
            "lago_id": row.id,
            "lago_add_on_id": row.add_on_id,
            "invoice_display_name": row.invoice_display_name or sold[row.add_on_id].name,
            "add_on_code": sold[row.add_on_id].code,
            "created_at": instant(row.created_at),
            "code": row.code,
            "charge_model": row.charge_model,
            "pay_in_advance": row.pay_in_advance,
            "prorated": row.prorated,
            "properties": row.properties,
            "units": number(units[row.id]),
            "lago_parent_id": row.parent_id,
            "taxes": taxes[row.id],
        }
        for row in rows
    ]
