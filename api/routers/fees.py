"""Fees (lago_api §7.9)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.body import TEXT, Body, read_instant
from api.deps import Served, Services
from api.errors import FeatureUnavailable
from api.fees import fee_objects
from api.pagination import Paged, listed
from core.catalog import customers, fee_payments
from core.errors import Conflict
from core.warehouse import marts

router = APIRouter(prefix="/fees", tags=["Fees"])
FEE = Body("fee", {"payment_status": TEXT})


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
            told=fee_payments.statuses(connection, customer.id if customer else None) if payment_status else {},
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
    return _shown(served, lago_id)


@router.put("/{lago_id}", openapi_extra=FEE.openapi)
def update(lago_id: str, fee: Annotated[dict[str, Any], Depends(FEE)], served: Served) -> Response:
    """Say what became of the payment of a fee that is on no invoice."""
    row = _alone(served, lago_id, "An invoiced fee is paid with its invoice: record a payment of that.")
    with served.change() as uow:
        fee_payments.tell(uow, fee_id=lago_id, customer_id=row["customer_id"], payment_status=fee.get("payment_status"))
    return _shown(served, lago_id)


@router.delete("/{lago_id}")
def destroy(lago_id: str, served: Served) -> Response:
    """Refuse: a fee on its own is issued when its usage is known, and what is issued stays."""
    _alone(served, lago_id, "An invoiced fee stays; give it back by a credit note.")
    raise FeatureUnavailable(
        "a fee is in the books as soon as its usage is known, and what is issued stays: tell that it is refunded"
    )


def _alone(served: Services, fee_id: str, advice: str) -> dict[str, Any]:
    with served.billing.ledger.cursor() as cursor:
        row = marts.get_fee(cursor, fee_id)
    if row["invoice_id"] is not None:
        raise Conflict("invoiced_fee", advice)
    return row


def _shown(served: Services, fee_id: str) -> Response:
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        return one("fee", fee_objects(served, connection, cursor, [marts.get_fee(cursor, fee_id)])[0])
