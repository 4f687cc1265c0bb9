"""Top-ups whose invoice waits for its payment, payments that fail, and limits of what is bought at a time.

Revision ID: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import FLAG, INSTANT, INTEGER, TEXT

revision = "0016"
down_revision: str | None = "0015"


def upgrade() -> None:
    """Add the columns; no wallet and no top-up of before waits or has limits."""
    gated = "invoice_requires_successful_payment"
    for table in ("wallets", "wallet_transactions"):
        op.add_column(table, sa.Column(gated, FLAG, nullable=False, server_default=sa.false()))
    for name in ("paid_top_up_min_amount_cents", "paid_top_up_max_amount_cents"):
        op.add_column("wallets", sa.Column(name, INTEGER))
    op.add_column("wallet_transactions", sa.Column("source", TEXT, nullable=False, server_default="manual"))
    op.add_column("wallet_transactions", sa.Column("failed_at", INSTANT))
