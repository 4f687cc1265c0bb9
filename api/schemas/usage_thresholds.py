"""Usage thresholds on the wire, inside plans and subscriptions (lago_api §7.4, §7.7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from api.body import BOOLEAN, INTEGER, TEXT
from api.schemas.wire import instant
from core.catalog.subscription_versions import Subscription
from core.catalog.usage_thresholds import UsageThreshold, thresholds_of

IN_PLAN_FIELDS = {"threshold_display_name": TEXT, "amount_cents": INTEGER, "recurring": BOOLEAN}


def usage_threshold_objects(rows: Iterable[UsageThreshold]) -> list[dict[str, Any]]:
    """Thresholds with what identifies them."""
    return [
        {
            "lago_id": row.id,
            **_terms(row),
            "created_at": instant(row.created_at),
            "updated_at": instant(row.valid_from),
        }
        for row in rows
    ]


def applicable(rows: Iterable[UsageThreshold]) -> list[dict[str, Any]]:
    """Thresholds as those that hold are listed."""
    return [_terms(row) for row in rows]


def applicable_to(connection: sa.Connection, subscription: Subscription) -> list[dict[str, Any]]:
    """The thresholds that hold for a subscription: its own where it has any, else its plan's; none when it opted out."""
    if subscription.progressive_billing_disabled:
        return []
    own = thresholds_of(connection, "subscription", [subscription.id]).get(subscription.id)
    return applicable(own or thresholds_of(connection, "plan", [subscription.plan_id]).get(subscription.plan_id, []))


def _terms(row: UsageThreshold) -> dict[str, Any]:
    return {
        "threshold_display_name": row.threshold_display_name,
        "amount_cents": row.amount_cents,
        "recurring": row.recurring,
    }
