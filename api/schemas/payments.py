"""Payments on the wire (lago_api §7.14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.body import INSTANT, INTEGER, TEXT, Body
from api.schemas.wire import instant
from core.billing.ledger import Cursor
from core.catalog import payments
from core.catalog.payments import Payment
from core.warehouse import marts

CREATE = Body(
    "payment",
    {"invoice_id": TEXT, "amount_cents": INTEGER, "reference": TEXT, "paid_at": INSTANT},
    mandatory=("invoice_id", "amount_cents", "reference"),
)


def payment_objects(cursor: Cursor, connection: sa.Connection, rows: list[Payment]) -> list[dict[str, Any]]:
    """The payments; of one of several invoices its first row is given."""
    parts = payments.with_parts(connection, rows)
    paid = marts.invoices_among(cursor, [part.invoice_id for row in rows for part in parts[row.id]])
    invoices = {invoice["invoice_id"]: invoice for invoice in paid}
    return [payment_object(parts[row.id], invoices) for row in rows]


def receipt_objects(cursor: Cursor, connection: sa.Connection, rows: list[Payment]) -> list[dict[str, Any]]:
    """The receipts of the payments, with the ids of these; a number is the first invoice's and the payment's place among its own."""
    places = payments.places(connection, [row.invoice_id for row in rows])
    return [
        {
            "lago_id": payment["lago_id"],
            "number": f"{payment['invoice_numbers'][0]}-RCPT-{places[payment['lago_id']]:03d}",
            "payment": payment,
            "created_at": payment["created_at"],
        }
        for payment in payment_objects(cursor, connection, rows)
    ]


def payment_object(parts: Sequence[Payment], invoices: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A payment recorded by hand, from its rows (one per invoice that it pays) and the invoices by id; minor units."""
    first = parts[0]
    invoice = invoices[first.invoice_id]
    return {
        "lago_id": first.id,
        "lago_customer_id": first.customer_id,
        "external_customer_id": invoice["customer_external_id"],
        "invoice_ids": [part.invoice_id for part in parts],
        "invoice_numbers": [invoices[part.invoice_id]["number"] or "" for part in parts],
        "lago_payable_id": first.payment_request_id or first.invoice_id,
        "payable_type": "PaymentRequest" if first.payment_request_id else "Invoice",
        "amount_cents": sum(part.amount_cents for part in parts),
        "amount_currency": invoice["currency"],
        "status": "succeeded",
        "payment_status": "succeeded",
        "type": "manual",
        "reference": first.reference,
        "payment_provider_code": None,
        "payment_provider_type": None,
        "external_payment_id": None,
        "provider_payment_id": None,
        "provider_customer_id": None,
        "payment_method_id": None,
        "next_action": {},
        "created_at": instant(first.created_at),
    }
