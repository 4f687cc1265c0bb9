"""What people decide here: commands that the API is asked to take, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx
import streamlit as st

from core.errors import TallystickError, ValidationError
from core.money.amount import Money
from core.settings import Settings

SENTENCES = {
    "higher_than_remaining_fee_amount": "A line gives back more than is left of it.",
    "does_not_match_item_amounts": "Credit, refund and offset must add up to the total of the note.",
    "total_amount_must_be_positive": "The note must give back something.",
    "cannot_refund_unpaid_invoice": "Nothing of this invoice was paid, so nothing can be refunded.",
    "higher_than_remaining_invoice_amount": "That is more than is left of the invoice.",
    "higher_than_wallet_balance": "That is more than is left of the credits that were bought.",
    "cannot_credit_invoice": "Bought credits are refunded, or taken off what is due; they are not credited to later invoices.",
    "cannot_be_adjusted": "This line follows from others and cannot be corrected.",
    "value_is_out_of_range": "That is more than an amount can be.",
    "value_is_mandatory": "This is needed.",
    "value_is_invalid": "This is not a value it can have.",
    "invoice_not_found": "It is no draft any more; open the page again.",
    "fee_not_found": "This line is not on it any more; open the page again.",
    "unauthorized": "The API does not know the key in TALLYSTICK_API_KEY; make one with `tallystick api-key create`.",
    "internal_error": "The API could not do it; its log says why.",
}
"""Lago's codes in words; a code without any is shown as it is."""
NAMES = {"reason": "a reason", "given_by": "your name", "adjusted_by": "your name"}
"""Fields that can only be missing."""
PARTS = {"units": "Units", "unit_precise_amount": "Price of a unit", "credit_amount_cents": "Credit", "refund_amount_cents": "Refund", "offset_amount_cents": "Offset"}


CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 60.0
"""How long the API may take: it waits 8 seconds for the books, and its first command after an upgrade compiles the SQL."""


def offline() -> str | None:
    """What to do before anything can be decided here; None when the API's address and a key are given."""
    settings = Settings.load()
    if settings.api_url and settings.api_key:
        return None
    return "This console only reads. To decide here, start the API with `tallystick serve`, and the console with TALLYSTICK_API_URL and TALLYSTICK_API_KEY set."


def send(method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The API's answer to a request below `/api/v1`. Raises TallystickError with why there is none."""
    settings = Settings.load()
    try:
        answer = httpx.request(
            method,
            f"{settings.api_url.rstrip('/')}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {settings.api_key}", "User-Agent": "tallystick-console"},
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        )
        content: dict[str, Any] = dict(json.loads(answer.text, parse_float=Decimal))
    except (httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError) as error:
        raise TallystickError(
            "no_answer",
            "The API took the request and did not answer. What was decided may stand: open the page again before you repeat it.",
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL, TypeError, ValueError) as error:
        raise TallystickError(
            "no_api",
            f"The API does not answer at {settings.api_url}, so nothing was decided. Start it with `tallystick serve`, or correct TALLYSTICK_API_URL and TALLYSTICK_API_KEY.",
        ) from error
    if not answer.is_success:
        raise refusal(content)
    return content


def refusal(body: Mapping[str, Any]) -> TallystickError:
    """The error that the API tells of in this body (`api.errors`)."""
    if body.get("status") == 422:
        return ValidationError(body["error_details"], body.get("message", ""))
    code = body.get("code") or str(body.get("error", "internal_error")).lower()
    return TallystickError(code, body.get("message") or _sentence(code))


def button(place: Any, label: str, **options: Any) -> bool:
    """A button of `place` that leads to a decision. Without an API it is off, and says what to do."""
    why = offline()
    return bool(place.button(label, disabled=why is not None, help=why, **options))


def person() -> str:
    """Asks who is deciding; the answer stands in the next question of this session."""
    by = st.text_input("Your name", value=st.session_state.get("person", ""), placeholder="Kept with the decision")
    st.session_state["person"] = by.strip()
    return str(by.strip())


def perform(told: str, command: Callable[[], Any]) -> bool:
    """Run a command, tell what was done once the page is drawn again, or say why it was refused. Whether it was done."""
    try:
        with st.spinner("One moment"):
            command()
    except TallystickError as error:
        st.error(words(error))
        return False
    st.session_state["told"] = told
    return True


def tell_done() -> None:
    """Says what the last command did, once."""
    if told := st.session_state.pop("told", None):
        st.toast(told, icon=":material/check:")


def words(error: TallystickError) -> str:
    """Why a command was refused, as a person reads it."""
    if isinstance(error, ValidationError) and (missing := [NAMES[field] for field in error.details if field in NAMES]):
        return f"Needed: {', '.join(missing)}."
    if not isinstance(error, ValidationError) or error.advice:
        return error.message
    return " ".join(
        f"{PARTS[field]}: {_sentence(code)}" if field in PARTS else _sentence(code)
        for field, codes in error.details.items()
        for code in codes
    )


def cents(text: str, currency: str) -> int:
    """Minor units of an amount that a person wrote, such as `1,234.50`; nothing is 0. Raises ValidationError."""
    try:
        amount = Decimal(text.replace(",", "").strip() or "0")
        written = Money.rounded(amount, currency) if amount.is_finite() else None
    except InvalidOperation:
        written = None
    if written is None or written.amount != amount or amount < 0:
        advice = f"{text!r} is not an amount of {currency}; write it like {Money(123450, currency).amount}."
        raise ValidationError({"amount_cents": ["value_is_invalid"]}, advice)
    return written.cents


def _sentence(code: str) -> str:
    return SENTENCES.get(code, code)
