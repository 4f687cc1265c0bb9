"""Taxes on the wire (lago_api §7.10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from api.body import BOOLEAN, DECIMAL, TEXT, Body
from api.schemas.wire import instant, number
from core.catalog import billing_entities, taxes
from core.catalog.taxes import Tax

FIELDS = {
    "name": TEXT,
    "code": TEXT,
    "rate": DECIMAL,
    "description": TEXT,
    "applied_to_organization": BOOLEAN,
}
CREATE = Body("tax", FIELDS, mandatory=("code", "name", "rate"))
UPDATE = Body("tax", FIELDS)


def tax_objects(connection: sa.Connection, rows: Sequence[Tax]) -> list[dict[str, Any]]:
    """The taxes, with the entities that they apply to by default."""
    entities = billing_entities.page(connection).items
    applied = taxes.taxes_of(connection, "billing_entity", [entity.id for entity in entities])
    codes: dict[str, list[str]] = {}
    for entity in entities:
        for tax in applied.get(entity.id, []):
            codes.setdefault(tax.id, []).append(entity.code)
    return [_tax_object(tax, codes.get(tax.id, [])) for tax in rows]


def taxes_by_owner(connection: sa.Connection, owner_type: str, ids: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Owner id -> its taxes, for every one of `ids`."""
    ids = list(ids)
    owned = taxes.taxes_of(connection, owner_type, ids)
    distinct = {tax.id: tax for rows in owned.values() for tax in rows}
    objects = dict(zip(distinct, tax_objects(connection, list(distinct.values())), strict=True)) if distinct else {}
    return {owner_id: [objects[tax.id] for tax in owned.get(owner_id, [])] for owner_id in ids}


def _tax_object(tax: Tax, entity_codes: list[str]) -> dict[str, Any]:
    return {
        "lago_id": tax.id,
        "name": tax.name,
        "code": tax.code,
        "description": tax.description,
        "rate": number(tax.rate),
        "applied_to_organization": billing_entities.DEFAULT_CODE in entity_codes,
        "applied_to_billing_entities_codes": entity_codes,
        "add_ons_count": 0,
        "customers_count": 0,
        "plans_count": 0,
        "charges_count": 0,
        "commitments_count": 0,
        "created_at": instant(tax.created_at),
    }
