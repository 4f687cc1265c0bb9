"""What people do here: the commands of the API, by the same functions, and what they read as of now."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import streamlit as st

from core.clock import SystemClock
from core.errors import TallystickError, ValidationError
from core.money.amount import Money
from core.settings import Settings
from service.services import Services

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
}
"""Lago's codes in words; a code without any is shown as it is."""
NAMES = {"reason": "a reason", "given_by": "your name", "adjusted_by": "your name"}
"""Fields that can only be missing."""
PARTS = {"units": "Units", "unit_precise_amount": "Price of a unit", "credit_amount_cents": "Credit", "refund_amount_cents": "Refund", "offset_amount_cents": "Offset"}


@st.cache_resource  # type: ignore[misc]
def services() -> Services:
    """The services of this process; settings come from the environment."""
    return Services(Settings.load(), SystemClock())


def ask(question: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What `question` (a function of `core.warehouse.marts` or like it) answers now: over the books as they are, not as last published."""
    with services().billing.ledger.cursor() as cursor:
        return question(cursor, *arguments, **options)


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
