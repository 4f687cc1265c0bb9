"""Payments recorded on issued invoices (lago_api §7.14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.problems import Problems
from core.errors import NotFound, ValidationError
from core.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Payment(Version):
    """Money received for an invoice, in minor units of the invoice's currency."""

    invoice_id: str
    customer_id: str
    amount_cents: int
    reference: str
    paid_at: datetime
    payment_request_id: str | None
    """The request that it pays, with the other invoices of it."""
    part_of_payment_id: str | None
    """A payment of several invoices is a row of each: null in the first, whose id is the payment's."""


PAYMENTS = Versions("payments", Payment, index=("invoice_id", "customer_id", "recorded_at"))


def record(
    uow: UnitOfWork,
    *,
    invoice_id: str,
    customer_id: str,
    amount_cents: int,
    reference: str,
    paid_at: datetime | None = None,
    payment_request_id: str | None = None,
    part_of_payment_id: str | None = None,
) -> Payment:
    """Record a payment of `amount_cents` minor units, made at `paid_at` (default now on the customer's clock).

    The caller has checked that the invoice is one of this customer's and that the amount is not above what is due.
    Raises ValidationError, or NotFound `customer`.
    """
    problems = Problems({"invoice_id": invoice_id, "reference": reference, "paid_at": paid_at})
    problems.mandatory("invoice_id", "reference")
    problems.instant("paid_at")
    problems.refuse()
    if isinstance(amount_cents, bool) or not isinstance(amount_cents, int) or amount_cents <= 0:
        raise ValidationError({"amount_cents": ["invalid_value"]})
    stamp = uow.stamp_for(customer_id)
    return PAYMENTS.add(
        uow,
        stamp,
        id=new_id(),
        invoice_id=invoice_id,
        customer_id=customer_id,
        amount_cents=amount_cents,
        reference=reference,
        paid_at=paid_at or stamp.instant,
        payment_request_id=payment_request_id,
        part_of_payment_id=part_of_payment_id,
    )


def get(connection: sa.Connection, payment_id: str) -> Payment:
    """The payment with this id. Raises NotFound."""
    payment = PAYMENTS.first(connection, PAYMENTS.c.id == payment_id)
    if payment is None:
        raise NotFound("payment", payment_id)
    return payment


def page(
    connection: sa.Connection,
    *,
    invoice_id: str | None = None,
    customer_id: str | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> Page[Payment]:
    """Payments, newest first, of one invoice, of one customer or of all: of one of several invoices its first row."""
    conditions: list[sa.ColumnElement[bool]] = [PAYMENTS.c.part_of_payment_id.is_(None)]
    if invoice_id is not None:
        own = sa.select(sa.func.coalesce(PAYMENTS.c.part_of_payment_id, PAYMENTS.c.id)).where(
            PAYMENTS.is_current, PAYMENTS.c.invoice_id == invoice_id
        )
        conditions.append(PAYMENTS.c.id.in_(own))
    if customer_id is not None:
        conditions.append(PAYMENTS.c.customer_id == customer_id)
    return PAYMENTS.page(connection, *conditions, limit=limit, offset=offset)


def with_parts(connection: sa.Connection, rows: list[Payment]) -> dict[str, list[Payment]]:
    """Payment id -> its rows, one per invoice that it pays; `rows` are first rows."""
    found: dict[str, list[Payment]] = {row.id: [row] for row in rows}
    of_requests = [row.payment_request_id for row in rows if row.payment_request_id]
    for part in PAYMENTS.where_in(connection, "payment_request_id", of_requests):
        if part.part_of_payment_id in found:
            found[part.part_of_payment_id].append(part)
    return found


def places(connection: sa.Connection, invoice_ids: list[str]) -> dict[str, int]:
    """Payment row id -> its place, from 1, among the payments of its invoice in the order of recording."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    for row in sorted(PAYMENTS.where_in(connection, "invoice_id", invoice_ids), key=lambda row: row.sequence):
        counts[row.invoice_id] = found[row.id] = counts.get(row.invoice_id, 0) + 1
    return found


def paid_since(connection: sa.Connection, recorded_at: datetime) -> dict[str, int]:
    """As `paid_cents`, whole, of the invoices that have a payment recorded at or after that instant of the wall clock."""
    found = connection.execute(
        sa.select(PAYMENTS.c.invoice_id).where(PAYMENTS.is_current, PAYMENTS.c.recorded_at >= recorded_at).distinct()
    )
    return paid_cents(connection, [row[0] for row in found])


def paid_cents(connection: sa.Connection, invoice_ids: list[str]) -> dict[str, int]:
    """Invoice id -> minor units paid; invoices without a payment are absent."""
    c = PAYMENTS.c
    statement = (
        sa.select(c.invoice_id, sa.func.sum(c.amount_cents))
        .where(PAYMENTS.is_current, c.invoice_id.in_(invoice_ids))
        .group_by(c.invoice_id)
    )
    return {row[0]: int(row[1]) for row in connection.execute(statement)}
