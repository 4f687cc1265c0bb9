"""Invoices: find one, and see what the found ones come to."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import data, now, state
from app.components import frame, tables
from core.warehouse import marts
from core.warehouse.marts import InvoiceFilter

PER_PAGE = 25
STATUSES = {"issued": "finalized", "draft": "draft", "void": "voided", "closed": "closed"}
PAYMENTS = {"paid": "succeeded", "unpaid": "pending"}


def wanted() -> InvoiceFilter:
    """The filters above the table."""
    customers = {
        row["external_id"]: f"{row['name'] or row['external_id']} ({row['external_id']})"
        for row in data.ask(marts.list_customers)
    }
    currencies = [row["currency"] for row in now.ask(marts.invoice_totals)]
    columns = st.columns([3, 1.3, 1.3, 1.3, 2])
    customer = columns[0].selectbox(
        "Customer", list(customers), index=None, format_func=customers.__getitem__, placeholder="Everyone"
    )
    status = columns[1].selectbox("Status", list(STATUSES), index=None, placeholder="Any")
    payment = columns[2].selectbox("Payment", list(PAYMENTS), index=None, placeholder="Any")
    currency = columns[3].selectbox("Currency", currencies, index=None, placeholder="Any")
    dates: Any = columns[4].date_input("Issued between", value=(), format="YYYY-MM-DD")
    return InvoiceFilter(
        customer=customer,
        status=STATUSES.get(status) if status else None,
        payment_status=PAYMENTS.get(payment) if payment else None,
        currency=currency,
        issuing_date_from=dates[0] if dates else None,
        issuing_date_to=dates[1] if len(dates) > 1 else None,
    )


def totals(chosen: InvoiceFilter) -> None:
    """One card per currency: what was invoiced, what of it is still to be paid, and what drafts hold."""
    rows = now.ask(marts.invoice_totals, chosen)
    for column, row in zip(st.columns(max(len(rows), 3)), rows, strict=False):
        with column.container(border=True):
            st.metric(f"Invoiced in {row['currency']}", tables.money(row, "total_amount_cents"))
            drafts = f" · {row['drafts_count']:,} in draft: {tables.money(row, 'drafts_amount_cents')}"
            st.caption(
                f"{row['invoices_count']:,} issued · {tables.money(row, 'total_due_amount_cents')} still to be paid{drafts if row['drafts_count'] else ''}"
            )


def table(chosen: InvoiceFilter) -> None:
    """The invoices, newest first; a click opens one."""
    number = st.session_state.get("invoices_page", 1)
    rows, total = now.ask(marts.list_invoices, chosen, page=number, per_page=PER_PAGE)
    if not rows and number > 1:
        # The filter has become narrower than the page that was open.
        del st.session_state["invoices_page"]
        st.rerun()
    if not rows:
        frame.nothing("No invoice matches these filters.")
        return
    shown = [
        row
        | {
            "name": row["customer_name"] or row["customer_external_id"],
            "label": row["number"] or "draft",
            "state": tables.badge(row["status"]),
        }
        | {"paid": tables.badge(row["payment_status"]) if row["status"] in ("finalized", "voided") else []}
        | {name: tables.money(row, f"{name}_amount_cents") for name in ("fees", "coupons", "taxes", "prepaid_credit", "total")}
        for row in rows
    ]
    columns = {
        "label": tables.text("Number"),
        "name": tables.text("Customer"),
        "issuing_date": tables.day("Issued"),
        "payment_due_date": tables.day("Due"),
        "state": tables.status("Status"),
        "paid": tables.status("Payment"),
        "total": tables.right("Total"),
        "fees": tables.right("Fees"),
        "coupons": tables.right("Coupons"),
        "taxes": tables.right("Taxes"),
        "prepaid_credit": tables.right("Credits"),
    }
    picked = tables.show(shown, columns, key=f"invoices_table_{number}", pick=True, height="content")
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.caption(f"{total:,} invoices. Click the box at the left of one to open it.")
    pages = -(-total // PER_PAGE)
    if pages > 1:
        right.number_input(f"Page (of {pages})", 1, pages, key="invoices_page")
    if picked:
        state.open_invoice(picked["invoice_id"])


frame.page("Invoices", "Issued invoices and drafts of the last published run.")
chosen_filter = wanted()
totals(chosen_filter)
table(chosen_filter)
