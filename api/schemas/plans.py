"""Plans, their charges, filters and fixed charges on the wire (lago_api §7.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import Request

from api.body import (
    BOOLEAN,
    DECIMAL,
    INTEGER,
    MAPPING,
    TEXT,
    TEXT_LISTS,
    TEXTS,
    Body,
    nested,
    objects,
    parse,
    read_fields,
)
from api.schemas import usage_thresholds
from api.schemas.entitlements import plan_entitlements
from api.schemas.fixed_charges import IN_PLAN_FIELDS, OVERRIDABLE, fixed_charge_objects
from api.schemas.pricing_units import APPLIED_FIELDS
from api.schemas.taxes import taxes_by_owner
from api.schemas.wire import instant, number
from core.catalog import billable_metrics, charges, entitlements, fixed_charges, metadata, pricing_units
from core.catalog.charges import Charge, ChargeFilter
from core.catalog.plan_versions import LONG_INTERVALS, Plan
from core.catalog.pricing_units import PricingUnit
from core.catalog.usage_thresholds import thresholds_of
from core.ids import deterministic_id

FILTER_FIELDS = {"invoice_display_name": TEXT, "properties": MAPPING, "values": TEXT_LISTS}
CHARGE_FIELDS = {
    "id": TEXT,
    "billable_metric_id": TEXT,
    "code": TEXT,
    "charge_model": TEXT,
    "invoice_display_name": TEXT,
    "pay_in_advance": BOOLEAN,
    "prorated": BOOLEAN,
    "invoiceable": BOOLEAN,
    "min_amount_cents": INTEGER,
    "late_usage_policy": TEXT,
    "properties": MAPPING,
    "filters": objects(FILTER_FIELDS),
    "tax_codes": TEXTS,
    "applied_pricing_unit": nested(APPLIED_FIELDS),
}
COMMITMENT_FIELDS = {"amount_cents": INTEGER, "invoice_display_name": TEXT, "tax_codes": TEXTS}
FIELDS = {
    "name": TEXT,
    "invoice_display_name": TEXT,
    "code": TEXT,
    "interval": TEXT,
    "description": TEXT,
    "amount_cents": INTEGER,
    "amount_currency": TEXT,
    "trial_period": DECIMAL,
    "minimum_commitment": nested(COMMITMENT_FIELDS),
    "pay_in_advance": BOOLEAN,
    "bill_charges_monthly": BOOLEAN,
    "bill_fixed_charges_monthly": BOOLEAN,
    "tax_codes": TEXTS,
    "charges": objects(CHARGE_FIELDS),
    "fixed_charges": objects(IN_PLAN_FIELDS),
    "usage_thresholds": objects(usage_thresholds.IN_PLAN_FIELDS),
    "metadata": MAPPING,
}


def _regroups_paid_fees(plan: Mapping[str, Any]) -> bool:
    stated = plan["charges"] if isinstance(plan["charges"], list) else []
    return any(isinstance(charge, Mapping) and charge.get("regroup_paid_fees") for charge in stated)


UNSERVED = {
    # Fees in advance stay without an invoice once they are paid (rating §5.3).
    "charges": _regroups_paid_fees,
}
CREATE = Body(
    "plan", FIELDS, mandatory=("code", "name", "interval", "amount_cents", "amount_currency"), unserved=UNSERVED
)
UPDATE = Body("plan", FIELDS | {"cascade_updates": BOOLEAN}, unserved=UNSERVED)
OVERRIDABLE_OF_CHARGE = {
    name: CHARGE_FIELDS[name]
    for name in ("invoice_display_name", "min_amount_cents", "properties", "filters", "tax_codes", "applied_pricing_unit")
}
OVERRIDES = {
    "name": TEXT,
    "invoice_display_name": TEXT,
    "description": TEXT,
    "amount_cents": INTEGER,
    "amount_currency": TEXT,
    "trial_period": DECIMAL,
    "tax_codes": TEXTS,
    "minimum_commitment": nested(COMMITMENT_FIELDS),
    "charges": objects(
        OVERRIDABLE_OF_CHARGE | {"id": TEXT, "code": TEXT, "billable_metric_id": TEXT, "charge_model": TEXT}
    ),
    "fixed_charges": objects(OVERRIDABLE | {"id": TEXT, "code": TEXT}),
    "usage_thresholds": objects(usage_thresholds.IN_PLAN_FIELDS),
}
"""What a subscription may say otherwise than its plan."""
OVERRIDE_CHARGE = Body("charge", OVERRIDABLE_OF_CHARGE)
CREATE_CHARGE = UPDATE_CHARGE = Body(
    "charge",
    CHARGE_FIELDS | {"cascade_updates": BOOLEAN},
    unserved={"regroup_paid_fees": lambda charge: True},
)
CREATE_FILTER = UPDATE_FILTER = Body("filter", FILTER_FIELDS | {"cascade_updates": BOOLEAN})


def cascades(root: str) -> Callable[[Request], Awaitable[bool]]:
    """A dependency: whether the body of a deletion, which may be absent, asks for `cascade_updates` under its root."""

    async def asked(request: Request) -> bool:
        content = parse(await request.body()).get(root)
        return isinstance(content, dict) and read_fields(content, {"cascade_updates": BOOLEAN}).get("cascade_updates") is True

    return asked


def plan_object(connection: sa.Connection, plan: Plan) -> dict[str, Any]:
    """The plan with its charges, filters, fixed charges and taxes."""
    (answered,) = plan_objects(connection, [plan])
    owned = fixed_charges.fixed_charges_of(connection, [plan.id]).get(plan.id, [])
    return answered | {"fixed_charges": fixed_charge_objects(connection, owned)}


def plan_objects(connection: sa.Connection, rows: Sequence[Plan]) -> list[dict[str, Any]]:
    """The plans of a list: with charges, filters and taxes, and without fixed charges (lago_api §7.4)."""
    ids = [plan.id for plan in rows]
    charges_of = charges.charges_of(connection, ids)
    priced = charge_objects(connection, [charge for owned in charges_of.values() for charge in owned])
    taxes = taxes_by_owner(connection, "plan", ids)
    commitment_taxes = taxes_by_owner(connection, "commitment", ids)
    thresholds = thresholds_of(connection, "plan", ids)
    kept = metadata.of(connection, ids)
    entitled = entitlements.of_plans(connection, rows)
    return [
        _plan_object(
            plan,
            [priced[charge.id] for charge in charges_of.get(plan.id, [])],
            taxes[plan.id],
            plan_entitlements(entitled[plan.id]),
        )
        | _commitment(plan, commitment_taxes[plan.id])
        | {
            "usage_thresholds": usage_thresholds.usage_threshold_objects(thresholds.get(plan.id, [])),
            "applicable_usage_thresholds": usage_thresholds.applicable(thresholds.get(plan.id, [])),
        }
        | ({"metadata": kept[plan.id]} if plan.id in kept else {})
        for plan in rows
    ]


def _plan_object(
    plan: Plan, owned: list[dict[str, Any]], taxes: list[dict[str, Any]], entitled: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "lago_id": plan.id,
        "name": plan.name,
        "invoice_display_name": plan.invoice_display_name,
        "created_at": instant(plan.created_at),
        "code": plan.code,
        "interval": plan.interval,
        "description": plan.description,
        "amount_cents": plan.amount_cents,
        "amount_currency": plan.amount_currency,
        "trial_period": number(plan.trial_period),
        "pay_in_advance": plan.pay_in_advance,
        "bill_charges_monthly": plan.bill_charges_monthly if plan.interval in LONG_INTERVALS else None,
        "bill_fixed_charges_monthly": plan.bill_fixed_charges_monthly if plan.interval in LONG_INTERVALS else None,
        "parent_id": plan.parent_id,
        "pending_deletion": False,
        "customers_count": 0,
        "active_subscriptions_count": 0,
        "draft_invoices_count": 0,
        "charges": owned,
        "taxes": taxes,
        "entitlements": entitled,
    }


def _commitment(plan: Plan, taxes: list[dict[str, Any]]) -> dict[str, Any]:
    """The minimum commitment under its name; nothing without one."""
    if plan.minimum_commitment_amount_cents is None:
        return {}
    return {
        "minimum_commitment": {
            "lago_id": deterministic_id("minimum_commitment", plan.id),
            "plan_code": plan.code,
            "amount_cents": plan.minimum_commitment_amount_cents,
            "invoice_display_name": plan.minimum_commitment_display_name,
            "interval": plan.interval,
            "created_at": instant(plan.created_at),
            "updated_at": instant(plan.valid_from),
            "taxes": taxes,
        }
    }


def charge_objects(connection: sa.Connection, rows: Sequence[Charge]) -> dict[str, dict[str, Any]]:
    """Id -> the charge with its filters and taxes."""
    ids = [charge.id for charge in rows]
    metrics = billable_metrics.by_ids(connection, [charge.billable_metric_id for charge in rows])
    filters = charges.filters_of(connection, ids)
    units = pricing_units.by_ids(connection, [charge.pricing_unit_id for charge in rows])
    taxes = taxes_by_owner(connection, "charge", ids)
    return {
        charge.id: {
            "lago_id": charge.id,
            "lago_billable_metric_id": charge.billable_metric_id,
            "code": charge.code,
            "billable_metric_code": metrics[charge.billable_metric_id].code,
            "invoice_display_name": charge.invoice_display_name,
            "created_at": instant(charge.created_at),
            "charge_model": charge.charge_model,
            "pay_in_advance": charge.pay_in_advance,
            "invoiceable": charge.invoiceable,
            "regroup_paid_fees": None,
            "prorated": charge.prorated,
            "min_amount_cents": charge.min_amount_cents,
            "late_usage_policy": charge.late_usage_policy,
            "properties": _mirrored(charge.properties),
            "filters": [filter_object(charge, row) for row in filters.get(charge.id, [])],
            "taxes": taxes[charge.id],
            "applied_pricing_unit": _applied(charge, units),
            "lago_parent_id": charge.parent_id,
        }
        for charge in rows
    }


def _applied(charge: Charge, units: Mapping[str, PricingUnit]) -> dict[str, Any] | None:
    if charge.pricing_unit_id is None:
        return None
    return {"code": units[charge.pricing_unit_id].code, "conversion_rate": charge.conversion_rate}


def filter_object(charge: Charge, row: ChargeFilter) -> dict[str, Any]:
    """A filter of a charge."""
    return {
        "lago_id": row.id,
        "charge_code": charge.code,
        "invoice_display_name": row.invoice_display_name,
        "properties": _mirrored(row.properties),
        "values": row.values,
    }


def _mirrored(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Group keys go out under their new and their old name."""
    keys = properties.get("pricing_group_keys") or properties.get("grouped_by")
    return {**properties, "pricing_group_keys": keys, "grouped_by": keys} if keys else dict(properties)
