"""Identifiers, always UUID text because Lago's Go client decodes most of them as UUIDs (lago_api §3)."""

from __future__ import annotations

import hashlib
import uuid


def new_id() -> str:
    """A fresh random identifier."""
    return str(uuid.uuid4())


def deterministic_id(*parts: str) -> str:
    """The identifier that these parts always give: md5 of the parts joined with `|`, written as a UUID.

    The SQL macro of the same name computes the same text, so a row has one id wherever it is made.
    """
    digest = hashlib.md5("|".join(parts).encode(), usedforsecurity=False).hexdigest()
    return str(uuid.UUID(digest))
