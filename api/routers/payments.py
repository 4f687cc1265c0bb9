"""Payments recorded by hand (lago_api §7.14)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, Paging, listed
from api.payable import pay, payable
from api.schemas.payments import CREATE, payment_object
from core.catalog import customers, payments
from core.warehouse import marts

router = APIRouter(tags=["Payments"])


@router.post("/payments", openapi_extra=CREATE.openapi)
def create(payment: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Record a payment on an issued invoice; a paid top-up's credits count from now."""
    invoice = payable(served, payment["invoice_id"] or "")
    row = pay(served, invoice, **{name: value for name, value in payment.items() if name != "invoice_id"} | {"amount_cents": payment["amount_cents"] or 0})
    return one("payment", payment_object(row, invoice))


@router.get("/payments")
def index(
    served: Served, paging: Paged, external_customer_id: str | None = None, invoice_id: str | None = None
) -> Response:
    """List payments."""
    return _list(served, paging, external_customer_id, invoice_id)


@router.get("/customers/{external_id}/payments")
def of_customer(external_id: str, served: Served, paging: Paged, invoice_id: str | None = None) -> Response:
    """List the payments of a customer."""
    return _list(served, paging, external_id, invoice_id)


def _list(served: Served, paging: Paging, external_customer_id: str | None, invoice_id: str | None) -> Response:
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        customer = None if external_customer_id is None else customers.get(connection, external_customer_id)
        page = payments.page(
            connection,
            invoice_id=invoice_id,
            customer_id=None if customer is None else customer.id,
            limit=paging.limit,
            offset=paging.offset,
        )
        items = [payment_object(row, marts.get_invoice(cursor, row.invoice_id)) for row in page.items]
    return listed("payments", items, page.total, paging)

