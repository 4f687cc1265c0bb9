"""Applied coupons on the wire (lago_api §7.11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.body import DECIMAL, INTEGER, TEXT, Body
from api.deps import Services
from api.schemas.invoices import coupon_credits
from api.schemas.wire import decimal, instant
from core.catalog.applied_coupons import AppliedCoupon
from core.catalog.coupons import COUPONS, Coupon
from core.catalog.customers import CUSTOMERS
from core.warehouse import marts

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
UNSEEN = {"remaining_amount_cents": None, "remaining_uses": None, "exhausted_at": None}
"""Applied on a test clock that has not moved since."""


def applied_coupon_objects(
    services: Services, connection: sa.Connection, rows: Sequence[AppliedCoupon]
) -> list[dict[str, Any]]:
    """The applied coupons, each with what is left of it now, and with what its coupon says, or last said before it was deleted."""
    if not rows:
        return []
    used = services.billing.rows_without_usage({row.customer_id for row in rows}, "fct_applied_coupons")
    left = {row["applied_coupon_id"]: row for row in used}
    external_ids = {
        row.id: row.external_id for row in CUSTOMERS.where_in(connection, "id", [row.customer_id for row in rows])
    }
    coupon_of = {coupon_id: COUPONS.history(connection, coupon_id)[-1] for coupon_id in {row.coupon_id for row in rows}}
    return [
        _applied_object(row, coupon_of[row.coupon_id], external_ids[row.customer_id], left.get(row.id, UNSEEN))
        for row in rows
    ]


def with_credits(connection: sa.Connection, cursor: Any, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects of applied coupons, each with its uses on invoices, newest first."""
    uses = marts.coupon_uses(cursor, [item["lago_id"] for item in items])
    invoices = marts.invoices_among(cursor, list({use["invoice_id"] for use in uses}))
    credits = coupon_credits(connection, uses, invoices)
    of_coupon: dict[str, list[dict[str, Any]]] = {item["lago_id"]: [] for item in items}
    for use, credit in zip(uses, credits, strict=True):
        of_coupon[use["applied_coupon_id"]].append(credit)
    return [item | {"credits": of_coupon[item["lago_id"]]} for item in items]


def _applied_object(
    row: AppliedCoupon, coupon: Coupon, external_customer_id: str, left: Mapping[str, Any]
) -> dict[str, Any]:
    """`left` is the row of `fct_applied_coupons`. What is used up ended then, whenever it was taken off."""
    ended_at = left["exhausted_at"] or row.terminated_at
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
        "status": "active" if ended_at is None else "terminated",
        "amount_cents": row.amount_cents,
        "amount_cents_remaining": left["remaining_amount_cents"],
        "amount_currency": row.amount_currency,
        "percentage_rate": decimal(row.percentage_rate),
        "frequency": row.frequency,
        "frequency_duration": row.frequency_duration,
        "frequency_duration_remaining": left["remaining_uses"] if row.frequency == "recurring" else None,
        "expiration_at": instant(coupon.expiration_at),
        "created_at": instant(row.created_at),
        "terminated_at": instant(ended_at),
    }
