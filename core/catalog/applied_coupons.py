"""Coupons applied to customers, their terms copied at that moment (invoicing §5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.catalog import coupons, customers
from core.catalog.charges import CHARGES
from core.catalog.coupons import Coupon
from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.coupons import check_coupon_terms
from core.domain.decimals import decimal_text, read_amount
from core.domain.problems import Problems
from core.errors import Conflict, NotFound, ValidationError
from core.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class AppliedCoupon(Version):
    """A coupon on a customer. Money in minor units, `percentage_rate` percent text, duration in invoices."""

    coupon_id: str
    customer_id: str
    amount_cents: int | None
    amount_currency: str | None
    percentage_rate: str | None
    frequency: str
    frequency_duration: int | None
    terminated_at: datetime | None


APPLIED_COUPONS = Versions("applied_coupons", AppliedCoupon, index=("customer_id", "coupon_id"))
_TERMS = ("amount_cents", "amount_currency", "percentage_rate", "frequency", "frequency_duration")


def apply(uow: UnitOfWork, *, external_customer_id: str, coupon_code: str, **overrides: Any) -> AppliedCoupon:
    """Apply a coupon to a customer, its terms copied; `overrides` may set any of amount, rate and frequency.

    Raises NotFound `customer` or `coupon` (an expired one too), ValidationError `coupon_is_not_reusable`, or Conflict
    `plan_overlapping` when an active one of the customer, the same coupon too, has a target in common.
    """
    customer = customers.get(uow.connection, external_customer_id)
    coupon = coupons.get(uow.connection, coupon_code)
    stamp = uow.stamp_for(customer.id)
    if coupon.expiration_at is not None and coupon.expiration_at <= stamp.instant:
        raise NotFound("coupon", coupon_code)
    terms = {name: getattr(coupon, name) for name in _TERMS}
    terms |= {name: overrides[name] for name in _TERMS if overrides.get(name) is not None}
    problems = Problems(terms)
    check_coupon_terms(coupon.coupon_type, terms, problems)
    problems.refuse()
    if (rate := read_amount(terms["percentage_rate"])) is not None:
        terms["percentage_rate"] = decimal_text(rate)
    applied = APPLIED_COUPONS.all(uow.connection, APPLIED_COUPONS.c.customer_id == customer.id)
    if not coupon.reusable and any(row.coupon_id == coupon.id for row in applied):
        raise ValidationError({"coupon": ["coupon_is_not_reusable"]})
    _refuse_overlap(uow.connection, coupon, [row for row in applied if row.terminated_at is None])
    return APPLIED_COUPONS.add(
        uow, stamp, id=new_id(), coupon_id=coupon.id, customer_id=customer.id, terminated_at=None, **terms
    )


def terminate(uow: UnitOfWork, applied_coupon_id: str) -> AppliedCoupon:
    """Take the coupon off its customer; invoices already issued keep it. Raises NotFound."""
    applied = get(uow.connection, applied_coupon_id)
    if applied.terminated_at is not None:
        return applied
    stamp = uow.stamp_for(applied.customer_id)
    return APPLIED_COUPONS.amend(uow, stamp, applied, terminated_at=stamp.instant)


def delete_coupon(uow: UnitOfWork, code: str, *, test_clock_id: str | None = None) -> Coupon:
    """End a coupon, which stops it wherever it is applied (invoicing §5). Raises NotFound."""
    coupon = coupons.get(uow.connection, code)
    for applied in APPLIED_COUPONS.all(uow.connection, APPLIED_COUPONS.c.coupon_id == coupon.id):
        terminate(uow, applied.id)
    coupons.COUPONS.end(uow, uow.stamp_for(test_clock_id=test_clock_id), coupon)
    return coupon


def get(connection: sa.Connection, applied_coupon_id: str) -> AppliedCoupon:
    """The applied coupon with this id. Raises NotFound."""
    applied = APPLIED_COUPONS.first(connection, APPLIED_COUPONS.c.id == applied_coupon_id)
    if applied is None:
        raise NotFound("applied_coupon", applied_coupon_id)
    return applied


def page(
    connection: sa.Connection,
    *,
    customer_id: str | None = None,
    coupon_codes: Sequence[str] = (),
    limit: int | None = None,
    offset: int = 0,
) -> Page[AppliedCoupon]:
    """Applied coupons, newest first, of these codes if any are given."""
    c = APPLIED_COUPONS.c
    conditions = []
    if customer_id is not None:
        conditions.append(c.customer_id == customer_id)
    if coupon_codes:
        conditions.append(c.coupon_id.in_(coupons.ids_by_codes(connection, coupon_codes)))
    return APPLIED_COUPONS.page(connection, *conditions, limit=limit, offset=offset)


def _refuse_overlap(connection: sa.Connection, coupon: Coupon, active: list[AppliedCoupon]) -> None:
    for other in coupons.by_ids(connection, [row.coupon_id for row in active]).values():
        pairs = ((coupon.plan_ids, other.billable_metric_ids), (other.plan_ids, coupon.billable_metric_ids))
        if (
            set(coupon.plan_ids) & set(other.plan_ids)
            or set(coupon.billable_metric_ids) & set(other.billable_metric_ids)
            or any(_has_charge(connection, plan_ids, metric_ids) for plan_ids, metric_ids in pairs)
        ):
            raise Conflict(
                "plan_overlapping",
                f"coupon {coupon.code} and the applied coupon {other.code} have a plan or metric in common; "
                "terminate one of them first",
            )


def _has_charge(connection: sa.Connection, plan_ids: list[str], metric_ids: list[str]) -> bool:
    """Whether one of the plans charges one of the metrics; a plan that contains a metric overlaps with it."""
    if not plan_ids or not metric_ids:
        return False
    on_both = CHARGES.c.plan_id.in_(plan_ids) & CHARGES.c.billable_metric_id.in_(metric_ids)
    return CHARGES.first(connection, on_both) is not None
