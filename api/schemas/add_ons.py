"""Add-ons on the wire (lago_api §7.10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from api.body import INTEGER, TEXT, TEXTS, Body
from api.schemas.taxes import taxes_by_owner
from api.schemas.wire import instant
from core.catalog.add_ons import AddOn

FIELDS = {
    "name": TEXT,
    "invoice_display_name": TEXT,
    "code": TEXT,
    "amount_cents": INTEGER,
    "amount_currency": TEXT,
    "description": TEXT,
    "tax_codes": TEXTS,
}
CREATE = Body("add_on", FIELDS, mandatory=("code", "name", "amount_cents", "amount_currency"))
UPDATE = Body("add_on", FIELDS)


def add_on_objects(connection: sa.Connection, rows: Sequence[AddOn]) -> list[dict[str, Any]]:
    """The add-ons with their taxes."""
    taxes = taxes_by_owner(connection, "add_on", [row.id for row in rows])
    return [
        {
            "lago_id": row.id,
            "name": row.name,
            "invoice_display_name": row.invoice_display_name,
            "code": row.code,
            "amount_cents": row.amount_cents,
            "amount_currency": row.amount_currency,
            "description": row.description,
            "created_at": instant(row.created_at),
            "taxes": taxes[row.id],
        }
        for row in rows
    ]
