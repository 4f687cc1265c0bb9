"""Invoices (lago_api §7.8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api import drafts
from api.answers import one
from api.body import INTEGER, read_fields, read_instant
from api.deps import Served
from api.errors import FeatureUnavailable
from api.pagination import Paged, Paging, listed
from api.payable import payable, tell_payment_status
from api.pending import described, one_off_id
from api.preview import preview
from api.schemas.invoices import (
    ADJUST,
    CREATE,
    DECIDE,
    HOLD,
    PREVIEW,
    UPDATE,
    VOID,
    adjusted_fee_object,
    invoice_object,
    invoice_objects,
)
from core.billing.ledger import Cursor
from core.catalog import (
    customers,
    invoice_disputes,
    invoice_voids,
    one_off_invoices,
    payments,
    wallet_transactions,
)
from core.catalog.billing_entities import BILLING_ENTITIES
from core.documents.invoice_pdf import invoice_pdf
from core.errors import Conflict, NotFound, ValidationError
from core.warehouse import marts
from core.warehouse.marts import InvoiceFilter

router = APIRouter(tags=["Invoices"])


@router.post("/invoices", openapi_extra=CREATE.openapi)
def create(invoice: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Issue a one-off invoice at once; while the books are busy it is pending, and the next run issues it.

    Refused while a bill of the customer is held back, since bills are issued in order.
    """
    with served.look() as connection:
        customer = customers.get(connection, invoice["external_customer_id"])
    served.billing.refuse_while_held(customer.id)
    with served.change() as uow:
        ordered = one_off_invoices.create(uow, **invoice | {"fees": invoice["fees"] or []})
    served.billing.issue_soon(customer.id)
    return _show(served, one_off_id(ordered))


@router.post("/invoices/preview", openapi_extra=PREVIEW.openapi)
def show_preview(asked: Annotated[dict[str, Any], Depends(PREVIEW)], served: Served) -> Response:
    """The next invoice of a customer on a plan, or of subscriptions as they are, on another plan or at their end. Nothing is kept of it."""
    return one("invoice", preview(served, asked))


def _wanted(
    served: Served,
    request: Request,
    external_customer_id: str | None = None,
    status: str | None = None,
    payment_status: str | None = None,
    invoice_type: str | None = None,
    currency: str | None = None,
    issuing_date_from: str | None = None,
    issuing_date_to: str | None = None,
    statuses: Annotated[list[str], Query(alias="statuses[]")] = [],  # noqa: B006 - FastAPI copies defaults
    payment_statuses: Annotated[list[str], Query(alias="payment_statuses[]")] = [],  # noqa: B006
    billing_entity_codes: Annotated[list[str], Query(alias="billing_entity_codes[]")] = [],  # noqa: B006
    amount_from: str | None = None,
    amount_to: str | None = None,
    payment_overdue: str | None = None,
    search_term: str | None = None,
    self_billed: str | None = None,
    payment_dispute_lost: str | None = None,
) -> InvoiceFilter:
    with served.look() as connection:
        entities = (
            {entity.code: entity.id for entity in BILLING_ENTITIES.all(connection)} if billing_entity_codes else {}
        )
    # No invoice here is self-billed or has metadata, so asked for these there is none.
    is_none = _flag(self_billed, "self_billed") or any(name.startswith("metadata[") for name in request.query_params)
    return InvoiceFilter(
        customer=external_customer_id,
        status=status,
        payment_status=payment_status,
        statuses=("none",) if is_none else tuple(statuses) or None,
        payment_statuses=tuple(payment_statuses) or None,
        billing_entity_ids=tuple(entities.get(code, "") for code in billing_entity_codes) or None,
        amount_from=_whole(amount_from, "amount_from"),
        amount_to=_whole(amount_to, "amount_to"),
        payment_overdue=_flag(payment_overdue, "payment_overdue"),
        payment_dispute_lost=_flag(payment_dispute_lost, "payment_dispute_lost"),
        search_term=search_term or None,
        invoice_type=invoice_type,
        currency=currency,
        issuing_date_from=_day(issuing_date_from, "issuing_date_from"),
        issuing_date_to=_day(issuing_date_to, "issuing_date_to"),
    )


Wanted = Annotated[InvoiceFilter, Depends(_wanted)]


@router.get("/invoices")
def index(served: Served, paging: Paged, wanted: Wanted) -> Response:
    """List invoices, drafts of the last run among them, newest first."""
    return _list(served, paging, wanted)


@router.get("/customers/{external_id}/invoices")
def of_customer(external_id: str, served: Served, paging: Paged, wanted: Wanted) -> Response:
    """List the invoices of a customer."""
    with served.look() as connection:
        customers.get(connection, external_id)
    return _list(served, paging, replace(wanted, customer=external_id))


