"""What became of the e-mails of issued invoices: each is sent once, tried again when it failed, and recorded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.ids import deterministic_id

MOST_ATTEMPTS = 5
INTERRUPTED_AFTER = timedelta(minutes=15)
"""An attempt that has said nothing for so long has died; what became of its e-mail is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceEmail(Version):
    """The e-mail of one invoice. `status` is sending, sent or failed; `error` is what the mail server said last."""

    invoice_id: str
    recipient: str
    status: str
    attempts: int
    attempted_at: datetime
    error: str | None


INVOICE_EMAILS = Versions("invoice_emails", InvoiceEmail, index=("invoice_id",))


def begin(uow: UnitOfWork, *, invoice_id: str, recipient: str, again: bool = False) -> InvoiceEmail | None:
    """Record that an attempt begins; None when the e-mail has been sent, is being sent, or has failed too often.

    Committed before the attempt, so that of two processes one sends. `again` sends it whatever became of it before. An
    attempt that was interrupted is repeated: better the same e-mail twice, under one Message-ID, than none.
    """
    stamp = uow.stamp_for()
    before = find(uow.connection, invoice_id)
    if before is not None and not again and not _is_open(before, stamp.instant):
        return None
    terms = {"recipient": recipient, "status": "sending", "attempted_at": stamp.instant, "error": None}
    if before is None:
        return INVOICE_EMAILS.add(uow, stamp, id=_id(invoice_id), invoice_id=invoice_id, attempts=1, **terms)
    return INVOICE_EMAILS.amend(uow, stamp, before, attempts=before.attempts + 1, **terms)


def settle(uow: UnitOfWork, email: InvoiceEmail, *, is_sent: bool, error: str | None) -> InvoiceEmail:
    """Record how the attempt ended; `error` is what the server said of it, of single addresses also when it was sent."""
    return INVOICE_EMAILS.amend(uow, uow.stamp_for(), email, status="sent" if is_sent else "failed", error=error)


def find(connection: sa.Connection, invoice_id: str) -> InvoiceEmail | None:
    """What became of the e-mail of an invoice, None before the first attempt."""
    return INVOICE_EMAILS.first(connection, INVOICE_EMAILS.c.id == _id(invoice_id))


def open_among(connection: sa.Connection, invoice_ids: Collection[str], now: datetime) -> list[str]:
    """Those of the invoices, in their order, whose e-mail is still to be sent at `now`."""
    known = {email.invoice_id: email for email in INVOICE_EMAILS.where_in(connection, "invoice_id", invoice_ids)}
    return [name for name in invoice_ids if name not in known or _is_open(known[name], now)]


def failed(connection: sa.Connection) -> list[InvoiceEmail]:
    """The e-mails whose last attempt failed, or died and is the last one, oldest first."""
    columns = INVOICE_EMAILS.c
    died = (columns.status == "sending") & (columns.attempts >= MOST_ATTEMPTS)
    return INVOICE_EMAILS.all(connection, (columns.status == "failed") | died)


def refused(connection: sa.Connection) -> list[InvoiceEmail]:
    """The e-mails that were sent though some of their addresses were refused, oldest first."""
    columns = INVOICE_EMAILS.c
    return INVOICE_EMAILS.all(connection, columns.status == "sent", columns.error.is_not(None))


def _is_open(email: InvoiceEmail, now: datetime) -> bool:
    has_ended = email.status == "failed" or (email.status == "sending" and now - email.attempted_at > INTERRUPTED_AFTER)
    return has_ended and email.attempts < MOST_ATTEMPTS


def _id(invoice_id: str) -> str:
    return deterministic_id("invoice_email", invoice_id)
