"""Revenue by month, one currency at a time."""

from __future__ import annotations

import streamlit as st

from app import data
from app.components import charts, frame, tables
from core.money.amount import Money
from core.warehouse import marts

AMOUNTS = {
    "revenue": "Revenue",
    "credits_sold": "Credits sold",
    "coupons": "Coupons",
    "taxes": "Taxes",
    "prepaid_credit": "Paid with credits",
    "total": "To be paid",
}

frame.page(
    "Revenue",
    "What finalized invoices billed, by month of their issuing date. Revenue is fees less coupons, without taxes.",
)
rows = data.ask(marts.revenue_by_month)
if not rows:
    frame.nothing("No invoice has been issued yet.")
    st.stop()
currencies = sorted({row["currency"] for row in rows})
currency = st.segmented_control(
    "Currency", currencies, default=currencies[0], required=True, label_visibility="collapsed"
)
months = [row for row in rows if row["currency"] == currency]
whole = {"currency": currency} | {name: sum(row[f"{name}_amount_cents"] for row in months) for name in AMOUNTS}
cards = st.columns(4)
cards[0].metric("Revenue", tables.money(whole, "revenue"), border=True)
cards[1].metric("Taxes", tables.money(whole, "taxes"), border=True)
cards[2].metric("Coupons given", tables.money(whole, "coupons"), border=True)
cards[3].metric("Invoices", f"{sum(row['invoices_count'] for row in months):,}", border=True)
points = [
    {"month": row["month_on"], "amount": Money(row["revenue_amount_cents"], currency).amount, "of": "Revenue"}
    for row in months
]
charts.bars(
    points,
    day="month",
    value="amount",
    series="of",
    title=f"Revenue ({currency})",
    labels=["Revenue"],
    unit="yearmonth",
)
shown = [
    row | {"month": f"{row['month_on']:%B %Y}"} | {name: tables.money(row, f"{name}_amount_cents") for name in AMOUNTS}
    for row in reversed(months)
]
columns = {
    "month": tables.text("Month"),
    "invoices_count": st.column_config.NumberColumn("Invoices", format="localized"),
    **{name: tables.right(label) for name, label in AMOUNTS.items()},
}
tables.show(shown, columns, key="revenue_table")
