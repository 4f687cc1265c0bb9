"""A subscription's own terms: a hidden child of its plan that copies everything but them (invoicing §13, lago_api §7.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from core.catalog import plan_terms
from core.catalog.plan_terms import Terms
from core.catalog.plan_versions import PLANS, Plan, days_text
from core.catalog.subscription_versions import SUBSCRIPTIONS, Subscription
from core.catalog.unit_of_work import Stamp, UnitOfWork
from core.domain.plan_overrides import cascaded, overridden
from core.domain.subscriptions import ACTIVE
from core.errors import ValidationError
from core.ids import new_id


def child_for(uow: UnitOfWork, stamp: Stamp, plan: Plan, customer_id: str, overrides: Mapping[str, Any]) -> Plan:
    """A new override of `plan` for a subscription of the customer that begins. `stamp` is the customer's.

    Raises ValidationError that names what matches no charge, or NotFound.
    """
    return _child(uow, stamp, plan, customer_id, overridden(plan_terms.terms_of(uow.connection, plan), overrides))


def override(uow: UnitOfWork, stamp: Stamp, subscription: Subscription, overrides: Mapping[str, Any]) -> Plan:
    """The plan of the subscription with `overrides`: its override where it has one, edited, else a new one.

    Its trial stays as agreed once it has begun. Raises as `child_for`.
    """
    (plan,) = PLANS.all(uow.connection, PLANS.c.id == subscription.plan_id)
    terms = plan_terms.terms_of(uow.connection, plan, subscription.id)
    if plan.parent_id is None:
        terms |= _agreed(uow.connection, subscription, plan)
    wanted = overridden(terms, overrides)
    is_other_trial = days_text(wanted["trial_period"]) != days_text(terms["trial_period"])
    if is_other_trial and subscription.started_at <= stamp.instant:
        raise ValidationError(
            {"trial_period": ["value_is_invalid"]},
            "the trial of a subscription that has begun stays as it was agreed; leave trial_period out",
        )
    # What is agreed is what a plan said when it was taken, so another trial is another plan.
    if plan.parent_id is None or is_other_trial:
        return _child(uow, stamp, plan, subscription.customer_id, wanted)
    return plan_terms.amend_plan(uow, stamp, plan, wanted)


def root_ids(connection: sa.Connection, plan_ids: list[str]) -> dict[str, str]:
    """Plan id -> the id of the plan for all behind it: its parent's where it is an override, else its own."""
    return {plan.id: plan.parent_id or plan.id for plan in PLANS.where_in(connection, "id", plan_ids)}


def children_of(connection: sa.Connection, plan_id: str) -> list[Plan]:
    """The overrides of a plan that a subscription runs, or is to run, on."""
    c = SUBSCRIPTIONS.c
    running = sa.select(c.plan_id).where(SUBSCRIPTIONS.is_current, c.status == ACTIVE)
    return PLANS.all(connection, PLANS.c.parent_id == plan_id, PLANS.c.id.in_(running))


def owner_stamp(uow: UnitOfWork, plan_id: str, shared: Stamp) -> Stamp:
    """The stamp for a change of what stands on a plan: its customer's where it is an override, else `shared`."""
    (plan,) = PLANS.all(uow.connection, PLANS.c.id == plan_id)
    return shared if plan.customer_id is None else uow.stamp_for(plan.customer_id)


@contextmanager
def cascading(uow: UnitOfWork, plan: Plan, cascade_updates: bool | None) -> Iterator[None]:
    """What the block changes of `plan` reaches its overrides where they still have the plan's old value, if that is asked for.

    An override always has the code of its plan.
    """
    children = children_of(uow.connection, plan.id)
    before = plan_terms.terms_of(uow.connection, plan) if children else {}
    yield
    if not children:
        return
    (changed,) = PLANS.all(uow.connection, PLANS.c.id == plan.id)
    after = plan_terms.terms_of(uow.connection, changed)
    for child in children:
        own = plan_terms.terms_of(uow.connection, child)
        wanted = cascaded(before, after, own) if cascade_updates else own | {"code": changed.code}
        if wanted != own:
            assert child.customer_id is not None  # an override is somebody's
            plan_terms.amend_plan(uow, uow.stamp_for(child.customer_id), child, wanted)


def _child(uow: UnitOfWork, stamp: Stamp, plan: Plan, customer_id: str, terms: Terms) -> Plan:
    rows = {
        kind: [
            {name: value for name, value in row.items() if name != "id"} | {"parent_id": row["parent_id"] or row["id"]}
            for row in terms[kind]
        ]
        for kind in ("charges", "fixed_charges")
    }
    owner = {"parent_id": plan.parent_id or plan.id, "customer_id": customer_id}
    return plan_terms.add_plan(uow, stamp, new_id(), terms | rows, **owner)


def _agreed(connection: sa.Connection, subscription: Subscription, plan: Plan) -> Terms:
    """What the plan said when the subscription took it, of what stays so."""
    versions = SUBSCRIPTIONS.history(connection, subscription.id)
    taken_at = min(version.valid_from for version in versions if version.plan_id == plan.id)
    said = [version for version in PLANS.history(connection, plan.id) if version.valid_from <= taken_at]
    agreed = said[-1] if said else plan
    return {
        name: getattr(agreed, name) for name in ("trial_period", "bill_charges_monthly", "bill_fixed_charges_monthly")
    }
