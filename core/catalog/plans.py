"""Plans: a price per interval, and the charges and fixed charges on it (lago_api §7.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from core.catalog import charges, fixed_charges, taxes, usage_thresholds
from core.catalog.unit_of_work import Stamp, UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.decimals import decimal_text, read_decimal
from core.domain.problems import Problems
from core.errors import NotFound
from core.ids import new_id

MOST_TRIAL_DAYS = 36_500
MOST_TRIAL_DECIMALS = 6
"""A millionth of a day is 86,400 microseconds, so a trial ends at a whole microsecond."""
LONG_INTERVALS = ("semiannual", "yearly")
INTERVALS = ("weekly", "monthly", "quarterly", "semiannual", "yearly")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan(Version):
    """A plan. `amount_cents` is the fee of one interval in minor units; `parent_id` is set on an override."""

    code: str
    name: str
    invoice_display_name: str | None
    description: str | None
    interval: str
    amount_cents: int
    amount_currency: str
    pay_in_advance: bool
    trial_period: str
    """Days of 24 hours without a plan fee, as decimal text; a subscription keeps what its plan said when it was made."""
    bill_charges_monthly: bool
    bill_fixed_charges_monthly: bool
    """Whether a semiannual or yearly plan bills usage, or fixed charges, every month."""
    minimum_commitment_amount_cents: int | None
    """What a whole period costs at least, in minor units; None without a minimum."""
    minimum_commitment_display_name: str | None
    parent_id: str | None
    deleted_at: datetime | None
    """A deleted plan is kept current, because what ran on it is still to be billed; lists leave it out."""


PLANS = Versions("plans", Plan, index=("code",))
_OPTIONAL: dict[str, Any] = {
    "invoice_display_name": None,
    "description": None,
    "pay_in_advance": False,
    "trial_period": None,
    "bill_charges_monthly": False,
    "bill_fixed_charges_monthly": False,
}
_OWN = (*_OPTIONAL, "code", "name", "interval", "amount_cents", "amount_currency")


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
    problems = _check(values)
    if not problems.details and find(uow.connection, code):
        problems.add("code", "value_already_exist")
    problems.refuse()
    values["trial_period"] = _days_text(values["trial_period"])
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    committed = _committed(minimum_commitment_input or {})
    plan = PLANS.add(uow, stamp, id=new_id(), parent_id=None, deleted_at=None, **values, **committed)
    _tax_commitment(uow, stamp, plan, minimum_commitment_input)
    taxes.set_taxes(uow, stamp, "plan", plan.id, tax_codes, is_new=True)
    charges.replace_charges(uow, stamp, plan.id, charges_input, is_new=True)
    fixed_charges.replace_fixed_charges(uow, stamp, plan.id, fixed_charges_input, is_new=True)
    usage_thresholds.replace_thresholds(uow, stamp, "plan", plan.id, usage_thresholds_input)
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
    test_clock_id: str | None = None,
    **fields: Any,
) -> Plan:
    """Change what is given, keep the rest. Charges, fixed charges and thresholds, where given, are the full sets.
    A minimum commitment is given whole, an empty one ends it. Raises NotFound, ValidationError.
    """
    plan = get(uow.connection, code)
    fields = _without_nulls(fields)
    problems = _check({name: getattr(plan, name) for name in _OWN} | fields)
    if fields.get("code", code) != code and find(uow.connection, fields["code"]):
        problems.add("code", "value_already_exist")
    problems.refuse()
    if "trial_period" in fields:
        fields["trial_period"] = _days_text(fields["trial_period"])
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    if minimum_commitment_input is not None:
        fields |= _committed(minimum_commitment_input)
    plan = PLANS.amend(uow, stamp, plan, **fields)
    _tax_commitment(uow, stamp, plan, minimum_commitment_input)
    if tax_codes is not None:
        taxes.set_taxes(uow, stamp, "plan", plan.id, tax_codes)
    if charges_input is not None:
        charges.replace_charges(uow, stamp, plan.id, charges_input)
    if fixed_charges_input is not None:
        fixed_charges.replace_fixed_charges(uow, stamp, plan.id, fixed_charges_input)
    if usage_thresholds_input is not None:
        usage_thresholds.replace_thresholds(uow, stamp, "plan", plan.id, usage_thresholds_input)
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


def _check(values: Mapping[str, Any]) -> Problems:
    problems = Problems(values)
    problems.key("code")
    problems.mandatory("name", "amount_cents")
    problems.cents("amount_cents")
    for name in ("interval", "amount_currency"):
        if not values[name]:
            problems.add(name, "value_is_invalid")
    problems.one_of("interval", INTERVALS)
    problems.currency("amount_currency")
    problems.boolean("pay_in_advance", "bill_charges_monthly", "bill_fixed_charges_monthly")
    if (
        values["bill_fixed_charges_monthly"]
        and values["interval"] in LONG_INTERVALS
        and not values["bill_charges_monthly"]
    ):
        problems.add(
            "bill_fixed_charges_monthly", "feature_unavailable", "it is served together with bill_charges_monthly"
        )
    if not _is_trial(values["trial_period"]):
        problems.add("trial_period", "value_is_out_of_range")
    return problems


def _without_nulls(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Null of a flag that only long plans have is no."""
    flags = {"bill_charges_monthly", "bill_fixed_charges_monthly"}
    return {name: False if name in flags and value is None else value for name, value in fields.items()}


def _committed(given: Mapping[str, Any]) -> dict[str, Any]:
    problems = Problems(given)
    if given:
        problems.mandatory("amount_cents")
    problems.cents("amount_cents")
    problems.text("invoice_display_name")
    problems.refuse()
    return {
        "minimum_commitment_amount_cents": given.get("amount_cents"),
        "minimum_commitment_display_name": given.get("invoice_display_name"),
    }


def _tax_commitment(uow: UnitOfWork, stamp: Stamp, plan: Plan, given: Mapping[str, Any] | None) -> None:
    if given is not None:
        taxes.set_taxes(uow, stamp, "commitment", plan.id, given.get("tax_codes") or ())


def _is_trial(days: Any) -> bool:
    if days is None:
        return True
    number = read_decimal(days, MOST_TRIAL_DECIMALS)
    return number is not None and 0 <= number <= MOST_TRIAL_DAYS


def _days_text(days: Any) -> str:
    return decimal_text(read_decimal(days, MOST_TRIAL_DECIMALS) or Decimal(0))
