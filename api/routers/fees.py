"""Fees (lago_api §7.9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Response

from api.answers import one
from api.deps import Served, Services
from api.ledger import Cursor
from api.pagination import Paged, listed
from api.schemas.fees import FeeContext, alone, fee_object
from api.schemas.invoices import invoice_objects
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
) -> Response:
    """List the fees of issued and draft invoices, and those in advance that have none."""
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        rows, total = marts.list_fees(
            cursor,
            customer=external_customer_id,
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
    invoices: dict[str, Any] = {}
    taxes: list[dict[str, Any]] = []
    tiers: list[dict[str, Any]] = []
    groups: list[dict[str, Any]] = []
    for invoice_id in dict.fromkeys(row["invoice_id"] for row in rows if row["invoice_id"] is not None):
        invoice = marts.get_invoice(cursor, invoice_id)
        (answered,) = invoice_objects(served, connection, [invoice])
        invoices[invoice_id] = invoice | {"payment_status": answered["payment_status"]}
        taxes += marts.fee_taxes(cursor, invoice_id)
        tiers += marts.line_tiers(cursor, invoice_id)
        groups += marts.line_presentation_units(cursor, invoice_id)
    standing_alone = [row for row in rows if row["invoice_id"] is None]
    if standing_alone:
        fee_ids = [row["fee_id"] for row in standing_alone]
        taxes += marts.standalone_fee_taxes(cursor, fee_ids)
        tiers += marts.standalone_fee_tiers(cursor, fee_ids)
    owners = {
        row["customer_id"]: alone(customers.by_id(connection, row["customer_id"]).external_id) for row in standing_alone
    }
    context = FeeContext(connection, rows, taxes=taxes, tiers=tiers, groups=groups)
    return [fee_object(row, invoices.get(row["invoice_id"]) or owners[row["customer_id"]], context) for row in rows]
