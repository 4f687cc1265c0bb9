"""Applied coupons on the wire (lago_api §7.11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from api.body import DECIMAL, INTEGER, TEXT, Body
from api.schemas.wire import decimal, instant
from core.catalog.applied_coupons import AppliedCoupon
from core.catalog.coupons import COUPONS, Coupon
from core.catalog.customers import CUSTOMERS

CREATE = Body(
    "applied_coupon",
    {
        "external_customer_id": TEXT,
        "coupon_code": TEXT,
        "frequency": TEXT,
        "frequency_duration": INTEGER,
        "amount_cents": INTEGER,
        "amount_currency": TEXT,
        "percentage_rate": DECIMAL,
    },
    mandatory=("external_customer_id", "coupon_code"),
)


def applied_coupon_objects(connection: sa.Connection, rows: Sequence[AppliedCoupon]) -> list[dict[str, Any]]:
    """The applied coupons, each with what its coupon says now, or last said before it was deleted."""
    external_ids = {
        row.id: row.external_id for row in CUSTOMERS.where_in(connection, "id", [row.customer_id for row in rows])
    }
    coupon_of = {coupon_id: COUPONS.history(connection, coupon_id)[-1] for coupon_id in {row.coupon_id for row in rows}}
    return [_applied_object(row, coupon_of[row.coupon_id], external_ids[row.customer_id]) for row in rows]


def _applied_object(row: AppliedCoupon, coupon: Coupon, external_customer_id: str) -> dict[str, Any]:
    return {
        "lago_id": row.id,
        "lago_coupon_id": row.coupon_id,
        "coupon_code": coupon.code,
        "coupon_name": coupon.name,
        "coupon_description": coupon.description,
        "coupon_status": "active" if coupon.valid_to is None else "terminated",
        "coupon_deleted_at": instant(coupon.valid_to),
        "lago_customer_id": row.customer_id,
        "external_customer_id": external_customer_id,
        "status": "active" if row.terminated_at is None else "terminated",
        "amount_cents": row.amount_cents,
        "amount_currency": row.amount_currency,
        "percentage_rate": decimal(row.percentage_rate),
        "frequency": row.frequency,
        "frequency_duration": row.frequency_duration,
        "expiration_at": instant(coupon.expiration_at),
        "created_at": instant(row.created_at),
        "terminated_at": instant(row.terminated_at),
    }
