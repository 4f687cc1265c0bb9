"""The frame of every page: title, what it is for, and what to do when there is nothing yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app import data

Dialog = Callable[[], None]
"""Opens a dialog; a page does it when all else is drawn."""
# A file of our own: an icon by name would be fetched from the internet.
ICON = Path(__file__).resolve().parents[1] / "icon.svg"
STYLE = """<style>
  [data-testid="stMainBlockContainer"] { padding: 2.6rem 3.2rem 3rem; max-width: 1480px; }
  h1 { font-size: 1.9rem !important; padding-bottom: 0 !important; }
  [data-testid="stMetricValue"] { font-size: 1.55rem; }
</style>"""


def page(title: str, purpose: str) -> None:
    """Opens a page; ends it with an explanation when no run has published."""
    st.set_page_config(page_title=f"{title} · Tallystick", page_icon=ICON, layout="wide")
    st.html(STYLE)
    st.title(title, anchor=False)
    st.caption(purpose)
    if data.published() is None:
        with st.container(border=True):
            st.subheader("Nothing is published yet", anchor=False)
            st.write("The first run loads events, bills what is due and publishes it here.")
            st.code("tallystick run", language="shell")
            st.caption("To look around with a made-up company first: `tallystick demo`.")
        st.stop()


def nothing(reason: str) -> None:
    """An empty table, said in words."""
    with st.container(border=True):
        st.caption(reason)
