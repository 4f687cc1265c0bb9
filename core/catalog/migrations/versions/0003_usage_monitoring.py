"""Usage thresholds, alerts and historical usage.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import FLAG, INTEGER, TEXT, create_versions

revision = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    """Create the tables, and let subscriptions opt out."""
    create_versions(
        "usage_thresholds",
        {
            "owner_type": TEXT,
            "owner_id": TEXT,
            "customer_id?": TEXT,
            "amount_cents": INTEGER,
            "recurring": FLAG,
            "threshold_display_name?": TEXT,
        },
        [],
        ["owner_id"],
    )
    create_versions(
        "alerts",
        {
            "customer_id": TEXT,
            "external_subscription_id?": TEXT,
            "wallet_id?": TEXT,
            "alert_type": TEXT,
            "billable_metric_id?": TEXT,
            "code": TEXT,
            "name?": TEXT,
            "thresholds": TEXT,
        },
        [],
        ["external_subscription_id", "wallet_id"],
    )
    create_versions(
        "lifetime_usages",
        {"subscription_id": TEXT, "customer_id": TEXT, "historical_usage_amount_cents": INTEGER},
        [],
        ["subscription_id"],
    )
    op.add_column(
        "subscriptions", sa.Column("progressive_billing_disabled", FLAG, nullable=False, server_default=sa.false())
    )
