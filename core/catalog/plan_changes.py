"""Another plan for a subscription: an upgrade now, a downgrade at the end of the period (invoicing §6, lago_api §7.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from core.catalog import plans
from core.catalog.plan_versions import Plan
from core.catalog.subscription_versions import SUBSCRIPTIONS, Subscription
from core.catalog.unit_of_work import Stamp, UnitOfWork
from core.domain.plan_changes import is_upgrade
from core.domain.subscriptions import ACTIVE, CANCELED, TERMINATED
from core.errors import Conflict
from core.ids import new_id

PeriodEnd = Callable[[Subscription, datetime], datetime]
"""Tells the end of the plan period in which a running subscription is at an instant (naive UTC, on the customer's clock).
Periods are a rule of the SQL, and so the caller asks it (`core.billing.current_periods`)."""


def change(
    uow: UnitOfWork,
    stamp: Stamp,
    earlier: list[Subscription],
    running: Subscription,
    row: Mapping[str, Any],
    plan: Plan,
    period_end: PeriodEnd | None,
) -> tuple[Subscription, Subscription | None]:
    """What answers the wish for another plan, and the successor that begins for it, which is not written yet.

    One that has not started takes the other plan. One that costs no less in a year takes over now: the running one ends,
    what it paid in advance is credited, and a downgrade that waited is canceled. A cheaper one waits for the end of the
    running one's plan period, on which the SQL switches; it takes the place of another downgrade that waits. The successor goes on with the anchor,
    billing time and planned end. New versions take the places of the old ones in `earlier`. Raises Conflict
    `downgrade_not_supported` without `period_end`, and `subscription_ends_before` where nothing is left to switch.
    """
    place = earlier.index(running)
    if running.started_at > stamp.instant:
        earlier[place] = SUBSCRIPTIONS.amend(uow, stamp, running, plan_id=plan.id)
        return earlier[place], None
    old = plans.by_ids(uow.connection, [running.plan_id])[running.plan_id]
    if is_upgrade(old.interval, old.amount_cents, plan.interval, plan.amount_cents):
        waiting = cancel_waiting(uow, stamp, running)
        if waiting is not None:
            earlier[:] = [waiting if known.id == waiting.id else known for known in earlier]
        earlier[place] = SUBSCRIPTIONS.amend(
            uow,
            stamp,
            running,
            status=TERMINATED,
            terminated_at=stamp.instant,
            downgrade_at=None,
            on_termination_invoice="generate",
            on_termination_credit_note="credit",
        )
        begun = _successor(stamp, running, row, plan, stamp.instant)
        return begun, begun
    waiting = _waiting(uow, running)
    if waiting is not None:
        taken = SUBSCRIPTIONS.amend(uow, stamp, waiting, plan_id=plan.id, name=row.get("name") or waiting.name)
        earlier[:] = [taken if known.id == taken.id else known for known in earlier]
        return running, None
    if period_end is None:
        raise Conflict(
            "downgrade_not_supported", "a cheaper plan waits for the end of the period, which is not known here"
        )
    switches_at = period_end(running, stamp.valid_from)
    if running.ending_at is not None and running.ending_at <= switches_at:
        raise Conflict(
            "subscription_ends_before",
            f"subscription {running.external_id} ends at {running.ending_at}, before a cheaper plan could take over",
        )
    earlier[place] = SUBSCRIPTIONS.amend(uow, stamp, running, downgrade_at=switches_at)
    return earlier[place], _successor(stamp, running, row, plan, switches_at)


def cancel_waiting(uow: UnitOfWork, stamp: Stamp, running: Subscription) -> Subscription | None:
    """Cancel the downgrade of `running` that waits, if one does; `running` itself is left as it is."""
    waiting = _waiting(uow, running)
    if waiting is None:
        return None
    return SUBSCRIPTIONS.amend(uow, stamp, waiting, status=CANCELED, terminated_at=stamp.instant)


def move_end(uow: UnitOfWork, stamp: Stamp, running: Subscription, ending_at: datetime | None) -> dict[str, Any]:
    """The planned end holds for the downgrade that waits too; one that would come no sooner than the end is canceled.

    Returns what changes of `running` besides.
    """
    waiting = _waiting(uow, running)
    if waiting is None:
        return {}
    if ending_at is None or ending_at > waiting.started_at:
        SUBSCRIPTIONS.amend(uow, stamp, waiting, ending_at=ending_at)
        return {}
    cancel_waiting(uow, stamp, running)
    return {"downgrade_at": None}


def _waiting(uow: UnitOfWork, running: Subscription) -> Subscription | None:
    if running.downgrade_at is None:
        return None
    c = SUBSCRIPTIONS.c
    return SUBSCRIPTIONS.first(uow.connection, c.previous_subscription_id == running.id, c.status == ACTIVE)


def _successor(
    stamp: Stamp, running: Subscription, row: Mapping[str, Any], plan: Plan, started_at: datetime
) -> Subscription:
    return SUBSCRIPTIONS.new(
        stamp,
        id=new_id(),
        external_id=running.external_id,
        customer_id=running.customer_id,
        plan_id=plan.id,
        name=row.get("name") or running.name,
        billing_time=running.billing_time,
        subscription_at=running.subscription_at,
        started_at=started_at,
        ending_at=running.ending_at,
        terminated_at=None,
        status=ACTIVE,
        on_termination_invoice="generate",
        previous_subscription_id=running.id,
        creation_sequence=stamp.sequence,
        progressive_billing_disabled=running.progressive_billing_disabled,
        billing_entity_id=running.billing_entity_id,
        on_termination_credit_note="credit",
        downgrade_at=None,
    )
