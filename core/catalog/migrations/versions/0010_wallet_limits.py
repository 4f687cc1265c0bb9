"""What a wallet may pay for.

Revision ID: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import TEXT

revision = "0010"
down_revision: str | None = "0009"


def upgrade() -> None:
    """Add the columns; wallets of before are not limited."""
    for name in ("allowed_fee_types", "billable_metric_ids"):
        op.add_column("wallets", sa.Column(name, TEXT, nullable=False, server_default="[]"))
