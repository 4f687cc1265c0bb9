"""Credit notes that are voided.

Revision ID: 0014
"""

from __future__ import annotations

from core.catalog.migrations.version_tables import TEXT, create_versions

revision = "0014"
down_revision: str | None = "0013"


def upgrade() -> None:
    """Add the table."""
    create_versions("credit_note_voids", {"credit_note_id": TEXT, "customer_id": TEXT}, [], ["credit_note_id"])
