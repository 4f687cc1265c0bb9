"""Events that a command leaves out of metering.

Revision ID: 0009
"""

from __future__ import annotations

from core.catalog.migrations.version_tables import TEXT, create_versions

revision = "0009"
down_revision: str | None = "0008"


def upgrade() -> None:
    """Create the table."""
    create_versions(
        "set_aside_events",
        {
            "customer_id": TEXT,
            "external_subscription_id": TEXT,
            "transaction_id": TEXT,
            "reason": TEXT,
            "set_aside_by": TEXT,
        },
        [],
        ["external_subscription_id"],
    )
