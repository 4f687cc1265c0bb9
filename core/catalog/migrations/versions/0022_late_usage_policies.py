"""How each charge settles usage that becomes known after the bill of its period.

Revision ID: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import TEXT

revision = "0022"
down_revision: str | None = "0021"


def upgrade() -> None:
    """Add the column; charges of before keep what was done so far."""
    op.add_column("charges", sa.Column("late_usage_policy", TEXT, nullable=False, server_default="next_invoice"))
