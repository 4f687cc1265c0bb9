"""The mail server that invoices are handed to."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

from core.errors import TallystickError

SECONDS = 30
PORTS = {"smtp": 587, "smtps": 465}
LOOPBACK = ("127.0.0.1", "::1")
MOST_OF_AN_ERROR = 500
OK = 250


class MailServerUnusable(TallystickError):
    """The mail server's address is no such address, or the server does not answer; no attempt was made."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "mail_server_unusable",
            f"no e-mail can be sent: {reason}. TALLYSTICK_SMTP_URL names the server, as smtp://user:password@host:587 or smtps://host:465",
        )


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
            usual = PORTS[parts.scheme]
            self._server = server = _reached(parts.scheme, parts.hostname or "", parts.port or usual)
            if parts.username:
                if not _is_private(server):
                    raise MailServerUnusable("it offers no encryption, and the password could be read on the way")
                server.login(unquote(parts.username), unquote(parts.password or ""))
        except MailServerUnusable:
            self._leave()
            raise
        except KeyError:
            raise MailServerUnusable("its address begins with neither smtp:// nor smtps://") from None
        except (ValueError, OSError, smtplib.SMTPException) as error:
            self._leave()
            raise MailServerUnusable(words(error)) from error

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


def _reached(scheme: str, host: str, port: int) -> smtplib.SMTP:
    """A connection that has said hello, encrypted from the start or where the server offers it; its certificate is checked."""
    trusted = ssl.create_default_context()
    if scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=trusted)
        server.ehlo()
        return server
    server = smtplib.SMTP(host, port, timeout=SECONDS)
    try:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=trusted)
            server.ehlo()
    except BaseException:
        server.close()
        raise
    return server


def _is_private(server: smtplib.SMTP) -> bool:
    """Whether nobody on the way can read what is said."""
    assert server.sock is not None
    return isinstance(server.sock, ssl.SSLSocket) or server.sock.getpeername()[0] in LOOPBACK


def words(error: Exception) -> str:
    """What went wrong, in one line."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return refusals(error.recipients)
        case smtplib.SMTPResponseException():
            return _one_line(f"{error.smtp_code} {_text(error.smtp_error)}")
    return _one_line(str(error))


def refusals(refused: Mapping[str, tuple[int, bytes | str]]) -> str:
    """Addresses with what the server said of each, in one line."""
    return _one_line("; ".join(f"{address}: {code} {_text(said)}" for address, (code, said) in refused.items()))


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said


def _one_line(text: str) -> str:
    return " ".join(text.split())[:MOST_OF_AN_ERROR]
