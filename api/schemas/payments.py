"""Payments on the wire (lago_api §7.14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.body import INSTANT, INTEGER, TEXT, Body
from api.schemas.wire import instant
from core.catalog.payments import Payment

CREATE = Body(
    "payment",
    {"invoice_id": TEXT, "amount_cents": INTEGER, "reference": TEXT, "paid_at": INSTANT},
    mandatory=("invoice_id", "amount_cents", "reference"),
)


def payment_object(payment: Payment, invoice: Mapping[str, Any]) -> dict[str, Any]:
    """A payment recorded by hand on the invoice, in minor units of its currency."""
    return {
        "lago_id": payment.id,
        "lago_customer_id": payment.customer_id,
        "external_customer_id": invoice["customer_external_id"],
        "invoice_ids": [payment.invoice_id],
        "invoice_numbers": [invoice["number"] or ""],
        "lago_payable_id": payment.invoice_id,
        "payable_type": "Invoice",
        "amount_cents": payment.amount_cents,
        "amount_currency": invoice["currency"],
        "status": "succeeded",
        "payment_status": "succeeded",
        "type": "manual",
        "reference": payment.reference,
        "payment_provider_code": None,
        "payment_provider_type": None,
        "external_payment_id": None,
        "provider_payment_id": None,
        "provider_customer_id": None,
        "payment_method_id": None,
        "next_action": {},
        "created_at": instant(payment.created_at),
    }
