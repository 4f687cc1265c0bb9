"""Issued invoices go out through a real mail server: once each, tried again when refused, and recorded."""

from __future__ import annotations

import email
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any

import duckdb
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from core.billing.mail_server import MailServerUnusable
from core.billing.sending import SendReport, send_due
from core.catalog import invoice_emails
from core.catalog.engine import reading
from core.documents.invoice_pdf import invoice_pdf
from core.errors import NotFound
from core.settings import Settings
from core.warehouse import marts
from core.warehouse.pricing_graph import PricingGraph
from tests.e2e.api_server import free_port
from tests.golden.cases_option import shared_cases
from tests.golden.invoicing_timeline import Timeline
from tests.support.world import World
from tests.unit.core.warehouse.test_marts import build, landing_of

CASES = ("period-weekly-calendar-bogota", "coupon-two-fixed")


class Mailbox:
    """A mail server's handler: keeps what comes, refuses recipients in `refused`, and hangs up on those in `dropped`."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refused: set[str] = set()
        self.dropped: set[str] = set()
        self.closes_after: str | None = None
        self.leave: Callable[[], None] = lambda: None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.dropped & set(envelope.rcpt_tos):
            self.leave()
            server.transport.close()
            return "421 bye"
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        if self.closes_after == "an e-mail":
            server.loop.call_soon(server.transport.close)
        return "250 OK"

    async def handle_NOOP(self, server: SMTP, session: Session, envelope: Envelope, argument: str) -> str:
        if self.closes_after == "a noop" and self.messages:
            self.closes_after = None
            server.loop.call_soon(server.transport.close)
        return "250 OK"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("mail"), PricingGraph.load())
    cases = shared_cases("invoicing")
    for case_id in CASES:
        Timeline(world, cases[case_id]).play()
    return world


@pytest.fixture(scope="module")
def issued(world: World) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = build(world, landing_of(world), PricingGraph.load())
    node = PricingGraph.load().node("fct_invoice_emails")
    connection.execute(f"create table warehouse.marts.fct_invoice_emails ({node.declared})")
    yield connection
    connection.close()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def url(mailbox: Mailbox) -> Iterator[str]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


@pytest.fixture
def cursor(issued: duckdb.DuckDBPyConnection, world: World) -> duckdb.DuckDBPyConnection:
    """Two invoices to send, of which nothing is recorded yet."""
    issued.execute("delete from warehouse.marts.fct_invoice_emails")
    issued.execute(
        """insert into warehouse.marts.fct_invoice_emails
        select invoice_id, number, customer_id, issued_at, 'buyer@example.com', 'seller@example.org', null, null
        from books.main.invoices where status = 'finalized' order by customer_external_id desc, number limit 2"""
    )
    with world.engine.begin() as connection:
        connection.execute(invoice_emails.INVOICE_EMAILS.table.delete())
    return issued


def sent_by(cursor: duckdb.DuckDBPyConnection, world: World, url: str, **options: Any) -> SendReport:
    world.wall.advance(timedelta(minutes=1))
    settings = Settings(catalog_url=str(world.engine.url), smtp_url=url)
    return send_due(cursor, settings, world.wall, **options)


def test_each_invoice_goes_out_once_with_its_pdf(
    cursor: duckdb.DuckDBPyConnection, world: World, mailbox: Mailbox, url: str
) -> None:
    rows = marts.invoice_emails(cursor)
    assert sent_by(cursor, world, url) == SendReport(tuple(row["number"] for row in rows), ())
    assert sent_by(cursor, world, url) == SendReport((), ())
    assert [message["Subject"].split()[1] for message in mailbox.messages] == [row["number"] for row in rows]
    invoice = marts.get_invoice(cursor, rows[0]["invoice_id"])
    message = mailbox.messages[0]
    assert (message["From"], message["To"]) == ("seller@example.org", "buyer@example.com")
    assert message["Message-ID"] == f"<{invoice['invoice_id']}@example.org>"
    body = message.get_body(("plain",))
    assert body is not None and "0.70 EUR, due on 1 Feb 2023" in body.get_content()
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == f"{invoice['number']}.pdf"
    pdf = invoice_pdf(invoice, marts.line_tiers(cursor, invoice["invoice_id"]))
    assert attached.get_payload(decode=True) == pdf


def test_the_seller_s_own_words_are_used(
    cursor: duckdb.DuckDBPyConnection, world: World, mailbox: Mailbox, url: str
) -> None:
    cursor.execute(
        "update warehouse.marts.fct_invoice_emails set subject_template = 'Rechnung ${number}', text_template = 'Bis $due_date: $total, $$1'"
    )
    sent_by(cursor, world, url)
    number = marts.invoice_emails(cursor)[0]["number"]
    assert mailbox.messages[0]["Subject"] == f"Rechnung {number}"
    body = mailbox.messages[0].get_body(("plain",))
    assert body is not None and body.get_content().startswith("Bis ") and "$1" in body.get_content()


def test_what_is_refused_is_recorded_and_tried_again_five_times_in_all(
    cursor: duckdb.DuckDBPyConnection, world: World, mailbox: Mailbox, url: str
) -> None:
    mailbox.refused = {"buyer@example.com"}
    first = marts.invoice_emails(cursor)[0]
    for attempt in range(1, invoice_emails.MOST_ATTEMPTS + 1):
        report = sent_by(cursor, world, url)
        assert not report.sent and len(report.failed) == 2 and "no such mailbox" in report.failed[0][1]
        with reading(world.engine) as connection:
            recorded = invoice_emails.find(connection, first["invoice_id"])
        assert recorded is not None and (recorded.status, recorded.attempts) == ("failed", attempt)
    assert sent_by(cursor, world, url) == SendReport((), ())
    mailbox.refused.clear()
    assert sent_by(cursor, world, url, only=first["number"]).sent == (first["number"],)
    assert sent_by(cursor, world, url) == SendReport((), ())


def test_one_bad_address_of_several_stops_no_other(
    cursor: duckdb.DuckDBPyConnection, world: World, mailbox: Mailbox, url: str
) -> None:
    cursor.execute("update warehouse.marts.fct_invoice_emails set recipient = 'gone@example.com, buyer@example.com'")
    mailbox.refused = {"gone@example.com"}
    report = sent_by(cursor, world, url)
    assert len(report.sent) == 2 == len(mailbox.messages) and not report.failed
    assert report.refused == tuple((number, "gone@example.com: 550 no such mailbox") for number in report.sent)
    with reading(world.engine) as connection:
        recorded = invoice_emails.find(connection, marts.invoice_emails(cursor)[0]["invoice_id"])
        assert recorded is not None and recorded.status == "sent"
        assert recorded.error == "gone@example.com: 550 no such mailbox"
        assert len(invoice_emails.refused(connection)) == 2 and not invoice_emails.failed(connection)
    assert sent_by(cursor, world, url) == SendReport((), ())
    # Sent again to an address that is right, it is told no more.
    cursor.execute("update warehouse.marts.fct_invoice_emails set recipient = 'buyer@example.com'")
    number = marts.invoice_emails(cursor)[0]["number"]
    assert sent_by(cursor, world, url, only=number) == SendReport((number,), ())
    with reading(world.engine) as connection:
        assert len(invoice_emails.refused(connection)) == 1


def test_an_address_that_no_header_can_hold_costs_nobody_else_s_e_mail(
    cursor: duckdb.DuckDBPyConnection, world: World, mailbox: Mailbox, url: str
) -> None:
    first, second = marts.invoice_emails(cursor)
    cursor.execute(
        "update warehouse.marts.fct_invoice_emails set recipient = 'a@example.com\nBcc: b@example.com' where invoice_id = ?",
        [first["invoice_id"]],
    )
    report = sent_by(cursor, world, url)
    assert report.sent == (second["number"],) and [number for number, _ in report.failed] == [first["number"]]


def test_a_connection_that_is_lost_on_one_e_mail_costs_no_other(
    cursor: duckdb.DuckDBPyConnection, world: World, mailbox: Mailbox, url: str
) -> None:
    first, second = marts.invoice_emails(cursor)
    drop_first(cursor, mailbox)
    report = sent_by(cursor, world, url)
    assert report.sent == (second["number"],) and [number for number, _ in report.failed] == [first["number"]]
    assert "connect() first" not in report.failed[0][1] and report.stopped is None


@pytest.mark.parametrize("moment", ["an e-mail", "a noop"])
def test_a_connection_that_closes_between_two_e_mails_costs_no_attempt(
    cursor: duckdb.DuckDBPyConnection, world: World, mailbox: Mailbox, url: str, moment: str
) -> None:
    """A noop is asked before an e-mail is composed and again before it is handed over."""
    mailbox.closes_after = moment
    assert len(sent_by(cursor, world, url).sent) == 2


def test_what_waits_when_the_server_goes_away_has_not_been_attempted(
    cursor: duckdb.DuckDBPyConnection, world: World, mailbox: Mailbox
) -> None:
    first, second = marts.invoice_emails(cursor)
    drop_first(cursor, mailbox)
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    assert controller.server is not None
    mailbox.leave = controller.server.close  # takes no new connection
    report = sent_by(cursor, world, f"smtp://127.0.0.1:{controller.port}")
    assert not report.sent and [number for number, _ in report.failed] == [first["number"]]
    assert report.stopped is not None and "TALLYSTICK_SMTP_URL" in report.stopped
    with reading(world.engine) as connection:
        assert invoice_emails.find(connection, second["invoice_id"]) is None


def drop_first(cursor: duckdb.DuckDBPyConnection, mailbox: Mailbox) -> None:
    """The server hangs up on the first invoice."""
    mailbox.dropped = {"drop@example.com"}
    cursor.execute(
        "update warehouse.marts.fct_invoice_emails set recipient = 'drop@example.com' where invoice_id = ?",
        [marts.invoice_emails(cursor)[0]["invoice_id"]],
    )


def test_an_attempt_that_died_is_repeated_after_a_while_and_not_before(
    cursor: duckdb.DuckDBPyConnection, world: World, mailbox: Mailbox, url: str
) -> None:
    first, second = marts.invoice_emails(cursor)
    with world.unit() as uow:
        assert invoice_emails.begin(uow, invoice_id=first["invoice_id"], recipient=first["recipient"])
    assert sent_by(cursor, world, url).sent == (second["number"],)
    world.wall.advance(invoice_emails.INTERRUPTED_AFTER)
    assert sent_by(cursor, world, url).sent == (first["number"],)


@pytest.mark.parametrize("wrong", ["", "http://example.com", "smtp://127.0.0.1:1", "smtp://127.0.0.1:no"])
def test_without_a_mail_server_nothing_is_attempted(
    cursor: duckdb.DuckDBPyConnection, world: World, wrong: str
) -> None:
    with pytest.raises(MailServerUnusable, match="TALLYSTICK_SMTP_URL"):
        sent_by(cursor, world, wrong)
    with reading(world.engine) as connection:
        assert invoice_emails.find(connection, marts.invoice_emails(cursor)[0]["invoice_id"]) is None


def test_a_wrong_password_is_told_and_nothing_is_attempted(
    cursor: duckdb.DuckDBPyConnection, world: World, mailbox: Mailbox
) -> None:
    options = {"authenticator": lambda *_: AuthResult(success=False, handled=False), "auth_require_tls": False}
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        with pytest.raises(MailServerUnusable):
            sent_by(cursor, world, f"smtp://me:wrong@127.0.0.1:{controller.port}")
    finally:
        controller.stop()


def test_an_invoice_that_goes_to_nobody_is_not_found(cursor: duckdb.DuckDBPyConnection, world: World, url: str) -> None:
    with pytest.raises(NotFound) as missing:
        sent_by(cursor, world, url, only="none")
    assert missing.value.message.startswith("There is no invoice 'none' that goes out by e-mail.")
