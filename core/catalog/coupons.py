"""Coupons: discounts that can be applied to customers (invoicing §5, lago_api §7.11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.catalog import billable_metrics, plans
from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.coupons import COUPON_TYPES, check_coupon_terms
from core.domain.decimals import decimal_text, read_amount
from core.domain.problems import Problems
from core.errors import Conflict, NotFound
from core.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Coupon(Version):
    """A coupon. `percentage_rate` is percent, decimal text; `frequency_duration` counts invoices."""

    code: str
    name: str
    description: str | None
    coupon_type: str
    amount_cents: int | None
    amount_currency: str | None
    percentage_rate: str | None
    frequency: str
    frequency_duration: int | None
    expiration_at: datetime | None
    reusable: bool
    plan_ids: list[str]
    billable_metric_ids: list[str]


COUPONS = Versions("coupons", Coupon, unique=("code",))
_OPTIONAL: dict[str, Any] = {
    "description": None,
    "amount_cents": None,
    "amount_currency": None,
    "percentage_rate": None,
    "frequency_duration": None,
    "expiration_at": None,
    "reusable": True,
}
_OWN = (*_OPTIONAL, "code", "name", "coupon_type", "frequency")


def create(
    uow: UnitOfWork,
    *,
    code: str,
    name: str,
    coupon_type: str,
    frequency: str,
    plan_codes: Sequence[str] = (),
    billable_metric_codes: Sequence[str] = (),
    test_clock_id: str | None = None,
    **fields: Any,
) -> Coupon:
    """A new coupon, limited to plans or to metrics or to neither.

    Raises ValidationError, NotFound `plans` or `billable_metrics`, or Conflict
    `only_one_limitation_type_per_coupon_allowed`.
    """
    own = {"code": code, "name": name, "coupon_type": coupon_type, "frequency": frequency}
    values = _normal(_OPTIONAL | {key: value for key, value in fields.items() if value is not None} | own)
    problems = _check(values)
    if not problems.details and COUPONS.first(uow.connection, COUPONS.c.code == code):
        problems.add("code", "value_already_exist")
    problems.refuse()
    targets = _targets(uow.connection, plan_codes, billable_metric_codes)
    return COUPONS.add(uow, uow.stamp_for(test_clock_id=test_clock_id), id=new_id(), **values, **targets)


def update(
    uow: UnitOfWork,
    code: str,
    /,
    *,
    plan_codes: Sequence[str] | None = None,
    billable_metric_codes: Sequence[str] | None = None,
    test_clock_id: str | None = None,
    **fields: Any,
) -> Coupon:
    """Change what is given, keep the rest; already applied ones keep their copied terms. Raises as `create`."""
    coupon = get(uow.connection, code)
    values = _normal({name: getattr(coupon, name) for name in _OWN} | fields)
    problems = _check(values)
    if values["code"] != code and COUPONS.first(uow.connection, COUPONS.c.code == values["code"]):
        problems.add("code", "value_already_exist")
    problems.refuse()
    if plan_codes is not None or billable_metric_codes is not None:
        values |= _targets(uow.connection, plan_codes or (), billable_metric_codes or ())
    return COUPONS.amend(uow, uow.stamp_for(test_clock_id=test_clock_id), coupon, **values)


def get(connection: sa.Connection, code: str) -> Coupon:
    """The coupon of this code. Raises NotFound."""
    coupon = COUPONS.first(connection, COUPONS.c.code == code)
    if coupon is None:
        raise NotFound("coupon", code)
    return coupon


def by_ids(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Coupon]:
    """Id -> coupon; deleted ones are absent."""
    return {coupon.id: coupon for coupon in COUPONS.all(connection, COUPONS.c.id.in_(set(ids)))}


def ids_by_codes(connection: sa.Connection, codes: Sequence[str]) -> list[str]:
    """Ids of the coupons that carry one of the codes, or carried it when they were deleted."""
    last = sa.select(sa.func.max(COUPONS.c.sequence)).group_by(COUPONS.c.id)
    found = sa.select(COUPONS.c.id).where(COUPONS.c.code.in_(codes), COUPONS.c.sequence.in_(last))
    return list(connection.execute(found).scalars())


def page(connection: sa.Connection, *, limit: int | None = None, offset: int = 0) -> Page[Coupon]:
    """Coupons, newest first."""
    return COUPONS.page(connection, limit=limit, offset=offset)


def _targets(connection: sa.Connection, plan_codes: Sequence[str], metric_codes: Sequence[str]) -> dict[str, Any]:
    if plan_codes and metric_codes:
        raise Conflict(
            "only_one_limitation_type_per_coupon_allowed", "limit a coupon to plans or to metrics, not to both"
        )
    return {
        "plan_ids": [plan.id for plan in plans.by_codes(connection, plan_codes)],
        "billable_metric_ids": [metric.id for metric in billable_metrics.by_codes(connection, metric_codes)],
    }


def _normal(values: dict[str, Any]) -> dict[str, Any]:
    """The rate in its one spelling, and no terms of the other coupon type."""
    rate = read_amount(values["percentage_rate"])
    if values["coupon_type"] == "fixed_amount":
        return values | {"percentage_rate": None}
    if values["coupon_type"] == "percentage":
        values = values | {"amount_cents": None, "amount_currency": None}
    return values if rate is None else values | {"percentage_rate": decimal_text(rate)}


def _check(values: Mapping[str, Any]) -> Problems:
    problems = Problems(values)
    problems.key("code")
    problems.mandatory("name")
    problems.one_of("coupon_type", COUPON_TYPES)
    problems.boolean("reusable")
    problems.instant("expiration_at")
    check_coupon_terms(values["coupon_type"], values, problems)
    return problems
