"""Commands to set an event aside: it stays a fact, and no bill counts it (DECISIONS, "An event that holds a bill back")."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.domain.problems import Problems
from core.ids import deterministic_id


@dataclass(frozen=True, kw_only=True, slots=True)
class SetAsideEvent(Version):
    """A command to leave one event out of metering, whatever the cutoff; `set_aside_by` is who gave it."""

    customer_id: str
    external_subscription_id: str
    transaction_id: str
    reason: str
    set_aside_by: str


SET_ASIDE_EVENTS = Versions("set_aside_events", SetAsideEvent, index=("external_subscription_id",))


def set_aside(
    uow: UnitOfWork,
    *,
    customer_id: str,
    external_subscription_id: str,
    transaction_id: str,
    reason: str,
    set_aside_by: str,
) -> SetAsideEvent:
    """Leave the event out of all usage. Asking twice is asking once; there is no way back, since bills are issued without it.

    The caller has checked that the event is one of a bill that is held back (`core.billing.held`), and holds the books' lock.
    Raises NotFound `customer` and ValidationError when `reason` or `set_aside_by` is blank.
    """
    given = find(uow.connection, external_subscription_id, transaction_id)
    if given is not None:
        return given
    problems = Problems({"reason": reason.strip(), "set_aside_by": set_aside_by.strip()})
    problems.mandatory("reason", "set_aside_by")
    problems.refuse()
    return SET_ASIDE_EVENTS.add(
        uow,
        uow.stamp_for(customer_id),
        id=_id(external_subscription_id, transaction_id),
        customer_id=customer_id,
        external_subscription_id=external_subscription_id,
        transaction_id=transaction_id,
        reason=reason.strip(),
        set_aside_by=set_aside_by.strip(),
    )


def find(connection: sa.Connection, external_subscription_id: str, transaction_id: str) -> SetAsideEvent | None:
    """The command that set this event aside, if one did."""
    return SET_ASIDE_EVENTS.first(connection, SET_ASIDE_EVENTS.c.id == _id(external_subscription_id, transaction_id))


def _id(external_subscription_id: str, transaction_id: str) -> str:
    return deterministic_id("set_aside", external_subscription_id, transaction_id)
