"""Disputes over issued invoices that the seller lost (invoicing §11, lago_api §7.8). What is owed stays owed; it is overdue no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.ids import deterministic_id


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceDispute(Version):
    """That the dispute over the payment of an invoice is lost since `created_at`."""

    invoice_id: str
    customer_id: str


INVOICE_DISPUTES = Versions("invoice_disputes", InvoiceDispute, index=("invoice_id",))


def lose(uow: UnitOfWork, *, invoice_id: str, customer_id: str) -> InvoiceDispute:
    """Say that the dispute is lost. Saying it twice is saying it once: the first moment holds.

    The caller has checked that the invoice is this customer's and is issued. Raises NotFound `customer`.
    """
    given = find(uow.connection, [invoice_id]).get(invoice_id)
    if given is not None:
        return given
    stamp = uow.stamp_for(customer_id)
    return INVOICE_DISPUTES.add(
        uow, stamp, id=deterministic_id("invoice_dispute", invoice_id), invoice_id=invoice_id, customer_id=customer_id
    )


def find(connection: sa.Connection, invoice_ids: list[str]) -> dict[str, InvoiceDispute]:
    """Invoice id -> its lost dispute; an invoice without one is absent."""
    return {row.invoice_id: row for row in INVOICE_DISPUTES.where_in(connection, "invoice_id", invoice_ids)}


def lost_since(connection: sa.Connection, recorded_at: datetime) -> dict[str, datetime]:
    """Invoice id -> when its dispute was lost, of those recorded at or after that instant of the wall clock."""
    found = INVOICE_DISPUTES.all(connection, INVOICE_DISPUTES.c.recorded_at >= recorded_at)
    return {row.invoice_id: row.created_at for row in found}
