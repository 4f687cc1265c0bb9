"""Commands to void an issued invoice (lago_api §7.8, invoicing §11). The invoice stays in the books as it was issued."""

from __future__ import annotations

from dataclasses import dataclass

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.domain.problems import Problems
from core.ids import deterministic_id


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceVoid(Version):
    """A command that an issued invoice shall not be paid.

    With `generate_credit_note` its fees are given back by credit notes, and the two amounts say in which way: minor units
    with tax, as they were asked for. Else coupons and wallets get back what they gave.
    """

    invoice_id: str
    customer_id: str
    generate_credit_note: bool
    credit_amount_cents: int
    refund_amount_cents: int


INVOICE_VOIDS = Versions("invoice_voids", InvoiceVoid, index=("invoice_id",))


def void(
    uow: UnitOfWork,
    *,
    invoice_id: str,
    customer_id: str,
    generate_credit_note: bool | None = None,
    credit_amount: int | None = None,
    refund_amount: int | None = None,
) -> InvoiceVoid:
    """Command that the invoice is void. Asking twice is asking once: the first command holds.

    The caller has checked that the invoice is this customer's, is issued, and that no more is credited or refunded than is
    left (`core.billing.credit_notes`). Raises ValidationError, or NotFound `customer`.
    """
    terms = read(generate_credit_note=generate_credit_note, credit_amount=credit_amount, refund_amount=refund_amount)
    given = find(uow, invoice_id)
    if given is not None:
        return given
    stamp = uow.stamp_for(customer_id)
    return INVOICE_VOIDS.add(
        uow, stamp, id=void_id(invoice_id), invoice_id=invoice_id, customer_id=customer_id,
        generate_credit_note=bool(generate_credit_note), **terms,
    )  # fmt: skip


def find(uow: UnitOfWork, invoice_id: str) -> InvoiceVoid | None:
    """The command that voided the invoice, if there is one."""
    return INVOICE_VOIDS.first(uow.connection, INVOICE_VOIDS.c.id == void_id(invoice_id))


def void_id(invoice_id: str) -> str:
    """Id of the void of an invoice: there is one at most."""
    return deterministic_id("invoice_void", invoice_id)


def read(
    *, generate_credit_note: bool | None = None, credit_amount: int | None = None, refund_amount: int | None = None
) -> dict[str, int]:
    """What is asked to be credited and refunded, in minor units, if the command can be read at all.

    Without `generate_credit_note` both are 0, whatever was asked. Raises ValidationError.
    """
    problems = Problems({"credit_amount": credit_amount, "refund_amount": refund_amount})
    problems.cents("credit_amount")
    problems.cents("refund_amount")
    problems.refuse()
    return {
        "credit_amount_cents": (credit_amount or 0) if generate_credit_note else 0,
        "refund_amount_cents": (refund_amount or 0) if generate_credit_note else 0,
    }
