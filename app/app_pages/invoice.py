"""One invoice: its lines, the tiers behind a line, and the events behind the tiers."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from app import data, desk, now, state
from app.components import credit_notes, draft, frame, tables
from app.components.frame import Dialog
from core.catalog import adjusted_fees
from core.documents import invoice_pdf, wording
from core.errors import NotFound
from core.money.amount import Money
from core.warehouse import marts
from core.warehouse.line_events import line_events

EVENTS_SHOWN = 200


def find() -> dict[str, Any]:
    """The invoice asked for by number, the one opened from elsewhere, or the newest."""
    opened = state.opened_invoice()
    if opened is None:
        newest, _ = now.ask(marts.list_invoices, per_page=1)
        if not newest:
            frame.nothing("There is no invoice yet.")
            st.stop()
        opened = newest[0]["invoice_id"]
    left, _ = st.columns([1, 2])
    asked = left.text_input(
        "Invoice", placeholder="Number or id of another invoice", label_visibility="collapsed", key="asked_invoice"
    )
    try:
        invoice: dict[str, Any] = now.ask(marts.get_invoice, asked.strip() or opened)
    except NotFound:
        frame.nothing(f"There is no invoice {asked or opened}. Numbers look like DEF-1A2B-001-003.")
        st.stop()
    if invoice["status"] == "draft":
        with st.spinner("Computing the draft"):
            invoice = now.billing().draft(invoice)
    if not asked:
        state.remember_invoice(invoice["number"] or invoice["invoice_id"])
    return invoice


def void_since(invoice: dict[str, Any]) -> str:
    """From when an invoice is void, for the caption; empty while it holds."""
    return f" · void since {wording.day(invoice['voided_at'].date())}" if invoice.get("voided_at") else ""


def head(invoice: dict[str, Any], tiers: list[dict[str, Any]]) -> Dialog | None:
    """Who, when, how much, and the document; returns the dialog that was asked for."""
    with st.container(border=True):
        title, amount, action = st.columns([4, 2, 1.4], vertical_alignment="center")
        with title:
            st.subheader(invoice["number"] or "Draft", anchor=False)
            is_draft = invoice["status"] == "draft"
            is_void = invoice["status"] == "voided"
            badges = f":{'gray' if is_draft else 'red' if is_void else 'green'}-badge[{'draft' if is_draft else 'void' if is_void else 'issued'}]"
            if not is_draft:
                badges += (
                    " :green-badge[paid]" if invoice["payment_status"] == "succeeded" else " :orange-badge[unpaid]"
                )
            st.markdown(
                f"{badges} &nbsp; **{invoice['customer_name'] or invoice['customer_external_id']}** ({invoice['customer_external_id']})"
            )
            st.caption(
                f"{'Would be issued' if is_draft else 'Issued'} {wording.day(invoice['issuing_date'])} · due {wording.day(invoice['payment_due_date'])} · times in {invoice['timezone']}{void_since(invoice)}"
            )
        amount.metric(
            "Total", tables.money(invoice, "total_amount_cents"), help="After coupons, taxes and prepaid credits."
        )
        if not is_draft:
            action.download_button(
                "PDF",
                invoice_pdf(invoice, tiers, now.ask(marts.line_presentation_units, invoice["invoice_id"])),
                f"{invoice['number']}.pdf",
                "application/pdf",
                icon=":material/download:",
                width="stretch",
            )
        if invoice["status"] == "finalized" and desk.button(action, "Credit note", icon=":material/undo:", width="stretch"):
            return partial(credit_notes.give, invoice)
    return None


def lines(invoice: dict[str, Any]) -> dict[str, Any] | None:
    """The lines; returns the one that was clicked, or the largest that usage made."""
    shown = [
        fee
        | {
            "name": fee["item_name"] or fee["item_code"],
            "group": wording.group(fee["group_key"]),
            "period": wording.period(fee["from_at"], fee["to_at"], invoice["timezone"]),
            "quantity": wording.quantity(fee["units"]),
            "price": wording.price(fee["unit_amount"], fee["currency"]),
            "amount": tables.money(fee, "amount_cents"),
            "plain": f"{Money(fee['amount_cents'], fee['currency']).amount:,}",
        }
        for fee in invoice["fees"]
    ]
    columns = {
        "name": tables.text("Line"),
        "period": tables.text("Period"),
        "quantity": tables.right("Quantity"),
        "price": tables.right("Unit price"),
        "plain": tables.right(f"Amount ({invoice['currency']})"),
    }
    if any(row["group"] for row in shown):
        columns = {"name": columns.pop("name"), "group": tables.text("Group"), **columns}
    picked = tables.show(shown, columns, key=f"lines_{invoice['invoice_id']}", pick=True)
    charges = [fee for fee in shown if fee["charge_id"]]
    chosen = picked or (
        max(charges, key=lambda fee: (fee["events_count"] > 0, fee["amount_cents"])) if charges else None
    )
    return dict(chosen) if chosen else None


def sums(invoice: dict[str, Any]) -> None:
    """From the lines to the total."""
    rows = [("Sum of lines", invoice["fees_amount_cents"])]
    if invoice.get("progressive_billing_credit_amount_cents"):
        rows.append(("Billed earlier in the period", -invoice["progressive_billing_credit_amount_cents"]))
    rows += [
        (f"Coupon {use['coupon_name'] or use['coupon_code']}", -use["amount_cents"]) for use in invoice["coupon_uses"]
    ]
    rows += [
        (f"{tax['tax_name'] or tax['tax_code']} {wording.quantity(tax['tax_rate'])} %", tax["amount_cents"])
        for tax in invoice["taxes"]
    ]
    if not invoice["taxes"] and invoice["taxes_amount_cents"]:
        rows.append(("Taxes", invoice["taxes_amount_cents"]))
    rows += [(f"Credit note {use['number']}", -use["amount_cents"]) for use in invoice["credit_note_uses"]]
    rows += [(f"Prepaid credits, {use['credit_class']}", -use["amount_cents"]) for use in invoice["wallet_uses"]]
    rows.append(("Total", invoice["total_amount_cents"]))
    tables.sums(rows, invoice["currency"])


@st.cache_data(max_entries=300, show_spinner=False)  # type: ignore[misc]
def events_behind(version: str, is_draft: bool, fee_id: str) -> tuple[list[dict[str, Any]], int]:
    """The first events of a line and how many it has; another `version` of the warehouse may know more of a draft's."""
    found: tuple[list[dict[str, Any]], int] = now.ask(line_events, fee_id, limit=EVENTS_SHOWN)
    return found


