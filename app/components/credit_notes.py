"""The credit notes of an invoice: those given, what another one would be, and giving it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from app import desk, now
from app.components import tables
from app.components.frame import Dialog
from core.billing.credit_notes import credit_status
from core.documents import wording
from core.errors import TallystickError, ValidationError
from core.money.amount import Money
from core.warehouse import marts

REASONS = {
    "other": "Other",
    "duplicated_charge": "Charged twice",
    "product_unsatisfactory": "Product unsatisfactory",
    "order_change": "Order changed",
    "order_cancellation": "Order cancelled",
    "fraudulent_charge": "Fraudulent charge",
}
PARTS = {
    "offset_amount_cents": ("Offset", "Off what is due of this invoice.", "max_offsettable_amount_cents"),
    "credit_amount_cents": ("Credit", "Kept for the customer's next invoices.", "max_creditable_amount_cents"),
    "refund_amount_cents": ("Refund", "Paid back; you send the money, the note records it.", "max_refundable_amount_cents"),
}
WENT = {"credit": "credited", "refund": "refunded", "offset": "set against this invoice"}
COLORS = {"available": "green", "consumed": "gray", "voided": "red"}
Row = Mapping[str, Any]


def parts(note: Row) -> str:
    """Where a credit note's total went, in words."""
    return ", ".join(
        f"{marts.money(note[f'{name}_amount_cents'], note['currency'])} {word}"
        for name, word in WENT.items()
        if note[f"{name}_amount_cents"]
    )


def proposed(total: int, limits: Row, invoice_type: str) -> dict[str, int]:
    """How a note of `total` minor units would be split without further thought: off what is due first, then as credit.

    Credits that were bought are never credited, so what is not due of them is refunded.
    """
    offset = min(total, limits["max_offsettable_amount_cents"])
    rest = "refund_amount_cents" if invoice_type == "credit" else "credit_amount_cents"
    return dict.fromkeys(PARTS, 0) | {"offset_amount_cents": offset, rest: total - offset}


def listed(invoice: Row) -> Dialog | None:
    """The notes given on the invoice, with what each can still give; returns the dialog to take that back, if it was asked for."""
    asked: Dialog | None = None
    if not invoice["credit_notes"]:
        return None
    st.subheader("Credit notes", anchor=False)
    for note in invoice["credit_notes"]:
        with st.container(border=True):
            told, amount, left, action = st.columns([4, 1.6, 1.6, 1], vertical_alignment="center")
            status = credit_status(note)
            badge = f":{COLORS[status]}-badge[{status.replace('voided', 'void')}]" if status else ""
            told.markdown(f"**{note['number']}** {badge}")
            told.caption(f"{wording.day(note['issuing_date'])} · {REASONS.get(note['reason'], note['reason'])} · {parts(note)}")
            amount.metric("Total", marts.money(note["total_amount_cents"], note["currency"]))
            left.metric("Left to use", marts.money(note["balance_amount_cents"], note["currency"]))
            if note["balance_amount_cents"] and desk.button(action, "Void", key=f"void_{note['credit_note_id']}", width="stretch"):
                asked = partial(void, note)
    return asked


@st.dialog("Void a credit note")  # type: ignore[misc]
def void(note: Row) -> None:
    """Asks once more, then takes back what the note can still give."""
    left = marts.money(note["balance_amount_cents"], note["currency"])
    st.write(f"{note['number']} can still give {left} to later invoices. Voided, it gives nothing more. This cannot be undone.")
    if st.button("Void it", type="primary") and desk.perform(
        f"{note['number']} is void", lambda: desk.send("PUT", f"/credit_notes/{note['credit_note_id']}/void")
    ):
        st.rerun()


