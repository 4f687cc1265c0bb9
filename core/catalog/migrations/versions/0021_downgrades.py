"""When a cheaper plan takes over from a subscription.

Revision ID: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import INSTANT

revision = "0021"
down_revision: str | None = "0020"


def upgrade() -> None:
    """Add the column; no downgrade waits yet."""
    op.add_column("subscriptions", sa.Column("downgrade_at", INSTANT))
