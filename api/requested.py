"""Payment requests of both kinds, as one list: those made by hand are the catalog's, those of campaigns the books' (invoicing §12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from core.billing.ledger import Cursor
from core.catalog import payment_requests
from core.catalog.customers import CUSTOMERS
from core.errors import Conflict, NotFound, ValidationError
from core.warehouse import marts

Row = dict[str, Any]


def requests(
    cursor: Cursor,
    connection: sa.Connection,
    *,
    customer_id: str | None = None,
    request_id: str | None = None,
    currency: str | None = None,
    payment_status: str | None = None,
    billing_entity_ids: Sequence[str] = (),
) -> list[Row]:
    """Requests, newest first, each with its `invoices` and `payment_status`: succeeded when nothing is left to pay of them."""
    rows = [
        {name: getattr(row, name) for name in ("customer_id", "billing_entity_id", "currency", "amount_cents", "email")}
        | {"payment_request_id": row.id, "requested_at": row.created_at, "invoice_ids": row.invoice_ids}
        for row in payment_requests.wanted(connection, customer_id=customer_id, request_id=request_id)
    ]
    rows += marts.campaign_requests(cursor, customer_id, request_id)
    invoices = {
        row["invoice_id"]: row
        for row in marts.invoices_among(cursor, sorted({key for row in rows for key in row["invoice_ids"]}))
    }
    emails = {row.id: row.email for row in CUSTOMERS.where_in(connection, "id", [row["customer_id"] for row in rows])}
    for row in rows:
        row["email"] = row.get("email") or emails.get(row["customer_id"]) or ""
        row["invoices"] = [invoices[key] for key in row["invoice_ids"]]
        is_paid = not any(invoice["total_due_amount_cents"] > 0 for invoice in row["invoices"])
        row["payment_status"] = "succeeded" if is_paid else "pending"
    wanted = {"currency": currency, "payment_status": payment_status}
    stated = {name: value for name, value in wanted.items() if value}
    found = [row for row in rows if all(row[name] == value for name, value in stated.items())]
    found = [row for row in found if not billing_entity_ids or row["billing_entity_id"] in billing_entity_ids]
    return sorted(found, key=lambda row: (row["requested_at"], row["payment_request_id"]), reverse=True)


def find(cursor: Cursor, connection: sa.Connection, request_id: str) -> Row | None:
    """The request with this id, if there is one."""
    found = requests(cursor, connection, request_id=request_id)
    return found[0] if found else None


def overdue_together(cursor: Cursor, customer_id: str, invoice_ids: Sequence[str]) -> list[Row]:
    """The invoices that a request may hold together. Raises NotFound `invoice`, ValidationError, or Conflict in Lago's words."""
    if not invoice_ids:
        raise ValidationError({"lago_invoice_ids": ["value_is_mandatory"]})
    invoices = marts.invoices_among(cursor, list(dict.fromkeys(invoice_ids)))
    own = [row for row in invoices if row["customer_id"] == customer_id]
    if len(own) < len(set(invoice_ids)):
        raise NotFound("invoice", ", ".join(sorted(set(invoice_ids) - {row["invoice_id"] for row in own})))
    if not all(row["payment_overdue"] for row in own):
        raise Conflict("invoices_not_overdue", "Only invoices that are overdue can be asked for again.")
    if len({row["currency"] for row in own}) > 1:
        raise Conflict("invoices_have_different_currencies", "Ask for the invoices of each currency apart.")
    if len({row["billing_entity_id"] for row in own}) > 1:
        raise Conflict("invoices_have_different_billing_entities", "Ask for the invoices of each billing entity apart.")
    return own
