"""Subscriptions: a customer on a plan, from a start to an end (invoicing §2.6, lago_api §7.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.catalog import (
    billing_entities,
    charges,
    customers,
    plan_changes,
    plan_overrides,
    plans,
    test_clocks,
    usage_thresholds,
)
from core.catalog.charges import Charge
from core.catalog.customers import Customer
from core.catalog.plan_changes import PeriodEnd
from core.catalog.plan_versions import Plan
from core.catalog.subscription_versions import SUBSCRIPTIONS, Subscription
from core.catalog.unit_of_work import Stamp, UnitOfWork
from core.catalog.versions import Page
from core.domain.problems import Problems
from core.domain.subscriptions import (
    ACTIVE,
    BILLING_TIMES,
    CANCELED,
    ON_TERMINATION_CREDIT_NOTE,
    ON_TERMINATION_INVOICE,
    TERMINATED,
)
from core.errors import NotFound, ValidationError
from core.ids import new_id


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
    plan_overrides_input: Mapping[str, Any] | None = None,
    period_end: PeriodEnd | None = None,
) -> Subscription:
    """Put the customer on the plan; an unknown customer is created on the fly.

    With `plan_overrides_input` it runs on an override of the plan that says so (see `plan_overrides`). The same external id on
    the same plan returns the running one, with the overrides if there are any; another plan is a change of plan (see
    `plan_changes`), for which `period_end` tells where the running one's period ends. It starts at `subscription_at`
    (naive UTC, past or future) or now on the customer's clock. `billing_entity_code` names the seller, else the
    customer's sells it. Raises ValidationError, NotFound `plan` or `billing_entity`, or Conflict.
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
        "plan_overrides_input": plan_overrides_input,
    }
    return create_many(uow, [row], period_end)[0]


def create_many(
    uow: UnitOfWork, rows: Sequence[Mapping[str, Any]], period_end: PeriodEnd | None = None
) -> list[Subscription]:
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
    started: dict[int, Subscription] = {}
    unwritten: list[Subscription] = []
    answers: list[Subscription] = []
    for place, row in enumerate(rows):
        key = row["external_customer_id"]
        if key not in customer_of:
            customer_of[key] = customers.upsert(uow, key)
        known = earlier.setdefault(row["external_id"], [])
        code = row.get("billing_entity_code")
        seller_id = billing_entities.get(uow.connection, code).id if code else None
        if known and known[-1] in unwritten:  # what a change of plan amends has been written
            SUBSCRIPTIONS.write(uow, unwritten)
            unwritten = []
        answer, begun = _start(uow, row, customer_of[key], plan_of[row["plan_code"]], known, seller_id, period_end)
        if begun is not None:
            known.append(begun)
            started[place] = begun
            unwritten.append(begun)
        answers.append(answer)
    SUBSCRIPTIONS.write(uow, unwritten)
    for place, begun in started.items():
        if rows[place].get("usage_thresholds_input"):
            _replace_thresholds(uow, uow.stamp_for(begun.customer_id), begun, rows[place]["usage_thresholds_input"])
    return answers