def is_newer(fee: dict[str, Any]) -> bool:
    """Whether the line was issued after the last run, perhaps with events that no run has loaded."""
    try:
        return not fee["is_draft"] and data.ask(marts.get_fee, fee["fee_id"])["is_draft"]
    except NotFound:
        return True


def explanation(fee: dict[str, Any], tiers: list[dict[str, Any]]) -> None:
    """Why a line comes to its amount: tiers, then the exact events."""
    st.subheader(f"Why {fee['name']} is {fee['amount']}", anchor=False)
    with now.look() as connection:
        said = adjusted_fees.of(connection, fee["invoice_id"]).get(fee["fee_id"])
    if said is not None:
        st.info(f"Corrected by {said.adjusted_by}: {said.reason}", icon=":material/edit:")
    steps = wording.steps_of(tiers).get(fee["fee_id"], [])
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.markdown(
            f"**{fee['charge_model'].capitalize().replace('_', ' ')} price**, {fee['quantity']} {'unit' if fee['units'] == 1 else 'units'}"
        )
        if steps:
            shown = [
                {
                    "said": wording.step(row, fee["currency"]),
                    "amount": wording.price(row["amount"], fee["currency"]),
                }
                for row in steps
            ]
            tables.show(
                shown,
                {"said": tables.text("Step"), "amount": tables.right("Amount")},
                key=f"tiers_{fee['fee_id']}",
            )
        else:
            st.markdown(f"{fee['quantity']} × {fee['price']} {fee['currency']}")
        st.caption(
            f"Unrounded: {wording.price(fee['precise_amount'], fee['currency'])} {fee['currency']}. Rounded once, to {fee['amount']}."
        )
    with right:
        with st.spinner("Looking up the events"):
            events, total = events_behind(f"{data.published()}", fee["is_draft"], fee["fee_id"])
        st.markdown(
            f"**{total:,} {'event' if total == 1 else 'events'}** "
            + (f"(first {EVENTS_SHOWN} shown)" if total > EVENTS_SHOWN else "behind this quantity")
        )
        if is_newer(fee):
            st.caption("It was issued after the last run; events that came in since are listed after the next one.")
        if events:
            columns = {
                "timestamp": tables.instant("Time"),
                "transaction_id": tables.text("Event"),
                "field_text": tables.right("Value"),
                "properties": tables.text("Properties", "large"),
            }
            if fee["events_count"] and all(row["field_text"] is None for row in events):
                del columns["field_text"]
            tables.show(events, columns, key=f"events_{fee['fee_id']}", height=320 if len(events) > 8 else "auto")


frame.page("Invoice", "Every line can be followed to the tiers that priced it and to the events behind it.")
desk.tell_done()
if (offline := desk.offline()) is not None:
    st.caption(offline)
found = find()
found_tiers = now.ask(marts.line_tiers, found["invoice_id"])
asked = head(found, found_tiers)
if found["status"] == "draft":
    asked = draft.section(found)
table, summary = st.columns([5, 2], gap="medium")
with table:
    line = lines(found)
with summary:
    sums(found)
asked = credit_notes.listed(found) or asked
if line is not None:
    explanation(line, found_tiers)
# Last, because a dialog that is answered while the page below it is still drawn would wait for it.
if asked is not None:
    asked()
