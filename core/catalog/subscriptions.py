"""Subscriptions: a customer on a plan, from a start to an end (invoicing §2.6, lago_api §7.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.catalog import billing_entities, customers, plans, usage_thresholds
from core.catalog.customers import Customer
from core.catalog.plans import Plan
from core.catalog.unit_of_work import Stamp, UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.plan_changes import is_upgrade
from core.domain.problems import Problems
from core.domain.subscriptions import (
    ACTIVE,
    BILLING_TIMES,
    CANCELED,
    ON_TERMINATION_CREDIT_NOTE,
    ON_TERMINATION_INVOICE,
    TERMINATED,
    status_at,
)
from core.errors import Conflict, NotFound, ValidationError
from core.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription(Version):
    """A subscription. `status` is what commands decided; `core.domain.subscriptions.status_at` tells pending and ended.

    `subscription_at` anchors the anniversary; `creation_sequence` orders the subscriptions of a customer.
    """

    external_id: str
    customer_id: str
    plan_id: str
    name: str | None
    billing_time: str
    subscription_at: datetime
    started_at: datetime
    ending_at: datetime | None
    terminated_at: datetime | None
    status: str
    on_termination_invoice: str
    previous_subscription_id: str | None
    creation_sequence: int
    progressive_billing_disabled: bool
    """Whether usage thresholds, the plan's or its own, make no invoices."""
    billing_entity_id: str | None
    """The entity that sells it; None for the customer's."""
    on_termination_credit_note: str
    """Where what was paid in advance and is unused at the end goes: credit, refund, offset, or nowhere (skip)."""

    def status_at(self, instant: datetime) -> str:
        """pending, active, terminated or canceled at `instant` (on the customer's clock)."""
        return status_at(self.status, self.started_at, self.ending_at, instant)


SUBSCRIPTIONS = Versions("subscriptions", Subscription, index=("external_id", "customer_id", "plan_id"))


def create(
    uow: UnitOfWork,
    *,
    external_id: str,
    external_customer_id: str,
    plan_code: str,
    name: str | None = None,
    billing_time: str = "calendar",
    subscription_at: datetime | None = None,
    ending_at: datetime | None = None,
    progressive_billing_disabled: bool = False,
    usage_thresholds_input: Sequence[Mapping[str, Any]] | None = None,
    billing_entity_code: str | None = None,
) -> Subscription:
    """Put the customer on the plan; an unknown customer is created on the fly.

    The same external id on the same plan is a no-op that returns the running one; on a plan that costs no less in a year it is
    an upgrade: the running one ends now, what it paid in advance is credited, and the new one goes on with its anchor, billing
    time and planned end (invoicing §6.1). One that has not started just takes the other plan. It starts at `subscription_at`
    (naive UTC, past or future) or now on the customer's clock. `billing_entity_code` names the seller, else the
    customer's sells it. Raises ValidationError, NotFound `plan` or `billing_entity`, or Conflict
    `downgrade_not_supported` when the other plan costs less.
    """
    row = {
        "external_id": external_id,
        "external_customer_id": external_customer_id,
        "plan_code": plan_code,
        "name": name,
        "billing_time": billing_time,
        "subscription_at": subscription_at,
        "ending_at": ending_at,
        "progressive_billing_disabled": progressive_billing_disabled,
        "usage_thresholds_input": usage_thresholds_input,
        "billing_entity_code": billing_entity_code,
    }
    return create_many(uow, [row])[0]


