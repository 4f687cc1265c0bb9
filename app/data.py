"""Reads, cached by the published pair: the same question about the same version is asked once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.settings import Settings
from core.warehouse.connection import ReadWarehouse
from core.warehouse.publish import Published


@st.cache_resource  # type: ignore[misc]
def warehouse() -> ReadWarehouse:
    """The published versions, for this process; settings come from the environment."""
    return ReadWarehouse(Settings.load())


def published() -> Published | None:
    """The pair that answers now, or None before the first run."""
    pair: Published | None = warehouse().published()
    return pair


def ask(question: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What `question` (a function of `core.warehouse.marts` or like it) answers at the published version."""
    return _answer(
        str(published()),
        f"{question.__module__}.{question.__qualname__}",
        repr((arguments, options)),
        question,
        arguments,
        options,
    )


@st.cache_data(max_entries=300, show_spinner=False)  # type: ignore[misc]
def _answer(
    pair: str,
    name: str,
    wanted: str,
    _question: Callable[..., Any],
    _arguments: tuple[Any, ...],
    _options: dict[str, Any],
) -> Any:
    cursor = warehouse().cursor()
    try:
        return _question(cursor, *_arguments, **_options)
    finally:
        cursor.close()
