"""Pricing units: virtual currencies (credits, tokens) in which a charge may be priced, at a rate (rating §4.11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.decimals import decimal_text, read_amount
from core.domain.problems import Problems
from core.errors import NotFound, ValidationError
from core.ids import new_id

MOST_EXPONENT = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class PricingUnit(Version):
    """A pricing unit. Amounts in it are rounded to `exponent` decimals before they are converted."""

    code: str
    name: str
    short_name: str
    description: str | None
    exponent: int


PRICING_UNITS = Versions("pricing_units", PricingUnit, unique=("code",))
_OWN = ("code", "name", "short_name", "description", "exponent")


def create(
    uow: UnitOfWork,
    *,
    code: str,
    name: str,
    short_name: str,
    description: str | None = None,
    exponent: int = 2,
    test_clock_id: str | None = None,
) -> PricingUnit:
    """A new pricing unit. Raises ValidationError."""
    values = {"code": code, "name": name, "short_name": short_name, "description": description, "exponent": exponent}
    problems = _check(values)
    if not problems.details and PRICING_UNITS.first(uow.connection, PRICING_UNITS.c.code == code):
        problems.add("code", "value_already_exist")
    problems.refuse()
    return PRICING_UNITS.add(uow, uow.stamp_for(test_clock_id=test_clock_id), id=new_id(), **values)


def update(uow: UnitOfWork, code: str, /, *, test_clock_id: str | None = None, **fields: Any) -> PricingUnit:
    """Change what is given, keep the rest; the exponent stays, amounts were rounded to it. Raises NotFound, ValidationError."""
    unit = get(uow.connection, code)
    problems = _check({name: getattr(unit, name) for name in _OWN} | fields)
    if fields.get("code", code) != code and PRICING_UNITS.first(uow.connection, PRICING_UNITS.c.code == fields["code"]):
        problems.add("code", "value_already_exist")
    if fields.get("exponent", unit.exponent) != unit.exponent:
        problems.add("exponent", "value_is_invalid")
    problems.refuse()
    return PRICING_UNITS.amend(uow, uow.stamp_for(test_clock_id=test_clock_id), unit, **fields)


def get(connection: sa.Connection, code: str) -> PricingUnit:
    """The pricing unit of this code. Raises NotFound."""
    unit = PRICING_UNITS.first(connection, PRICING_UNITS.c.code == code)
    if unit is None:
        raise NotFound("pricing_unit", code)
    return unit


def by_ids(connection: sa.Connection, ids: Iterable[str | None]) -> dict[str, PricingUnit]:
    """Id -> pricing unit."""
    wanted = {unit_id for unit_id in ids if unit_id is not None}
    return {unit.id: unit for unit in PRICING_UNITS.where_in(connection, "id", wanted)}


def page(connection: sa.Connection, *, limit: int | None = None, offset: int = 0) -> Page[PricingUnit]:
    """Pricing units, newest first."""
    return PRICING_UNITS.page(connection, limit=limit, offset=offset)


def applied_terms(connection: sa.Connection, row: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """pricing_unit_id and conversion_rate that a charge's input states in `applied_pricing_unit` ({code, conversion_rate}).

    What it leaves out stays as in `old`; null takes the charge back to its plan's currency. Raises NotFound
    `pricing_unit`, or ValidationError under `conversion_rate` unless the rate is positive.
    """
    if "applied_pricing_unit" not in row:
        return dict(old)
    applied = row["applied_pricing_unit"]
    if applied is None:
        return {"pricing_unit_id": None, "conversion_rate": None}
    code = applied.get("code")
    unit_id = old["pricing_unit_id"] if code is None else get(connection, code).id
    if unit_id is None:
        raise NotFound("pricing_unit", code)
    stated = applied.get("conversion_rate")
    rate = read_amount(old["conversion_rate"] if stated is None else stated)
    if not rate:
        raise ValidationError({"conversion_rate": ["value_is_invalid"]})
    return {"pricing_unit_id": unit_id, "conversion_rate": decimal_text(rate)}


def _check(values: Mapping[str, Any]) -> Problems:
    problems = Problems(values)
    problems.key("code")
    problems.mandatory("name", "short_name", "exponent")
    problems.integer("exponent", most=MOST_EXPONENT)
    return problems
