"""Invoices that are voided.

Revision ID: 0015
"""

from __future__ import annotations

from core.catalog.migrations.version_tables import FLAG, INTEGER, TEXT, create_versions

revision = "0015"
down_revision: str | None = "0014"


def upgrade() -> None:
    """Add the table."""
    columns = {
        "invoice_id": TEXT, "customer_id": TEXT, "generate_credit_note": FLAG, "credit_amount_cents": INTEGER, "refund_amount_cents": INTEGER,
    }  # fmt: skip
    create_versions("invoice_voids", columns, [], ["invoice_id"])
