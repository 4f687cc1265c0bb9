"""Plans: what is sold, and how many hold it."""

from __future__ import annotations

import streamlit as st

from app import data
from app.components import frame, tables
from core.warehouse import marts

frame.page("Plans", "What is sold, as known at the last published run.")
rows = data.ask(marts.list_plans)
if not rows:
    frame.nothing("There is no plan yet.")
    st.stop()
cards = st.columns(3)
cards[0].metric("Plans", f"{len(rows):,}", border=True)
cards[1].metric("Active subscriptions", f"{sum(row['active_subscriptions_count'] for row in rows):,}", border=True)
cards[2].metric("Charges", f"{sum(row['charges_count'] for row in rows):,}", border=True)
shown = [
    row
    | {
        "fee": marts.money(row["amount_cents"], row["amount_currency"]),
        "paid": "in advance" if row["pay_in_advance"] else "in arrears",
    }
    for row in rows
]
columns = {
    "name": tables.text("Plan", "medium"),
    "code": tables.text("Code"),
    "interval": tables.text("Billed"),
    "paid": tables.text("Fee is paid"),
    "fee": tables.right("Fee"),
    "charges_count": st.column_config.NumberColumn("Charges"),
    "active_subscriptions_count": st.column_config.NumberColumn("Active subscriptions"),
}
tables.show(shown, columns, key="plans_table")
