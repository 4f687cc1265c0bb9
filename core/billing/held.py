"""Bills that are held back because their usage is out of the domain of money (the billing README), and the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import duckdb

from core.billing.customer import CustomerFacts, compute
from core.books import store
from core.catalog import set_aside_events
from core.catalog.engine import connect, reading
from core.catalog.set_aside_events import SetAsideEvent
from core.catalog.subscription_versions import SUBSCRIPTIONS
from core.catalog.unit_of_work import unit_of_work
from core.clock import Clock
from core.errors import Conflict, NotFound, UsageOutOfDomain
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph, temporary

HELD_USAGE = "int_billing__held_usage"
HELD_EVENTS = "int_ledger__held_events"
LOCK_SECONDS = 30.0


def refuse_while_held(
    connection: duckdb.DuckDBPyConnection, graph: PricingGraph, facts: CustomerFacts, *, has_warehouse: bool = True
) -> None:
    """Raises UsageOutOfDomain while a bill of the customer that is due is held back.

    Bills are issued in order, so an invoice that a command asks for now would have to wait as well. Asked of the facts of
    this moment and not of the last run: usage may have become too large since, or have been set aside.
    """
    compute(connection, graph, facts, [HELD_USAGE], has_warehouse=has_warehouse)
    held = connection.execute(
        f"select * from {temporary(HELD_USAGE)} where bill_state = 'due' order by horizon_at, usage_id"
    ).to_arrow_table()
    if held.num_rows:
        raise UsageOutOfDomain(held.to_pylist())


class EventNotHeld(Conflict):
    """The event cannot be set aside: it is behind no bill that is held back, or another bill has counted it."""


def set_aside(
    settings: Settings,
    clock: Clock,
    events_of: Callable[[str], Sequence[Mapping[str, Any]]],
    *,
    external_subscription_id: str,
    transaction_id: str,
    reason: str,
    set_aside_by: str,
) -> SetAsideEvent:
    """Leave an event out of all bills, so that the one that it holds back can be issued. Again gives the command of before.

    `events_of` (customer id -> rows of HELD_EVENTS) computes them from the facts at the moment of the call. Under the
    books' lock, so that no bill is issued between the look and the command. Raises NotFound `subscription`, EventNotHeld,
    ValidationError, BooksBusy.
    """
    with ExitStack() as stack:
        stack.enter_context(store.lock(settings, LOCK_SECONDS))
        engine = connect(settings.catalog)
        stack.callback(engine.dispose)
        with reading(engine) as connection:
            given = set_aside_events.find(connection, external_subscription_id, transaction_id)
            owned = SUBSCRIPTIONS.all(connection, SUBSCRIPTIONS.c.external_id == external_subscription_id)
        if given is not None:
            return given
        if not owned:
            raise NotFound("subscription", external_subscription_id)
        identity = (external_subscription_id, transaction_id)
        rows = [row for customer_id in sorted({row.customer_id for row in owned}) for row in events_of(customer_id)]
        rows = [row for row in rows if (row["external_subscription_id"], row["transaction_id"]) == identity]
        _refuse_unless_held(rows, f"event {transaction_id!r} of subscription {external_subscription_id!r}")
        with unit_of_work(engine, clock) as uow:
            return set_aside_events.set_aside(
                uow,
                customer_id=rows[0]["customer_id"],
                external_subscription_id=external_subscription_id,
                transaction_id=transaction_id,
                reason=reason,
                set_aside_by=set_aside_by,
            )


def _refuse_unless_held(rows: Sequence[Mapping[str, Any]], event: str) -> None:
    if not rows:
        raise EventNotHeld(
            "event_not_held",
            f"{event} holds no bill back, so it stays. `tallystick set-aside` lists the events that can be set aside.",
        )
    if any(row["is_billed"] for row in rows):
        raise EventNotHeld(
            "event_billed",
            f"{event} is part of an earlier bill too, and what is issued stays as it is. Set another event of the held usage aside.",
        )
