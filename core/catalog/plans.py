"""Plans: a price per interval, and the charges and fixed charges on it (lago_api §7.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.catalog import plan_overrides
from core.catalog.plan_terms import OWN, write_owned
from core.catalog.plan_versions import PLANS as PLANS
from core.catalog.plan_versions import Plan as Plan
from core.catalog.plan_versions import check_plan, committed, days_text
from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page
from core.errors import NotFound
from core.ids import new_id

_OPTIONAL: dict[str, Any] = {
    "invoice_display_name": None,
    "description": None,
    "pay_in_advance": False,
    "trial_period": None,
    "bill_charges_monthly": False,
    "bill_fixed_charges_monthly": False,
}


def create(
    uow: UnitOfWork,
    *,
    code: str,
    name: str,
    interval: str,
    amount_cents: int,
    amount_currency: str,
    charges_input: Sequence[Mapping[str, Any]] = (),
    fixed_charges_input: Sequence[Mapping[str, Any]] = (),
    usage_thresholds_input: Sequence[Mapping[str, Any]] = (),
    tax_codes: Sequence[str] = (),
    minimum_commitment_input: Mapping[str, Any] | None = None,
    test_clock_id: str | None = None,
    **fields: Any,
) -> Plan:
    """A new plan with its charges, fixed charges and usage thresholds (wire form of lago_api §7.4, as mappings).

    Raises ValidationError, or NotFound `billable_metrics`, `add_ons` or `tax`.
    """
    values = (
        _OPTIONAL
        | _without_nulls(fields)
        | {
            "code": code,
            "name": name,
            "interval": interval,
            "amount_cents": amount_cents,
            "amount_currency": amount_currency,
        }
    )
    problems = check_plan(values)
    if not problems.details and find(uow.connection, code):
        problems.add("code", "value_already_exist")
    problems.refuse()
    values["trial_period"] = days_text(values["trial_period"])
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    for_all = {"parent_id": None, "customer_id": None, "deleted_at": None}
    plan = PLANS.add(uow, stamp, id=new_id(), **for_all, **values, **committed(minimum_commitment_input or {}))
    write_owned(
        uow,
        stamp,
        plan,
        charges_input=charges_input,
        fixed_charges_input=fixed_charges_input,
        usage_thresholds_input=usage_thresholds_input,
        tax_codes=tax_codes,
        minimum_commitment_input=minimum_commitment_input,
        is_new=True,
    )
    return plan


def update(
    uow: UnitOfWork,
    code: str,
    /,
    *,
    charges_input: Sequence[Mapping[str, Any]] | None = None,
    fixed_charges_input: Sequence[Mapping[str, Any]] | None = None,
    usage_thresholds_input: Sequence[Mapping[str, Any]] | None = None,
    tax_codes: Sequence[str] | None = None,
    minimum_commitment_input: Mapping[str, Any] | None = None,
    cascade_updates: bool | None = False,
    test_clock_id: str | None = None,
    **fields: Any,
) -> Plan:
    """Change what is given, keep the rest. Charges, fixed charges and thresholds, where given, are the full sets.
    A minimum commitment is given whole, an empty one ends it. With `cascade_updates` overrides that have the old value of what
    changes follow; without it they stay as they are. Raises NotFound, ValidationError.
    """
    plan = get(uow.connection, code)
    fields = _without_nulls(fields)
    problems = check_plan({name: getattr(plan, name) for name in OWN} | fields)
    if fields.get("code", code) != code and find(uow.connection, fields["code"]):
        problems.add("code", "value_already_exist")
    problems.refuse()
    if "trial_period" in fields:
        fields["trial_period"] = days_text(fields["trial_period"])
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    if minimum_commitment_input is not None:
        fields |= committed(minimum_commitment_input)
    with plan_overrides.cascading(uow, plan, cascade_updates):
        plan = PLANS.amend(uow, stamp, plan, **fields)
        write_owned(
            uow,
            stamp,
            plan,
            charges_input=charges_input,
            fixed_charges_input=fixed_charges_input,
            usage_thresholds_input=usage_thresholds_input,
            tax_codes=tax_codes,
            minimum_commitment_input=minimum_commitment_input,
        )
    return plan


def find(connection: sa.Connection, code: str) -> Plan | None:
    """The plan of this code, or None."""
    return PLANS.first(connection, PLANS.c.code == code, PLANS.c.parent_id.is_(None), PLANS.c.deleted_at.is_(None))


def get(connection: sa.Connection, code: str) -> Plan:
    """The plan of this code. Raises NotFound."""
    plan = find(connection, code)
    if plan is None:
        raise NotFound("plan", code)
    return plan


def by_ids(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Plan]:
    """Id -> plan, deleted ones too."""
    return {plan.id: plan for plan in PLANS.all(connection, PLANS.c.id.in_(set(ids)))}


def by_codes(connection: sa.Connection, codes: Sequence[str]) -> list[Plan]:
    """The plans of these codes. Raises NotFound `plans` unless all are found."""
    found = [find(connection, code) for code in codes]
    if missing := [code for code, plan in zip(codes, found, strict=True) if plan is None]:
        raise NotFound("plans", missing)
    return [plan for plan in found if plan]


def page(connection: sa.Connection, *, limit: int | None = None, offset: int = 0) -> Page[Plan]:
    """Plans, newest first, without overrides and deleted ones."""
    conditions = (PLANS.c.parent_id.is_(None), PLANS.c.deleted_at.is_(None))
    return PLANS.page(connection, *conditions, limit=limit, offset=offset)


def _without_nulls(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Null of a flag that only long plans have is no."""
    flags = {"bill_charges_monthly", "bill_fixed_charges_monthly"}
    return {name: False if name in flags and value is None else value for name, value in fields.items()}
