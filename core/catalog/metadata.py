"""Key/value metadata of plans and wallets (lago_api §7.1): kept for the caller, and part of no bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.catalog.plan_versions import Plan
from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.catalog.wallets import Wallet
from core.domain.metadata import checked
from core.errors import NotFound

Owner = Plan | Wallet


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata(Version):
    """Of the plan or wallet whose id is also its own; null when it was cleared."""

    metadata: dict[str, Any] | None


METADATA = Versions("metadata", Metadata)


def of(connection: sa.Connection, owner_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Owner id -> its metadata; an owner without any is absent."""
    return {row.id: row.metadata for row in METADATA.where_in(connection, "id", owner_ids) if row.metadata is not None}


def replace(uow: UnitOfWork, owner: Owner, metadata: Mapping[str, Any] | None) -> None:
    """Keep just this; none at all for null. Raises ValidationError."""
    kept = None if metadata is None else checked(metadata)
    stamp = uow.stamp_for(owner.customer_id)
    given = METADATA.first(uow.connection, METADATA.c.id == owner.id)
    if given is not None:
        METADATA.amend(uow, stamp, given, metadata=kept)
    elif kept is not None:
        METADATA.add(uow, stamp, id=owner.id, metadata=kept)


def merge(uow: UnitOfWork, owner: Owner, metadata: Mapping[str, Any]) -> None:
    """Add to it; a null value is kept as null. Raises ValidationError."""
    replace(uow, owner, of(uow.connection, [owner.id]).get(owner.id, {}) | dict(metadata))


def drop(uow: UnitOfWork, owner: Owner, key: str) -> None:
    """Keep it without this key. Raises NotFound `metadata` when there is none at all."""
    kept = of(uow.connection, [owner.id]).get(owner.id)
    if kept is None:
        raise NotFound("metadata", key)
    replace(uow, owner, {name: value for name, value in kept.items() if name != key})
