"""Fees (lago_api §7.9)."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.answers import one
from api.body import read_instant
from api.deps import Served
from api.fees import fee_objects
from api.pagination import Paged, listed
from core.catalog import customers
from core.warehouse import marts

router = APIRouter(prefix="/fees", tags=["Fees"])


@router.get("")
def index(
    served: Served,
    paging: Paged,
    external_customer_id: str | None = None,
    external_subscription_id: str | None = None,
    fee_type: str | None = None,
    billable_metric_code: str | None = None,
    currency: str | None = None,
    event_transaction_id: str | None = None,
    payment_status: str | None = None,
    created_at_from: str | None = None,
    created_at_to: str | None = None,
) -> Response:
    """List the fees of issued and draft invoices, and those in advance that have none."""
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        customer = customers.find(connection, external_customer_id) if external_customer_id else None
        if external_customer_id and customer is None:
            return listed("fees", [], 0, paging)
        rows, total = marts.list_fees(
            cursor,
            customer_id=customer.id if customer else None,
            event_transaction_id=event_transaction_id,
            payment_status=payment_status,
            settled_from=read_instant(created_at_from, "created_at_from") if created_at_from else None,
            settled_to=read_instant(created_at_to, "created_at_to") if created_at_to else None,
            external_subscription_id=external_subscription_id,
            fee_type=fee_type,
            billable_metric_code=billable_metric_code,
            currency=currency,
            page=paging.page,
            per_page=paging.per_page,
        )
        return listed("fees", fee_objects(served, connection, cursor, rows), total, paging)


@router.get("/{lago_id}")
def show(lago_id: str, served: Served) -> Response:
    """Get a fee."""
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        return one("fee", fee_objects(served, connection, cursor, [marts.get_fee(cursor, lago_id)])[0])
