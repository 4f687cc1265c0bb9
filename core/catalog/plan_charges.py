"""One charge of a plan at a time, and one filter of a charge (lago_api §7.4): each is a change of the plan, or of a subscription's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.catalog import charges, plans, subscriptions
from core.catalog.charges import Charge, ChargeFilter
from core.catalog.plan_versions import Plan
from core.catalog.unit_of_work import UnitOfWork
from core.errors import NotFound, ValidationError

Given = Mapping[str, Any]
Write = Callable[[UnitOfWork, list[dict[str, Any]]], Charge]
"""Gives a charge these filters and no others; returns the charge as it is then."""


def create(uow: UnitOfWork, plan_code: str, given: Given, *, cascade_updates: bool | None = False) -> Charge:
    """Add a charge to a plan. Raises NotFound, ValidationError (`value_already_exist` for a code that the plan has)."""
    plan = plans.get(uow.connection, plan_code)
    before = _of(uow.connection, plan)
    if given.get("code") in {charge.code for charge in before}:
        raise ValidationError({"code": ["value_already_exist"]})
    new = {name: value for name, value in given.items() if name != "id"}
    plans.update(uow, plan_code, charges_input=[*map(_kept, before), new], cascade_updates=cascade_updates)
    known = {charge.id for charge in before}
    return next(charge for charge in _of(uow.connection, plan) if charge.id not in known)


def update(
    uow: UnitOfWork, plan_code: str, charge_code: str, given: Given, *, cascade_updates: bool | None = False
) -> Charge:
    """Change what is given of a plan's charge. Raises NotFound, ValidationError."""
    plan = plans.get(uow.connection, plan_code)
    charge = charges.get(uow.connection, plan.id, charge_code)
    inputs = [_kept(row) | (dict(given) | {"id": row.id} if row.id == charge.id else {}) for row in _of(uow.connection, plan)]
    plans.update(uow, plan_code, charges_input=inputs, cascade_updates=cascade_updates)
    return next(row for row in _of(uow.connection, plan) if row.id == charge.id)


def delete(uow: UnitOfWork, plan_code: str, charge_code: str, *, cascade_updates: bool | None = False) -> None:
    """Take a charge off a plan; it is not billed any more. Raises NotFound."""
    plan = plans.get(uow.connection, plan_code)
    charge = charges.get(uow.connection, plan.id, charge_code)
    left = [_kept(row) for row in _of(uow.connection, plan) if row.id != charge.id]
    plans.update(uow, plan_code, charges_input=left, cascade_updates=cascade_updates)


def writer_of_plan(plan_code: str, charge_code: str, *, cascade_updates: bool | None = False) -> Write:
    """How filters of a plan's charge are written."""
    return lambda uow, filters: update(
        uow, plan_code, charge_code, {"filters": filters}, cascade_updates=cascade_updates
    )


def writer_of_subscription(external_id: str, charge_code: str) -> Write:
    """How filters of a subscription's charge are written: as terms of its own."""
    return lambda uow, filters: subscriptions.override_charge(uow, external_id, charge_code, {"filters": filters})[1]


def find_filter(connection: sa.Connection, charge: Charge, filter_id: str) -> ChargeFilter:
    """The charge's filter of this id. Raises NotFound `charge_filter`."""
    for row in filters(connection, charge):
        if row.id == filter_id:
            return row
    raise NotFound("charge_filter", filter_id)


def filters(connection: sa.Connection, charge: Charge) -> list[ChargeFilter]:
    """The filters of a charge, in order."""
    return charges.filters_of(connection, [charge.id]).get(charge.id, [])


def add_filter(uow: UnitOfWork, charge: Charge, given: Given, write: Write) -> tuple[Charge, ChargeFilter]:
    """Add a filter to a charge. Raises ValidationError."""
    before = filters(uow.connection, charge)
    changed = write(uow, [*map(_stated, before), dict(given)])
    return changed, filters(uow.connection, changed)[len(before)]


def change_filter(
    uow: UnitOfWork, charge: Charge, filter_id: str, given: Given, write: Write
) -> tuple[Charge, ChargeFilter]:
    """Change what is given of a filter; with other values it is another filter. Raises NotFound, ValidationError."""
    old = find_filter(uow.connection, charge, filter_id)
    before = filters(uow.connection, charge)
    stated = [_stated(row) | (dict(given) if row.id == old.id else {}) for row in before]
    changed = write(uow, stated)
    wanted = stated[before.index(old)]["values"]
    return changed, next(row for row in filters(uow.connection, changed) if _same(row.values, wanted))


def remove_filter(uow: UnitOfWork, charge: Charge, filter_id: str, write: Write) -> ChargeFilter:
    """Take a filter off a charge; its events fall to other filters or to the default. Raises NotFound."""
    gone = find_filter(uow.connection, charge, filter_id)
    write(uow, [_stated(row) for row in filters(uow.connection, charge) if row.id != gone.id])
    return gone


def _of(connection: sa.Connection, plan: Plan) -> list[Charge]:
    return charges.charges_of(connection, [plan.id]).get(plan.id, [])


def _kept(charge: Charge) -> dict[str, Any]:
    """A charge as it is, in a plan's full set."""
    return {"id": charge.id, "billable_metric_id": charge.billable_metric_id}


def _stated(row: ChargeFilter) -> dict[str, Any]:
    return {"values": row.values, "properties": row.properties, "invoice_display_name": row.invoice_display_name}


def _same(left: Mapping[str, Sequence[str]], right: Mapping[str, Sequence[str]]) -> bool:
    return {key: set(values) for key, values in left.items()} == {key: set(values) for key, values in right.items()}
