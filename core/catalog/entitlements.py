"""Entitlements: which features a plan gives, and what a subscription has otherwise (lago_api §7.5).

A subscription has what its plan gives (an override's is its parent's), with the values that it overrides, and without what was taken away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.catalog import features
from core.catalog.features import FEATURES, Feature
from core.catalog.plan_versions import PLANS, Plan
from core.catalog.subscription_versions import Subscription
from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.domain.entitlements import Values, read_values
from core.errors import NotFound
from core.ids import deterministic_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Entitlement(Version):
    """What a plan or a subscription says of a feature: values by privilege, and what a subscription has not although its plan gives it."""

    owner_id: str
    customer_id: str | None
    feature_id: str
    privilege_values: dict[str, Any]
    is_removed: bool
    removed_privileges: list[str]


ENTITLEMENTS = Versions("entitlements", Entitlement, index=("owner_id", "feature_id"))
Owner = Plan | Subscription
Given = Mapping[str, Mapping[str, Any]]
"""Feature code -> privilege code -> value."""


@dataclass(frozen=True, slots=True)
class Entitled:
    """What holds of a feature: `values` of its privileges, with the plan's and the subscription's own where they have one."""

    feature: Feature
    values: Values
    plan_values: Values
    overrides: Values


def put(uow: UnitOfWork, owner: Owner, given: Given, *, replaces: bool = False) -> None:
    """Entitle to these features with these values; with `replaces` to no others. Raises NotFound `feature` or `privilege`, ValidationError."""
    current = _of(uow.connection, owner.id)
    stated = {code: features.get(uow.connection, code) for code in given}
    for code, feature in stated.items():
        values = read_values(feature.privileges, given[code])
        before = current.pop(feature.id, None)
        if before is not None and not replaces:
            values = before.privilege_values | values
        removed = [code for code in before.removed_privileges if code not in values] if before else []
        _write(uow, owner, feature.id, before, privilege_values=values, is_removed=False, removed_privileges=removed)
    if replaces:
        for gone in current.values():
            ENTITLEMENTS.end(uow, uow.stamp_for(owner.customer_id), gone)


def remove(uow: UnitOfWork, owner: Owner, feature_code: str, privilege_code: str | None = None) -> None:
    """Take a feature away, or one privilege of it. Raises NotFound `feature`, `privilege` or `entitlement`."""
    feature = features.get(uow.connection, feature_code)
    held = find(uow.connection, owner, feature_code)
    if privilege_code is not None and privilege_code not in held.values:
        raise NotFound("privilege", privilege_code)
    before = _of(uow.connection, owner.id).get(feature.id)
    if isinstance(owner, Plan) and before is not None:
        if privilege_code is None:
            ENTITLEMENTS.end(uow, uow.stamp_for(owner.customer_id), before)
            return
        left = {code: value for code, value in before.privilege_values.items() if code != privilege_code}
        _write(uow, owner, feature.id, before, privilege_values=left)
        return
    own = {} if before is None or privilege_code is None else before.privilege_values
    gone = [] if before is None else before.removed_privileges
    _write(
        uow, owner, feature.id, before,
        privilege_values={code: value for code, value in own.items() if code != privilege_code},
        is_removed=privilege_code is None,
        removed_privileges=[] if privilege_code is None else sorted({*gone, privilege_code}),
    )  # fmt: skip


def of(connection: sa.Connection, owner: Owner) -> list[Entitled]:
    """What a plan or a subscription entitles to, by feature code."""
    if isinstance(owner, Plan):
        return of_plans(connection, [owner])[owner.id]
    plan = PLANS.first(connection, PLANS.c.id == owner.plan_id)
    given = {} if plan is None else _of(connection, plan.parent_id or plan.id)
    own = _of(connection, owner.id)
    return _described(_features(connection, given.keys() | own.keys()), given, own)


def of_plans(connection: sa.Connection, plans: Sequence[Plan]) -> dict[str, list[Entitled]]:
    """Plan id -> what it entitles to, by feature code."""
    rows: dict[str, dict[str, Entitlement]] = {}
    for row in ENTITLEMENTS.where_in(connection, "owner_id", {plan.parent_id or plan.id for plan in plans}):
        rows.setdefault(row.owner_id, {})[row.feature_id] = row
    known = _features(connection, {feature_id for given in rows.values() for feature_id in given})
    return {plan.id: _described(known, rows.get(plan.parent_id or plan.id, {}), {}) for plan in plans}


def find(connection: sa.Connection, owner: Owner, feature_code: str) -> Entitled:
    """What it entitles to of one feature. Raises NotFound `feature` or `entitlement`."""
    feature = features.get(connection, feature_code)
    for held in of(connection, owner):
        if held.feature.id == feature.id:
            return held
    raise NotFound("entitlement", feature_code)


def forget(uow: UnitOfWork, feature: Feature, privilege_code: str | None = None) -> None:
    """End what plans and subscriptions say of a feature, or of one privilege of it, that is going to be deleted."""
    for row in ENTITLEMENTS.all(uow.connection, ENTITLEMENTS.c.feature_id == feature.id):
        if privilege_code is None:
            ENTITLEMENTS.end(uow, uow.stamp_for(row.customer_id), row)
        elif privilege_code in row.privilege_values or privilege_code in row.removed_privileges:
            left = {code: value for code, value in row.privilege_values.items() if code != privilege_code}
            removed = [code for code in row.removed_privileges if code != privilege_code]
            ENTITLEMENTS.amend(uow, uow.stamp_for(row.customer_id), row, privilege_values=left, removed_privileges=removed)


def _described(
    known: Mapping[str, Feature], given: Mapping[str, Entitlement], own: Mapping[str, Entitlement]
) -> list[Entitled]:
    held = []
    for feature in (known[feature_id] for feature_id in given.keys() | own.keys()):
        plan_values = given[feature.id].privilege_values if feature.id in given else {}
        row = own.get(feature.id)
        if row is None:
            held.append(Entitled(feature, plan_values, plan_values, {}))
        elif not row.is_removed:
            kept = {code: value for code, value in plan_values.items() if code not in row.removed_privileges}
            held.append(Entitled(feature, kept | row.privilege_values, plan_values, row.privilege_values))
    return sorted(held, key=lambda entitled: entitled.feature.code)


def _features(connection: sa.Connection, ids: Set[str]) -> dict[str, Feature]:
    return {feature.id: feature for feature in FEATURES.where_in(connection, "id", ids)}


def _of(connection: sa.Connection, owner_id: str) -> dict[str, Entitlement]:
    return {row.feature_id: row for row in ENTITLEMENTS.all(connection, ENTITLEMENTS.c.owner_id == owner_id)}


def _write(uow: UnitOfWork, owner: Owner, feature_id: str, before: Entitlement | None, **said: Any) -> None:
    if before is not None:
        ENTITLEMENTS.amend(uow, uow.stamp_for(owner.customer_id), before, **said)
        return
    entitlement_id = deterministic_id("entitlement", owner.id, feature_id)
    ENTITLEMENTS.add(uow, uow.stamp_for(owner.customer_id), id=entitlement_id, owner_id=owner.id, customer_id=owner.customer_id, feature_id=feature_id, **said)

