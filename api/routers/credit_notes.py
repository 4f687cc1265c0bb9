"""Credit notes (lago_api §7.13)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, Paging, listed
from api.schemas.credit_notes import credit_note_object, credit_note_objects
from api.schemas.invoices import invoice_objects
from core.catalog import customers
from core.warehouse import marts

router = APIRouter(tags=["Credit notes"])


@router.get("/credit_notes")
def index(
    served: Served,
    paging: Paged,
    external_customer_id: str | None = None,
    currency: str | None = None,
    reason: str | None = None,
) -> Response:
    """List issued credit notes, newest first."""
    return _list(served, paging, customer=external_customer_id, currency=currency, reason=reason)


@router.get("/customers/{external_id}/credit_notes")
def of_customer(
    external_id: str, served: Served, paging: Paged, currency: str | None = None, reason: str | None = None
) -> Response:
    """List the credit notes of a customer."""
    with served.look() as connection:
        customers.get(connection, external_id)
    return _list(served, paging, customer=external_id, currency=currency, reason=reason)


@router.get("/credit_notes/{lago_id}")
def show(lago_id: str, served: Served) -> Response:
    """Get a credit note with its items."""
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        row = marts.get_credit_note(cursor, lago_id)
        invoice = marts.get_invoice(cursor, row["invoice_id"])
        (answered,) = invoice_objects(served, connection, [invoice])
        paid = invoice | {"payment_status": answered["payment_status"]}
        taxes = marts.fee_taxes(cursor, row["invoice_id"])
        return one("credit_note", credit_note_object(connection, row, paid, taxes))


def _list(served: Served, paging: Paging, **wanted: Any) -> Response:
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        customer = customers.find(connection, wanted["customer"]) if wanted["customer"] else None
        if customer is not None:  # its id tells it from a deleted one that had the same external id
            wanted |= {"customer": customer.id}
        rows, total = marts.list_credit_notes(cursor, page=paging.page, per_page=paging.per_page, **wanted)
        return listed("credit_notes", credit_note_objects(connection, rows), total, paging)
