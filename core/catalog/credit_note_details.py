"""What is kept about a credit note beside its amounts, whoever gave it (lago_api §7.13): none of it changes a bill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.domain.metadata import checked
from core.domain.problems import Problems

REFUND_STATUSES = {"pending", "succeeded", "failed"}


@dataclass(frozen=True, kw_only=True, slots=True)
class CreditNoteDetails(Version):
    """Of the note whose id is also its own: how its refund went, null while nobody said, and `metadata`, null when there is none."""

    customer_id: str
    refund_status: str | None
    metadata: dict[str, Any] | None


CREDIT_NOTE_DETAILS = Versions("credit_note_details", CreditNoteDetails)


def find(connection: sa.Connection, credit_note_ids: list[str]) -> dict[str, CreditNoteDetails]:
    """Note id -> its details; a note without any is absent."""
    return {row.id: row for row in CREDIT_NOTE_DETAILS.where_in(connection, "id", credit_note_ids)}


def update(
    uow: UnitOfWork,
    credit_note_id: str,
    customer_id: str,
    *,
    refund_status: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Say how the refund of an issued note went, and add to its metadata (a null value is kept as null).

    Raises ValidationError, or NotFound `customer`.
    """
    problems = Problems({"refund_status": refund_status})
    problems.one_of("refund_status", REFUND_STATUSES)
    problems.refuse()
    given = find(uow.connection, [credit_note_id]).get(credit_note_id)
    changes: dict[str, Any] = {} if refund_status is None else {"refund_status": refund_status}
    if metadata is not None:
        changes["metadata"] = checked({**((given and given.metadata) or {}), **metadata})
    _put(uow, credit_note_id, customer_id, given, changes)


def replace_metadata(
    uow: UnitOfWork, credit_note_id: str, customer_id: str, metadata: Mapping[str, Any] | None
) -> None:
    """Keep just this metadata; none at all for null. Raises ValidationError, or NotFound `customer`."""
    given = find(uow.connection, [credit_note_id]).get(credit_note_id)
    _put(uow, credit_note_id, customer_id, given, {"metadata": None if metadata is None else checked(metadata)})


def _put(
    uow: UnitOfWork, credit_note_id: str, customer_id: str, given: CreditNoteDetails | None, changes: dict[str, Any]
) -> None:
    stamp = uow.stamp_for(customer_id)
    if given is not None:
        CREDIT_NOTE_DETAILS.amend(uow, stamp, given, **changes)
        return
    fields = {"refund_status": None, "metadata": None} | changes
    CREDIT_NOTE_DETAILS.add(uow, stamp, id=credit_note_id, customer_id=customer_id, **fields)

