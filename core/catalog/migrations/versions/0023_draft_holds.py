"""Why and by whom a command on an invoice was given; drafts can be held and released.

Revision ID: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import TEXT

revision = "0023"
down_revision: str | None = "0022"


def upgrade() -> None:
    """Add the columns; earlier commands have neither."""
    op.add_column("invoice_commands", sa.Column("reason", TEXT))
    op.add_column("invoice_commands", sa.Column("given_by", TEXT))
