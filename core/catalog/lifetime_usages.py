"""What a subscription had used before it came here: the historical part of its lifetime usage (rating §8.1)."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from core.catalog.subscription_versions import Subscription
from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.domain.problems import Problems
from core.ids import deterministic_id


@dataclass(frozen=True, kw_only=True, slots=True)
class LifetimeUsage(Version):
    """Usage in minor units of the plan's currency from before this system knew the subscription."""

    subscription_id: str
    customer_id: str
    historical_usage_amount_cents: int


LIFETIME_USAGES = Versions("lifetime_usages", LifetimeUsage, index=("subscription_id",))


def id_of(subscription_id: str) -> str:
    """The identifier of a subscription's lifetime usage, also before anything was put."""
    return deterministic_id("lifetime_usage", subscription_id)


def put(uow: UnitOfWork, subscription: Subscription, historical_usage_amount_cents: int | None) -> LifetimeUsage:
    """Set the historical usage. Raises ValidationError under `external_historical_usage_amount_cents`."""
    problems = Problems({"external_historical_usage_amount_cents": historical_usage_amount_cents})
    problems.mandatory("external_historical_usage_amount_cents")
    problems.cents("external_historical_usage_amount_cents")
    problems.refuse()
    stamp = uow.stamp_for(subscription.customer_id)
    amount = {"historical_usage_amount_cents": historical_usage_amount_cents}
    current = find(uow.connection, subscription.id)
    if current is not None:
        return LIFETIME_USAGES.amend(uow, stamp, current, **amount)
    owner = {"subscription_id": subscription.id, "customer_id": subscription.customer_id}
    return LIFETIME_USAGES.add(uow, stamp, id=id_of(subscription.id), **owner, **amount)


def find(connection: sa.Connection, subscription_id: str) -> LifetimeUsage | None:
    """What was put for this subscription, or None."""
    return LIFETIME_USAGES.first(connection, LIFETIME_USAGES.c.subscription_id == subscription_id)
