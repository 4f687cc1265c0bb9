"""Payment requests on the wire (lago_api §7.14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.body import TEXT, TEXTS, Body
from api.deps import Services
from api.schemas.customers import customer_objects
from api.schemas.invoices import invoice_objects
from api.schemas.wire import instant
from core.catalog.customers import CUSTOMERS

CREATE = Body(
    "payment_request",
    {"external_customer_id": TEXT, "email": TEXT, "lago_invoice_ids": TEXTS},
    mandatory=("external_customer_id", "lago_invoice_ids"),
)


def payment_request_objects(
    services: Services, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The requests (`api.requested.requests`) with their customer and invoices; what is due of these is as of now."""
    found = CUSTOMERS.where_in(connection, "id", [row["customer_id"] for row in rows])
    owners = dict(zip((row.id for row in found), customer_objects(connection, found), strict=True))
    return [
        {
            "lago_id": row["payment_request_id"],
            "email": row["email"],
            "amount_cents": row["amount_cents"],
            "amount_currency": row["currency"],
            "payment_status": row["payment_status"],
            "created_at": instant(row["requested_at"]),
            "customer": owners[row["customer_id"]],
            "invoices": invoice_objects(services, connection, row["invoices"]),
            "dunning_campaign_id": row.get("dunning_campaign_id"),
        }
        for row in rows
    ]
