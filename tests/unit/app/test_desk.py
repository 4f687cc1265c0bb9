"""What is sent to the API, and how its refusals and its silence are worded."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from api.errors import Unauthorized, body_of
from app import desk
from core.books.store import BooksBusy
from core.errors import Conflict, NotFound, TallystickError, ValidationError

URL, KEY = "http://127.0.0.1:3000", "ts_key"


@pytest.fixture(autouse=True)
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {"HOME": str(tmp_path), "API_URL": f"{URL}/", "API_KEY": KEY}.items():
        monkeypatch.setenv(f"TALLYSTICK_{name}", value)


def answering(monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | Exception) -> list[dict[str, Any]]:
    """Makes whoever is asked answer so; returns what was asked."""
    asked: list[dict[str, Any]] = []

    def request(method: str, url: str, **said: Any) -> httpx.Response:
        asked.append({"method": method, "url": url} | said)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(desk.httpx, "request", request)
    return asked


def test_a_command_is_sent_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, httpx.Response(200, text='{"rate": 12.5}'))
    assert desk.send("PUT", "/invoices/one/hold", {"reason": "odd"}) == {"rate": Decimal("12.5")}
    ((request),) = asked
    assert (request["method"], request["url"], request["json"]) == ("PUT", f"{URL}/api/v1/invoices/one/hold", {"reason": "odd"})
    assert request["headers"] == {"Authorization": f"Bearer {KEY}", "User-Agent": "tallystick-console"}


@pytest.mark.parametrize(
    "error",
    [
        Conflict("already_issued", "The draft was due, so it is issued: ABC-001."),
        ValidationError({"refund_amount_cents": ["cannot_refund_unpaid_invoice"], "base": ["odd"]}),
        ValidationError({"given_by": ["value_is_mandatory"]}),
        ValidationError({"units": ["out_of_domain"]}, "Lower the price."),
        BooksBusy(8),
        TallystickError("odd", "Something odd."),
    ],
    ids=lambda error: error.code,
)
def test_a_refusal_of_the_api_is_said_as_the_error_itself(monkeypatch: pytest.MonkeyPatch, error: TallystickError) -> None:
    body = body_of(error)
    answering(monkeypatch, httpx.Response(body["status"], json=body))
    with pytest.raises(TallystickError) as refused:
        desk.send("PUT", "/invoices/one/finalize")
    assert desk.words(refused.value) == desk.words(error)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (body_of(NotFound("invoice", "one")), "It is no draft any more"),
        (body_of(Unauthorized()), "The API does not know the key in TALLYSTICK_API_KEY"),
        ({"status": 500, "error": "Internal Server Error", "code": "internal_error"}, "The API could not do it; its log says why."),
    ],
)
def test_what_the_api_says_in_codes_alone_is_worded(monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], said: str) -> None:
    answering(monkeypatch, httpx.Response(body["status"], json=body))
    with pytest.raises(TallystickError) as refused:
        desk.send("PUT", "/invoices/one/finalize")
    assert desk.words(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.ConnectError("refused"), f"The API does not answer at {URL}/, so nothing was decided. Start it with"),
        (httpx.ConnectTimeout("late"), "The API does not answer at"),
        (httpx.UnsupportedProtocol("what"), "The API does not answer at"),
        (httpx.InvalidURL("what"), "The API does not answer at"),
        (httpx.Response(502, text="<html>bad gateway</html>"), "The API does not answer at"),
        (httpx.Response(200, text="[1]"), "The API does not answer at"),
        (httpx.ReadTimeout("late"), "The API took the request and did not answer. What was decided may stand"),
        (httpx.RemoteProtocolError("gone"), "The API took the request and did not answer."),
    ],
    ids=lambda value: type(value).__name__,
)
def test_silence_says_whether_something_may_have_been_decided(monkeypatch: pytest.MonkeyPatch, answer: Any, said: str) -> None:
    answering(monkeypatch, answer)
    with pytest.raises(TallystickError) as silent:
        desk.send("PUT", "/invoices/one/finalize")
    assert desk.words(silent.value).startswith(said)


@pytest.mark.parametrize("missing", ["TALLYSTICK_API_URL", "TALLYSTICK_API_KEY"])
def test_without_an_address_or_a_key_a_decision_is_off(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    def page() -> None:
        import streamlit as st

        from app import desk

        desk.button(st, "Hold")

    (shown,) = AppTest.from_function(page).run().button
    assert not shown.disabled
    monkeypatch.delenv(missing)
    (shown,) = AppTest.from_function(page).run().button
    assert shown.disabled and "TALLYSTICK_API_URL and TALLYSTICK_API_KEY" in shown.help
