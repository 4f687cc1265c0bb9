"""Corrections of a draft's fees (invoicing §11): other units, another price of a unit, another name, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.domain.decimals import decimal_text, read_amount
from core.domain.problems import MOST_CENTS, Problems
from core.errors import NotFound
from core.ids import deterministic_id

ADJUSTABLE = {"subscription", "charge", "fixed_charge"}
"""Types of fees that can be corrected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AdjustedFee(Version):
    """What a fee of a draft is instead; null leaves it as it was computed. Both numbers are decimal text, the price in currency units.

    A fee has one: the newest says all. `adjusted_by` is who decided it.
    """

    invoice_id: str
    customer_id: str
    fee_id: str
    units: str | None
    unit_precise_amount: str | None
    invoice_display_name: str | None
    reason: str
    adjusted_by: str


ADJUSTED_FEES = Versions("adjusted_fees", AdjustedFee, index=("invoice_id",))


def adjust(
    uow: UnitOfWork,
    fee: Mapping[str, Any],
    *,
    reason: str,
    adjusted_by: str,
    units: Any = None,
    unit_precise_amount: Any = None,
    invoice_display_name: str | None = None,
) -> AdjustedFee:
    """Say what a fee of a draft is instead, in place of what was said of it before. At least one of the three is given.

    The caller has looked at `fee` (a row of `core.warehouse.marts.list_fees`) and knows that its invoice is a draft. Raises NotFound `customer`,
    or ValidationError: also for a fee that follows from others (a minimum, late usage), and for units without a price where a unit has no one price.
    """
    given = {"units": units, "unit_precise_amount": unit_precise_amount}
    numbers = {name: None if value is None else read_amount(value) for name, value in given.items()}
    name = (invoice_display_name or "").strip() or None
    problems = Problems({"reason": reason.strip(), "adjusted_by": adjusted_by.strip()})
    problems.mandatory("reason", "adjusted_by")
    for field, value in given.items():
        if value is not None and numbers[field] is None:
            problems.add(field, "value_is_invalid")
    if not can_be_adjusted(fee):
        problems.add("fee_id", "cannot_be_adjusted")
    if units is None and unit_precise_amount is None and name is None:
        problems.add("units", "value_is_mandatory")
    if units is not None and unit_precise_amount is None and not has_one_price(fee):
        problems.add("unit_precise_amount", "value_is_mandatory")
    price = fee["unit_amount"] if numbers["unit_precise_amount"] is None else numbers["unit_precise_amount"]
    counted = fee["units"] if numbers["units"] is None else numbers["units"]
    if max(counted, 1) * max(price or 0, 1) * 100 > MOST_CENTS:
        problems.add("units", "value_is_out_of_range")
    problems.refuse()
    values = {field: None if number is None else decimal_text(number) for field, number in numbers.items()}
    said = values | {"invoice_display_name": name, "reason": reason.strip(), "adjusted_by": adjusted_by.strip()}
    stamp = uow.stamp_for(fee["customer_id"])
    adjusted_id = deterministic_id("adjusted_fee", fee["fee_id"])
    before = ADJUSTED_FEES.first(uow.connection, ADJUSTED_FEES.c.id == adjusted_id)
    if before is not None:
        return ADJUSTED_FEES.amend(uow, stamp, before, **said)
    owner = {"invoice_id": fee["invoice_id"], "customer_id": fee["customer_id"], "fee_id": fee["fee_id"]}
    return ADJUSTED_FEES.add(uow, stamp, id=adjusted_id, **owner, **said)


def withdraw(uow: UnitOfWork, fee_id: str, customer_id: str) -> None:
    """Let the fee be again what is computed. Raises NotFound `adjusted_fee` or `customer`."""
    found = ADJUSTED_FEES.first(uow.connection, ADJUSTED_FEES.c.id == deterministic_id("adjusted_fee", fee_id))
    if found is None:
        raise NotFound("adjusted_fee", fee_id)
    ADJUSTED_FEES.end(uow, uow.stamp_for(customer_id), found)


def of(connection: sa.Connection, invoice_id: str) -> dict[str, AdjustedFee]:
    """Fee id -> what is said of it, of the invoice's fees that were corrected."""
    return {row.fee_id: row for row in ADJUSTED_FEES.where_in(connection, "invoice_id", [invoice_id])}


def can_be_adjusted(fee: Mapping[str, Any]) -> bool:
    """Whether the fee is computed on its own; what tops up to a minimum, and late usage, follow from others, and a charge in pricing units has two amounts."""
    return fee["fee_type"] in ADJUSTABLE and fee["true_up_parent_fee_id"] is None and fee["corrected_invoice_id"] is None and fee.get("pricing_unit_id") is None


def has_one_price(fee: Mapping[str, Any]) -> bool:
    """Whether every unit of the fee costs the same, so that other units alone say what it comes to."""
    return fee["charge_model"] in (None, "standard")
