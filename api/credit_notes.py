"""Credit notes by hand (invoicing §10): what one would be, giving it, and taking back what it can still give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.deps import Services
from api.schemas.credit_notes import credit_note_object
from api.schemas.invoices import invoice_objects
from core.billing.credit_notes import Estimate, refuse
from core.catalog import credit_note_details, credit_notes
from core.catalog.credit_notes import CreditNote
from core.errors import Conflict
from core.warehouse import marts

Items = Sequence[Mapping[str, Any]]
"""What of which fees is given back: `fee_id` and `amount_cents`, minor units before coupons and tax."""


def credited(services: Services, invoice_id: str | None) -> dict[str, Any]:
    """The issued invoice that a note is about, as of now. Raises NotFound, or Conflict where it is not issued."""
    with services.billing.ledger.cursor() as cursor:
        invoice: dict[str, Any] = marts.get_invoice(cursor, invoice_id or "")
    if invoice["status"] != "finalized":
        raise Conflict("invalid_type_or_status", "Only an issued invoice can be credited.")
    return invoice


def estimate(services: Services, invoice: Mapping[str, Any], items: Items) -> Estimate:
    """What a note on these items of the issued invoice would be, and the most of it that may go where. Nothing is stored.

    Raises ValidationError for an item that gives back more than is left of its fee, or NotFound `fee`.
    """
    credit_notes.read(items)
    estimated = services.billing.credit_note(invoice, items)
    refuse([problem for problem in estimated.problems if problem["field"] == "amount_cents"])
    return estimated


def create(
    services: Services,
    invoice_id: str | None,
    items: Items,
    *,
    metadata: dict[str, Any] | None = None,
    **terms: Any,
) -> str:
    """Issue a note at once; returns its id. `terms` are those of `core.catalog.credit_notes.create`.

    Raises ValidationError for what cannot be given, Conflict, NotFound, or BooksBusy; then nothing is kept.
    """
    invoice = credited(services, invoice_id)
    parts = credit_notes.read(items, **terms)
    created: list[CreditNote] = []

    def command() -> str:
        services.billing.refuse_credit_note(invoice, items, **parts)
        with services.change() as uow:
            owner = {"invoice_id": invoice["invoice_id"], "customer_id": invoice["customer_id"]}
            created.append(credit_notes.create(uow, items=items, **owner, **terms))
            if metadata is not None:
                credit_note_details.replace_metadata(uow, created[0].id, invoice["customer_id"], metadata)
        return created[0].customer_id

    services.billing.issue(command)
    return created[0].id


def void(services: Services, credit_note_id: str) -> None:
    """Take back what the note can still give to later invoices. Raises NotFound, BooksBusy, or Conflict where nothing is left."""
    with services.billing.ledger.cursor() as cursor:
        note = marts.get_credit_note(cursor, credit_note_id)

    def command() -> str:
        with services.billing.ledger.cursor() as cursor:  # once more while the books are held: an invoice may have used it up
            if not marts.get_credit_note(cursor, credit_note_id)["balance_amount_cents"]:
                raise Conflict("no_voidable_amount", "The credit note has nothing left to give.")
        with services.change() as uow:
            credit_notes.void(uow, credit_note_id=credit_note_id, customer_id=note["customer_id"])
        return str(note["customer_id"])

    services.billing.issue(command)


def described(services: Services, credit_note_id: str) -> dict[str, Any]:
    """The note on the wire, with its items. Raises NotFound."""
    with services.billing.ledger.cursor() as cursor, services.look() as connection:
        row = marts.get_credit_note(cursor, credit_note_id)
        invoice = marts.get_invoice(cursor, row["invoice_id"])
        (answered,) = invoice_objects(services, connection, [invoice])
        paid = invoice | {"payment_status": answered["payment_status"]}
        taxes = marts.fee_taxes(cursor, row["invoice_id"])
        return credit_note_object(connection, row, paid, taxes)
