"""Whose override a plan is, and what its charges override.

Revision ID: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import TEXT

revision = "0025"
down_revision: str | None = "0024"


def upgrade() -> None:
    """Add the columns; no plan was an override before."""
    for table, column in (("plans", "customer_id"), ("charges", "parent_id"), ("charge_filters", "parent_id"), ("fixed_charges", "parent_id")):
        op.add_column(table, sa.Column(column, TEXT))
    current = sa.text("valid_to IS NULL")
    op.create_index("ix_plans_parent_id", "plans", ["parent_id"], sqlite_where=current, postgresql_where=current)
