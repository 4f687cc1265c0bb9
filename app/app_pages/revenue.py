"""Revenue, one currency at a time: what was billed, earned, recurs and is owed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app import data
from app.components import charts, frame, tables
from core.money.amount import Money
from core.warehouse import finance, marts

Rows = Sequence[Mapping[str, Any]]
BILLED = {
    "revenue": "Revenue",
    "credits_sold": "Credits sold",
    "coupons": "Coupons",
    "taxes": "Taxes",
    "prepaid_credit": "Paid with credits",
    "total": "To be paid",
}
EARNED = {
    "opening_deferred": "Deferred before",
    "billed": "Billed",
    "recognized": "Earned",
    "closing_deferred": "Deferred after",
    "closing_unbilled": "Served, not billed",
}
MOVEMENTS = {
    "new": "New",
    "reactivation": "Back",
    "expansion": "Expansion",
    "contraction": "Contraction",
    "churn": "Churn",
}
AGES = {
    "not_due": "Not due yet",
    "1_to_30": "1 to 30 days overdue",
    "31_to_60": "31 to 60 days overdue",
    "61_to_90": "61 to 90 days overdue",
    "over_90": "More than 90 days overdue",
}


def main() -> None:
    frame.page("Revenue", "What was billed by month of issue, earned by days of service, recurs by month, and is owed.")
    rows = data.ask(marts.revenue_by_month)
    if not rows:
        frame.nothing("No invoice has been issued yet.")
        st.stop()
    currencies = sorted({row["currency"] for row in rows})
    currency = st.segmented_control(
        "Currency", currencies, default=currencies[0], required=True, label_visibility="collapsed"
    )
    billed, earned, recurring, owed = st.tabs(["Billed", "Earned", "Recurring", "Owed"])
    with billed:
        show_billed([row for row in rows if row["currency"] == currency], currency)
    with earned:
        show_earned([row for row in data.ask(finance.deferred_revenue) if row["currency"] == currency], currency)
    with recurring:
        months = [row for row in data.ask(finance.mrr) if row["currency"] == currency]
        moved = [row for row in data.ask(finance.mrr_movements) if row["currency"] == currency]
        show_recurring(months, moved, currency)
    with owed:
        show_owed([row for row in data.ask(finance.receivables_by_age) if row["currency"] == currency], currency)


def show_billed(months: Rows, currency: str) -> None:
    """Months of issue; revenue is fees less coupons, without taxes."""
    whole = {"currency": currency} | {name: sum(row[f"{name}_amount_cents"] for row in months) for name in BILLED}
    cards = st.columns(4)
    cards[0].metric("Revenue", tables.money(whole, "revenue"), border=True)
    cards[1].metric("Taxes", tables.money(whole, "taxes"), border=True)
    cards[2].metric("Coupons given", tables.money(whole, "coupons"), border=True)
    cards[3].metric("Invoices", f"{sum(row['invoices_count'] for row in months):,}", border=True)
    _bars(months, "revenue_amount_cents", "Revenue", currency)
    count = {"invoices_count": st.column_config.NumberColumn("Invoices", format="localized")}
    _months_table(months, BILLED, key="revenue_table", more=count)


def show_earned(months: Rows, currency: str) -> None:
    """The roll-forward of deferred revenue; months after the run are what is still to be earned."""
    if not months:
        frame.nothing("Nothing that sells service has been issued in this currency.")
        return
    _bars(months, "recognized_amount_cents", "Earned", currency)
    _months_table(months, EARNED, key="earned_table")
    st.caption(
        "Deferred is billed for service that is still to come; what was served and not billed is known once it is issued."
    )


def show_recurring(months: Rows, moved: Rows, currency: str) -> None:
    """What plans recur with at the end of each month, and what changed it."""
    if not months:
        frame.nothing("No subscription recurs in this currency.")
        return
    _bars(months, "amount_cents", "Monthly recurring revenue", currency)
    by_month: dict[Any, dict[str, Any]] = {
        row["month_on"]: {"month_on": row["month_on"], "currency": currency, "mrr_amount_cents": row["amount_cents"]}
        | {f"{kind}_amount_cents": 0 for kind in MOVEMENTS}
        for row in months
    }
    for row in moved:
        by_month[row["month_on"]][f"{row['movement_type']}_amount_cents"] = row["change_mrr_amount_cents"]
    _months_table(list(by_month.values()), MOVEMENTS | {"mrr": "At the end"}, key="recurring_table")


def show_owed(ages: Rows, currency: str) -> None:
    """What is left to pay, by how long it is overdue."""
    if not ages:
        frame.nothing("Everything is paid in this currency.")
        return
    left = sum(row["total_due_amount_cents"] for row in ages)
    overdue = sum(row["total_due_amount_cents"] for row in ages if row["aging_bucket"] != "not_due")
    cards = st.columns(4)
    cards[0].metric("Left to pay", marts.money(left, currency), border=True)
    cards[1].metric("Overdue", marts.money(overdue, currency), border=True)
    shown = [
        {
            "age": AGES[row["aging_bucket"]],
            "documents_count": row["documents_count"],
            "due": tables.money(row, "total_due_amount_cents"),
        }
        for row in ages
    ]
    columns = {
        "age": tables.text("Age"),
        "documents_count": st.column_config.NumberColumn("Invoices", format="localized"),
        "due": tables.right("Left to pay"),
    }
    tables.show(shown, columns, key="owed_table")


def _bars(months: Rows, amount: str, title: str, currency: str) -> None:
    points = [{"month": row["month_on"], "amount": Money(row[amount], currency).amount, "of": title} for row in months]
    charts.bars(
        points,
        day="month",
        value="amount",
        series="of",
        title=f"{title} ({currency})",
        labels=[title],
        unit="yearmonth",
    )


def _months_table(months: Rows, amounts: Mapping[str, str], *, key: str, more: Mapping[str, Any] | None = None) -> None:
    """A row per month, newest first: `more` columns as they are, and the `amounts` (column `NAME_amount_cents`)."""
    shown = [
        {**row, "month": f"{row['month_on']:%B %Y}"}
        | {name: tables.money(row, f"{name}_amount_cents") for name in amounts}
        for row in reversed(months)
    ]
    columns = {
        "month": tables.text("Month"),
        **(more or {}),
        **{name: tables.right(label) for name, label in amounts.items()},
    }
    tables.show(shown, columns, key=key)


main()