@st.dialog("Give a credit note", width="large")  # type: ignore[misc]
def give(invoice: Row) -> None:
    """Asks what is given back and why, shows what that comes to, and issues it."""
    items = _items(invoice)
    left, right = st.columns(2)
    reason = left.selectbox("Reason", list(REASONS), format_func=REASONS.__getitem__)
    description = right.text_input("Note", placeholder="What happened; printed nowhere, kept with the credit note")
    if not items:
        st.caption("Pick the lines that are given back, in full or in part.")
        return
    try:
        with st.spinner("Working out what that comes to"):
            asked_for = {"credit_note": {"invoice_id": invoice["invoice_id"], "items": items}}
            estimated = desk.send("POST", "/credit_notes/estimate", asked_for)["estimated_credit_note"]
        total = _sums(invoice, items, estimated)
        asked = _split(invoice, total, estimated)
    except TallystickError as error:
        st.error(desk.words(error))
        return
    shown = marts.money(total, invoice["currency"])
    note = {"invoice_id": invoice["invoice_id"], "items": items, "reason": reason, "description": description.strip() or None} | asked
    if st.button(f"Issue a credit note of {shown}", type="primary") and desk.perform(
        f"A credit note of {shown} is issued",
        lambda: desk.send("POST", "/credit_notes", {"credit_note": note}),
    ):
        st.rerun()


def _items(invoice: Row) -> list[dict[str, Any]]:
    """The lines that are picked, each with what of it is given back."""
    currency = invoice["currency"]
    given = now.ask(marts.credited_cents, invoice["invoice_id"])
    left = {fee["fee_id"]: fee["amount_cents"] - given.get(fee["fee_id"], 0) for fee in invoice["fees"]}
    fees = {fee["fee_id"]: fee for fee in invoice["fees"] if left[fee["fee_id"]] > 0}
    names = {key: f"{name_of(fee)}, {marts.money(left[key], currency)}" for key, fee in fees.items()}
    picked = st.multiselect("Lines", list(fees), format_func=names.__getitem__, placeholder="Choose lines")
    items = []
    for number, fee_id in enumerate(picked):
        if number % 2 == 0:
            columns = st.columns(2)
        text = columns[number % 2].text_input(
            f"Give back of {name_of(fees[fee_id])} ({currency})",
            value=f"{Money(left[fee_id], currency).amount}",
            key=f"item_{fee_id}",
            help="Before coupons and tax; those follow.",
        )
        try:
            items.append({"fee_id": fee_id, "amount_cents": desk.cents(text, currency)})
        except ValidationError as error:
            columns[number % 2].error(desk.words(error))
            return []
    return items


def name_of(fee: Row) -> str:
    """A line as a person knows it: its name and the group of its usage."""
    group = wording.group(fee["group_key"])
    return f"{fee['item_name'] or fee['item_code']}{f' ({group})' if group else ''}"


def _sums(invoice: Row, items: list[dict[str, Any]], estimated: Row) -> int:
    """Shows how the lines become the total; returns it."""
    total = int(estimated["sub_total_excluding_taxes_amount_cents"] + estimated["taxes_amount_cents"])
    rows = [("Lines", sum(item["amount_cents"] for item in items))]
    if estimated["coupons_adjustment_amount_cents"]:
        rows.append(("Coupons that had reduced them", -estimated["coupons_adjustment_amount_cents"]))
    rows += [
        (f"{tax['tax_name'] or tax['tax_code']} {wording.quantity(tax['tax_rate'])} %", tax["amount_cents"])
        for tax in estimated["applied_taxes"]
    ]
    tables.sums([*rows, ("Credit note", total)], invoice["currency"])
    return total


def _split(invoice: Row, total: int, estimated: Row) -> dict[str, int]:
    """Asks how the total is given back. Raises ValidationError for what is no amount."""
    currency, asked = invoice["currency"], {}
    first = proposed(total, estimated, invoice["invoice_type"])
    for column, (part, (label, meaning, limit)) in zip(st.columns(3), PARTS.items(), strict=True):
        most = min(total, estimated[limit])
        text = column.text_input(f"{label} ({currency})", value=f"{Money(first[part], currency).amount}", key=f"{part}_{total}", disabled=most <= 0)
        column.caption(f"{meaning} At most {Money(max(most, 0), currency).amount:,}.")
        asked[part] = desk.cents(text, currency)
    return asked
