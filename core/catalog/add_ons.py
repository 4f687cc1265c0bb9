"""Add-ons: things sold without usage, on one-off invoices or as fixed charges of a plan (lago_api §7.10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.catalog import taxes
from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.problems import Problems
from core.errors import NotFound
from core.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class AddOn(Version):
    """An add-on and its price in minor units."""

    code: str
    name: str
    invoice_display_name: str | None
    description: str | None
    amount_cents: int
    amount_currency: str


ADD_ONS = Versions("add_ons", AddOn, unique=("code",))
_OWN = ("code", "name", "invoice_display_name", "description", "amount_cents", "amount_currency")


def create(
    uow: UnitOfWork,
    *,
    code: str,
    name: str,
    amount_cents: int,
    amount_currency: str,
    invoice_display_name: str | None = None,
    description: str | None = None,
    tax_codes: Sequence[str] = (),
    test_clock_id: str | None = None,
) -> AddOn:
    """A new add-on. Raises ValidationError, or NotFound `tax`."""
    values = {
        "code": code,
        "name": name,
        "invoice_display_name": invoice_display_name,
        "description": description,
        "amount_cents": amount_cents,
        "amount_currency": amount_currency,
    }
    problems = _check(values)
    if not problems.details and ADD_ONS.first(uow.connection, ADD_ONS.c.code == code):
        problems.add("code", "value_already_exist")
    problems.refuse()
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    add_on = ADD_ONS.add(uow, stamp, id=new_id(), **values)
    taxes.set_taxes(uow, stamp, "add_on", add_on.id, tax_codes, is_new=True)
    return add_on


def update(
    uow: UnitOfWork,
    code: str,
    /,
    *,
    tax_codes: Sequence[str] | None = None,
    test_clock_id: str | None = None,
    **fields: Any,
) -> AddOn:
    """Change what is given, keep the rest. Raises NotFound, ValidationError."""
    add_on = get(uow.connection, code)
    problems = _check({name: getattr(add_on, name) for name in _OWN} | fields)
    if fields.get("code", code) != code and ADD_ONS.first(uow.connection, ADD_ONS.c.code == fields["code"]):
        problems.add("code", "value_already_exist")
    problems.refuse()
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    add_on = ADD_ONS.amend(uow, stamp, add_on, **fields)
    if tax_codes is not None:
        taxes.set_taxes(uow, stamp, "add_on", add_on.id, tax_codes)
    return add_on


def get(connection: sa.Connection, code: str) -> AddOn:
    """The add-on of this code. Raises NotFound."""
    add_on = ADD_ONS.first(connection, ADD_ONS.c.code == code)
    if add_on is None:
        raise NotFound("add_on", code)
    return add_on


def page(connection: sa.Connection, *, limit: int | None = None, offset: int = 0) -> Page[AddOn]:
    """Add-ons, newest first."""
    return ADD_ONS.page(connection, limit=limit, offset=offset)


def _check(values: Mapping[str, Any]) -> Problems:
    problems = Problems(values)
    problems.key("code")
    problems.mandatory("name", "amount_cents", "amount_currency")
    problems.cents("amount_cents", least=1)
    problems.currency("amount_currency")
    return problems
