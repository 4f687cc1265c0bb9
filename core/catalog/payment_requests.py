"""Payment requests made by hand: overdue invoices of one customer, in one currency and of one seller, as one amount (invoicing §12).

Those of dunning campaigns are in the books.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.domain.problems import Problems
from core.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentRequest(Version):
    """What the customer was asked for, in minor units, as it was due then; it goes to `email`."""

    customer_id: str
    billing_entity_id: str
    currency: str
    amount_cents: int
    email: str | None
    invoice_ids: list[str]


PAYMENT_REQUESTS = Versions("payment_requests", PaymentRequest, index=("customer_id",))


def create(
    uow: UnitOfWork,
    *,
    customer_id: str,
    billing_entity_id: str,
    currency: str,
    amount_cents: int,
    email: str | None,
    invoice_ids: Sequence[str],
) -> PaymentRequest:
    """Ask for the invoices. The caller has checked that all are overdue, the customer's, and alike in currency and seller.

    Raises ValidationError `invalid_email_format` under `email`, or NotFound `customer`.
    """
    problems = Problems({"email": email})
    problems.email("email")
    problems.refuse()
    return PAYMENT_REQUESTS.add(
        uow,
        uow.stamp_for(customer_id),
        id=new_id(),
        customer_id=customer_id,
        billing_entity_id=billing_entity_id,
        currency=currency,
        amount_cents=amount_cents,
        email=email,
        invoice_ids=list(invoice_ids),
    )


def wanted(
    connection: sa.Connection, *, customer_id: str | None = None, request_id: str | None = None
) -> list[PaymentRequest]:
    """The requests of a customer, the one with this id, or all, oldest first."""
    stated = {"customer_id": customer_id, "id": request_id}
    conditions = [PAYMENT_REQUESTS.c[name] == value for name, value in stated.items() if value is not None]
    return PAYMENT_REQUESTS.all(connection, *conditions)
