"""Fees on the wire (lago_api §7.9): the lines of invoices, as the books or a draft have them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from api.schemas.amount_details import amount_details, event_amount_details
from api.schemas.pricing_units import pricing_unit_details
from api.schemas.usage import presentation_breakdowns, without_nulls
from api.schemas.wire import decimal, instant, last_instant, number
from core.catalog import plans, pricing_units
from core.catalog.charges import CHARGE_FILTERS, CHARGES, Charge
from core.catalog.fee_payments import FeePayment
from core.catalog.fixed_charges import FIXED_CHARGES
from core.ids import deterministic_id
from core.money.amount import Money
from core.money.rounding import round_half_away

Row = Mapping[str, Any]

_ITEMS = {
    "charge": ("BillableMetric", "billable_metric_id"),
    "subscription": ("Subscription", "subscription_id"),
    "fixed_charge": ("AddOn", "add_on_id"),
    "commitment": ("Commitment", "plan_id"),
    "add_on": ("AddOn", "add_on_id"),
    "credit": ("WalletTransaction", "wallet_transaction_id"),
}
"""Fee type -> Lago's type of the item, and where its id is."""


class FeeContext:
    """What a fee's row does not say itself: the charges, filters and plans behind it, its taxes, tiers and presentation groups."""

    def __init__(
        self,
        connection: sa.Connection,
        fees: Sequence[Row],
        *,
        taxes: Iterable[Row] = (),
        tiers: Iterable[Row] = (),
        groups: Iterable[Row] = (),
    ) -> None:
        # What has been deleted since is absent; the fee then goes without it.
        priced_by = _ids(fees, "charge_id")
        self.charges = {row.id: row for row in CHARGES.where_in(connection, "id", priced_by)}
        self.fixed_charges = {row.id: row for row in FIXED_CHARGES.where_in(connection, "id", priced_by)}
        filters = CHARGE_FILTERS.where_in(connection, "id", _ids(fees, "charge_filter_id"))
        self.filters = {row.id: row for row in filters}
        self.plans = plans.by_ids(connection, list(_ids(fees, "plan_id")))
        self.pricing_units = pricing_units.by_ids(connection, _ids(fees, "pricing_unit_id"))
        self.true_ups = {fee["true_up_parent_fee_id"]: fee["fee_id"] for fee in fees if fee["true_up_parent_fee_id"]}
        self.taxes = _by_fee(taxes)
        self.tiers = _by_fee(tiers)
        self.groups = _by_fee(groups)


