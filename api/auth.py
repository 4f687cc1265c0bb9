"""Bearer keys: what each may do and how often. A key that was good is taken on trust for a moment, so that ingest does not ask the
catalog each time.
"""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, Request

from api.context import Limit, context_of
from api.errors import Forbidden, TooManyRequests, Unauthorized
from core.catalog import api_keys
from core.catalog.api_keys import INGEST, READ, WRITE, ApiKey
from core.catalog.engine import reading
from core.clock import Clock

TRUST_SECONDS = 2.0
"""A revoked key still works this long."""
WINDOW_SECONDS = 1.0
SEEN_SECONDS = 60.0
"""How exactly it is known when a key was last used."""
EVENTS = ("/events", "/events/batch")
ASKING = ("/estimate", "/preview", "/download", "/evaluate_expression", "_fees")
"""How addresses end to which one posts to ask, and that change nothing."""


@dataclass
class _Trusted:
    key: ApiKey
    until: float
    window: int = 0
    asked: int = 0


class Keys:
    """The API keys of a catalog, with the good ones remembered for TRUST_SECONDS."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._trusted: dict[bytes, _Trusted] = {}
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def trusted(self, plaintext: str) -> ApiKey | None:
        """The key, if it was found good a moment ago."""
        # A duration, not an instant: no bill depends on it.
        known = self._trusted.get(_digest(plaintext))
        return known.key if known is not None and known.until > time.monotonic() else None

    def check(self, plaintext: str) -> ApiKey:
        """Ask the catalog. Raises Unauthorized."""
        with reading(self._engine) as connection:
            key = api_keys.verify(connection, plaintext, self._clock.now())
        if key is None:
            raise Unauthorized
        # Only good keys are remembered, so strangers cannot fill it.
        with self._lock:
            known = self._trusted.setdefault(_digest(plaintext), _Trusted(key, 0.0))
            known.key, known.until = key, time.monotonic() + TRUST_SECONDS
        return key

    def count(self, plaintext: str, most: int) -> tuple[Limit, bool]:
        """Count a request of a trusted key that may ask `most` times a second of this process: (what is left, whether it may go on)."""
        with self._lock:
            known = self._trusted[_digest(plaintext)]
            window, into = divmod(time.monotonic(), WINDOW_SECONDS)
            if known.window != int(window):
                known.window, known.asked = int(window), 0
            known.asked += 1
            limit = Limit(most, max(most - known.asked, 0), max(1, round(WINDOW_SECONDS - into)))
            return limit, known.asked <= most

    def is_seen_anew(self, key: ApiKey) -> bool:
        """Whether it is time to write down again that the key is used."""
        now = time.monotonic()
        with self._lock:
            if self._seen.get(key.id, now - SEEN_SECONDS) > now - SEEN_SECONDS:
                return False
            self._seen[key.id] = now
        return True


def key_of(request: Request) -> str:
    """The second word of the Authorization header; the scheme word is not looked at (lago_api §3 "Auth").

    Raises Unauthorized when there is none.
    """
    words = request.headers.get("authorization", "").split()
    if len(words) < 2:
        raise Unauthorized
    return words[1]


def authorize(request: Request) -> None:
    """Let the request through, or raise Unauthorized, Forbidden or TooManyRequests."""
    keys: Keys = request.app.state.services.keys
    plaintext = key_of(request)
    admit(request, plaintext, keys.trusted(plaintext) or keys.check(plaintext))


def admit(request: Request, plaintext: str, key: ApiKey) -> None:
    """Whether a good key may do what is asked, now. Raises Forbidden or TooManyRequests."""
    keys: Keys = request.app.state.services.keys
    context = context_of(request)
    context.key = key
    if key.requests_per_second is not None:
        context.limit, may_go_on = keys.count(plaintext, key.requests_per_second)
        if not may_go_on:
            raise TooManyRequests(context.limit)
    path = request.url.path.removeprefix("/api/v1")
    if request.method == "POST" and path in EVENTS:
        allowed, action = {WRITE, INGEST}, WRITE
    elif request.method == "GET" or (request.method == "POST" and path.endswith(ASKING)):
        allowed, action = {READ}, READ
    else:
        allowed, action = {WRITE}, WRITE
    if not allowed & set(key.scopes):
        raise Forbidden(action, path.split("/")[1], key.scopes)


Authorized = Annotated[None, Depends(authorize)]


def _digest(plaintext: str) -> bytes:
    return hashlib.sha256(plaintext.encode()).digest()
