"""What every test with real processes has."""

from __future__ import annotations

import httpx
import pytest

PATIENCE = httpx.Timeout(60.0)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lago's Python client waits five seconds and cannot be told otherwise; other work may keep these machines busy for longer."""
    for verb in (httpx.get, httpx.post, httpx.put, httpx.patch, httpx.delete):
        monkeypatch.setitem(verb.__kwdefaults__, "timeout", PATIENCE)
