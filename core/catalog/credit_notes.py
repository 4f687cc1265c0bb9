"""Commands to give a credit note by hand (lago_api §7.13, invoicing §10). Notes that services' ends give need no command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.domain.problems import Problems
from core.errors import ValidationError
from core.ids import deterministic_id, new_id

REASONS = {
    "duplicated_charge", "product_unsatisfactory", "order_change", "order_cancellation", "fraudulent_charge", "other",
}  # fmt: skip
PARTS = ("credit_amount_cents", "refund_amount_cents", "offset_amount_cents")


@dataclass(frozen=True, kw_only=True, slots=True)
class CreditNote(Version):
    """A command to give back part of an issued invoice: to later invoices, to whoever paid, or off what is due of it.

    The parts are minor units with tax, as they were asked for; the books say what they became.
    """

    customer_id: str
    invoice_id: str
    reason: str
    description: str | None
    credit_amount_cents: int
    refund_amount_cents: int
    offset_amount_cents: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CreditNoteItem(Version):
    """What of a fee is given back: minor units before coupons and tax."""

    credit_note_id: str
    customer_id: str
    position: int
    fee_id: str
    amount_cents: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CreditNoteVoid(Version):
    """A command to take back what a note can still give to later invoices."""

    credit_note_id: str
    customer_id: str


CREDIT_NOTES = Versions("credit_notes", CreditNote, index=("customer_id", "invoice_id"))
CREDIT_NOTE_ITEMS = Versions("credit_note_items", CreditNoteItem, index=("credit_note_id",))
CREDIT_NOTE_VOIDS = Versions("credit_note_voids", CreditNoteVoid, index=("credit_note_id",))


def create(
    uow: UnitOfWork,
    *,
    invoice_id: str,
    customer_id: str,
    items: Sequence[Mapping[str, Any]],
    reason: str | None = None,
    description: str | None = None,
    **parts: int | None,
) -> CreditNote:
    """Command a note on an issued invoice. Each item has fee_id and amount_cents; `parts` are those of PARTS, default 0.

    `reason` is one of REASONS, default other. The caller has checked against the books that the invoice is this customer's, the
    fees are the invoice's, and nothing goes beyond what is left to give back (`core.billing.credit_notes`).
    Raises ValidationError, or NotFound `customer`.
    """
    given = read(items, reason=reason, description=description, **parts)
    stamp = uow.stamp_for(customer_id)
    note = CREDIT_NOTES.add(
        uow,
        stamp,
        id=new_id(),
        customer_id=customer_id,
        invoice_id=invoice_id,
        reason=reason or "other",
        description=description,
        **given,
    )
    for position, item in enumerate(items, start=1):
        CREDIT_NOTE_ITEMS.add(
            uow,
            stamp,
            id=new_id(),
            credit_note_id=note.id,
            customer_id=customer_id,
            position=position,
            fee_id=item["fee_id"],
            amount_cents=item["amount_cents"],
        )
    return note


def void(uow: UnitOfWork, *, credit_note_id: str, customer_id: str) -> CreditNoteVoid:
    """Command that the note gives nothing any more. Asking twice is asking once.

    The caller has checked that the note is this customer's and has something left. Raises NotFound `customer`.
    """
    void_id = deterministic_id("credit_note_void", credit_note_id)
    given = CREDIT_NOTE_VOIDS.first(uow.connection, CREDIT_NOTE_VOIDS.c.id == void_id)
    if given is not None:
        return given
    stamp = uow.stamp_for(customer_id)
    return CREDIT_NOTE_VOIDS.add(uow, stamp, id=void_id, credit_note_id=credit_note_id, customer_id=customer_id)


def read(
    items: Sequence[Mapping[str, Any]], *, reason: str | None = None, description: str | None = None, **parts: int | None
) -> dict[str, int]:
    """The parts in minor units, if the command can be read at all: what is a fee's to give is not asked here.

    Raises ValidationError.
    """
    problems = Problems({"reason": reason, "description": description, "items": items, **parts})
    problems.one_of("reason", REASONS)
    problems.text("description")
    for part in PARTS:
        problems.cents(part)
    if not items:
        problems.add("items", "value_is_mandatory")
    problems.refuse()
    for item in items:
        of_item = Problems(item)
        of_item.mandatory("fee_id", "amount_cents")
        of_item.text("fee_id")
        of_item.cents("amount_cents")
        of_item.refuse()
    if unknown := parts.keys() - set(PARTS):
        raise ValidationError({name: ["value_must_be_blank"] for name in sorted(unknown)})
    return {part: parts.get(part) or 0 for part in PARTS}
