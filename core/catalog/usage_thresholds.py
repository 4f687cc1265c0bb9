"""Usage thresholds: the lifetime usage at which a progressive invoice is made (rating §8.2).

They stand on a plan; a subscription may have its own, which replace the plan's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.catalog.unit_of_work import Stamp, UnitOfWork
from core.catalog.versions import Version, Versions
from core.domain.monitoring import check_usage_thresholds
from core.domain.problems import Problems
from core.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageThreshold(Version):
    """A threshold in minor units: fixed, or a step that recurs above the largest fixed one.

    `owner_type` is plan or subscription; `customer_id` is the subscription's.
    """

    owner_type: str
    owner_id: str
    customer_id: str | None
    amount_cents: int
    recurring: bool
    threshold_display_name: str | None


USAGE_THRESHOLDS = Versions("usage_thresholds", UsageThreshold, index=("owner_id",))


def replace_thresholds(
    uow: UnitOfWork,
    stamp: Stamp,
    owner_type: str,
    owner_id: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    customer_id: str | None = None,
) -> list[UsageThreshold]:
    """Make the owner's thresholds exactly `rows` (amount_cents, recurring, threshold_display_name).

    One of the same amount and kind stays the same object. Raises ValidationError.
    """
    problems = Problems({})
    check_usage_thresholds(rows, problems)
    problems.refuse()
    current = {_key(row): row for row in thresholds_of(uow.connection, owner_type, [owner_id]).get(owner_id, [])}
    wanted = {(row["amount_cents"], bool(row.get("recurring"))): row for row in rows}
    for key, gone in current.items():
        if key not in wanted:
            USAGE_THRESHOLDS.end(uow, stamp, gone)
    kept = []
    for key, row in wanted.items():
        name = {"threshold_display_name": row.get("threshold_display_name")}
        if key in current:
            kept.append(USAGE_THRESHOLDS.amend(uow, stamp, current[key], **name))
            continue
        owner = {"owner_type": owner_type, "owner_id": owner_id, "customer_id": customer_id}
        terms = {"amount_cents": key[0], "recurring": key[1]}
        kept.append(USAGE_THRESHOLDS.add(uow, stamp, id=new_id(), **owner, **terms, **name))
    return kept


def thresholds_of(
    connection: sa.Connection, owner_type: str, owner_ids: Iterable[str]
) -> dict[str, list[UsageThreshold]]:
    """Owner id -> its thresholds, fixed ones by amount, then the recurring one; owners without any are absent."""
    owned: dict[str, list[UsageThreshold]] = {}
    for row in USAGE_THRESHOLDS.where_in(connection, "owner_id", owner_ids):
        if row.owner_type == owner_type:
            owned.setdefault(row.owner_id, []).append(row)
    return {owner_id: sorted(rows, key=lambda row: _key(row)[::-1]) for owner_id, rows in owned.items()}


def _key(row: UsageThreshold) -> tuple[int, bool]:
    return row.amount_cents, row.recurring
