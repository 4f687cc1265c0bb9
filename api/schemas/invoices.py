"""Invoices on the wire (lago_api §7.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.body import BOOLEAN, DECIMAL, INSTANT, INTEGER, TEXT, TEXTS, Body, nested, objects
from api.deps import Services
from api.schemas.customers import FIELDS as CUSTOMER_FIELDS
from api.schemas.customers import customer_objects
from api.schemas.fees import FeeContext, fee_object
from api.schemas.subscriptions import subscription_objects
from api.schemas.wire import day, instant, last_instant, number
from core.catalog import subscriptions
from core.catalog.adjusted_fees import AdjustedFee
from core.catalog.billing_entities import BILLING_ENTITIES, BillingEntity
from core.catalog.customers import CUSTOMERS, Customer
from core.ids import deterministic_id
from core.warehouse import marts

Row = Mapping[str, Any]

UPDATE = Body("invoice", {"payment_status": TEXT})
CREATE = Body(
    "invoice",
    {
        "external_customer_id": TEXT,
        "currency": TEXT,
        "fees": objects(
            {
                "add_on_code": TEXT,
                "invoice_display_name": TEXT,
                "unit_amount_cents": INTEGER,
                "units": DECIMAL,
                "description": TEXT,
                "tax_codes": TEXTS,
            }
        ),
    },
    mandatory=("external_customer_id", "fees"),
)
VOID = Body("", {"generate_credit_note": BOOLEAN, "credit_amount": INTEGER, "refund_amount": INTEGER})
ADJUST = Body(
    "adjusted_fee",
    {"fee_id": TEXT, "units": DECIMAL, "unit_precise_amount": DECIMAL, "invoice_display_name": TEXT, "reason": TEXT, "adjusted_by": TEXT},
    mandatory=("fee_id", "reason", "adjusted_by"),
)
HOLD = Body("", {"reason": TEXT, "given_by": TEXT}, mandatory=("reason", "given_by"))
DECIDE = Body("", {"given_by": TEXT}, mandatory=("given_by",))
PREVIEW = Body(
    "",
    {
        "customer": nested(CUSTOMER_FIELDS),
        "plan_code": TEXT,
        "subscription_at": INSTANT,
        "billing_time": TEXT,
        "billing_entity_code": TEXT,
        "subscriptions": nested({"external_ids": TEXTS, "plan_code": TEXT, "terminated_at": INSTANT}),
        "coupons": objects(
            {
                "code": TEXT,
                "name": TEXT,
                "coupon_type": TEXT,
                "amount_cents": INTEGER,
                "amount_currency": TEXT,
                "percentage_rate": DECIMAL,
                "frequency_duration": INTEGER,
            }
        ),
    },
)
VERSION = 4
_REASONS = {
    "trial": "subscription_starting",
    "fixed_charge_change": "in_advance_charge",
    "in_advance_charge": "in_advance_charge",
    "progressive_billing": "progressive_billing",
}
"""Lago's word for a reason to bill; the others are prefixed."""
_AMOUNTS = (
    "fees_amount_cents",
    "coupons_amount_cents",
    "sub_total_excluding_taxes_amount_cents",
    "taxes_amount_cents",
    "sub_total_including_taxes_amount_cents",
    "prepaid_credit_amount_cents",
    "total_amount_cents",
)


