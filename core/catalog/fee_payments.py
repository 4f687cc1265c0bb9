"""Whether fees that are on no invoice are paid, as whoever collects them says (lago_api §7.9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.errors import ValidationError

STATUSES = ("pending", "succeeded", "failed", "refunded")


@dataclass(frozen=True, kw_only=True, slots=True)
class FeePayment(Version):
    """The payment of a fee, whose id it bears. It is paid whole or not at all."""

    customer_id: str
    payment_status: str
    """One of STATUSES, since `valid_from`."""


FEE_PAYMENTS = Versions("fee_payments", FeePayment)


def tell(uow: UnitOfWork, *, fee_id: str, customer_id: str, payment_status: str | None) -> FeePayment:
    """Say what became of the payment of a fee. Saying the same again changes nothing.

    The caller has checked that the fee is this customer's and is on no invoice. Raises ValidationError, or NotFound `customer`.
    """
    if payment_status not in STATUSES:
        raise ValidationError({"payment_status": ["value_is_invalid"]}, f"Send one of {', '.join(STATUSES)}.")
    stamp = uow.stamp_for(customer_id)
    current = FEE_PAYMENTS.first(uow.connection, FEE_PAYMENTS.c.id == fee_id)
    if current is not None:
        return FEE_PAYMENTS.amend(uow, stamp, current, payment_status=payment_status)
    return FEE_PAYMENTS.add(uow, stamp, id=fee_id, customer_id=customer_id, payment_status=payment_status)


def find(connection: sa.Connection, fee_ids: Iterable[str]) -> dict[str, FeePayment]:
    """Fee id -> what was said of its payment; a fee of which nothing was said is absent."""
    return {row.id: row for row in FEE_PAYMENTS.where_in(connection, "id", fee_ids)}


def statuses(connection: sa.Connection, customer_id: str | None) -> dict[str, str]:
    """Fee id -> status, of the fees of a customer, or of all."""
    owner = [] if customer_id is None else [FEE_PAYMENTS.c.customer_id == customer_id]
    return {row.id: row.payment_status for row in FEE_PAYMENTS.all(connection, *owner)}
