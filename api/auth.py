"""Bearer keys. A key that was good is taken on trust for a moment, so that ingest does not ask the catalog each time."""

from __future__ import annotations

import hashlib
import time
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, Request

from api.errors import Unauthorized
from core.catalog import api_keys
from core.catalog.engine import reading

TRUST_SECONDS = 2.0
"""A revoked key still works this long."""


class Keys:
    """The API keys of a catalog, with the good ones remembered for TRUST_SECONDS."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._trusted: dict[bytes, float] = {}

    def is_trusted(self, plaintext: str) -> bool:
        """Whether the key was found good a moment ago."""
        # A duration, not an instant: no bill depends on it.
        return self._trusted.get(_digest(plaintext), 0.0) > time.monotonic()

    def check(self, plaintext: str) -> None:
        """Ask the catalog. Raises Unauthorized."""
        with reading(self._engine) as connection:
            if api_keys.verify(connection, plaintext) is None:
                raise Unauthorized
        # Only good keys are remembered, so strangers cannot fill it.
        self._trusted[_digest(plaintext)] = time.monotonic() + TRUST_SECONDS


def key_of(request: Request) -> str:
    """The second word of the Authorization header; the scheme word is not looked at (lago_api §3 "Auth").

    Raises Unauthorized when there is none.
    """
    words = request.headers.get("authorization", "").split()
    if len(words) < 2:
        raise Unauthorized
    return words[1]


def authorize(request: Request) -> None:
    """Let the request through, or raise Unauthorized."""
    keys: Keys = request.app.state.services.keys
    key = key_of(request)
    if not keys.is_trusted(key):
        keys.check(key)


Authorized = Annotated[None, Depends(authorize)]


def _digest(plaintext: str) -> bytes:
    return hashlib.sha256(plaintext.encode()).digest()
