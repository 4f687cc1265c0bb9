"""Charts in one calm style. Amounts travel as decimal text and become numbers in the browser only, to place a mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import streamlit as st

PALETTE = ("#1f5f5b", "#7fa99b", "#5b7c99", "#d9a441", "#8a6d8f", "#a7634f")
HEIGHT = 300
Rows = Sequence[Mapping[str, Any]]


def bars(
    rows: Rows,
    *,
    day: str,
    value: str,
    series: str,
    title: str,
    labels: Sequence[str],
    colors: Sequence[str] = PALETTE,
    unit: str = "yearmonthdate",
) -> None:
    """Stacked bars over time: `value` per `day`, one colour per `series` (in the order of `labels`)."""
    base = alt.Chart(_data(rows, value, day)).encode(
        x=alt.X(
            f"{unit}({day}):{'O' if unit == 'yearmonth' else 'T'}",
            title=None,
            axis=alt.Axis(
                labelAngle=0, grid=False, format="%b %Y" if unit == "yearmonth" else "%-d %b", labelOverlap=True
            ),
        ),
        y=alt.Y(f"{value}:Q", title=title, axis=alt.Axis(tickCount=5, domain=False, ticks=False)),
        color=alt.Color(
            f"{series}:N",
            title=None,
            sort=list(labels),
            scale=alt.Scale(domain=list(labels), range=list(colors)),
            legend=alt.Legend(orient="top") if len(labels) > 1 else None,
        ),
        tooltip=[
            alt.Tooltip(
                f"{day}:T",
                title="Day" if unit != "yearmonth" else "Month",
                format="%-d %b %Y" if unit != "yearmonth" else "%b %Y",
            ),
            alt.Tooltip(f"{series}:N", title="Of"),
            alt.Tooltip(f"{value}:Q", title=title, format=","),
        ],
    )
    _draw(base.mark_bar(cornerRadiusTopLeft=1, cornerRadiusTopRight=1, **({"size": 42} if unit == "yearmonth" else {})))


def balance(rows: Rows, *, at: str, value: str, title: str) -> None:
    """A level over time, constant until the next change."""
    base = alt.Chart(_data(rows, value, at)).encode(
        x=alt.X(f"{at}:T", title=None, axis=alt.Axis(grid=False, labelAngle=0, format="%-d %b", labelOverlap=True)),
        y=alt.Y(
            f"{value}:Q", title=title, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5, domain=False, ticks=False)
        ),
        tooltip=[
            alt.Tooltip(f"{at}:T", title="At", format="%-d %b %Y %H:%M"),
            alt.Tooltip(f"{value}:Q", title=title, format=","),
        ],
    )
    area = base.mark_area(interpolate="step-after", color=PALETTE[0], opacity=0.12)
    line = base.mark_line(interpolate="step-after", color=PALETTE[0], strokeWidth=2)
    _draw(area + line + base.mark_circle(color=PALETTE[0], size=45))


def _data(rows: Rows, value: str, time: str) -> alt.Data:
    values = [{name: str(cell) if cell is not None else None for name, cell in row.items()} for row in rows]
    return alt.Data(values=values, format=alt.JsonDataFormat(type="json", parse={value: "number", time: "date"}))


def _draw(chart: Any) -> None:
    styled = (
        chart.properties(height=HEIGHT)
        .configure_view(stroke=None)
        .configure_axis(gridColor="#e8edeb", labelColor="#66727f", titleColor="#66727f", titleFontWeight="normal")
    )
    st.altair_chart(styled, width="stretch", theme=None)
