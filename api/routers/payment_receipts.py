"""Receipts of payments (lago_api §7.14): each payment has one, under the payment's id."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.payments import receipt_objects
from core.catalog import payments
from core.errors import NotFound

router = APIRouter(tags=["Payments"])


@router.get("/payment_receipts")
def index(served: Served, paging: Paged, invoice_id: str | None = None) -> Response:
    """List the receipts of payments, newest first."""
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        page = payments.page(connection, invoice_id=invoice_id, limit=paging.limit, offset=paging.offset)
        return listed("payment_receipts", receipt_objects(cursor, connection, page.items), page.total, paging)


@router.get("/payment_receipts/{lago_id}")
def show(lago_id: str, served: Served) -> Response:
    """Get a receipt."""
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        try:
            payment = payments.get(connection, lago_id)
        except NotFound as error:
            raise NotFound("payment_receipt", lago_id) from error
        return one("payment_receipt", receipt_objects(cursor, connection, [payment])[0])
