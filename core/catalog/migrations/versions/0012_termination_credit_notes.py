"""What a subscription that ends gives back of a fee paid in advance.

Revision ID: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import TEXT

revision = "0012"
down_revision: str | None = "0011"


def upgrade() -> None:
    """Add the column. What is there gives nothing back unless a command says so: nobody was promised it."""
    op.add_column(
        "subscriptions", sa.Column("on_termination_credit_note", TEXT, nullable=False, server_default=sa.text("'skip'"))
    )
