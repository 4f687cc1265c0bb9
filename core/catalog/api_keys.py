"""API keys: shown once, kept as a hash. A key may do less than everything, may end, and may ask only so often."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.catalog.engine import writing
from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import METADATA, Instant, Page, Version, Versions
from core.errors import NotFound, ValidationError
from core.ids import new_id

_PREFIX_LENGTH = 11
READ, WRITE, INGEST = "read", "write", "ingest"
SCOPES = (READ, WRITE, INGEST)
"""What a key may do: read; give commands and send events; or send events alone."""
DEFAULT_SCOPES = (READ, WRITE)


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey(Version):
    """A key by its first characters (to recognise it) and the SHA-256 of the whole."""

    name: str | None
    prefix: str
    key_hash: str
    scopes: list[str]
    expires_at: datetime | None
    """From when it is good no more, wall clock; None for never."""
    requests_per_second: int | None
    """The most that it may ask of one process; None for no limit."""


API_KEYS = Versions("api_keys", ApiKey, index=("prefix",))
_USES = sa.Table(
    "api_key_uses",
    METADATA,
    sa.Column("api_key_id", sa.Text, primary_key=True),
    sa.Column("last_used_at", Instant, nullable=False),
)
"""When each key was last seen; overwritten, since it is no fact that a bill may depend on."""


def create(
    uow: UnitOfWork,
    name: str | None = None,
    *,
    scopes: Collection[str] = DEFAULT_SCOPES,
    expires_at: datetime | None = None,
    requests_per_second: int | None = None,
) -> tuple[ApiKey, str]:
    """A new key, and its plaintext, which is kept nowhere: show it now or never. Raises ValidationError."""
    if not scopes or not set(scopes) <= set(SCOPES):
        raise ValidationError({"scopes": ["value_is_invalid"]}, f"A key may have any of {', '.join(SCOPES)}.")
    if requests_per_second is not None and requests_per_second < 1:
        raise ValidationError({"requests_per_second": ["value_is_out_of_range"]})
    # 256 random bits, so a plain hash without salt or stretching cannot be searched.
    plaintext = f"ts_{secrets.token_urlsafe(32)}"
    row = API_KEYS.add(
        uow,
        uow.stamp_for(),
        id=new_id(),
        name=name,
        prefix=plaintext[:_PREFIX_LENGTH],
        key_hash=_hash(plaintext),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
        requests_per_second=requests_per_second,
    )
    return row, plaintext


def rotate(uow: UnitOfWork, api_key_id: str, overlap: timedelta) -> tuple[ApiKey, str]:
    """A key in place of another, which may do the same and is good for as long as `overlap` beside it. Raises NotFound."""
    old = _get(uow.connection, api_key_id)
    made = create(uow, old.name, scopes=old.scopes, requests_per_second=old.requests_per_second)
    stamp = uow.stamp_for()
    ends_at = stamp.instant + overlap
    API_KEYS.amend(uow, stamp, old, expires_at=min(ends_at, old.expires_at or ends_at))
    return made


def verify(connection: sa.Connection, plaintext: str, now: datetime) -> ApiKey | None:
    """The key that this plaintext is, or None for one that is unknown, revoked or over. Compares in constant time."""
    found = None
    for row in API_KEYS.all(connection, API_KEYS.c.prefix == plaintext[:_PREFIX_LENGTH]):
        if hmac.compare_digest(row.key_hash, _hash(plaintext)):
            found = row
    return None if found is None or (found.expires_at is not None and found.expires_at <= now) else found


def revoke(uow: UnitOfWork, api_key_id: str) -> ApiKey:
    """End the key. Raises NotFound."""
    row = _get(uow.connection, api_key_id)
    API_KEYS.end(uow, uow.stamp_for(), row)
    return row


def was_used(engine: sa.Engine, api_key_id: str, at: datetime) -> None:
    """Write down that the key was seen."""
    with writing(engine) as connection:
        connection.execute(_USES.delete().where(_USES.c.api_key_id == api_key_id))
        connection.execute(_USES.insert(), [{"api_key_id": api_key_id, "last_used_at": at}])


def last_uses(connection: sa.Connection) -> dict[str, datetime]:
    """Key id -> when it was last seen, to the minute; a key that never was is absent."""
    return {row.api_key_id: row.last_used_at for row in connection.execute(sa.select(_USES))}


def page(connection: sa.Connection, *, limit: int | None = None, offset: int = 0) -> Page[ApiKey]:
    """Keys in force, newest first."""
    return API_KEYS.page(connection, limit=limit, offset=offset)


def _get(connection: sa.Connection, api_key_id: str) -> ApiKey:
    row = API_KEYS.first(connection, API_KEYS.c.id == api_key_id)
    if row is None:
        raise NotFound("api_key", api_key_id)
    return row


def _hash(plaintext: str) -> str:
    return hashlib.sha256(plaintext.encode()).hexdigest()
