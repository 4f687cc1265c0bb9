"""All that a plan says, as the wire form of lago_api §7.4: read from a plan and written to one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.catalog import charges, fixed_charge_units, fixed_charges, pricing_units, taxes, usage_thresholds
from core.catalog.charges import Charge, ChargeFilter
from core.catalog.fixed_charges import FixedCharge
from core.catalog.plan_versions import PLANS, Plan, check_plan, committed, days_text
from core.catalog.unit_of_work import Stamp, UnitOfWork

Terms = dict[str, Any]
OWN = (
    "code",
    "name",
    "invoice_display_name",
    "description",
    "interval",
    "amount_cents",
    "amount_currency",
    "pay_in_advance",
    "trial_period",
    "bill_charges_monthly",
    "bill_fixed_charges_monthly",
)
"""The fields of a plan that are its own; the rest is charges, thresholds, taxes and the minimum commitment."""
_OF_CHARGE = (
    "code",
    "billable_metric_id",
    "charge_model",
    "invoice_display_name",
    "pay_in_advance",
    "prorated",
    "invoiceable",
    "min_amount_cents",
    "late_usage_policy",
    "properties",
    "parent_id",
)
_OF_FIXED_CHARGE = (
    "code",
    "add_on_id",
    "charge_model",
    "invoice_display_name",
    "pay_in_advance",
    "prorated",
    "properties",
    "parent_id",
)


def terms_of(connection: sa.Connection, plan: Plan, subscription_id: str | None = None) -> Terms:
    """What the plan says now; with a subscription, its own units of fixed charges in place of the plan's."""
    owned = charges.charges_of(connection, [plan.id]).get(plan.id, [])
    sold = fixed_charges.fixed_charges_of(connection, [plan.id]).get(plan.id, [])
    filters = charges.filters_of(connection, [charge.id for charge in owned])
    units = pricing_units.by_ids(connection, [charge.pricing_unit_id for charge in owned])
    charge_taxes = _tax_codes(connection, "charge", [charge.id for charge in owned])
    sold_taxes = _tax_codes(connection, "fixed_charge", [row.id for row in sold])
    changes = fixed_charge_units.last_changes(connection, [row.id for row in sold], subscription_id)
    thresholds = usage_thresholds.thresholds_of(connection, "plan", [plan.id]).get(plan.id, [])
    return {name: getattr(plan, name) for name in OWN} | {
        "tax_codes": _tax_codes(connection, "plan", [plan.id]).get(plan.id, []),
        "minimum_commitment": _commitment(connection, plan),
        "charges": [
            _charge(row, filters.get(row.id, []), charge_taxes.get(row.id, []))
            | {
                "applied_pricing_unit": row.pricing_unit_id
                and {"code": units[row.pricing_unit_id].code, "conversion_rate": row.conversion_rate}
            }
            for row in owned
        ],
        "fixed_charges": [
            _fixed_charge(row, sold_taxes.get(row.id, []))
            | {"units": changes[row.id].units, "apply_units_immediately": changes[row.id].effective_at is not None}
            for row in sold
        ],
        "usage_thresholds": [
            {name: getattr(row, name) for name in ("amount_cents", "recurring", "threshold_display_name")}
            for row in thresholds
        ],
    }


def add_plan(uow: UnitOfWork, stamp: Stamp, plan_id: str, terms: Terms, *, parent_id: str, customer_id: str) -> Plan:
    """A new override that says `terms`. Raises ValidationError, NotFound."""
    owner = {"parent_id": parent_id, "customer_id": customer_id, "deleted_at": None}
    plan = PLANS.add(uow, stamp, id=plan_id, **owner, **_fields(terms))
    _write_owned(uow, stamp, plan, terms, is_new=True)
    return plan


def amend_plan(uow: UnitOfWork, stamp: Stamp, plan: Plan, terms: Terms) -> Plan:
    """Make the plan say `terms`; what it says already stays as it is. Raises ValidationError, NotFound."""
    amended = PLANS.amend(uow, stamp, plan, **_fields(terms))
    _write_owned(uow, stamp, amended, terms)
    return amended


def write_owned(
    uow: UnitOfWork,
    stamp: Stamp,
    plan: Plan,
    *,
    charges_input: Sequence[Mapping[str, Any]] | None = None,
    fixed_charges_input: Sequence[Mapping[str, Any]] | None = None,
    usage_thresholds_input: Sequence[Mapping[str, Any]] | None = None,
    tax_codes: Sequence[str] | None = None,
    minimum_commitment_input: Mapping[str, Any] | None = None,
    is_new: bool = False,
) -> None:
    """Write what stands beside the plan's own fields; None leaves it as it is. Raises ValidationError, NotFound."""
    owner: dict[str, Any] = {"customer_id": plan.customer_id, "is_new": is_new}
    if minimum_commitment_input is not None:
        codes = minimum_commitment_input.get("tax_codes") or ()
        taxes.set_taxes(uow, stamp, "commitment", plan.id, codes, customer_id=plan.customer_id)
    if tax_codes is not None:
        taxes.set_taxes(uow, stamp, "plan", plan.id, tax_codes, **owner)
    if charges_input is not None:
        charges.replace_charges(uow, stamp, plan.id, charges_input, **owner)
    if fixed_charges_input is not None:
        fixed_charges.replace_fixed_charges(uow, stamp, plan.id, fixed_charges_input, **owner)
    if usage_thresholds_input is not None:
        rows = usage_thresholds_input
        usage_thresholds.replace_thresholds(uow, stamp, "plan", plan.id, rows, customer_id=plan.customer_id)


def _write_owned(uow: UnitOfWork, stamp: Stamp, plan: Plan, terms: Terms, *, is_new: bool = False) -> None:
    write_owned(
        uow,
        stamp,
        plan,
        charges_input=terms["charges"],
        fixed_charges_input=terms["fixed_charges"],
        usage_thresholds_input=terms["usage_thresholds"],
        tax_codes=terms["tax_codes"],
        minimum_commitment_input=terms["minimum_commitment"] or {},
        is_new=is_new,
    )


def _fields(terms: Terms) -> dict[str, Any]:
    fields = {name: terms[name] for name in OWN}
    check_plan(fields).refuse()
    return fields | {"trial_period": days_text(terms["trial_period"])} | committed(terms["minimum_commitment"] or {})


def _charge(row: Charge, filters: Sequence[ChargeFilter], tax_codes: Sequence[str]) -> Terms:
    stated = [
        {name: getattr(each, name) for name in ("values", "properties", "invoice_display_name")} for each in filters
    ]
    return (
        {"id": row.id} | {name: getattr(row, name) for name in _OF_CHARGE} | {"filters": stated, "tax_codes": tax_codes}
    )


def _fixed_charge(row: FixedCharge, tax_codes: Sequence[str]) -> Terms:
    return {"id": row.id} | {name: getattr(row, name) for name in _OF_FIXED_CHARGE} | {"tax_codes": tax_codes}


def _commitment(connection: sa.Connection, plan: Plan) -> Terms | None:
    if plan.minimum_commitment_amount_cents is None:
        return None
    return {
        "amount_cents": plan.minimum_commitment_amount_cents,
        "invoice_display_name": plan.minimum_commitment_display_name,
        "tax_codes": _tax_codes(connection, "commitment", [plan.id]).get(plan.id, []),
    }


def _tax_codes(connection: sa.Connection, owner_type: str, ids: Sequence[str]) -> dict[str, list[str]]:
    found = taxes.taxes_of(connection, owner_type, ids)
    return {owner_id: [tax.code for tax in owned] for owner_id, owned in found.items()}
