"""Corrections of a draft's fees.

Revision ID: 0024
"""

from __future__ import annotations

from core.catalog.migrations.version_tables import TEXT, create_versions

revision = "0024"
down_revision: str | None = "0023"


def upgrade() -> None:
    """Create the table."""
    columns = {"invoice_id": TEXT, "customer_id": TEXT, "fee_id": TEXT, "units?": TEXT, "unit_precise_amount?": TEXT, "invoice_display_name?": TEXT}
    create_versions("adjusted_fees", columns | {"reason": TEXT, "adjusted_by": TEXT}, [], ["invoice_id"])
