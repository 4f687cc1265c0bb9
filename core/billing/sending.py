"""Issued invoices go out by e-mail: which are due is SQL (`fct_invoice_emails`), what became of each is in the catalog."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
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
OK = 250


class MailServerUnusable(TallystickError):
    """The mail server's address is no such address, or the server does not answer; no attempt was made."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "mail_server_unusable",
            f"no e-mail can be sent: {reason}. TALLYSTICK_SMTP_URL names the server, as smtp://user:password@host:587 or smtps://host:465",
        )


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


class MailServer(AbstractContextManager["MailServer"]):
    """The server at `url`, encrypted where it offers that; as a context, it is left at the end."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._server: smtplib.SMTP | None = None

    def connect(self) -> None:
        """Make sure that the server listens, with a new connection where there is none or it was lost. Raises MailServerUnusable."""
        if self._listens():
            return
        self._leave()
        try:
            parts = urlsplit(self._url)
            port = parts.port or PORTS[parts.scheme]
            kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
            self._server = server = kind(parts.hostname or "", port, timeout=SECONDS)
            server.ehlo()
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls()
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
        except KeyError:
            raise MailServerUnusable("its address begins with neither smtp:// nor smtps://") from None
        except (ValueError, OSError, smtplib.SMTPException) as error:
            self._leave()
            raise MailServerUnusable(_words(error)) from error

    def deliver(self, message: EmailMessage) -> Mapping[str, Any]:
        """Hand a message over; the addresses that were refused while others were not, with code and words.

        A server may have hung up while the message was composed. Raises MailServerUnusable, and what smtplib raises.
        """
        self.connect()
        assert self._server is not None
        return self._server.send_message(message)

    def __exit__(self, *_: object) -> None:
        self._leave()

    def _listens(self) -> bool:
        if self._server is None:
            return False
        try:
            return self._server.noop()[0] == OK
        except (OSError, smtplib.SMTPException):
            return False

    def _leave(self) -> None:
        if self._server is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._server.quit()
            self._server.close()
            self._server = None


def _attempt(server: MailServer, compose: Callable[[], EmailMessage]) -> tuple[bool, str | None]:
    """(whether somebody gets it, what the server refused). An address that no header can hold costs nobody else's e-mail."""
    try:
        refused = server.deliver(compose())
    except (MailServerUnusable, smtplib.SMTPException, MessageError, OSError, ValueError) as error:
        return False, _words(error)
    return True, _refusals(refused) if refused else None


def _words(error: Exception) -> str:
    """What went wrong, in one line."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return _refusals(error.recipients)
        case smtplib.SMTPResponseException():
            return _one_line(f"{error.smtp_code} {_text(error.smtp_error)}")
    return _one_line(str(error))


def _refusals(refused: Mapping[str, tuple[int, bytes | str]]) -> str:
    """Addresses with what the server said of each, in one line."""
    return _one_line("; ".join(f"{address}: {code} {_text(said)}" for address, (code, said) in refused.items()))


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said


def _one_line(text: str) -> str:
    return " ".join(text.split())[:MOST_OF_AN_ERROR]
