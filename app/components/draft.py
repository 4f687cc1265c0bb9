"""A draft: why it is still one, and what may be decided about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import streamlit as st

from app import data, desk, now
from app.components import credit_notes
from app.components.frame import Dialog
from core.catalog import adjusted_fees, invoice_commands
from core.catalog.invoice_commands import InvoiceCommand
from core.documents import wording
from core.warehouse import marts
from core.warehouse.marts import InvoiceFilter

TOLD = {"hold": "held it", "release": "released it", "finalize": "approved it"}
Row = Mapping[str, Any]


def instant(at: datetime) -> str:
    """An instant as a person reads it."""
    return f"{wording.day(at.date())}, {at:%H:%M} UTC"


def state(invoice: Row, standing: InvoiceCommand | None) -> str:
    """Why the draft is not issued yet, and when it will be."""
    if standing is None:
        return (
            "**Draft.** Usage of its period that still comes in is counted, until its grace period ends on "
            f"{instant(invoice['issued_at'])}; it is issued then."
        )
    return (
        f"**On hold** since {instant(standing.created_at)}, by {standing.given_by}: {standing.reason}  \n"
        "It stays a draft until it is released or approved, also beyond its grace period."
    )


def known(invoice: Row) -> str:
    """What the amounts of the draft rest on."""
    pair = data.published()
    issued = InvoiceFilter(customer=invoice["customer_id"], statuses=("finalized", "voided"))
    _, before = data.ask(marts.list_invoices, issued, per_page=1)
    _, count = now.ask(marts.list_invoices, issued, per_page=1)
    rests = f"Computed now, over the usage that the last run loaded ({instant(pair.as_of)})."
    return rests if count == before else f"{rests} An invoice of this customer was issued since, which may rest on later usage; the next run settles the draft after it."


def section(invoice: Row) -> Dialog | None:
    """The draft's state, what was decided so far, and the decisions that are open; returns the dialog that was asked for."""
    with now.look() as connection:
        given = invoice_commands.of(connection, invoice["invoice_id"])
        standing = invoice_commands.on_hold(connection, invoice["invoice_id"])
    with st.container(border=True):
        told, *actions = st.columns([4, 1.3, 1.1, 1.4], vertical_alignment="center")
        told.markdown(state(invoice, standing))
        told.caption(known(invoice))
        for command in given[:-1] if standing else given:
            by = f" {command.given_by}" if command.given_by else " Somebody"
            reason = f": {command.reason}" if command.reason else ""
            told.caption(f"{instant(command.created_at)}:{by} {TOLD[command.command]}{reason}")
        if desk.button(actions[0], "Correct a line", icon=":material/edit:", width="stretch"):
            return partial(correct, invoice)
        if desk.button(actions[2], "Approve now", icon=":material/check:", type="primary", width="stretch"):
            return partial(approve, invoice, standing)
        if standing is None:
            return partial(hold, invoice) if desk.button(actions[1], "Hold", icon=":material/pause:", width="stretch") else None
        if desk.button(actions[1], "Release", icon=":material/play_arrow:", width="stretch"):
            return partial(release, invoice, standing)
    return None


@st.dialog("Hold the draft")  # type: ignore[misc]
def hold(invoice: Row) -> None:
    """Asks why, then keeps the draft from being issued."""
    st.write("It stays a draft, and goes on counting usage of its period, until it is released or approved.")
    reason = st.text_input("Reason", placeholder="What has to be cleared up first")
    _decide("Hold it", "The draft is on hold", lambda by: desk.send("PUT", f"/invoices/{invoice['invoice_id']}/hold", {"reason": reason, "given_by": by}))


@st.dialog("Release the draft")  # type: ignore[misc]
def release(invoice: Row, standing: InvoiceCommand) -> None:
    """Says what comes of it, then ends the hold."""
    st.write(f"It is on hold because of: {standing.reason}")
    st.write("If its grace period has ended, it is issued now, with the usage known now; if not, when it ends.")
    _decide("Release it", "The hold has ended", lambda by: desk.send("PUT", f"/invoices/{invoice['invoice_id']}/release", {"given_by": by}))


@st.dialog("Approve the draft")  # type: ignore[misc]
def approve(invoice: Row, standing: InvoiceCommand | None) -> None:
    """Says what comes of it, then issues the draft."""
    st.write("It is issued now, with all usage that is known now, so its total may be more than is shown here. It gets its number, uses coupons and prepaid credits, and cannot change any more.")
    if standing is not None:
        st.write(f"It is on hold because of: {standing.reason}")
    _decide("Issue the invoice", "The invoice is issued", lambda by: desk.send("PUT", f"/invoices/{invoice['invoice_id']}/finalize", {"given_by": by}))


def _decide(label: str, done: str, command: Callable[[str], Any]) -> None:
    """Asks who decides, and does it at the button."""
    by = desk.person()
    if st.button(label, type="primary") and desk.perform(done, lambda: command(by)):
        st.rerun()


@st.dialog("Correct a line", width="large")  # type: ignore[misc]
def correct(invoice: Row) -> None:
    """Asks which line is what instead and why, and keeps it; shows what was said of lines before, and takes it back."""
    path = f"/invoices/{invoice['invoice_id']}/adjusted_fees"
    with now.look() as connection:
        said = adjusted_fees.of(connection, invoice["invoice_id"])
    fees = {fee["fee_id"]: fee for fee in invoice["fees"] if adjusted_fees.can_be_adjusted(fee)}
    names = {key: f"{credit_notes.name_of(fee)}, {marts.money(fee['amount_cents'], fee['currency'])}" for key, fee in fees.items()}
    fee_id = st.selectbox("Line", list(fees), format_func=names.__getitem__)
    if fee_id is None:
        st.caption("No line of this draft can be corrected: each follows from others.")
        return
    fee = fees[fee_id]
    if (standing := said.get(fee_id)) is not None:
        st.info(f"Corrected by {standing.adjusted_by}: {standing.reason}")
        if st.button("Take the correction back") and desk.perform(
            "The line is computed again", lambda: desk.send("DELETE", f"{path}/{fee_id}")
        ):
            st.rerun()
    units, price, name = st.columns(3)
    given = {
        "units": units.text_input("Units", placeholder=wording.quantity(fee["units"]), key=f"units_{fee_id}"),
        "unit_precise_amount": price.text_input(
            f"Price of a unit ({fee['currency']})", placeholder=wording.price(fee["unit_amount"], fee["currency"]), key=f"price_{fee_id}"
        ),
        "invoice_display_name": name.text_input("Name", placeholder=fee["item_name"] or fee["item_code"], key=f"name_{fee_id}"),
    }
    st.caption("What is left empty stays as it is computed." + ("" if adjusted_fees.has_one_price(fee) else " Its units have several prices, so other units need a price."))
    reason = st.text_input("Reason", placeholder="Kept with the line, and shown where it is explained")
    values: dict[str, Any] = {field: text.strip() or None for field, text in given.items()}
    _decide(
        "Correct the line",
        "The line is corrected",
        lambda by: desk.send("POST", path, {"adjusted_fee": {"fee_id": fee_id, "reason": reason, "adjusted_by": by, **values}}),
    )