def invoice_objects(services: Services, connection: sa.Connection, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The invoices as a list shows them: with the customer, without fees."""
    found = CUSTOMERS.where_in(connection, "id", [row["customer_id"] for row in rows])
    owners = {customer.id: customer for customer in found}
    described = dict(zip(owners, customer_objects(connection, list(owners.values())), strict=True))
    entities = {entity.id: entity for entity in BILLING_ENTITIES.all(connection)}
    return [
        _plain(row, owners[row["customer_id"]], entities[row["billing_entity_id"]])
        | {"customer": described[row["customer_id"]]}
        for row in rows
    ]


def invoice_object(services: Services, connection: sa.Connection, cursor: Any, row: Row) -> dict[str, Any]:
    """One invoice with its fees, taxes, credits, periods and subscriptions. `row` is `marts.get_invoice`'s."""
    (answered,) = invoice_objects(services, connection, [row])
    running = subscriptions.by_ids(connection, [period["subscription_id"] for period in row["subscriptions"]])
    described = subscription_objects(services, connection, list(running.values()))
    return answered | _details(connection, cursor, row, answered["payment_status"], described)


@dataclass(frozen=True)
class Owner:
    """Whose an invoice is, and how the wire describes the customer."""

    customer: Customer
    entity: BillingEntity
    described: dict[str, Any]


def preview_object(
    connection: sa.Connection, cursor: Any, row: Row, owner: Owner, described: list[dict[str, Any]]
) -> dict[str, Any]:
    """An invoice that is not to be issued, with the subscriptions as `described`; a number it has none."""
    plain = _plain(dict(row) | {"status": "draft", "number": ""}, owner.customer, owner.entity)
    details = _details(connection, cursor, row, "pending", described)
    return plain | {"customer": owner.described, "number": "", "sequential_id": None, "payment_status": "pending"} | details


def _details(
    connection: sa.Connection, cursor: Any, row: Row, payment_status: str, described: list[dict[str, Any]]
) -> dict[str, Any]:
    taxes, tiers = marts.fee_taxes(cursor, row["invoice_id"]), marts.line_tiers(cursor, row["invoice_id"])
    groups = marts.line_presentation_units(cursor, row["invoice_id"])
    context = FeeContext(connection, row["fees"], taxes=taxes, tiers=tiers, groups=groups)
    owner = dict(row) | {"payment_status": payment_status}
    return {
        "fees": [fee_object(fee, owner, context) for fee in row["fees"]],
        "applied_taxes": [_applied_tax(tax, row) for tax in row["taxes"]],
        "credits": [
            *(_credit(use, row, payment_status) for use in row["coupon_uses"]),
            *_progressive_credits(cursor, row, payment_status),
            *(_note_use(use, row, payment_status) for use in row["credit_note_uses"]),
        ],
        "billing_periods": [period for period in map(_period, row["subscriptions"]) if period],
        "subscriptions": described,
        "prepaid_granted_credit_amount_cents": _used(row["wallet_uses"], "granted"),
        "prepaid_purchased_credit_amount_cents": _used(row["wallet_uses"], "purchased"),
        "error_details": [],
    }


def _plain(row: Row, customer: Customer, entity: BillingEntity) -> dict[str, Any]:
    term = row["net_payment_term"]
    if term is None:  # a draft's; Lago's clients take no null here
        term = entity.net_payment_term if customer.net_payment_term is None else customer.net_payment_term
    return {name: row[name] for name in _AMOUNTS} | {
        "lago_id": row["invoice_id"],
        "billing_entity_code": entity.code,
        "sequential_id": row.get("customer_sequence"),
        "number": row["number"] or f"{entity.document_number_prefix}-DRAFT",
        "issuing_date": day(row["issuing_date"]),
        "payment_status": row["payment_status"],
        "total_paid_amount_cents": row["total_paid_amount_cents"],
        "total_due_amount_cents": max(row["total_due_amount_cents"], 0),
        "payment_overdue": row["payment_overdue"],
        "payment_dispute_lost_at": instant(row["payment_dispute_lost_at"]),
        "payment_due_date": day(row["payment_due_date"]),
        "net_payment_term": term,
        "invoice_type": row["invoice_type"],
        "status": row["status"],
        "currency": row["currency"],
        "credit_notes_amount_cents": row.get("credit_notes_amount_cents") or 0,
        # Books published before the column was added do not have it.
        "progressive_billing_credit_amount_cents": row.get("progressive_billing_credit_amount_cents") or 0,
        "total_offsetted_credit_note_amount_cents": row.get("offset_amount_cents") or 0,
        "version_number": VERSION,
        "self_billed": False,
        "file_url": None,
        "web_url": None,
        "created_at": instant(row["ready_at"]),
        "updated_at": instant(row["issued_at"]),
        "voided_at": instant(row.get("voided_at")),
        "metadata": [],
        "applied_taxes": [],
        "applied_invoice_custom_sections": [],
        "applied_usage_thresholds": [],
    }


def _applied_tax(tax: Row, invoice: Row) -> dict[str, Any]:
    return {
        "lago_id": deterministic_id("invoice_tax", invoice["invoice_id"], tax["tax_id"]),
        "lago_invoice_id": invoice["invoice_id"],
        "lago_tax_id": tax["tax_id"],
        "tax_name": tax["tax_name"],
        "tax_code": tax["tax_code"],
        "tax_rate": number(tax["tax_rate"]),
        "tax_description": None,
        "amount_cents": tax["amount_cents"],
        "amount_currency": invoice["currency"],
        "fees_amount_cents": int(tax["taxable_base_cents"]),
        "created_at": instant(invoice["issued_at"]),
    }


def _credit(use: Row, invoice: Row, payment_status: str) -> dict[str, Any]:
    return {
        "lago_id": deterministic_id("credit", use["invoice_id"], use["applied_coupon_id"]),
        "amount_cents": use["amount_cents"],
        "amount_currency": use["currency"],
        "before_taxes": True,
        "item": {
            "lago_item_id": use["coupon_id"],
            "type": "coupon",
            "code": use["coupon_code"],
            "name": use["coupon_name"],
            "description": None,
        },
        "invoice": {"lago_id": invoice["invoice_id"], "payment_status": payment_status},
    }


def _progressive_credits(cursor: Any, row: Row, payment_status: str) -> list[dict[str, Any]]:
    """What the invoice gives back of the progressive invoices whose usage it bills again, one object for each of them."""
    # Books published before the columns were added do not have them.
    taken = {
        period["credited_invoice_id"]: sum(
            fee.get("progressive_billing_credit_amount_cents") or 0
            for fee in row["fees"]
            if fee["subscription_id"] == period["subscription_id"]
        )
        for period in row["subscriptions"]
        if period.get("credited_invoice_id")
    }
    return [
        {
            "lago_id": deterministic_id("progressive_credit", row["invoice_id"], credited["invoice_id"]),
            "amount_cents": taken[credited["invoice_id"]],
            "amount_currency": row["currency"],
            "before_taxes": True,
            "item": {
                "lago_item_id": credited["invoice_id"],
                "type": "invoice",
                "code": credited["number"],
                "name": credited["number"],
                "description": None,
            },
            "invoice": {"lago_id": row["invoice_id"], "payment_status": payment_status},
        }
        for credited in marts.invoices_among(cursor, list(taken))
        if taken[credited["invoice_id"]]
    ]


def coupon_credits(connection: sa.Connection, uses: Sequence[Row], invoices: Sequence[Row]) -> list[dict[str, Any]]:
    """What coupons took off `invoices`, one object per use."""
    status = {row["invoice_id"]: row["payment_status"] for row in invoices}
    return [_credit(use, use, status[use["invoice_id"]]) for use in uses]


def _note_use(use: Row, invoice: Row, payment_status: str) -> dict[str, Any]:
    return {
        "lago_id": use["credit_note_use_id"],
        "amount_cents": use["amount_cents"],
        "amount_currency": use["currency"],
        "before_taxes": False,
        "item": {
            "lago_item_id": use["credit_note_id"],
            "type": "credit_note",
            "code": use["number"],
            "name": use["number"],
            "description": None,
        },
        "invoice": {"lago_id": invoice["invoice_id"], "payment_status": payment_status},
    }


def _period(row: Row) -> dict[str, Any] | None:
    """The periods of a subscription on the invoice, ends inclusive. Where one kind is absent the other stands for it,
    since Lago's clients take no null here; an invoice without either has no period to tell.
    """
    fee = (row["fee_from_at"], row["fee_to_at"])
    usage = (row["usage_from_at"], row["usage_to_at"])
    # Books published before the columns were added do not have them.
    fixed = (row.get("fixed_charges_from_at"), row.get("fixed_charges_to_at"))
    fee, usage, fixed = (
        _first_whole(*order) for order in ((fee, usage, fixed), (usage, fee, fixed), (fixed, usage, fee))
    )
    if not all(fee):
        return None
    return {
        "lago_subscription_id": row["subscription_id"],
        "external_subscription_id": row["external_subscription_id"],
        "lago_plan_id": row["plan_id"],
        "subscription_from_datetime": instant(fee[0]),
        "subscription_to_datetime": last_instant(fee[1]),
        "charges_from_datetime": instant(usage[0]),
        "charges_to_datetime": last_instant(usage[1]),
        "fixed_charges_from_datetime": instant(fixed[0]),
        "fixed_charges_to_datetime": last_instant(fixed[1]),
        "invoicing_reason": _REASONS.get(row["invoicing_reason"], f"subscription_{row['invoicing_reason']}"),
    }


def _first_whole(*periods: tuple[Any, Any]) -> tuple[Any, Any]:
    return next((period for period in periods if all(period)), periods[0])


def _used(uses: Sequence[Row], credit_class: str) -> int:
    return sum(use["amount_cents"] for use in uses if use["credit_class"] == credit_class)


def adjusted_fee_object(adjusted: AdjustedFee) -> dict[str, Any]:
    """What is said of a draft's fee instead of what was computed (ours); its id is the fee's."""
    return {
        "lago_invoice_id": adjusted.invoice_id,
        "lago_fee_id": adjusted.fee_id,
        "units": adjusted.units,
        "unit_precise_amount": adjusted.unit_precise_amount,
        "invoice_display_name": adjusted.invoice_display_name,
        "reason": adjusted.reason,
        "adjusted_by": adjusted.adjusted_by,
    }
