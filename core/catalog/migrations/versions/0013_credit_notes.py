"""Credit notes that are given by hand, and what is kept about any.

Revision ID: 0013
"""

from __future__ import annotations

from core.catalog.migrations.version_tables import INTEGER, TEXT, create_versions

revision = "0013"
down_revision: str | None = "0012"


def upgrade() -> None:
    """Add the tables."""
    create_versions(
        "credit_notes",
        {
            "customer_id": TEXT,
            "invoice_id": TEXT,
            "reason": TEXT,
            "description?": TEXT,
            "credit_amount_cents": INTEGER,
            "refund_amount_cents": INTEGER,
            "offset_amount_cents": INTEGER,
        },
        [],
        ["customer_id", "invoice_id"],
    )
    create_versions(
        "credit_note_items",
        {"credit_note_id": TEXT, "customer_id": TEXT, "position": INTEGER, "fee_id": TEXT, "amount_cents": INTEGER},
        [],
        ["credit_note_id"],
    )
    create_versions("credit_note_details", {"customer_id": TEXT, "refund_status?": TEXT, "metadata?": TEXT}, [], [])