def fee_object(fee: Row, invoice: Row, context: FeeContext) -> dict[str, Any]:
    """The line; `invoice` says whose it is and whether it is paid, or `alone` of a fee without one. Amounts in minor units, `precise_` ones as text."""
    # Lago counts what a progressive invoice billed before among the coupons of a line (invoicing §4.3).
    coupons = Decimal(fee["precise_coupons_amount_cents"] or 0) + (
        fee.get("progressive_billing_credit_amount_cents") or 0
    )
    net = fee["amount_cents"] - coupons
    taxes_cents = int(fee["taxes_amount_cents"] or 0)
    total = Money(fee["amount_cents"] + taxes_cents, fee["currency"])
    is_fixed = fee["fee_type"] == "fixed_charge"
    charge = (context.fixed_charges if is_fixed else context.charges).get(fee["charge_id"])
    plan = context.plans.get(fee["plan_id"])
    aggregated = fee.get("total_aggregated_units")
    groups = ((row["presentation_key"], row["units"]) for row in context.groups.get(fee["fee_id"], []))
    in_advance = charge.pay_in_advance if charge else bool(plan and plan.pay_in_advance)
    return {
        "lago_id": fee["fee_id"],
        "lago_charge_id": None if is_fixed else fee["charge_id"],
        "lago_charge_filter_id": fee["charge_filter_id"],
        "lago_fixed_charge_id": fee["charge_id"] if is_fixed else None,
        "lago_invoice_id": fee["invoice_id"],
        "lago_true_up_fee_id": context.true_ups.get(fee["fee_id"]),
        "lago_true_up_parent_fee_id": fee["true_up_parent_fee_id"],
        "lago_original_fee_id": None,
        # Ours: the invoice of the period that late usage is billed of.
        "corrected_invoice_id": fee.get("corrected_invoice_id"),
        "lago_subscription_id": fee["subscription_id"],
        "lago_customer_id": fee["customer_id"],
        "external_customer_id": invoice["customer_external_id"],
        "external_subscription_id": fee["external_subscription_id"],
        "amount_cents": fee["amount_cents"],
        "precise_amount": decimal(fee["precise_amount"]),
        "precise_total_amount": decimal(total.amount),
        "amount_currency": fee["currency"],
        "taxes_amount_cents": taxes_cents,
        "taxes_precise_amount": decimal(Money(taxes_cents, fee["currency"]).amount),
        "taxes_rate": number(fee["taxes_rate"] or 0),
        "units": decimal(fee["units"]),
        "precise_unit_amount": decimal(fee["unit_amount"]),
        "total_aggregated_units": decimal(fee["units"] if aggregated is None else aggregated),
        "total_amount_cents": total.cents,
        "total_amount_currency": fee["currency"],
        "events_count": fee["events_count"],
        "pay_in_advance": in_advance,
        "invoiceable": charge.invoiceable if isinstance(charge, Charge) else True,
        "from_date": instant(fee["from_at"]),
        "to_date": last_instant(fee["to_at"]),
        "payment_status": invoice["payment_status"],
        "created_at": instant(fee["horizon_at"]),
        **{
            f"{status}_at": instant(invoice["told_at"]) if invoice.get("told_at") and invoice["payment_status"] == status else None
            for status in ("succeeded", "failed", "refunded")
        },
        "event_transaction_id": fee["event_transaction_id"],
        "description": fee["description"],
        "precise_coupons_amount_cents": decimal(coupons),
        "sub_total_excluding_taxes_amount_cents": int(round_half_away(net, 0)),
        "sub_total_excluding_taxes_precise_amount_cents": decimal(net),
        "amount_details": _details(fee, context.tiers.get(fee["fee_id"], [])),
        "pricing_unit_details": pricing_unit_details(fee, context.pricing_units),
        "presentation_breakdowns": presentation_breakdowns(groups),
        "self_billed": False,
        "item": _item(fee, context),
        "applied_taxes": [_applied_tax(tax, fee) for tax in context.taxes.get(fee["fee_id"], [])],
    }


def alone(customer_external_id: str, payment: FeePayment | None) -> Row:
    """What an invoice would say of a fee that has none, of which `payment` was told."""
    if payment is None:
        return {"customer_external_id": customer_external_id, "payment_status": "pending"}
    return {
        "customer_external_id": customer_external_id,
        "payment_status": payment.payment_status,
        "told_at": payment.valid_from,
    }


def _details(fee: Row, steps: Sequence[Row]) -> dict[str, Any]:
    if fee["event_transaction_id"] is not None:
        return event_amount_details(fee["charge_model"], steps)
    return amount_details(fee["charge_model"], fee["units"], steps)


def _item(fee: Row, context: FeeContext) -> dict[str, Any]:
    item_type, id_column = _ITEMS[fee["fee_type"]]
    chosen = context.filters.get(fee["charge_filter_id"])
    return {
        "type": fee["fee_type"],
        "code": fee["item_code"],
        "name": fee["item_name"],
        "description": fee["description"],
        "invoice_display_name": fee["item_name"],
        "filter_invoice_display_name": chosen.invoice_display_name if chosen else None,
        "filters": chosen.values if chosen else None,
        "lago_item_id": fee[id_column],
        "item_type": item_type,
        "grouped_by": without_nulls(json.loads(fee["group_key"])) if fee["group_key"] else {},
    }


def _applied_tax(tax: Row, fee: Row) -> dict[str, Any]:
    return {
        "lago_id": deterministic_id("fee_tax", fee["fee_id"], tax["tax_id"]),
        "lago_fee_id": fee["fee_id"],
        "lago_tax_id": tax["tax_id"],
        "tax_name": tax["tax_name"],
        "tax_code": tax["tax_code"],
        "tax_rate": number(tax["tax_rate"]),
        "tax_description": None,
        "amount_cents": tax["amount_cents"],
        "amount_currency": fee["currency"],
        "created_at": instant(fee["horizon_at"]),
    }


def _ids(fees: Iterable[Row], column: str) -> set[str]:
    return {fee[column] for fee in fees if fee[column] is not None}


def _by_fee(rows: Iterable[Row]) -> dict[str, list[Row]]:
    owned: dict[str, list[Row]] = {}
    for row in rows:
        owned.setdefault(row["fee_id"], []).append(row)
    return owned