def create_many(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> list[Subscription]:
    """Create subscriptions in bulk, several times as fast as one by one. Each row is what `create` takes, by name.

    Raises as `create` does.
    """
    for row in rows:
        _check(row)
    plan_of = {code: plans.get(uow.connection, code) for code in {row["plan_code"] for row in rows}}
    customer_of = customers.by_external_ids(uow.connection, [row["external_customer_id"] for row in rows])
    earlier: dict[str, list[Subscription]] = {}
    for found in SUBSCRIPTIONS.where_in(uow.connection, "external_id", [row["external_id"] for row in rows]):
        earlier.setdefault(found.external_id, []).append(found)
    started: list[Subscription] = []
    unwritten: list[Subscription] = []
    answers: list[Subscription] = []
    for row in rows:
        key = row["external_customer_id"]
        if key not in customer_of:
            customer_of[key] = customers.upsert(uow, key)
        known = earlier.setdefault(row["external_id"], [])
        code = row.get("billing_entity_code")
        seller_id = billing_entities.get(uow.connection, code).id if code else None
        if known and known[-1] in unwritten:  # what a change of plan amends has been written
            SUBSCRIPTIONS.write(uow, unwritten)
            unwritten = []
        subscription = _start(uow, row, customer_of[key], plan_of[row["plan_code"]], known, seller_id)
        if subscription.id not in {one.id for one in known}:
            known.append(subscription)
            started.append(subscription)
            unwritten.append(subscription)
        answers.append(subscription)
    SUBSCRIPTIONS.write(uow, unwritten)
    for row, subscription in zip(rows, answers, strict=True):
        if row.get("usage_thresholds_input") and subscription in started:
            _replace_thresholds(
                uow, uow.stamp_for(subscription.customer_id), subscription, row["usage_thresholds_input"]
            )
    return answers


def update(
    uow: UnitOfWork,
    external_id: str,
    *,
    usage_thresholds_input: Sequence[Mapping[str, Any]] | None = None,
    **fields: Any,
) -> Subscription:
    """Change `name`, `ending_at`, `progressive_billing_disabled`, or the `subscription_at` of one that has not started.

    `usage_thresholds_input`, where given, is the full set of its own thresholds; without any the plan's hold again.
    Raises NotFound, ValidationError. Other fields are not changeable and give TypeError.
    """
    if unknown := fields.keys() - {"name", "ending_at", "subscription_at", "progressive_billing_disabled"}:
        raise TypeError(f"a subscription's {sorted(unknown)} cannot be updated")
    subscription, stamp = _running_with_stamp(uow, external_id)
    problems = Problems(fields)
    problems.instant("ending_at", "subscription_at")
    problems.boolean("progressive_billing_disabled")
    problems.refuse()
    if usage_thresholds_input is not None:
        _replace_thresholds(uow, stamp, subscription, usage_thresholds_input)
    if fields.get("subscription_at") is None or subscription.started_at <= stamp.instant:
        fields.pop("subscription_at", None)
    else:
        fields["started_at"] = fields["subscription_at"]
    ending_at = fields.get("ending_at")
    if ending_at is not None and ending_at <= max(stamp.instant, fields.get("started_at", subscription.started_at)):
        raise ValidationError({"ending_at": ["invalid_date"]})
    return SUBSCRIPTIONS.amend(uow, stamp, subscription, **fields)


def terminate(
    uow: UnitOfWork,
    external_id: str,
    *,
    on_termination_invoice: str = "generate",
    on_termination_credit_note: str = "credit",
) -> Subscription:
    """End the subscription now on the customer's clock; one that has not started is canceled.

    `on_termination_invoice` says whether a final invoice follows (generate or skip), `on_termination_credit_note` where the
    unused days of a fee in advance go: credit, refund what was paid and credit the rest, offset in its place, or skip
    (invoicing §6.3). Raises NotFound, ValidationError.
    """
    problems = Problems(
        {"on_termination_invoice": on_termination_invoice, "on_termination_credit_note": on_termination_credit_note}
    )
    problems.one_of("on_termination_invoice", ON_TERMINATION_INVOICE)
    problems.one_of("on_termination_credit_note", ON_TERMINATION_CREDIT_NOTE)
    problems.refuse()
    subscription, stamp = _running_with_stamp(uow, external_id)
    has_started = subscription.started_at <= stamp.instant
    return SUBSCRIPTIONS.amend(
        uow,
        stamp,
        subscription,
        status=TERMINATED if has_started else CANCELED,
        terminated_at=stamp.instant,
        on_termination_invoice=on_termination_invoice,
        on_termination_credit_note=on_termination_credit_note,
    )


def get(connection: sa.Connection, external_id: str) -> Subscription:
    """The subscription of this external id: the one that no command has ended, else the latest. Raises NotFound."""
    found = SUBSCRIPTIONS.all(connection, SUBSCRIPTIONS.c.external_id == external_id)
    if not found:
        raise NotFound("subscription", external_id)
    return max(found, key=lambda row: (row.status == ACTIVE, row.creation_sequence))


def by_ids(connection: sa.Connection, ids: list[str]) -> dict[str, Subscription]:
    """Id -> subscription."""
    return {row.id: row for row in SUBSCRIPTIONS.all(connection, SUBSCRIPTIONS.c.id.in_(ids))}


def page(
    connection: sa.Connection,
    *,
    customer_id: str | None = None,
    plan_id: str | None = None,
    statuses: list[str] | None = None,
    instant: datetime,
    limit: int | None = None,
    offset: int = 0,
) -> Page[Subscription]:
    """Subscriptions, newest first. `statuses` (default active) are judged at `instant`."""
    c = SUBSCRIPTIONS.c
    has_ended = c.ending_at.is_not(None) & (c.ending_at <= instant)
    meaning = {
        "pending": (c.status == ACTIVE) & (c.started_at > instant),
        "active": (c.status == ACTIVE) & (c.started_at <= instant) & ~has_ended,
        "terminated": (c.status == TERMINATED) | ((c.status == ACTIVE) & (c.started_at <= instant) & has_ended),
        "canceled": c.status == CANCELED,
    }
    wanted = [meaning[status] for status in statuses or ["active"] if status in meaning]
    conditions: list[sa.ColumnElement[bool]] = [sa.or_(sa.false(), *wanted)]
    if customer_id is not None:
        conditions.append(c.customer_id == customer_id)
    if plan_id is not None:
        conditions.append(c.plan_id == plan_id)
    return SUBSCRIPTIONS.page(connection, *conditions, limit=limit, offset=offset)


def _check(row: Mapping[str, Any]) -> None:
    problems = Problems(row)
    problems.key("external_id")
    problems.mandatory("external_customer_id")
    problems.one_of("billing_time", BILLING_TIMES)
    problems.instant("subscription_at", "ending_at")
    problems.boolean("progressive_billing_disabled")
    problems.refuse()


def _replace_thresholds(
    uow: UnitOfWork, stamp: Stamp, subscription: Subscription, rows: Sequence[Mapping[str, Any]]
) -> None:
    customer_id = subscription.customer_id
    usage_thresholds.replace_thresholds(uow, stamp, "subscription", subscription.id, rows, customer_id=customer_id)


def _start(
    uow: UnitOfWork,
    row: Mapping[str, Any],
    customer: Customer,
    plan: Plan,
    earlier: list[Subscription],
    seller_id: str | None,
) -> Subscription:
    """The running subscription that `row` asks for again, or a new one, not written yet."""
    stamp = uow.stamp_for(customer.id)
    running = _running(earlier, stamp.instant)
    if running is not None:
        if running.customer_id != customer.id:
            raise ValidationError({"external_id": ["value_already_exist"]})
        return running if running.plan_id == plan.id else _change_plan(uow, stamp, earlier, running, row, plan)
    anchor = row.get("subscription_at") or stamp.instant
    started_at = max([anchor, *_final_invoice_ends(earlier, customer)])
    ending_at = row.get("ending_at")
    if ending_at is not None and ending_at <= max(started_at, stamp.instant):
        raise ValidationError({"ending_at": ["invalid_date"]})
    return SUBSCRIPTIONS.new(
        stamp,
        id=new_id(),
        external_id=row["external_id"],
        customer_id=customer.id,
        plan_id=plan.id,
        name=row.get("name"),
        billing_time=row.get("billing_time") or "calendar",
        subscription_at=anchor,
        started_at=started_at,
        ending_at=ending_at,
        terminated_at=None,
        status=ACTIVE,
        on_termination_invoice="generate",
        previous_subscription_id=None,
        creation_sequence=stamp.sequence,
        progressive_billing_disabled=bool(row.get("progressive_billing_disabled")),
        billing_entity_id=seller_id,
        on_termination_credit_note="credit",
    )


def _running(candidates: list[Subscription], instant: datetime) -> Subscription | None:
    return next((row for row in candidates if row.status_at(instant) in ("pending", "active")), None)


def _running_with_stamp(uow: UnitOfWork, external_id: str) -> tuple[Subscription, Stamp]:
    candidates = list(SUBSCRIPTIONS.all(uow.connection, SUBSCRIPTIONS.c.external_id == external_id))
    # An ended one may belong to a customer on another clock, so each is judged in its own time.
    for row in candidates:
        if row.status == ACTIVE:
            stamp = uow.stamp_for(row.customer_id)
            if row.status_at(stamp.instant) in ("pending", "active"):
                return row, stamp
    raise NotFound("subscription", external_id)


def _change_plan(
    uow: UnitOfWork,
    stamp: Stamp,
    earlier: list[Subscription],
    running: Subscription,
    row: Mapping[str, Any],
    plan: Plan,
) -> Subscription:
    """The subscription on the other plan: the running one where it has not started, else its successor, not written yet.

    The running one's new version takes its place in `earlier`.
    """
    place = earlier.index(running)
    if running.started_at > stamp.instant:
        earlier[place] = SUBSCRIPTIONS.amend(uow, stamp, running, plan_id=plan.id)
        return earlier[place]
    old = plans.by_ids(uow.connection, [running.plan_id])[running.plan_id]
    if not is_upgrade(old.interval, old.amount_cents, plan.interval, plan.amount_cents):
        raise Conflict(
            "downgrade_not_supported",
            f"subscription {running.external_id} runs on a plan that costs more; terminate it and create it on the new one",
        )
    earlier[place] = SUBSCRIPTIONS.amend(
        uow,
        stamp,
        running,
        status=TERMINATED,
        terminated_at=stamp.instant,
        on_termination_invoice="generate",
        on_termination_credit_note="credit",
    )
    return SUBSCRIPTIONS.new(
        stamp,
        id=new_id(),
        external_id=running.external_id,
        customer_id=running.customer_id,
        plan_id=plan.id,
        name=row.get("name") or running.name,
        billing_time=running.billing_time,
        subscription_at=running.subscription_at,
        started_at=stamp.instant,
        ending_at=running.ending_at,
        terminated_at=None,
        status=ACTIVE,
        on_termination_invoice="generate",
        previous_subscription_id=running.id,
        creation_sequence=stamp.sequence,
        progressive_billing_disabled=running.progressive_billing_disabled,
        billing_entity_id=running.billing_entity_id,
        on_termination_credit_note="credit",
    )


def _final_invoice_ends(earlier: list[Subscription], customer: Customer) -> list[datetime]:
    """The ends before which a re-created subscription must not start, because a final invoice covers them (§2.6)."""
    own = [row for row in earlier if row.customer_id == customer.id and row.status != CANCELED]
    ends = [row.terminated_at or row.ending_at for row in own if row.on_termination_invoice == "generate"]
    return [end for end in ends if end is not None]
