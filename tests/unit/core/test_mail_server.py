"""Connections to a mail server: encrypted where it can be, with a certificate that is checked, and no password in the clear."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from core.billing import mail_server
from core.billing.mail_server import MailServer, MailServerUnusable
from tests.e2e.api_server import free_port

AUTHORITY = trustme.CA()
USER = b"billing@example.com"


class Logins:
    """Takes one user's password, and keeps who came."""

    def __init__(self) -> None:
        self.users: list[bytes] = []

    def __call__(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        self.users.append(data.login)
        return AuthResult(success=(data.login, data.password) == (USER, b"p@ss"))


@pytest.fixture
def logins() -> Logins:
    return Logins()


@pytest.fixture
def certificate() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine trusts the authority."""
    AUTHORITY.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


@pytest.fixture(params=["smtp", "smtps"])
def url(request: pytest.FixtureRequest, logins: Logins, certificate: ssl.SSLContext) -> Iterator[str]:
    is_wrapped = request.param == "smtps"
    controller = Controller(
        Sink(), hostname="127.0.0.1", port=free_port(), authenticator=logins, auth_require_tls=not is_wrapped,
        **{"ssl_context" if is_wrapped else "tls_context": certificate},
    )  # fmt: skip
    controller.start()
    yield f"{request.param}://billing%40example.com:p%40ss@127.0.0.1:{controller.port}"
    controller.stop()


def message() -> EmailMessage:
    written = EmailMessage()
    written["From"], written["To"] = "seller@example.org", "buyer@example.com"
    return written


@pytest.mark.usefixtures("trusted")
def test_what_is_sent_is_encrypted(url: str, logins: Logins) -> None:
    with MailServer(url) as server:
        assert server.deliver(message()) == {}
    assert logins.users == [USER]


def test_a_certificate_that_nobody_vouches_for_is_not_taken(url: str, logins: Logins) -> None:
    with pytest.raises(MailServerUnusable, match="CERTIFICATE_VERIFY_FAILED"), MailServer(url) as server:
        server.deliver(message())
    assert logins.users == []


def test_no_password_goes_over_a_wire_in_the_clear(logins: Logins, monkeypatch: pytest.MonkeyPatch) -> None:
    controller = Controller(Sink(), hostname="127.0.0.1", port=free_port(), authenticator=logins, auth_require_tls=False)
    controller.start()
    url = f"smtp://billing%40example.com:p%40ss@127.0.0.1:{controller.port}"
    try:
        with MailServer(url) as server:  # within the machine there is no wire
            server.deliver(message())
        assert logins.users == [USER]
        monkeypatch.setattr(mail_server, "LOOPBACK", ())
        with pytest.raises(MailServerUnusable, match="no encryption"), MailServer(url) as server:
            server.deliver(message())
        assert logins.users == [USER]
    finally:
        controller.stop()
