"""Lifetime usage on the wire (lago_api §7.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.body import INTEGER, Body
from api.schemas.wire import instant, number
from core.catalog.lifetime_usages import id_of
from core.catalog.subscription_versions import Subscription

MODELS = ("int_billing__lifetime_usage", "int_billing__threshold_completion", "int_billing__threshold_crossings")
UPDATE = Body("lifetime_usage", {"external_historical_usage_amount_cents": INTEGER}, mandatory=("external_historical_usage_amount_cents",))

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def lifetime_usage_object(subscription: Subscription, rows: Rows, *, has_thresholds: bool) -> dict[str, Any] | None:
    """The usage of a subscription since it began, as of now, from the rows of `MODELS`; None before it has begun.

    With thresholds, how far each is reached. A fixed one that was passed before progressive billing could see it has no instant.
    """
    usage, completions, crossings = (
        [row for row in rows[model] if row["subscription_id"] == subscription.id] for model in MODELS
    )
    if not usage:
        return None
    described = {
        "lago_id": id_of(subscription.id),
        "lago_subscription_id": subscription.id,
        "external_subscription_id": subscription.external_id,
        "external_historical_usage_amount_cents": usage[0]["historical_amount_cents"],
        "invoiced_usage_amount_cents": usage[0]["invoiced_amount_cents"],
        "current_usage_amount_cents": usage[0]["current_amount_cents"],
        "from_datetime": instant(usage[0]["from_at"]),
        "to_datetime": instant(usage[0]["to_at"]),
    }
    if not has_thresholds:
        return described
    reached = {row["reached_amount_cents"]: row["checked_at"] for row in sorted(crossings, key=lambda row: row["checked_at"], reverse=True)}
    return described | {
        "usage_thresholds": [
            {
                "amount_cents": row["amount_cents"],
                "completion_ratio": number(row["completion_ratio"]),
                "reached_at": instant(reached.get(row["amount_cents"])),
            }
            for row in sorted(completions, key=lambda row: row["amount_cents"])
        ]
    }
