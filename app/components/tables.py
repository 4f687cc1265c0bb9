"""Tables: money right-aligned at its own decimals, dates without clutter, statuses as badges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from core.money.amount import Money
from core.warehouse import marts

GOOD, WAITING, OVER, BAD = "#cfe3de", "#f5e3bd", "#e5e9eb", "#f3cfc8"
STATUS_COLORS = {
    "draft": OVER, "finalized": GOOD, "closed": OVER, "voided": BAD, "succeeded": GOOD, "pending": WAITING,
    "active": GOOD, "terminated": OVER, "canceled": OVER, "holds": GOOD, "broken": BAD,
}  # fmt: skip
STATUS_WORDS = {"finalized": "issued", "succeeded": "paid", "pending": "unpaid", "voided": "void"}
SUMS_STYLE = """<style>
  .sums { display: grid; grid-template-columns: 1fr auto; row-gap: 0.45rem; }
  .sums div:nth-child(even) { text-align: right; padding-left: 1rem; font-variant-numeric: tabular-nums; }
  .sums div:nth-child(odd) { color: #66727f; }
  .sums div:nth-last-child(-n+2) { font-weight: 600; color: #1c2733; padding-top: 0.5rem; border-top: 1px solid #dde4e2; margin-top: 0.2rem; }
</style>"""
Row = Mapping[str, Any]


def money(row: Row, name: str) -> str:
    """The amount in column `name` of a row that has a `currency`."""
    return marts.money(row[name] or 0, row["currency"])


def right(label: str, width: Any = None) -> Any:
    """A column of numbers that are text already."""
    return st.column_config.TextColumn(label, alignment="right", width=width)


def text(label: str, width: Any = None) -> Any:
    """A column of words."""
    return st.column_config.TextColumn(label, width=width)


def day(label: str) -> Any:
    """A column of dates."""
    return st.column_config.DateColumn(label, format="D MMM YYYY")


def instant(label: str) -> Any:
    """A column of UTC instants."""
    return st.column_config.DatetimeColumn(f"{label} (UTC)", format="D MMM YYYY, HH:mm:ss")


def status(label: str) -> Any:
    """A column of badges; give cells through `badge`."""
    words = {STATUS_WORDS.get(code, code): color for code, color in STATUS_COLORS.items()}
    return st.column_config.MultiselectColumn(label, options=list(words), color=list(words.values()), width="small")


def badge(code: str) -> list[str]:
    """The cell of a `status` column."""
    return [STATUS_WORDS.get(code, code)]


def show(
    rows: Sequence[Row], columns: Mapping[str, Any], *, key: str | None = None, pick: bool = False, height: Any = "auto"
) -> Row | None:
    """Shows the columns of rows; with `pick` returns the row that was clicked."""
    frame = pd.DataFrame([{name: row[name] for name in columns} for row in rows], columns=list(columns))
    options: dict[str, Any] = {"hide_index": True, "column_config": dict(columns), "height": height, "key": key}
    if not pick:
        st.dataframe(frame, **options)
        return None
    event: Any = st.dataframe(frame, on_select="rerun", selection_mode="single-row", **options)
    chosen = event["selection"]["rows"]
    return rows[chosen[0]] if chosen else None


def sums(rows: Sequence[tuple[str, int]], currency: str) -> None:
    """Labels and minor units below each other; the last row is what they come to."""
    cells = "".join(
        f"<div>{escape(label)}</div><div>{Money(cents, currency).amount:,}</div>" for label, cents in rows
    )
    with st.container(border=True):
        st.html(SUMS_STYLE + f"<div class='sums'>{cells}</div>")
        st.caption(f"Amounts in {currency}")
