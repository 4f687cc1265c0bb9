"""Customers: who they are, and for one of them subscriptions, wallets and invoices."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import data, state
from app.components import frame, tables
from core.warehouse import marts
from core.warehouse.marts import InvoiceFilter


def everyone(words: str) -> dict[str, Any] | None:
    """The customers whose name, id or mail holds the words; returns the one that was clicked."""
    rows = [
        row
        for row in data.ask(marts.list_customers)
        if words in f"{row['name']} {row['external_id']} {row['email']}".lower()
    ]
    if not rows:
        frame.nothing("No customer matches.")
        return None
    shown = [
        row
        | {
            "label": row["name"] or row["external_id"],
            "billed": marts.money(row["billed_amount_cents"], row["currency"]) if row["currency"] else "",
            "due": marts.money(row["due_amount_cents"], row["currency"]) if row["currency"] else "",
        }
        for row in rows
    ]
    columns = {
        "label": tables.text("Customer"),
        "external_id": tables.text("Id"),
        "email": tables.text("Mail"),
        "timezone": tables.text("Time zone"),
        "active_subscriptions_count": st.column_config.NumberColumn("Subscriptions", help="Active now."),
        "invoices_count": st.column_config.NumberColumn("Invoices"),
        "billed": tables.right("Billed"),
        "due": tables.right("To be paid"),
    }
    picked = tables.show(shown, columns, key="customers_table", pick=True, height=430 if len(shown) > 11 else "auto")
    st.caption(f"{len(rows):,} customer{'' if len(rows) == 1 else 's'}. Click the box at the left of one to see more.")
    return dict(picked) if picked else None


def details(customer: dict[str, Any]) -> None:
    """Subscriptions, wallets and the last invoices of one customer."""
    st.subheader(customer["label"], anchor=False)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Subscriptions**")
        subscriptions = [
            row | {"state": tables.badge(row["status"])}
            for row in data.ask(marts.list_subscriptions, customer["external_id"])
        ]
        tables.show(
            subscriptions,
            {
                "external_subscription_id": tables.text("Subscription"),
                "plan_name": tables.text("Plan"),
                "state": tables.status("Status"),
                "started_at": tables.instant("Started"),
            },
            key="customer_subscriptions",
        )
        st.markdown("**Wallets**")
        wallets = [
            row | {"state": tables.badge(row["status"]), "balance": tables.money(row, "balance_cents")}
            for row in data.ask(marts.wallet_balances, customer["external_id"])
        ]
        if wallets:
            tables.show(
                wallets,
                {"name": tables.text("Wallet"), "state": tables.status("Status"), "balance": tables.right("Balance")},
                key="customer_wallets",
            )
        else:
            frame.nothing("No wallet.")
    with right:
        st.markdown("**Last invoices**")
        rows, _ = data.ask(marts.list_invoices, InvoiceFilter(customer=customer["external_id"]), per_page=10)
        invoices = [
            row
            | {
                "label": row["number"] or "draft",
                "state": tables.badge(row["status"]),
                "total": tables.money(row, "total_amount_cents"),
            }
            for row in rows
        ]
        columns = {
            "label": tables.text("Number"),
            "issuing_date": tables.day("Issued"),
            "state": tables.status("Status"),
            "total": tables.right("Total"),
        }
        if not invoices:
            frame.nothing("No invoice yet.")
        elif picked := tables.show(invoices, columns, key="customer_invoices", pick=True):
            state.open_invoice(picked["invoice_id"])


frame.page("Customers", "Everyone who can be billed, as known at the last published run.")
search, _ = st.columns([1, 2])
chosen = everyone(
    search.text_input("Search", placeholder="Name, id or mail", label_visibility="collapsed").strip().lower()
)
if chosen:
    details(chosen)
