"""Expressions of billable metrics.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import TEXT

revision = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    """Add the column."""
    op.add_column("billable_metrics", sa.Column("expression", TEXT))
