"""Trials of plans, and subscriptions that another billing entity sells.

Revision ID: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import TEXT

revision = "0007"
down_revision: str | None = "0006"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("plans", sa.Column("trial_period", TEXT, nullable=False, server_default="0"))
    op.add_column("subscriptions", sa.Column("billing_entity_id", TEXT))
