"""Credit notes on the wire (lago_api §7.13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.body import INTEGER, MAPPING, TEXT, Body, objects
from api.schemas.customers import customer_objects
from api.schemas.fees import FeeContext, fee_object
from api.schemas.wire import day, decimal, instant, number
from core.billing.credit_notes import Estimate, credit_status
from core.catalog import credit_note_details
from core.catalog.billing_entities import BILLING_ENTITIES
from core.catalog.credit_note_details import CreditNoteDetails
from core.catalog.credit_notes import CREDIT_NOTES, PARTS
from core.catalog.customers import CUSTOMERS
from core.ids import deterministic_id

Row = Mapping[str, Any]

_ITEMS = objects({"fee_id": TEXT, "amount_cents": INTEGER})
CREATE = Body(
    "credit_note",
    {"invoice_id": TEXT, "reason": TEXT, "description": TEXT, "items": _ITEMS, "metadata": MAPPING}
    | dict.fromkeys(PARTS, INTEGER),
    mandatory=("invoice_id", "items"),
)
ESTIMATE = Body("credit_note", {"invoice_id": TEXT, "items": _ITEMS}, mandatory=("invoice_id", "items"))
UPDATE = Body("credit_note", {"refund_status": TEXT, "metadata": MAPPING})
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

_ESTIMATED = (
    "taxes_amount_cents",
    "sub_total_excluding_taxes_amount_cents",
    "coupons_adjustment_amount_cents",
    "max_creditable_amount_cents",
    "max_refundable_amount_cents",
    "max_offsettable_amount_cents",
)


def credit_note_objects(connection: sa.Connection, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The credit notes as a list shows them: with the customer, without items. Rows are `marts.list_credit_notes`'s."""
    owners = list(CUSTOMERS.where_in(connection, "id", [row["customer_id"] for row in rows]))
    described = dict(zip([owner.id for owner in owners], customer_objects(connection, owners), strict=True))
    entities = {entity.id: entity.code for entity in BILLING_ENTITIES.all(connection)}
    ids = [row["credit_note_id"] for row in rows]
    written = {note.id: note.description for note in CREDIT_NOTES.where_in(connection, "id", ids)}
    details = credit_note_details.find(connection, ids)
    return [
        _plain(row) | {"description": written.get(row["credit_note_id"])} | _details(row, details.get(row["credit_note_id"])) | {"billing_entity_code": entities[row["billing_entity_id"]], "customer": described[row["customer_id"]]}
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


def estimate_object(invoice: Row, items: Sequence[Row], estimated: Estimate) -> dict[str, Any]:
    """What a note on the items of the invoice would be; precise amounts are numbers here, since Go reads them so."""
    sums = estimated.sums
    return {
        "lago_invoice_id": invoice["invoice_id"],
        "invoice_number": invoice["number"],
        "currency": invoice["currency"],
        "taxes_rate": number(sums["taxes_rate"]),
        "precise_taxes_amount_cents": number(sums["precise_taxes_amount_cents"]),
        "precise_coupons_adjustment_amount_cents": number(sums["precise_coupons_adjustment_amount_cents"]),
        **{name: sums[name] for name in _ESTIMATED},
        "items": [{"amount_cents": item["amount_cents"], "lago_fee_id": item["fee_id"]} for item in items],
        "applied_taxes": [_tax(tax, invoice["currency"]) for tax in estimated.taxes],
    }


def _details(row: Row, details: CreditNoteDetails | None) -> dict[str, Any]:
    said = None if details is None else details.refund_status
    return {
        "refund_status": (said or "pending") if row["refund_amount_cents"] else None,
        "metadata": None if details is None else details.metadata,
    }


def _plain(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in _AMOUNTS} | {
        "lago_id": row["credit_note_id"],
        "sequential_id": row["sequential_id"],
        "number": row["number"],
        "lago_invoice_id": row["invoice_id"],
        "invoice_number": row["invoice_number"],
        "issuing_date": day(row["issuing_date"]),
        "credit_status": credit_status(row),
        "reason": row["reason"],
        "currency": row["currency"],
        "taxes_rate": number(row["taxes_rate"]),
        "precise_taxes_amount_cents": decimal(row["precise_taxes_amount_cents"]),
        "precise_coupons_adjustment_amount_cents": decimal(row["precise_coupons_adjustment_amount_cents"]),
        "created_at": instant(row["issued_at"]),
        "updated_at": instant(row["issued_at"]),
        "file_url": None,
        "self_billed": False,
        "error_details": [],
        "applied_taxes": [],
    }


def _applied_tax(tax: Row, note: Row) -> dict[str, Any]:
    return {
        "lago_id": deterministic_id("credit_note_tax", note["credit_note_id"], tax["tax_id"]),
        "lago_credit_note_id": note["credit_note_id"],
        "created_at": instant(note["issued_at"]),
    } | _tax(tax, note["currency"])


def _tax(tax: Row, currency: str) -> dict[str, Any]:
    return {
        "lago_tax_id": tax["tax_id"],
        "tax_name": tax["tax_name"],
        "tax_code": tax["tax_code"],
        "tax_rate": number(tax["tax_rate"]),
        "tax_description": None,
        "base_amount_cents": int(tax["taxable_base_cents"]),
        "amount_cents": tax["amount_cents"],
        "amount_currency": currency,
    }
