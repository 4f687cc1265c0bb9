"""Credit notes on the wire (lago_api §7.13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.schemas.customers import customer_objects
from api.schemas.fees import FeeContext, fee_object
from api.schemas.wire import day, decimal, instant, number
from core.catalog.billing_entities import BILLING_ENTITIES
from core.catalog.customers import CUSTOMERS
from core.ids import deterministic_id

Row = Mapping[str, Any]

_AMOUNTS = (
    "total_amount_cents",
    "taxes_amount_cents",
    "sub_total_excluding_taxes_amount_cents",
    "balance_amount_cents",
    "credit_amount_cents",
    "refund_amount_cents",
    "offset_amount_cents",
    "coupons_adjustment_amount_cents",
)


def credit_note_objects(connection: sa.Connection, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The credit notes as a list shows them: with the customer, without items. Rows are `marts.list_credit_notes`'s."""
    owners = list(CUSTOMERS.where_in(connection, "id", [row["customer_id"] for row in rows]))
    described = dict(zip([owner.id for owner in owners], customer_objects(connection, owners), strict=True))
    entities = {entity.id: entity.code for entity in BILLING_ENTITIES.all(connection)}
    return [
        _plain(row) | {"billing_entity_code": entities[row["billing_entity_id"]], "customer": described[row["customer_id"]]}
        for row in rows
    ]  # fmt: skip


def credit_note_object(connection: sa.Connection, row: Row, invoice: Row, fee_taxes: Sequence[Row]) -> dict[str, Any]:
    """One credit note with its items and taxes. `row` is `marts.get_credit_note`'s, `invoice` the one that it corrects."""
    (answered,) = credit_note_objects(connection, [row])
    context = FeeContext(connection, [item["fee"] for item in row["items"]], taxes=fee_taxes)
    return answered | {
        "items": [
            {
                "lago_id": item["credit_note_item_id"],
                "amount_cents": item["amount_cents"],
                "precise_amount_cents": decimal(item["precise_amount_cents"]),
                "amount_currency": item["currency"],
                "fee": fee_object(item["fee"], invoice, context),
            }
            for item in row["items"]
        ],
        "applied_taxes": [_applied_tax(tax, row) for tax in row["taxes"]],
    }


def _plain(row: Row) -> dict[str, Any]:
    is_used_up = row["credit_amount_cents"] > 0 and row["balance_amount_cents"] == 0
    return {name: row[name] for name in _AMOUNTS} | {
        "lago_id": row["credit_note_id"],
        "sequential_id": row["sequential_id"],
        "number": row["number"],
        "lago_invoice_id": row["invoice_id"],
        "invoice_number": row["invoice_number"],
        "issuing_date": day(row["issuing_date"]),
        "credit_status": ("consumed" if is_used_up else "available") if row["credit_amount_cents"] else None,
        "refund_status": "pending" if row["refund_amount_cents"] else None,
        "reason": row["reason"],
        "description": None,
        "currency": row["currency"],
        "taxes_rate": number(row["taxes_rate"]),
        "precise_taxes_amount_cents": decimal(row["precise_taxes_amount_cents"]),
        "precise_coupons_adjustment_amount_cents": decimal(row["precise_coupons_adjustment_amount_cents"]),
        "created_at": instant(row["issued_at"]),
        "updated_at": instant(row["issued_at"]),
        "file_url": None,
        "self_billed": False,
        "metadata": {},
        "error_details": [],
        "applied_taxes": [],
    }


def _applied_tax(tax: Row, note: Row) -> dict[str, Any]:
    return {
        "lago_id": deterministic_id("credit_note_tax", note["credit_note_id"], tax["tax_id"]),
        "lago_credit_note_id": note["credit_note_id"],
        "lago_tax_id": tax["tax_id"],
        "tax_name": tax["tax_name"],
        "tax_code": tax["tax_code"],
        "tax_rate": number(tax["tax_rate"]),
        "tax_description": None,
        "base_amount_cents": int(tax["taxable_base_cents"]),
        "amount_cents": tax["amount_cents"],
        "amount_currency": note["currency"],
        "created_at": instant(note["issued_at"]),
    }
