"""The console: navigation and the version on show. Serve it with `tallystick console`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import data, state
from app.components import frame

st.set_page_config(page_title="Tallystick", page_icon=frame.ICON, layout="wide")
st.logo(Path(__file__).with_name("logo.svg"), size="large")
state.enter_console()
chosen = st.navigation(
    {
        "Finance": [
            st.Page("app_pages/invoices.py", title="Invoices", icon=":material/receipt_long:", default=True),
            st.Page(state.INVOICE_PAGE, title="Invoice", icon=":material/description:"),
            st.Page("app_pages/revenue.py", title="Revenue", icon=":material/bar_chart:"),
        ],
        "Customers": [
            st.Page("app_pages/customers.py", title="Customers", icon=":material/group:"),
            st.Page("app_pages/plans.py", title="Plans", icon=":material/sell:"),
            st.Page("app_pages/wallets.py", title="Wallets", icon=":material/account_balance_wallet:"),
            st.Page("app_pages/usage.py", title="Usage", icon=":material/monitoring:"),
        ],
        "Operations": [st.Page("app_pages/ingestion.py", title="Ingestion", icon=":material/input:")],
    }
)
pair = data.published()
if pair is not None:
    st.sidebar.caption(
        f"As of {pair.as_of:%d %b %Y, %H:%M} UTC  \nversion {pair.warehouse_snapshot} · books {pair.books_snapshot}"
    )
chosen.run()
