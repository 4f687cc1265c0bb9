"""What time alone brings, without a command: webhooks tell of it too (lago_api §10, invoicing §1). Customers on a test clock are left out."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from core.catalog.customers import CUSTOMERS
from core.catalog.subscription_versions import SUBSCRIPTIONS
from core.catalog.wallets import WALLETS
from core.catalog.webhooks import Fact
from core.domain.subscriptions import ACTIVE

ALERT_DAYS = (45, 15)
"""How many days before its planned end a subscription is said to end."""


def brought_by_time(connection: sa.Connection, after: datetime, upto: datetime) -> list[Fact]:
    """What came after one instant and up to another (naive UTC): starts that had been put off, planned ends with their
    warnings, downgrades, wallets that expired. Oldest first.
    """
    c = SUBSCRIPTIONS.c
    ends_at = sa.func.coalesce(c.downgrade_at, c.ending_at)
    runs = (c.status == ACTIVE) & _on_the_wall_clock(c.customer_id)
    found: list[tuple[datetime, Fact]] = []
    for row in SUBSCRIPTIONS.all(connection, runs, ends_at > after, ends_at <= upto):
        assert row.ends_at is not None
        found.append((row.ends_at, Fact("subscription.terminated", row.id, "")))
    for row in SUBSCRIPTIONS.all(
        connection, runs, c.started_at > c.created_at, c.started_at > after, c.started_at <= upto
    ):
        found.append((row.started_at, Fact("subscription.started", row.id, "")))
    for days in ALERT_DAYS:
        ahead = timedelta(days=days)
        for row in SUBSCRIPTIONS.all(connection, runs, c.ending_at > after + ahead, c.ending_at <= upto + ahead):
            assert row.ending_at is not None
            occasion = f"{row.ending_at.isoformat()} {days}"  # an end that is moved is told of again
            found.append((row.ending_at - ahead, Fact("subscription.termination_alert", row.id, occasion)))
    w = WALLETS.c
    open_ones = w.terminated_at.is_(None) & _on_the_wall_clock(w.customer_id)
    for wallet in WALLETS.all(connection, open_ones, w.expiration_at > after, w.expiration_at <= upto):
        assert wallet.expiration_at is not None
        found.append((wallet.expiration_at, Fact("wallet.terminated", wallet.id, wallet.expiration_at.isoformat())))
    return [fact for _, fact in sorted(found, key=lambda dated: dated[0])]


def _on_the_wall_clock(customer_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    placed = sa.select(CUSTOMERS.c.id).where(CUSTOMERS.is_current, CUSTOMERS.c.test_clock_id.is_not(None))
    return customer_id.not_in(placed)
