"""What a unit of work changed, and which of it webhooks tell of (lago_api §10): the one place that knows, for every command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from core.catalog.versions import Version
from core.catalog.webhooks import Fact
from core.domain.subscriptions import ACTIVE, CANCELED, TERMINATED

# Named without their modules: those import the unit of work, which asks here.
_PLANS = sa.table("plans", *map(sa.column, ("id", "valid_to", "parent_id")))
_SUBSCRIPTIONS = sa.table("subscriptions", *map(sa.column, ("id", "valid_to", "plan_id")))
_CHARGES = sa.table("charges", *map(sa.column, ("id", "plan_id")))

Change = tuple[Any, Any]
"""A version before a unit of work and the one after it; None where there was or is none."""
Found = Iterator[tuple[str, str]]
"""(type, id of the object)."""


class Changes:
    """What one unit of work did to objects, in the order of their first change."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], list[Any]] = {}

    def ended(self, table: str, version: Version) -> None:
        """A version was closed."""
        self._of.setdefault((table, version.id), [version, None])[1] = None

    def wrote(self, table: str, version: Version) -> None:
        """A version was written."""
        self._of.setdefault((table, version.id), [None, None])[1] = version

    def touched(self) -> dict[tuple[str, str], Change]:
        """(table, id of an object) -> its version before and after."""
        return {key: (before, after) for key, (before, after) in self._of.items()}

    def facts(self, connection: sa.Connection) -> list[Fact]:
        """What happened, each once: what was created or ended was not also updated."""
        happened: dict[tuple[str, str], str] = {}
        for (table, _), (before, after) in self._of.items():
            if table not in _RULES or (before is None and after is None):
                continue
            for webhook_type, object_id in _RULES[table](connection, (before, after)):
                key, _, verb = webhook_type.partition(".")
                said = happened.get((key, object_id))
                if said is None or said == "updated":
                    happened[key, object_id] = verb
        occasion = (
            str(max((after or before).sequence for before, after in self._of.values() if after or before))
            if happened
            else ""
        )
        return [Fact(f"{key}.{verb}", object_id, occasion) for (key, object_id), verb in happened.items()]


def _plain(key: str) -> Callable[[sa.Connection, Change], Found]:
    def rule(_connection: sa.Connection, change: Change) -> Found:
        before, after = change
        verb = "created" if before is None else "deleted" if after is None else "updated"
        yield f"{key}.{verb}", (after or before).id

    return rule


def _customer(_connection: sa.Connection, change: Change) -> Found:
    before, after = change
    if after is not None and after.deleted_at is None:
        yield f"customer.{'created' if before is None else 'updated'}", after.id


def _plan(connection: sa.Connection, change: Change) -> Found:
    before, after = change
    if after is None or after.deleted_at is not None:
        if (after or before).parent_id is None:
            yield "plan.deleted", (after or before).id
    elif after.parent_id is not None:
        yield from _of_plan(connection, after.id)
    else:
        yield f"plan.{'created' if before is None else 'updated'}", after.id


def _of_plan(connection: sa.Connection, plan_id: str) -> Found:
    """What a plan says is part of it; terms of one subscription are that subscription's."""
    found = connection.execute(
        sa.select(_PLANS.c.parent_id).where(_PLANS.c.id == plan_id, _PLANS.c.valid_to.is_(None))
    ).one_or_none()
    if found is None:
        return
    if found.parent_id is None:
        yield "plan.updated", plan_id
        return
    on_it = sa.select(_SUBSCRIPTIONS.c.id).where(
        _SUBSCRIPTIONS.c.plan_id == plan_id, _SUBSCRIPTIONS.c.valid_to.is_(None)
    )
    for row in connection.execute(on_it):
        yield "subscription.updated", row.id


def _charge(connection: sa.Connection, change: Change) -> Found:
    before, after = change
    yield from _of_plan(connection, (after or before).plan_id)


def _charge_filter(connection: sa.Connection, change: Change) -> Found:
    before, after = change
    charge_id = (after or before).charge_id
    for row in connection.execute(sa.select(_CHARGES.c.plan_id).where(_CHARGES.c.id == charge_id).limit(1)):
        yield from _of_plan(connection, row.plan_id)


def _owned(connection: sa.Connection, change: Change) -> Found:
    before, after = change
    owner_type, owner_id = (after or before).owner_type, (after or before).owner_id
    if owner_type == "plan":
        yield from _of_plan(connection, owner_id)
    elif owner_type in ("customer", "subscription"):
        yield f"{owner_type}.updated", owner_id


def _subscription(_connection: sa.Connection, change: Change) -> Found:
    before, after = change
    if before is None and after.status == ACTIVE:
        if after.started_at <= after.created_at:  # what starts later is told by time (`webhook_times`)
            yield "subscription.started", after.id
    elif before is not None and after is not None:
        ended = {TERMINATED: "terminated", CANCELED: "canceled"} if before.status == ACTIVE else {}
        yield f"subscription.{ended.get(after.status, 'updated')}", after.id


def _wallet(_connection: sa.Connection, change: Change) -> Found:
    before, after = change
    if after is not None:
        has_ended = after.terminated_at is not None
        yield f"wallet.{'created' if before is None else 'terminated' if has_ended else 'updated'}", after.id


def _payment(_connection: sa.Connection, change: Change) -> Found:
    before, after = change
    if before is None:
        if after.part_of_payment_id is None:
            yield "payment.succeeded", after.id
            yield "payment_receipt.created", after.id
            if after.payment_request_id is not None:
                yield "payment_request.payment_status_updated", after.payment_request_id
        yield "invoice.payment_status_updated", after.invoice_id


def _payment_request(_connection: sa.Connection, change: Change) -> Found:
    yield "payment_request.created", change[1].id


def _dispute(_connection: sa.Connection, change: Change) -> Found:
    yield "invoice.payment_dispute_lost", change[1].invoice_id


_RULES: dict[str, Callable[[sa.Connection, Change], Found]] = {
    "customers": _customer,
    "billable_metrics": _plain("billable_metric"),
    "features": _plain("feature"),
    "plans": _plan,
    "charges": _charge,
    "charge_filters": _charge_filter,
    "fixed_charges": _charge,
    "applied_taxes": _owned,
    "usage_thresholds": _owned,
    "subscriptions": _subscription,
    "wallets": _wallet,
    "wallet_transactions": _plain("wallet_transaction"),
    "payments": _payment,
    "payment_requests": _payment_request,
    "invoice_disputes": _dispute,
}
"""Table -> what a change of one of its objects is."""
