"""Minimum commitments of plans, and long plans whose charges are billed by the month.

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import FLAG, INTEGER, TEXT

revision = "0008"
down_revision: str | None = "0007"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("plans", sa.Column("minimum_commitment_amount_cents", INTEGER))
    op.add_column("plans", sa.Column("minimum_commitment_display_name", TEXT))
    for name in ("bill_charges_monthly", "bill_fixed_charges_monthly"):
        op.add_column("plans", sa.Column(name, FLAG, nullable=False, server_default=sa.false()))
