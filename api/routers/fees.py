"""Fees (lago_api §7.9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Response

from api.answers import one
from api.body import read_instant
from api.deps import Served, Services
from api.pagination import Paged, listed
from api.schemas.fees import FeeContext, alone, fee_object
from api.schemas.invoices import invoice_objects
from core.billing.ledger import Cursor
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
        return listed("fees", _fee_objects(served, connection, cursor, rows), total, paging)


@router.get("/{lago_id}")
def show(lago_id: str, served: Served) -> Response:
    """Get a fee."""
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        return one("fee", _fee_objects(served, connection, cursor, [marts.get_fee(cursor, lago_id)])[0])


def _fee_objects(
    served: Services, connection: sa.Connection, cursor: Cursor, rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    fee_ids = [row["fee_id"] for row in rows]
    rows_of_invoices = marts.invoices_among(cursor, list({row["invoice_id"] for row in rows} - {None}))
    answered = invoice_objects(served, connection, rows_of_invoices)
    invoices = {
        row["invoice_id"]: row | {"payment_status": answer["payment_status"]}
        for row, answer in zip(rows_of_invoices, answered, strict=True)
    }
    owners = {
        row["customer_id"]: alone(customers.by_id(connection, row["customer_id"]).external_id)
        for row in rows
        if row["invoice_id"] is None
    }
    taxes, tiers = marts.taxes_of_fees(cursor, fee_ids), marts.tiers_of_fees(cursor, fee_ids)
    groups = marts.presentation_units_of_fees(cursor, fee_ids)
    context = FeeContext(connection, rows, taxes=taxes, tiers=tiers, groups=groups)
    return [fee_object(row, invoices.get(row["invoice_id"]) or owners[row["customer_id"]], context) for row in rows]
