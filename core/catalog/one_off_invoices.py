"""Commands to issue a one-off invoice (lago_api §7.8, invoicing §4.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.catalog import add_ons, customers, taxes
from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.domain.decimals import decimal_text, read_amount
from core.domain.problems import MOST_CENTS, Problems
from core.errors import NotFound, ValidationError
from core.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class OneOffInvoice(Version):
    """A command to issue one invoice with the given fees."""

    customer_id: str
    currency: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OneOffFee(Version):
    """A line of it: `units` (decimal text) times `unit_amount_cents` minor units."""

    one_off_invoice_id: str
    customer_id: str
    position: int
    add_on_id: str
    units: str
    unit_amount_cents: int
    description: str | None
    invoice_display_name: str | None


ONE_OFF_INVOICES = Versions("one_off_invoices", OneOffInvoice, index=("customer_id",))
ONE_OFF_FEES = Versions("one_off_fees", OneOffFee, index=("one_off_invoice_id",))


def create(
    uow: UnitOfWork, *, external_customer_id: str, fees: Sequence[Mapping[str, Any]], currency: str | None = None
) -> OneOffInvoice:
    """Command a one-off invoice. Each fee has add_on_code and may set units (1), unit_amount_cents (the add-on's price),
    description, invoice_display_name and tax_codes.

    The currency defaults to the customer's, then to the first add-on's. Raises NotFound `customer`, `fees` (none given),
    `add_on` or `tax`, or ValidationError.
    """
    customer = customers.get(uow.connection, external_customer_id)
    if not fees:
        raise NotFound("fees", external_customer_id)
    sold = [add_ons.get(uow.connection, fee.get("add_on_code") or "") for fee in fees]
    currency = currency or customer.currency or sold[0].amount_currency
    problems = Problems({"currency": currency})
    problems.currency("currency")
    problems.refuse()
    for add_on, fee in zip(sold, fees, strict=True):
        if add_on.amount_currency != currency and fee.get("unit_amount_cents") is None:
            # The add-on's own price is in another currency, so it says nothing about this invoice.
            raise ValidationError({"currency": ["currencies_does_not_match"]})
    stamp = uow.stamp_for(customer.id)
    invoice = ONE_OFF_INVOICES.add(uow, stamp, id=new_id(), customer_id=customer.id, currency=currency)
    for position, (fee, add_on) in enumerate(zip(fees, sold, strict=True), start=1):
        row = ONE_OFF_FEES.add(
            uow,
            stamp,
            id=new_id(),
            one_off_invoice_id=invoice.id,
            customer_id=customer.id,
            position=position,
            add_on_id=add_on.id,
            description=fee.get("description") or add_on.description,
            invoice_display_name=fee.get("invoice_display_name") or add_on.invoice_display_name,
            **_price(fee, add_on.amount_cents),
        )
        codes = fee.get("tax_codes") or []
        taxes.set_taxes(uow, stamp, "one_off_fee", row.id, codes, customer_id=customer.id, is_new=True)
    return invoice


def get(connection: sa.Connection, one_off_invoice_id: str) -> OneOffInvoice:
    """The command with this id. Raises NotFound `invoice`."""
    invoice = ONE_OFF_INVOICES.first(connection, ONE_OFF_INVOICES.c.id == one_off_invoice_id)
    if invoice is None:
        raise NotFound("invoice", one_off_invoice_id)
    return invoice


def since(connection: sa.Connection, recorded_at: datetime | None) -> list[OneOffInvoice]:
    """The commands recorded after that instant (naive UTC, wall clock); all of them without one."""
    c = ONE_OFF_INVOICES.c
    return ONE_OFF_INVOICES.all(connection, c.recorded_at > (recorded_at or datetime.min))


def fees_of(connection: sa.Connection, one_off_invoice_id: str) -> list[OneOffFee]:
    """The fees of a one-off invoice in order."""
    condition = ONE_OFF_FEES.c.one_off_invoice_id == one_off_invoice_id
    return ONE_OFF_FEES.all(connection, condition, order=ONE_OFF_FEES.c.position)


def _price(fee: Mapping[str, Any], default_cents: int) -> dict[str, Any]:
    unit_amount_cents = fee.get("unit_amount_cents")
    unit_amount_cents = default_cents if unit_amount_cents is None else unit_amount_cents
    units = read_amount(1 if fee.get("units") is None else fee["units"])
    problems = Problems({"unit_amount_cents": unit_amount_cents})
    problems.cents("unit_amount_cents")
    if units is None:
        problems.add("units", "value_is_invalid")
    problems.refuse()
    assert units is not None
    if units * max(unit_amount_cents, 1) > MOST_CENTS:
        problems.add("units", "value_is_out_of_range", f"units times the unit amount are at most {MOST_CENTS} minor units")
    problems.refuse()
    return {"units": decimal_text(units), "unit_amount_cents": unit_amount_cents}