@router.get("/invoices/{lago_id}.pdf")
def document(lago_id: str, served: Served) -> Response:
    """The PDF of an issued invoice."""
    with served.billing.ledger.cursor() as cursor:
        invoice = _issued(cursor, lago_id)
        # typst dates a document to the second, and what a command issued has microseconds.
        invoice["issued_at"] = invoice["issued_at"].replace(microsecond=0)
        tiers = marts.line_tiers(cursor, invoice["invoice_id"])
        groups = marts.line_presentation_units(cursor, invoice["invoice_id"])
    return Response(invoice_pdf(invoice, tiers, groups), media_type="application/pdf")


@router.post("/invoices/{lago_id}/download")
def download(lago_id: str, served: Served, request: Request) -> Response:
    """The invoice with, in `file_url`, where its PDF is; that address takes the same key."""
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        row = _issued(cursor, lago_id)
        answered = invoice_object(served, connection, cursor, row)
    return one("invoice", answered | {"file_url": str(request.url_for("document", lago_id=row["invoice_id"]))})


@router.get("/invoices/{lago_id}")
def show(lago_id: str, served: Served) -> Response:
    """Get an invoice with its fees."""
    return _show(served, lago_id)


@router.put("/invoices/{lago_id}", openapi_extra=UPDATE.openapi)
def update(lago_id: str, invoice: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Say what became of the payment: `succeeded` records a payment of all that is due; `failed` is of top-ups alone."""
    told = payable(served, lago_id)
    tell_payment_status(served, told, invoice.get("payment_status"))
    row = payable(served, told["invoice_id"])
    if told["payment_status"] == "failed":
        row["payment_status"] = "failed"  # no run has seen it yet
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        if row["status"] == "open":  # has nothing but its total
            return one("invoice", invoice_objects(served, connection, [row])[0])
        return one("invoice", invoice_object(served, connection, cursor, row))


@router.put("/invoices/{lago_id}/finalize", openapi_extra=DECIDE.openapi)
def finalize(lago_id: str, terms: Annotated[dict[str, Any], Depends(DECIDE)], served: Served) -> Response:
    """Issue a draft before its grace period ends. `given_by`, who decided it, is ours and may be left out."""
    return _show(served, drafts.finalize(served, lago_id, given_by=terms["given_by"]))


@router.put("/invoices/{lago_id}/refresh")
def refresh(lago_id: str, served: Served) -> Response:
    """A draft as it would be now, with the usage that came in since the last run; the next run keeps it. Others are as they are."""
    with served.billing.ledger.cursor() as cursor:
        found = marts.get_invoice(cursor, lago_id)
    if found["status"] != "draft":
        return _show(served, lago_id)
    row = served.billing.draft(found)
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        return one("invoice", invoice_object(served, connection, cursor, row))


@router.post("/invoices/{lago_id}/retry")
def retry(lago_id: str, served: Served) -> Response:
    """Nothing to do: no invoice fails here. One that cannot be made is made by the next run, under the same id."""
    with served.billing.ledger.cursor() as cursor:
        invoice = marts.get_invoice(cursor, lago_id)
    raise Conflict("invalid_status", f"The invoice is {invoice['status']}; only one that failed can be tried again.")


@router.delete("/invoices/{lago_id}")
def delete(lago_id: str, served: Served) -> Response:
    """Refused: what is issued stays, and a draft is what is due of usage that was received."""
    with served.billing.ledger.cursor() as cursor:
        invoice = marts.get_invoice(cursor, lago_id)
    if invoice["status"] != "draft":
        raise Conflict("not_deletable", "An issued invoice stays; void it, or give it back by a credit note.")
    raise FeatureUnavailable("a draft is what is due of usage that was received; hold it, correct its fees, or void the invoice")


@router.put("/invoices/{lago_id}/hold", openapi_extra=HOLD.openapi)
def hold(lago_id: str, terms: Annotated[dict[str, Any], Depends(HOLD)], served: Served) -> Response:
    """Keep a draft from being issued until it is released (ours). Needs a `reason`, and in `given_by` who decided it."""
    given = {"reason": terms["reason"] or "", "given_by": terms["given_by"] or ""}
    return _show(served, drafts.hold(served, lago_id, **given))


@router.put("/invoices/{lago_id}/release", openapi_extra=DECIDE.openapi)
def release(lago_id: str, terms: Annotated[dict[str, Any], Depends(DECIDE)], served: Served) -> Response:
    """End the hold of a draft (ours): it is issued at the end of its grace period, or now if that has passed."""
    return _show(served, drafts.release(served, lago_id, given_by=terms["given_by"]))


@router.post("/invoices/{lago_id}/adjusted_fees", openapi_extra=ADJUST.openapi)
def adjust_fee(lago_id: str, adjusted_fee: Annotated[dict[str, Any], Depends(ADJUST)], served: Served) -> Response:
    """Correct a fee of a draft (ours): other units, another price of a unit, another name. In place of what was said of it before."""
    fee_id = adjusted_fee.pop("fee_id") or ""
    said = adjusted_fee | {name: adjusted_fee[name] or "" for name in ("reason", "adjusted_by")}
    return one("adjusted_fee", adjusted_fee_object(drafts.adjust_fee(served, lago_id, fee_id, **said)))


@router.delete("/invoices/{lago_id}/adjusted_fees/{fee_id}")
def withdraw_adjustment(lago_id: str, fee_id: str, served: Served) -> Response:
    """Let a fee of a draft be again what is computed (ours)."""
    drafts.withdraw_adjustment(served, lago_id, fee_id)
    return _show(served, lago_id)


@router.post("/invoices/{lago_id}/void", openapi_extra=VOID.openapi)
def void(lago_id: str, terms: Annotated[dict[str, Any], Depends(VOID)], served: Served) -> Response:
    """Say that an issued invoice shall not be paid. Coupons and wallets get back what they gave of it; with credit notes
    its fees are given back instead of wallets' credits, and what is neither credited nor refunded stands on a note that is void.
    """
    asked = invoice_voids.read(**terms)
    invoice = _voidable(served, lago_id)
    served.billing.refuse_while_held(invoice["customer_id"])

    def command() -> str:
        invoice = _voidable(served, lago_id)  # once more while the books are held: another command may have come first
        owner = {"invoice_id": invoice["invoice_id"], "customer_id": invoice["customer_id"]}
        if invoice["invoice_type"] == "credit" and terms.get("generate_credit_note"):
            raise Conflict("not_voidable", "A top-up that was paid is given back by a credit note with a refund.")
        served.billing.refuse_void(invoice, **asked)
        with served.change() as uow:
            if invoice["invoice_type"] == "credit" and payments.paid_cents(uow.connection, [invoice["invoice_id"]]):
                raise Conflict("not_voidable", "A top-up that was paid is given back by a credit note with a refund.")
            invoice_voids.void(uow, **owner, **terms)
            for fee in invoice["fees"]:
                if fee["wallet_transaction_id"]:
                    wallet_transactions.fail_transaction(uow, fee["wallet_transaction_id"])
        return str(invoice["customer_id"])

    served.billing.issue(command)
    return _show(served, invoice["invoice_id"])


@router.post("/invoices/{lago_id}/lose_dispute")
@router.put("/invoices/{lago_id}/lose_dispute", include_in_schema=False)  # lago_api §1: the Python and Go clients put
def lose_dispute(lago_id: str, served: Served) -> Response:
    """Say that the dispute over the payment of an issued invoice is lost: what is due stays due, and is overdue no more."""
    with served.billing.ledger.cursor() as cursor:
        invoice = _issued(cursor, lago_id)
    with served.change() as uow:
        invoice_disputes.lose(uow, invoice_id=invoice["invoice_id"], customer_id=invoice["customer_id"])
    return _show(served, invoice["invoice_id"])


def _voidable(served: Served, lago_id: str) -> dict[str, Any]:
    with served.billing.ledger.cursor() as cursor:
        invoice: dict[str, Any] = marts.get_invoice(cursor, lago_id)
    if invoice["status"] != "finalized":
        raise Conflict("not_voidable", "Only an issued invoice can be voided, and only once.")
    if invoice["invoice_type"] == "progressive_billing":  # the bill of the period would still credit it
        raise Conflict("not_voidable", "A progressive invoice cannot be voided yet; give it back by a credit note.")
    return invoice


def _show(served: Served, lago_id: str) -> Response:
    return one("invoice", described(served, lago_id))


def _list(served: Served, paging: Paging, wanted: InvoiceFilter) -> Response:
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        customer = customers.find(connection, wanted.customer) if wanted.customer else None
        if customer is not None:  # its id tells it from a deleted one that had the same external id
            wanted = replace(wanted, customer=customer.id)
        rows, total = marts.list_invoices(cursor, wanted, page=paging.page, per_page=paging.per_page)
        return listed("invoices", invoice_objects(served, connection, rows), total, paging)


def _issued(cursor: Cursor, lago_id: str) -> dict[str, Any]:
    invoice = marts.get_invoice(cursor, lago_id)
    if invoice["status"] != "finalized":
        raise NotFound("invoice", lago_id)  # lago_api §7.8: a draft has no file
    return invoice


def _flag(text: str | None, field: str) -> bool | None:
    if text not in (None, "", "true", "false"):
        raise ValidationError({field: ["value_is_invalid"]}, f"{field} is true or false.")
    return {"true": True, "false": False}.get(text or "")


def _whole(text: str | None, field: str) -> int | None:
    return None if not text else int(read_fields({field: text}, {field: INTEGER})[field])


def _day(text: str | None, field: str) -> date | None:
    return None if text is None else read_instant(text, field).date()
