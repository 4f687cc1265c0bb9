"""Payments recorded by hand (lago_api §7.14)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, Paging, listed
from api.payable import pay, pay_request, payable
from api.requested import find
from api.schemas.payments import CREATE, payment_object, payment_objects
from core.catalog import customers, payments

router = APIRouter(tags=["Payments"])


@router.post("/payments", openapi_extra=CREATE.openapi)
def create(payment: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Record a payment on an issued invoice; a paid top-up's credits count from now. `invoice_id` may be that of a payment
    request: all that is due of its invoices is then paid as one.
    """
    key = payment["invoice_id"] or ""
    terms = {name: value for name, value in payment.items() if name != "invoice_id"} | {"amount_cents": payment["amount_cents"] or 0}
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        request = find(cursor, connection, key)
    if request is not None:
        invoices = {invoice["invoice_id"]: invoice for invoice in request["invoices"]}
        return one("payment", payment_object(pay_request(served, request, **terms), invoices))
    invoice = payable(served, key)
    return one("payment", payment_object([pay(served, invoice, **terms)], {invoice["invoice_id"]: invoice}))


@router.get("/payments")
def index(
    served: Served, paging: Paged, external_customer_id: str | None = None, invoice_id: str | None = None
) -> Response:
    """List payments."""
    return _list(served, paging, external_customer_id, invoice_id)


@router.get("/payments/{lago_id}")
def show(lago_id: str, served: Served) -> Response:
    """Get a payment."""
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        return one("payment", payment_objects(cursor, connection, [payments.get(connection, lago_id)])[0])


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
        items = payment_objects(cursor, connection, page.items)
    return listed("payments", items, page.total, paging)
