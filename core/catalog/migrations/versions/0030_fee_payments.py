"""Whether fees that are on no invoice are paid.

Revision ID: 0030
"""

from __future__ import annotations

from core.catalog.migrations.version_tables import TEXT, create_versions

revision = "0030"
down_revision: str | None = "0029"


def upgrade() -> None:
    """Create the table."""
    create_versions("fee_payments", {"customer_id": TEXT, "payment_status": TEXT}, [], [])