def update(
    uow: UnitOfWork,
    external_id: str,
    *,
    usage_thresholds_input: Sequence[Mapping[str, Any]] | None = None,
    plan_overrides_input: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Subscription:
    """Change `name`, `ending_at`, `progressive_billing_disabled`, or the `subscription_at` of one that has not started.

    `usage_thresholds_input`, where given, is the full set of its own thresholds; without any the plan's hold again.
    `plan_overrides_input` says what its plan says otherwise for it alone, from now on, besides what was overridden before.
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
    if plan_overrides_input:
        fields["plan_id"] = plan_overrides.override(uow, stamp, subscription, plan_overrides_input).id
    if "ending_at" in fields:
        fields |= plan_changes.move_end(uow, stamp, subscription, ending_at)
    return SUBSCRIPTIONS.amend(uow, stamp, subscription, **fields)


def override_charge(
    uow: UnitOfWork, external_id: str, code: str, terms: Mapping[str, Any]
) -> tuple[Subscription, Charge]:
    """Give the running subscription terms of its own for one charge of its plan. Raises NotFound, ValidationError."""
    subscription, _ = _running_with_stamp(uow, external_id)
    charge = charges.get(uow.connection, subscription.plan_id, code)
    overrides = {"charges": [{**terms, "id": charge.id}]}
    changed = update(uow, external_id, plan_overrides_input=overrides)
    return changed, charges.get(uow.connection, changed.plan_id, code)


def terminate(
    uow: UnitOfWork,
    external_id: str,
    *,
    on_termination_invoice: str = "generate",
    on_termination_credit_note: str = "credit",
) -> Subscription:
    """End the subscription now on the customer's clock; one that has not started is canceled, and so is a downgrade that waits.

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
    plan_changes.cancel_waiting(uow, stamp, subscription)
    has_started = subscription.started_at <= stamp.instant
    return SUBSCRIPTIONS.amend(
        uow,
        stamp,
        subscription,
        downgrade_at=None,
        status=TERMINATED if has_started else CANCELED,
        terminated_at=stamp.instant,
        on_termination_invoice=on_termination_invoice,
        on_termination_credit_note=on_termination_credit_note,
    )


def cancel_pending(uow: UnitOfWork, external_id: str) -> Subscription:
    """Cancel what has not started: a downgrade that waits, so that the running one goes on, or a start that lies ahead.

    Raises NotFound.
    """
    subscription, stamp = _running_with_stamp(uow, external_id)
    if subscription.started_at > stamp.instant:
        return terminate(uow, external_id)
    canceled = plan_changes.cancel_waiting(uow, stamp, subscription)
    if canceled is None:
        raise NotFound("subscription", external_id)
    SUBSCRIPTIONS.amend(uow, stamp, subscription, downgrade_at=None)
    return canceled


def get(connection: sa.Connection, external_id: str, now: datetime, status: str | None = None) -> Subscription:
    """The subscription of this external id: the one that no command has ended, else the latest. Raises NotFound.

    `now` (naive UTC, wall clock) tells the statuses, unless the customer carries a test clock. With `status` (pending, active,
    terminated, canceled) the latest one in that status.
    """
    found = []
    for row in SUBSCRIPTIONS.all(connection, SUBSCRIPTIONS.c.external_id == external_id):
        instant = _instant_of(connection, row.customer_id, now)
        if status is None or row.status_at(instant) == status:
            found.append((row.status == ACTIVE and not row.waits_at(instant), row.creation_sequence, row))
    if not found:
        raise NotFound("subscription", external_id)
    return max(found, key=lambda ranked: ranked[:2])[2]


def running(uow: UnitOfWork, external_id: str) -> tuple[Subscription, Stamp]:
    """The subscription that has not ended, with a stamp to change it at. Raises NotFound."""
    return _running_with_stamp(uow, external_id)


def next_of(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Subscription]:
    """Id -> the subscription that took over from it, or is to."""
    found = SUBSCRIPTIONS.where_in(connection, "previous_subscription_id", ids)
    return {
        row.previous_subscription_id: row for row in found if row.status != CANCELED and row.previous_subscription_id
    }


def by_ids(connection: sa.Connection, ids: list[str]) -> dict[str, Subscription]:
    """Id -> subscription."""
    return {row.id: row for row in SUBSCRIPTIONS.all(connection, SUBSCRIPTIONS.c.id.in_(ids))}


def page(
    connection: sa.Connection,
    *,
    customer_id: str | None = None,
    plan_id: str | None = None,
    overridden: bool | None = None,
    statuses: list[str] | None = None,
    instant: datetime,
    limit: int | None = None,
    offset: int = 0,
) -> Page[Subscription]:
    """Subscriptions, newest first. `statuses` (default active) are judged at `instant`.

    Those on an override of a plan are on that plan too; `overridden` leaves only them, or only the others.
    """
    c = SUBSCRIPTIONS.c
    # Null says nothing in a comparison, so a service without an end is asked for explicitly.
    has_ended = sa.func.coalesce(c.ending_at <= instant, sa.false()) | sa.func.coalesce(
        c.downgrade_at <= instant, sa.false()
    )
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
        conditions.append((c.plan_id == plan_id) | c.plan_id.in_(_override_ids(plans.PLANS.c.parent_id == plan_id)))
    if overridden is not None:
        conditions.append(c.plan_id.in_(_override_ids()) == sa.literal(overridden))
    return SUBSCRIPTIONS.page(connection, *conditions, limit=limit, offset=offset)


def _override_ids(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    overrides = plans.PLANS.c.parent_id.is_not(None)
    return sa.select(plans.PLANS.c.id).where(plans.PLANS.is_current, overrides, *conditions)


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
    period_end: PeriodEnd | None,
) -> tuple[Subscription, Subscription | None]:
    """The subscription that answers `row`, and the one that begins for it, now or later, which is not written yet."""
    stamp = uow.stamp_for(customer.id)
    running = _running(earlier, stamp.instant)
    overrides = row.get("plan_overrides_input")
    if running is not None:
        if running.customer_id != customer.id:
            raise ValidationError({"external_id": ["value_already_exist"]})
        if plan_overrides.root_ids(uow.connection, [running.plan_id])[running.plan_id] == plan.id:
            return _overridden(uow, stamp, running, overrides, earlier), None
        if overrides:
            plan = plan_overrides.child_for(uow, stamp, plan, customer.id, overrides)
        return plan_changes.change(uow, stamp, earlier, running, row, plan, period_end)
    anchor = row.get("subscription_at") or stamp.instant
    started_at = max([anchor, *_final_invoice_ends(earlier, customer)])
    ending_at = row.get("ending_at")
    if ending_at is not None and ending_at <= max(started_at, stamp.instant):
        raise ValidationError({"ending_at": ["invalid_date"]})
    if overrides:
        plan = plan_overrides.child_for(uow, stamp, plan, customer.id, overrides)
    begun = SUBSCRIPTIONS.new(
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
        downgrade_at=None,
    )
    return begun, begun


def _overridden(
    uow: UnitOfWork,
    stamp: Stamp,
    running: Subscription,
    overrides: Mapping[str, Any] | None,
    earlier: list[Subscription],
) -> Subscription:
    if not overrides:
        return running
    plan = plan_overrides.override(uow, stamp, running, overrides)
    amended = SUBSCRIPTIONS.amend(uow, stamp, running, plan_id=plan.id)
    earlier[earlier.index(running)] = amended
    return amended


def _instant_of(connection: sa.Connection, customer_id: str, now: datetime) -> datetime:
    customer = customers.by_id(connection, customer_id)
    return now if customer.test_clock_id is None else test_clocks.get(connection, customer.test_clock_id).reading


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


def _final_invoice_ends(earlier: list[Subscription], customer: Customer) -> list[datetime]:
    """The ends before which a re-created subscription must not start, because a final invoice covers them (§2.6)."""
    own = [row for row in earlier if row.customer_id == customer.id and row.status != CANCELED]
    ends = [row.terminated_at or row.ends_at for row in own if row.on_termination_invoice == "generate"]
    return [end for end in ends if end is not None]
