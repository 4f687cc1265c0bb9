"""Issued invoices go out by e-mail: which are due is SQL (`fct_invoice_emails`), what became of each is in the catalog."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import duckdb

from core.catalog import invoice_emails
from core.catalog.engine import connect, reading
from core.catalog.unit_of_work import unit_of_work
from core.clock import Clock
from core.documents.invoice_email import invoice_email
from core.documents.invoice_pdf import invoice_pdf
from core.errors import NotFound, TallystickError
from core.settings import Settings
from core.warehouse import marts

SECONDS = 30
PORTS = {"smtp": 587, "smtps": 465}
MOST_OF_AN_ERROR = 500
Deliver = Callable[[EmailMessage], Mapping[str, Any]]
"""Hands a message over; the addresses that were refused while others were not."""


class MailServerUnusable(TallystickError):
    """The mail server's address is no such address, or the server does not answer; no attempt was made."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "mail_server_unusable",
            f"no e-mail can be sent: {reason}. TALLYSTICK_SMTP_URL names the server, as smtp://user:password@host:587 or smtps://host:465",
        )


@dataclass(frozen=True)
class SendReport:
    """Numbers of the invoices that went out, and of those that failed with what the server said."""

    sent: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


def send_due(
    cursor: duckdb.DuckDBPyConnection, settings: Settings, clock: Clock, *, only: str | None = None
) -> SendReport:
    """Sends every published invoice whose e-mail is due, oldest first; `only` sends that one again (its number or id).

    One that fails is recorded and tried again by a later call. Raises MailServerUnusable before any attempt, and NotFound
    `invoice_email` when `only` goes to nobody.
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
                raise NotFound("invoice_email", only)
        if not wanted:
            return SendReport((), ())
        sent: list[str] = []
        failed: list[tuple[str, str]] = []
        with mail_server(settings.smtp_url) as deliver:
            for invoice_id in wanted:
                row = rows[invoice_id]
                with unit_of_work(engine, clock) as uow:
                    email = invoice_emails.begin(
                        uow, invoice_id=invoice_id, recipient=row["recipient"], again=only is not None
                    )
                if email is None:
                    continue
                is_sent, error = _attempt(deliver, partial(_message, cursor, row))
                with unit_of_work(engine, clock) as uow:
                    invoice_emails.settle(uow, email, is_sent=is_sent, error=error)
                if is_sent:
                    sent.append(row["number"])
                else:
                    failed.append((row["number"], error or ""))
        return SendReport(tuple(sent), tuple(failed))


def _message(cursor: duckdb.DuckDBPyConnection, row: Mapping[str, Any]) -> EmailMessage:
    invoice_id = row["invoice_id"]
    invoice = marts.get_invoice(cursor, invoice_id)
    tiers, groups = marts.line_tiers(cursor, invoice_id), marts.line_presentation_units(cursor, invoice_id)
    return invoice_email(invoice, row, invoice_pdf(invoice, tiers, groups))


@contextmanager
def mail_server(url: str) -> Iterator[Deliver]:
    """A function that hands a message to the server at `url`; encrypted where the server offers it. Raises MailServerUnusable."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
        kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
        server = kind(parts.hostname or "", port, timeout=SECONDS)
    except KeyError:
        raise MailServerUnusable("its address begins with neither smtp:// nor smtps://") from None
    except (ValueError, OSError, smtplib.SMTPException) as error:
        raise MailServerUnusable(str(error)) from error
    with server:
        try:
            server.ehlo()
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls()
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
        except (OSError, smtplib.SMTPException) as error:
            raise MailServerUnusable(str(error)) from error
        yield server.send_message


def _attempt(deliver: Deliver, compose: Callable[[], EmailMessage]) -> tuple[bool, str | None]:
    """(whether somebody gets it, what the server refused). An address that no header can hold costs nobody else's e-mail."""
    try:
        refused = deliver(compose())
    except (smtplib.SMTPException, MessageError, OSError, ValueError) as error:
        return False, " ".join(str(error).split())[:MOST_OF_AN_ERROR]
    return True, str(refused)[:MOST_OF_AN_ERROR] if refused else None
