"""How many units a fixed charge has: a change for the whole plan, or for one subscription (rating §7).

Each change is an object of its own, kept for good: which of them holds in a period is a rule, and stands in SQL.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.catalog.unit_of_work import Stamp, UnitOfWork
from core.catalog.versions import Version, Versions
from core.domain.decimals import decimal_text, read_amount
from core.domain.problems import Problems
from core.ids import new_id

MOST_UNITS = 10**12
"""SQL multiplies units by prices and days in 38 digits; nobody sells more than this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FixedChargeUnits(Version):
    """A change of units. `effective_at` None stands for the start of each subscription's next period.

    `subscription_id` (and its `customer_id`) is set on an override, which later changes of the plan pass over.
    """

    fixed_charge_id: str
    subscription_id: str | None
    customer_id: str | None
    units: str
    effective_at: datetime | None


FIXED_CHARGE_UNITS = Versions("fixed_charge_units", FixedChargeUnits, index=("fixed_charge_id", "subscription_id"))


def read_units(value: Any, problems: Problems) -> str | None:
    """The units that an input says as the catalog keeps them; None, with the problem added, where it says none."""
    number = read_amount(value)
    if number is None:
        problems.add("units", "value_is_mandatory" if value is None else "value_is_invalid")
    elif number > MOST_UNITS:
        problems.add("units", "value_is_out_of_range")
    else:
        return decimal_text(number)
    return None


def change(
    uow: UnitOfWork,
    stamp: Stamp,
    fixed_charge_id: str,
    units: str,
    *,
    immediately: bool,
    subscription_id: str | None = None,
    customer_id: str | None = None,
) -> None:
    """Record that there are `units` (decimal text) from now on, or from the next period; nothing where nothing changes."""
    last = _last(uow.connection, [fixed_charge_id], subscription_id).get(fixed_charge_id)
    # To apply now what was to hold from the next period is a change too.
    if last is not None and last.units == units and (last.effective_at is not None or not immediately):
        return
    FIXED_CHARGE_UNITS.add(
        uow,
        stamp,
        id=new_id(),
        fixed_charge_id=fixed_charge_id,
        subscription_id=subscription_id,
        customer_id=customer_id,
        units=units,
        effective_at=stamp.instant if immediately else None,
    )


def units_of(
    connection: sa.Connection, fixed_charge_ids: Iterable[str], subscription_id: str | None = None
) -> dict[str, str]:
    """Fixed charge id -> the units last asked for: by the subscription's override where it has one, else by the plan."""
    changes = last_changes(connection, fixed_charge_ids, subscription_id)
    return {fixed_charge_id: row.units for fixed_charge_id, row in changes.items()}


def last_changes(
    connection: sa.Connection, fixed_charge_ids: Iterable[str], subscription_id: str | None = None
) -> dict[str, FixedChargeUnits]:
    """Fixed charge id -> its last change: the subscription's own where it has one, else the plan's."""
    ids = list(fixed_charge_ids)
    found = _last(connection, ids, None)
    if subscription_id is not None:
        found |= _last(connection, ids, subscription_id)
    return found


def _last(
    connection: sa.Connection, fixed_charge_ids: list[str], subscription_id: str | None
) -> dict[str, FixedChargeUnits]:
    c = FIXED_CHARGE_UNITS.c
    owner = c.subscription_id.is_(None) if subscription_id is None else c.subscription_id == subscription_id
    rows = FIXED_CHARGE_UNITS.all(connection, c.fixed_charge_id.in_(fixed_charge_ids), owner, order=c.sequence)
    return {row.fixed_charge_id: row for row in rows}
