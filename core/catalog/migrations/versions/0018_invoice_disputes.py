"""Lost disputes over invoices; payments are looked up by when they were recorded.

Revision ID: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import TEXT, create_versions

revision = "0018"
down_revision: str | None = "0017"


def upgrade() -> None:
    """Create the table and the index."""
    create_versions("invoice_disputes", {"invoice_id": TEXT, "customer_id": TEXT}, [], ["invoice_id"])
    current = sa.text("valid_to IS NULL")
    op.create_index("ix_payments_recorded_at", "payments", ["recorded_at"], sqlite_where=current, postgresql_where=current)
