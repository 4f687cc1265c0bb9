"""Fees with what they need of their invoices, issued, draft or none (lago_api §7.9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from api.deps import Services
from api.schemas.fees import FeeContext, alone, fee_object
from api.schemas.invoices import invoice_objects
from core.billing.ledger import Cursor
from core.catalog import customers, fee_payments
from core.warehouse import marts


def fee_objects(
    services: Services, connection: sa.Connection, cursor: Cursor, rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The lines on the wire, each with the invoice that it is on, if any."""
    fee_ids = [row["fee_id"] for row in rows]
    rows_of_invoices = marts.invoices_among(cursor, list({row["invoice_id"] for row in rows} - {None}))
    answered = invoice_objects(services, connection, rows_of_invoices)
    invoices = {
        row["invoice_id"]: row | {"payment_status": answer["payment_status"]}
        for row, answer in zip(rows_of_invoices, answered, strict=True)
    }
    without = [row for row in rows if row["invoice_id"] is None]
    names = {
        customer_id: customers.by_id(connection, customer_id).external_id
        for customer_id in {row["customer_id"] for row in without}
    }
    told = fee_payments.find(connection, [row["fee_id"] for row in without])
    apart = {row["fee_id"]: alone(names[row["customer_id"]], told.get(row["fee_id"])) for row in without}
    taxes, tiers = marts.taxes_of_fees(cursor, fee_ids), marts.tiers_of_fees(cursor, fee_ids)
    groups = marts.presentation_units_of_fees(cursor, fee_ids)
    context = FeeContext(connection, rows, taxes=taxes, tiers=tiers, groups=groups)
    return [fee_object(row, invoices.get(row["invoice_id"]) or apart[row["fee_id"]], context) for row in rows]
