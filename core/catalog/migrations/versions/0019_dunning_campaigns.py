"""Dunning campaigns, and to whom they apply.

Revision ID: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import FLAG, INTEGER, TEXT, create_versions

revision = "0019"
down_revision: str | None = "0018"


def upgrade() -> None:
    """Create the table and the columns; no customer and no billing entity of before has a campaign."""
    create_versions(
        "dunning_campaigns",
        {
            "code": TEXT,
            "name": TEXT,
            "description?": TEXT,
            "max_attempts": INTEGER,
            "days_between_attempts": INTEGER,
            "bcc_emails": TEXT,
            "thresholds": TEXT,
        },
        ["code"],
        [],
    )
    for table in ("billing_entities", "customers"):
        op.add_column(table, sa.Column("applied_dunning_campaign_id", TEXT))
    excluded = sa.Column("exclude_from_dunning_campaign", FLAG, nullable=False, server_default=sa.false())
    op.add_column("customers", excluded)
