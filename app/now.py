"""Reads as of now: the books and the catalog as they are. Usage is that of the last published run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import streamlit as st

from core.billing.as_of_now import AsOfNow
from core.catalog.engine import Engine, connect, reading
from core.clock import SystemClock
from core.settings import Settings


@st.cache_resource  # type: ignore[misc]
def catalog() -> Engine:
    """The catalog, for this process; settings come from the environment."""
    return connect(Settings.load().catalog)


@st.cache_resource  # type: ignore[misc]
def billing() -> AsOfNow:
    """Customers as of now, for this process."""
    return AsOfNow(Settings.load(), catalog(), SystemClock())


def ask(question: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What `question` (a function of `core.warehouse.marts` or like it) answers over the books as they are, not as last published."""
    with billing().ledger.cursor() as cursor:
        return question(cursor, *arguments, **options)


def look() -> AbstractContextManager[Any]:
    """A read-only transaction on the catalog."""
    return reading(catalog())
