"""Payment requests (lago_api §7.14)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, Paging, listed
from api.requested import find, overdue_together, requests
from api.schemas.payment_requests import CREATE, payment_request_objects
from core.catalog import customers, payment_requests
from core.catalog.billing_entities import BILLING_ENTITIES
from core.errors import NotFound

router = APIRouter(tags=["Payment requests"])
Codes = Annotated[list[str], Query(alias="billing_entity_codes[]")]


@router.post("/payment_requests", openapi_extra=CREATE.openapi)
def create(payment_request: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Ask for several overdue invoices of a customer as one amount."""
    with served.billing.ledger.cursor() as cursor:
        with served.change() as uow:
            customer = customers.get(uow.connection, payment_request["external_customer_id"])
            invoices = overdue_together(cursor, customer.id, payment_request["lago_invoice_ids"] or [])
            made = payment_requests.create(
                uow,
                customer_id=customer.id,
                billing_entity_id=invoices[0]["billing_entity_id"],
                currency=invoices[0]["currency"],
                amount_cents=sum(row["total_due_amount_cents"] for row in invoices),
                email=payment_request.get("email") or customer.email,
                invoice_ids=[row["invoice_id"] for row in invoices],
            )
        return _show(served, cursor, made.id)


@router.get("/payment_requests")
def index(
    served: Served,
    paging: Paged,
    external_customer_id: str | None = None,
    currency: str | None = None,
    payment_status: str | None = None,
    billing_entity_codes: Codes = [],  # noqa: B006 - FastAPI copies defaults
) -> Response:
    """List payment requests, those of dunning campaigns among them, newest first."""
    return _list(served, paging, external_customer_id, currency, payment_status, billing_entity_codes)


@router.get("/customers/{external_id}/payment_requests")
def of_customer(
    external_id: str,
    served: Served,
    paging: Paged,
    payment_status: str | None = None,
    billing_entity_codes: Codes = [],  # noqa: B006
) -> Response:
    """List the payment requests of a customer."""
    return _list(served, paging, external_id, None, payment_status, billing_entity_codes)


@router.get("/payment_requests/{lago_id}")
def show(lago_id: str, served: Served) -> Response:
    """Get a payment request with its invoices."""
    with served.billing.ledger.cursor() as cursor:
        return _show(served, cursor, lago_id)


def _show(served: Served, cursor: Any, request_id: str) -> Response:
    with served.look() as connection:
        row = find(cursor, connection, request_id)
        if row is None:
            raise NotFound("payment_request", request_id)
        return one("payment_request", payment_request_objects(served, connection, [row])[0])


def _list(
    served: Served,
    paging: Paging,
    external_customer_id: str | None,
    currency: str | None,
    payment_status: str | None,
    billing_entity_codes: list[str],
) -> Response:
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        customer = customers.get(connection, external_customer_id) if external_customer_id else None
        entities = {entity.code: entity.id for entity in BILLING_ENTITIES.all(connection)}
        rows = requests(
            cursor,
            connection,
            customer_id=customer.id if customer else None,
            currency=currency,
            payment_status=payment_status,
            billing_entity_ids=[entities.get(code, "") for code in billing_entity_codes],
        )
        page = rows[paging.offset : paging.offset + paging.limit]
        return listed("payment_requests", payment_request_objects(served, connection, page), len(rows), paging)
