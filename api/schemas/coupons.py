"""Coupons on the wire (lago_api §7.11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.body import BOOLEAN, DECIMAL, INSTANT, INTEGER, TEXT, TEXTS, Body, nested
from api.schemas.wire import decimal, instant
from core.catalog import plans
from core.catalog.billable_metrics import BILLABLE_METRICS
from core.catalog.coupons import Coupon
from core.errors import ValidationError

FIELDS = {
    "name": TEXT,
    "code": TEXT,
    "description": TEXT,
    "coupon_type": TEXT,
    "amount_cents": INTEGER,
    "amount_currency": TEXT,
    "reusable": BOOLEAN,
    "percentage_rate": DECIMAL,
    "frequency": TEXT,
    "frequency_duration": INTEGER,
    "expiration": TEXT,
    "expiration_at": INSTANT,
    "applies_to": nested({"plan_codes": TEXTS, "billable_metric_codes": TEXTS}),
}
CREATE = Body("coupon", FIELDS, mandatory=("code", "name", "coupon_type", "frequency"))
UPDATE = Body("coupon", FIELDS)


def coupon_terms(given: Mapping[str, Any], current: Coupon | None = None) -> dict[str, Any]:
    """What the catalog takes for what was sent: the targets spread out, no expiry unless there is a time limit.

    `current` is the coupon that is changed. Raises ValidationError, also for a time limit without its moment.
    """
    terms = {name: value for name, value in given.items() if name not in ("applies_to", "expiration")}
    if given.get("expiration") not in (None, "no_expiration", "time_limit"):
        raise ValidationError({"expiration": ["value_is_invalid"]})
    moment = given.get("expiration_at", None if current is None else current.expiration_at)
    if given.get("expiration") == "time_limit" and moment is None:
        raise ValidationError({"expiration_at": ["value_is_mandatory"]})
    if given.get("expiration") == "no_expiration":
        terms["expiration_at"] = None
    targets = given.get("applies_to") or {}
    return terms | {name: codes for name, codes in targets.items() if codes is not None}


def coupon_objects(connection: sa.Connection, rows: Sequence[Coupon]) -> list[dict[str, Any]]:
    """The coupons with the codes of their targets."""
    plan_of = plans.by_ids(connection, [plan_id for row in rows for plan_id in row.plan_ids])
    metric_ids = [metric_id for row in rows for metric_id in row.billable_metric_ids]
    metric_of = {metric.id: metric for metric in BILLABLE_METRICS.where_in(connection, "id", metric_ids)}
    return [
        {
            "lago_id": row.id,
            "name": row.name,
            "code": row.code,
            "description": row.description,
            "coupon_type": row.coupon_type,
            "amount_cents": row.amount_cents,
            "amount_currency": row.amount_currency,
            "reusable": row.reusable,
            "limited_plans": bool(row.plan_ids),
            "plan_codes": [plan_of[plan_id].code for plan_id in row.plan_ids if plan_id in plan_of],
            "limited_billable_metrics": bool(row.billable_metric_ids),
            # A deleted metric has no current version, and nothing is discounted for it.
            "billable_metric_codes": [
                metric_of[metric_id].code for metric_id in row.billable_metric_ids if metric_id in metric_of
            ],
            "percentage_rate": decimal(row.percentage_rate),
            "frequency": row.frequency,
            "frequency_duration": row.frequency_duration,
            "expiration": "no_expiration" if row.expiration_at is None else "time_limit",
            "expiration_at": instant(row.expiration_at),
            "created_at": instant(row.created_at),
            "terminated_at": None,
        }
        for row in rows
    ]
