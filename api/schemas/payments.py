"""Payments on the wire (lago_api §7.14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.body import INSTANT, INTEGER, TEXT, Body
from api.schemas.wire import instant
from core.catalog.payments import Payment

CREATE = Body(
    "payment",
    {"invoice_id": TEXT, "amount_cents": INTEGER, "reference": TEXT, "paid_at": INSTANT},
    mandatory=("invoice_id", "amount_cents", "reference"),
)


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
