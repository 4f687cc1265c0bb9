"""Usage per day: events, and quantities where a metric sums them."""

from __future__ import annotations

from decimal import Decimal

import streamlit as st

from app import data
from app.components import charts, frame, tables
from core.documents import wording
from core.warehouse import marts

frame.page("Usage", "Accepted events by UTC day of use.")
customers = {
    row["external_id"]: f"{row['name'] or row['external_id']} ({row['external_id']})"
    for row in data.ask(marts.list_customers)
}
left, _ = st.columns([1, 2])
customer = left.selectbox(
    "Customer", list(customers), index=None, format_func=customers.__getitem__, placeholder="Everyone"
)
subscriptions = (
    [row["external_subscription_id"] for row in data.ask(marts.list_subscriptions, customer)] if customer else None
)
rows = data.ask(marts.usage_daily, external_subscription_ids=subscriptions)
if not rows:
    frame.nothing("No usage has been received.")
    st.stop()
codes = sorted({row["code"] for row in rows})
events = {code: sum(row["events_count"] for row in rows if row["code"] == code) for code in codes}
cards = st.columns(3)
cards[0].metric("Events", f"{sum(events.values()):,}", border=True)
cards[1].metric("Days with usage", f"{len({row['usage_on'] for row in rows}):,}", border=True)
cards[2].metric("Event codes", f"{len(codes):,}", border=True)
st.markdown("**Events per day**")
charts.bars(rows, day="usage_on", value="events_count", series="code", title="Events", labels=codes)
summed = [code for code in codes if any(row["units"] is not None for row in rows if row["code"] == code)]
if summed:
    st.markdown("**Quantity per day**")
    code = st.segmented_control("Code", summed, default=summed[0], required=True, label_visibility="collapsed")
    charts.bars(
        [row for row in rows if row["code"] == code],
        day="usage_on",
        value="units",
        series="code",
        title="Units",
        labels=[code],
    )
totals = [
    {
        "code": code,
        "events": f"{events[code]:,}",
        "units": wording.quantity(sum((row["units"] or Decimal() for row in rows if row["code"] == code), Decimal()))
        if code in summed
        else "not summed",
    }
    for code in codes
]
tables.show(
    totals,
    {"code": tables.text("Event code"), "events": tables.right("Events"), "units": tables.right("Units")},
    key="usage_table",
)
if len(summed) < len(codes):
    st.caption("Not summed: codes without a metric whose units add up, such as a count of users or a latest value.")
