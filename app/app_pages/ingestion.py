"""Ingestion health: what arrived, what was refused, and whether everything adds up."""

from __future__ import annotations

import streamlit as st

from app import data
from app.components import charts, frame, tables
from core.warehouse import marts

KINDS = {"accepted_count": "Accepted", "duplicate_count": "Duplicates", "rejected_count": "Rejected"}
COLORS = ("#1f5f5b", "#d9a441", "#b3412f")
STATES = {
    "billed": "Billed, in an issued invoice",
    "settled_late": "Known after its invoice was issued, settled by a later one",
    "late": "Known after its invoice was issued, for the next one",
    "ignored_late": "Known after its invoice was issued, and its charge ignores late usage",
    "due": "Due, to be issued by the next run",
    "draft": "In a draft",
    "open": "In a period that is still open",
    "without_effect": "No charge for its code on the plan",
    "unmatched": "No subscription at its time",
    "set_aside": "Set aside, so that a bill can go out",
}

frame.page(
    "Ingestion",
    "Everything received is accounted for: accepted, duplicate or rejected, and each accepted event in one state.",
)
days = data.ask(marts.ingestion_daily)
if not days:
    frame.nothing("Nothing has been received yet.")
    st.stop()
checks = data.ask(marts.reconciliation)
broken = [row for row in checks if not row["is_held"]]
cards = st.columns(4)
for card, (name, label) in zip(cards, KINDS.items(), strict=False):
    card.metric(label, f"{sum(row[name] for row in days):,}", border=True)
cards[3].metric("Checks that hold", f"{len(checks) - len(broken)} of {len(checks)}", border=True)
points = [
    {"day": row["received_on"], "count": row[name], "kind": label}
    for row in days
    for name, label in KINDS.items()
    if row[name]
]
st.markdown("**Rows received per day**")
charts.bars(points, day="day", value="count", series="kind", title="Rows", labels=list(KINDS.values()), colors=COLORS)
left, right = st.columns([3, 2], gap="medium")
with left:
    st.markdown("**Does it add up?**")
    shown = [
        row
        | {
            "left": f"{row['left_value']:,}",
            "right": f"{row['right_value']:,}",
            "state": tables.badge("holds" if row["is_held"] else "broken"),
        }
        for row in checks
    ]
    columns = {
        "check_name": tables.text("Check"),
        "left": tables.right("Left"),
        "right": tables.right("Right"),
        "state": tables.status("Result"),
    }
    tables.show(shown, columns, key="checks_table", height="content")
    st.caption("Amounts are in minor units, over all currencies. A run that breaks a check is not published.")
with right:
    st.markdown("**Where the accepted events are**")
    states = [
        {"state": STATES[row["event_state"]], "events": f"{row['events_count']:,}"}
        for row in data.ask(marts.event_states)
    ]
    tables.show(states, {"state": tables.text("State"), "events": tables.right("Events")}, key="states_table")
st.markdown("**Rejected rows**")
refused, total = data.ask(marts.rejections)
if refused:
    tables.show(
        refused,
        {
            "received_at": tables.instant("Received"),
            "source": tables.text("Source"),
            "source_row": st.column_config.NumberColumn("Row"),
            "reason": tables.text("Reason"),
            "message": tables.text("What was wrong", "large"),
        },
        key="rejections_table",
    )
    st.caption(f"{total:,} rows in all.")
else:
    frame.nothing("Nothing was rejected.")
