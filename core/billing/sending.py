"""Issued invoices go out by e-mail: which are due is SQL (`fct_invoice_emails`), what became of each is in the catalog."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage
from functools import partial
from typing import Any

import duckdb

from core.billing.mail_server import MailServer, MailServerUnusable, refusals, words
from core.catalog import invoice_emails
from core.catalog.engine import connect, reading
from core.catalog.unit_of_work import unit_of_work
from core.clock import Clock
from core.documents.invoice_email import invoice_email
from core.documents.invoice_pdf import invoice_pdf
from core.errors import NotFound
from core.settings import Settings
from core.warehouse import marts


class NoSuchEmail(NotFound):
    """No invoice of this number or id goes out by e-mail."""

    def __init__(self, invoice: str) -> None:
        super().__init__("invoice", invoice)
        self.message = (
            f"There is no invoice {invoice!r} that goes out by e-mail. Check the number; its billing entity must have asked "
            "for e-mails when it was issued, and its customer must have an address."
        )


@dataclass(frozen=True)
class SendReport:
    """Numbers of the invoices that went out, of those that failed, and of those that went out and whose addresses were
    refused in part, with what the server said; and what ended the sending early, if anything did.
    """

    sent: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    refused: tuple[tuple[str, str], ...] = ()
    stopped: str | None = None


def send_due(
    cursor: duckdb.DuckDBPyConnection, settings: Settings, clock: Clock, *, only: str | None = None
) -> SendReport:
    """Sends every published invoice whose e-mail is due, oldest first; `only` sends that one again (its number or id).

    One that fails is recorded and tried again by a later call. A connection that is lost is made anew for the next one; when it
    cannot be, the rest waits for a later call, unattempted. Raises MailServerUnusable before any attempt, and NoSuchEmail
    when `only` goes to nobody.
    """
    rows = {row["invoice_id"]: row for row in marts.invoice_emails(cursor)}
    with ExitStack() as stack:
        engine = connect(settings.catalog)
        stack.callback(engine.dispose)
        if only is None:
            with reading(engine) as connection:
                wanted = invoice_emails.open_among(connection, list(rows), clock.now())
        else:
            wanted = [name for name, row in rows.items() if only in (name, row["number"])]
            if not wanted:
                raise NoSuchEmail(only)
        if not wanted:
            return SendReport((), ())
        sent: list[str] = []
        failed: list[tuple[str, str]] = []
        refused: list[tuple[str, str]] = []
        server = stack.enter_context(MailServer(settings.smtp_url))
        for invoice_id in wanted:
            row = rows[invoice_id]
            try:
                server.connect()
            except MailServerUnusable as error:
                if not sent and not failed:
                    raise
                return SendReport(tuple(sent), tuple(failed), tuple(refused), error.message)
            with unit_of_work(engine, clock) as uow:
                email = invoice_emails.begin(
                    uow, invoice_id=invoice_id, recipient=row["recipient"], again=only is not None
                )
            if email is None:
                continue
            is_sent, error_text = _attempt(server, partial(_message, cursor, row))
            with unit_of_work(engine, clock) as uow:
                invoice_emails.settle(uow, email, is_sent=is_sent, error=error_text)
            if is_sent:
                sent.append(row["number"])
            if error_text is not None:
                (refused if is_sent else failed).append((row["number"], error_text))
        return SendReport(tuple(sent), tuple(failed), tuple(refused))


def _message(cursor: duckdb.DuckDBPyConnection, row: Mapping[str, Any]) -> EmailMessage:
    invoice_id = row["invoice_id"]
    invoice = marts.get_invoice(cursor, invoice_id)
    tiers, groups = marts.line_tiers(cursor, invoice_id), marts.line_presentation_units(cursor, invoice_id)
    return invoice_email(invoice, row, invoice_pdf(invoice, tiers, groups))


def _attempt(server: MailServer, compose: Callable[[], EmailMessage]) -> tuple[bool, str | None]:
    """(whether somebody gets it, what the server refused). An address that no header can hold costs nobody else's e-mail."""
    try:
        refused = server.deliver(compose())
    except (MailServerUnusable, smtplib.SMTPException, MessageError, OSError, ValueError) as error:
        return False, words(error)
    return True, refusals(refused) if refused else None
