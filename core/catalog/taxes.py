"""Taxes, and where they are set: an entity, customer, plan, charge, add-on or one-off fee (invoicing §4.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.catalog.unit_of_work import Stamp, UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.decimals import decimal_text, read_amount
from core.domain.problems import Problems
from core.errors import NotFound
from core.ids import deterministic_id, new_id

MOST_RATE = 1000
"""Percent. The tax on the largest line then fits 64 bits (DECISIONS)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tax(Version):
    """A tax. `rate` is percent, decimal text."""

    code: str
    name: str
    rate: str
    description: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AppliedTax(Version):
    """A tax being set on an owner. `customer_id` is set where the owner is a customer's own."""

    owner_type: str
    owner_id: str
    tax_id: str
    customer_id: str | None


TAXES = Versions("taxes", Tax, unique=("code",))
APPLIED_TAXES = Versions("applied_taxes", AppliedTax, index=("owner_id", "tax_id"))


def create(
    uow: UnitOfWork,
    *,
    code: str,
    name: str,
    rate: Any,
    description: str | None = None,
    test_clock_id: str | None = None,
) -> Tax:
    """A new tax; `rate` is percent as text, int or Decimal. Raises ValidationError."""
    problems = Problems({"code": code, "name": name, "rate": rate})
    problems.key("code")
    problems.mandatory("name", "rate")
    _check_rate(rate, problems)
    if not problems.details and TAXES.first(uow.connection, TAXES.c.code == code):
        problems.add("code", "value_already_exist")
    problems.refuse()
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    return TAXES.add(uow, stamp, id=new_id(), code=code, name=name, rate=_rate_text(rate), description=description)


def update(uow: UnitOfWork, code: str, /, *, test_clock_id: str | None = None, **fields: Any) -> Tax:
    """Change any of code, name, rate, description; absent ones stay. Raises NotFound, ValidationError."""
    tax = get(uow.connection, code)
    problems = Problems(fields)
    for name in {"code", "name", "rate"} & fields.keys():
        problems.mandatory(name)
    if fields.get("rate") is not None:
        _check_rate(fields["rate"], problems)
        fields["rate"] = _rate_text(fields["rate"]) if not problems.details else None
    taken = fields.get("code", code) != code and TAXES.first(uow.connection, TAXES.c.code == fields["code"])
    if taken:
        problems.add("code", "value_already_exist")
    problems.refuse()
    return TAXES.amend(uow, uow.stamp_for(test_clock_id=test_clock_id), tax, **fields)


def delete(uow: UnitOfWork, code: str, *, test_clock_id: str | None = None) -> Tax:
    """End the tax and take it off every owner. Raises NotFound."""
    tax = get(uow.connection, code)
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    for applied in APPLIED_TAXES.all(uow.connection, APPLIED_TAXES.c.tax_id == tax.id):
        # An owner on another clock loses the tax in that clock's time.
        own = stamp if applied.customer_id is None else uow.stamp_for(applied.customer_id)
        APPLIED_TAXES.end(uow, own, applied)
    TAXES.end(uow, stamp, tax)
    return tax


def get(connection: sa.Connection, code: str) -> Tax:
    """The tax of this code. Raises NotFound."""
    tax = TAXES.first(connection, TAXES.c.code == code)
    if tax is None:
        raise NotFound("tax", code)
    return tax


def page(connection: sa.Connection, *, limit: int | None = None, offset: int = 0) -> Page[Tax]:
    """Taxes, newest first."""
    return TAXES.page(connection, limit=limit, offset=offset)


def set_taxes(
    uow: UnitOfWork,
    stamp: Stamp,
    owner_type: str,
    owner_id: str,
    codes: Sequence[str],
    *,
    customer_id: str | None = None,
    is_new: bool = False,
) -> None:
    """Make the owner's taxes exactly `codes`. `is_new` says that it cannot have any yet. Raises NotFound `tax`."""
    wanted = {tax.id for tax in (get(uow.connection, code) for code in codes)}
    applied = (
        {}
        if is_new
        else {
            row.tax_id: row
            for row in APPLIED_TAXES.all(
                uow.connection, APPLIED_TAXES.c.owner_id == owner_id, APPLIED_TAXES.c.owner_type == owner_type
            )
        }
    )
    for tax_id in applied.keys() - wanted:
        APPLIED_TAXES.end(uow, stamp, applied[tax_id])
    for tax_id in sorted(wanted - applied.keys()):
        APPLIED_TAXES.add(
            uow,
            stamp,
            id=deterministic_id(owner_type, owner_id, tax_id),
            owner_type=owner_type,
            owner_id=owner_id,
            tax_id=tax_id,
            customer_id=customer_id,
        )


def taxes_of(connection: sa.Connection, owner_type: str, owner_ids: Iterable[str]) -> dict[str, list[Tax]]:
    """Owner id -> its taxes, oldest first; owners without any are absent."""
    c = APPLIED_TAXES.c
    applied = APPLIED_TAXES.all(connection, c.owner_type == owner_type, c.owner_id.in_(list(owner_ids)))
    taxes = {tax.id: tax for tax in TAXES.all(connection, TAXES.c.id.in_({row.tax_id for row in applied}))}
    owned: dict[str, list[Tax]] = {}
    for row in applied:
        owned.setdefault(row.owner_id, []).append(taxes[row.tax_id])
    return owned


def _check_rate(rate: Any, problems: Problems) -> None:
    if rate is None or rate == "":
        return
    number = read_amount(rate)
    if number is None or number > MOST_RATE:
        problems.add("rate", "invalid_rate", f"the rate of a tax is a percentage from 0 to {MOST_RATE:,}")


def _rate_text(rate: Any) -> str:
    number = read_amount(rate)
    assert number is not None  # checked before
    return decimal_text(number)
