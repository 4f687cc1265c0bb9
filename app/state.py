"""What is remembered between pages: which invoice is open. It also stands in the address, so that it can be shared."""

from __future__ import annotations

import streamlit as st

INVOICE_PAGE = "app_pages/invoice.py"
OPEN_INVOICE = "open_invoice"
IN_CONSOLE = "in_console"


def enter_console() -> None:
    """Says that the pages run together, so that one can lead to another."""
    st.session_state[IN_CONSOLE] = True


def open_invoice(invoice_id: str) -> None:
    """Goes to the page of an invoice. A page that runs alone only says which one it would be."""
    st.session_state[OPEN_INVOICE] = invoice_id
    if st.session_state.get(IN_CONSOLE):
        st.switch_page(INVOICE_PAGE)
    st.info(f"Invoice {invoice_id}: open the whole console to see it.")


def opened_invoice() -> str | None:
    """The id or number of the invoice to show: the one just opened, else the one in the address."""
    key = st.session_state.pop(OPEN_INVOICE, None) or st.query_params.get("invoice")
    return str(key) if key else None


def remember_invoice(number: str) -> None:
    """Puts the invoice into the address."""
    st.query_params["invoice"] = number
