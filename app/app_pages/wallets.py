"""Wallets: balances, and for one of them the balance over time."""

from __future__ import annotations

import streamlit as st

from app import data
from app.components import charts, frame, tables
from core.documents import wording
from core.money.amount import Money
from core.warehouse import marts

MOVEMENTS = {"inflow": "came in", "use": "paid an invoice", "void": "taken out"}

frame.page("Wallets", "Prepaid credits: what is left, and how it came to that.")
wallets = data.ask(marts.wallet_balances)
if not wallets:
    frame.nothing("There is no wallet yet.")
    st.stop()
by_id = {row["wallet_id"]: row for row in wallets}
label = {
    key: f"{row['customer_name'] or row['customer_external_id']} · {row['name'] or row['code']} · {tables.money(row, 'balance_cents')}"
    for key, row in by_id.items()
}
busiest = max(
    wallets, key=lambda row: (row["used_amount_cents"] > 0, row["balance_cents"] > 0, row["used_amount_cents"])
)
left, _ = st.columns([1, 1])
wallet_id = left.selectbox(
    "Wallet", list(by_id), index=list(by_id).index(busiest["wallet_id"]), format_func=label.__getitem__
)
wallet = by_id[wallet_id]
cards = st.columns(4)
cards[0].metric("Balance", tables.money(wallet, "balance_cents"), border=True)
cards[1].metric(
    "In credits",
    wording.quantity(wallet["balance_credits"]),
    border=True,
    help=f"One credit is {wording.price(wallet['rate_amount'], wallet['currency'])} {wallet['currency']}.",
)
cards[2].metric("Came in", tables.money(wallet, "inflow_amount_cents"), border=True)
cards[3].metric("Paid invoices", tables.money(wallet, "used_amount_cents"), border=True)
movements = data.ask(marts.wallet_movements, wallet_id)
if not movements:
    frame.nothing("Nothing has come into this wallet yet.")
    st.stop()
pair = data.published()
points = [{"at": row["moved_at"], "balance": Money(row["balance_cents"], row["currency"]).amount} for row in movements]
if pair is not None and pair.as_of > movements[-1]["moved_at"]:
    points.append({"at": pair.as_of, "balance": points[-1]["balance"]})
charts.balance(points, at="at", value="balance", title=f"Balance ({wallet['currency']})")
shown = [
    row
    | {
        "what": MOVEMENTS[row["movement_type"]],
        "amount": tables.money(row, "amount_cents"),
        "balance": tables.money(row, "balance_cents"),
    }
    for row in reversed(movements)
]
columns = {
    "moved_at": tables.instant("When"),
    "what": tables.text("What"),
    "credit_class": tables.text("Credits"),
    "amount": tables.right("Amount"),
    "balance": tables.right("Balance after"),
}
tables.show(shown, columns, key="movements_table")
