"""API keys: shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.errors import NotFound
from core.ids import new_id

_PREFIX_LENGTH = 11


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey(Version):
    """A key by its first characters (to recognise it) and the SHA-256 of the whole."""

    name: str | None
    prefix: str
    key_hash: str


API_KEYS = Versions("api_keys", ApiKey, index=("prefix",))


def create(uow: UnitOfWork, name: str | None = None) -> tuple[ApiKey, str]:
    """A new key, and its plaintext, which is kept nowhere: show it now or never."""
    # 256 random bits, so a plain hash without salt or stretching cannot be searched.
    plaintext = f"ts_{secrets.token_urlsafe(32)}"
    row = API_KEYS.add(
        uow, uow.stamp_for(), id=new_id(), name=name, prefix=plaintext[:_PREFIX_LENGTH], key_hash=_hash(plaintext)
    )
    return row, plaintext


def verify(connection: sa.Connection, plaintext: str) -> ApiKey | None:
    """The key that this plaintext is, or None for an unknown or revoked one. Compares in constant time."""
    found = None
    for row in API_KEYS.all(connection, API_KEYS.c.prefix == plaintext[:_PREFIX_LENGTH]):
        if hmac.compare_digest(row.key_hash, _hash(plaintext)):
            found = row
    return found


def revoke(uow: UnitOfWork, api_key_id: str) -> ApiKey:
    """End the key. Raises NotFound."""
    row = API_KEYS.first(uow.connection, API_KEYS.c.id == api_key_id)
    if row is None:
        raise NotFound("api_key", api_key_id)
    API_KEYS.end(uow, uow.stamp_for(), row)
    return row


def page(connection: sa.Connection, *, limit: int | None = None, offset: int = 0) -> Page[ApiKey]:
    """Keys in force, newest first."""
    return API_KEYS.page(connection, limit=limit, offset=offset)


def _hash(plaintext: str) -> str:
    return hashlib.sha256(plaintext.encode()).hexdigest()
