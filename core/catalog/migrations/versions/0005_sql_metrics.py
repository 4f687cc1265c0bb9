"""SQL metrics: which dbt model gives the units of a metric.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import TEXT

revision = "0005"
down_revision: str | None = "0004"


def upgrade() -> None:
    """Add the column."""
    op.add_column("billable_metrics", sa.Column("sql_metric", TEXT))
