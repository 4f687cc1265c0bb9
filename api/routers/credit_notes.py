"""Credit notes (lago_api §7.13)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api import credit_notes
from api.answers import one
from api.deps import Served
from api.pagination import Paged, Paging, listed
from api.schemas.credit_notes import (
    CREATE,
    ESTIMATE,
    UPDATE,
    credit_note_objects,
    estimate_object,
)
from api.schemas.metadata import METADATA
from core.catalog import credit_note_details, customers
from core.documents import credit_note_pdf
from core.errors import NotFound
from core.warehouse import marts

router = APIRouter(tags=["Credit notes"])


@router.post("/credit_notes", openapi_extra=CREATE.openapi)
def create(credit_note: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Give back part of an issued invoice at once: as credit for later ones, as a refund, or off what is due of it."""
    lago_id = credit_notes.create(served, credit_note.pop("invoice_id"), credit_note.pop("items") or [], **credit_note)
    return _show(served, lago_id)


@router.post("/credit_notes/estimate", openapi_extra=ESTIMATE.openapi)
def estimate(credit_note: Annotated[dict[str, Any], Depends(ESTIMATE)], served: Served) -> Response:
    """What a credit note on these items would be, and the most of it that may be credited, refunded or set off."""
    items = credit_note["items"] or []
    invoice = credit_notes.credited(served, credit_note["invoice_id"])
    return one("estimated_credit_note", estimate_object(invoice, items, credit_notes.estimate(served, invoice, items)))


@router.get("/credit_notes")
def index(
    served: Served,
    paging: Paged,
    external_customer_id: str | None = None,
    currency: str | None = None,
    reason: str | None = None,
) -> Response:
    """List issued credit notes, newest first."""
    return _list(served, paging, customer=external_customer_id, currency=currency, reason=reason)


@router.get("/customers/{external_id}/credit_notes")
def of_customer(
    external_id: str, served: Served, paging: Paged, currency: str | None = None, reason: str | None = None
) -> Response:
    """List the credit notes of a customer."""
    with served.look() as connection:
        customers.get(connection, external_id)
    return _list(served, paging, customer=external_id, currency=currency, reason=reason)


@router.get("/credit_notes/{lago_id}.pdf", name="credit_note_document")
def document(lago_id: str, served: Served) -> Response:
    """The PDF of a credit note."""
    with served.billing.ledger.cursor() as cursor:
        note = marts.get_credit_note(cursor, lago_id)
        invoice = marts.get_invoice(cursor, note["invoice_id"])
    return Response(credit_note_pdf(note, invoice), media_type="application/pdf")


@router.post("/credit_notes/{lago_id}/download")
def download(lago_id: str, served: Served, request: Request) -> Response:
    """The credit note with, in `file_url`, where its PDF is; that address takes the same key."""
    return _show(served, lago_id, file_url=str(request.url_for("credit_note_document", lago_id=lago_id)))


@router.get("/credit_notes/{lago_id}")
def show(lago_id: str, served: Served) -> Response:
    """Get a credit note with its items."""
    return _show(served, lago_id)


@router.put("/credit_notes/{lago_id}", openapi_extra=UPDATE.openapi)
def update(lago_id: str, credit_note: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Say how the refund of a note went, or add to its metadata."""
    owner = _owner(served, lago_id)
    with served.change() as uow:
        credit_note_details.update(uow, lago_id, owner, **credit_note)
    return _show(served, lago_id)


@router.put("/credit_notes/{lago_id}/void")
def void(lago_id: str, served: Served) -> Response:
    """Take back what the note can still give to later invoices."""
    credit_notes.void(served, lago_id)
    return _show(served, lago_id)


@router.post("/credit_notes/{lago_id}/metadata", openapi_extra=METADATA.openapi)
def replace_metadata(lago_id: str, metadata: Annotated[dict[str, Any], Depends(METADATA)], served: Served) -> Response:
    """Keep just this metadata."""
    owner = _owner(served, lago_id)
    with served.change() as uow:
        credit_note_details.replace_metadata(uow, lago_id, owner, metadata)
    return _metadata(served, lago_id)


@router.patch("/credit_notes/{lago_id}/metadata", openapi_extra=METADATA.openapi)
def merge_metadata(lago_id: str, metadata: Annotated[dict[str, Any], Depends(METADATA)], served: Served) -> Response:
    """Add to the metadata."""
    owner = _owner(served, lago_id)
    with served.change() as uow:
        credit_note_details.update(uow, lago_id, owner, metadata=metadata)
    return _metadata(served, lago_id)


@router.delete("/credit_notes/{lago_id}/metadata")
def clear_metadata(lago_id: str, served: Served) -> Response:
    """Keep no metadata."""
    owner = _owner(served, lago_id)
    with served.change() as uow:
        credit_note_details.replace_metadata(uow, lago_id, owner, None)
    return _metadata(served, lago_id)


@router.delete("/credit_notes/{lago_id}/metadata/{key}")
def delete_metadata_key(lago_id: str, key: str, served: Served) -> Response:
    """Drop one key of the metadata."""
    owner = _owner(served, lago_id)
    kept = _kept(served, lago_id)
    if kept is None:
        raise NotFound("metadata", key)
    with served.change() as uow:
        credit_note_details.replace_metadata(uow, lago_id, owner, {name: kept[name] for name in kept if name != key})
    return _metadata(served, lago_id)


def _show(served: Served, lago_id: str, **changes: Any) -> Response:
    return one("credit_note", credit_notes.described(served, lago_id) | changes)


def _owner(served: Served, lago_id: str) -> str:
    with served.billing.ledger.cursor() as cursor:
        return str(marts.get_credit_note(cursor, lago_id)["customer_id"])


def _kept(served: Served, lago_id: str) -> dict[str, Any] | None:
    with served.look() as connection:
        details = credit_note_details.find(connection, [lago_id]).get(lago_id)
    return None if details is None else details.metadata


def _metadata(served: Served, lago_id: str) -> Response:
    return one("metadata", _kept(served, lago_id))


def _list(served: Served, paging: Paging, **wanted: Any) -> Response:
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        customer = customers.find(connection, wanted["customer"]) if wanted["customer"] else None
        if customer is not None:  # its id tells it from a deleted one that had the same external id
            wanted |= {"customer": customer.id}
        rows, total = marts.list_credit_notes(cursor, page=paging.page, per_page=paging.per_page, **wanted)
        return listed("credit_notes", credit_note_objects(connection, rows), total, paging)
