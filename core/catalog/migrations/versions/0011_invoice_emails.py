"""Invoices that go out by e-mail: which entity sends them, in which words, and what became of each.

Revision ID: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import FLAG, INSTANT, INTEGER, TEXT, create_versions

revision = "0011"
down_revision: str | None = "0010"


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("billing_entities", sa.Column("emails_invoices", FLAG, nullable=False, server_default=sa.false()))
    op.add_column("billing_entities", sa.Column("invoice_email_subject", TEXT))
    op.add_column("billing_entities", sa.Column("invoice_email_text", TEXT))
    create_versions(
        "invoice_emails",
        {
            "invoice_id": TEXT,
            "recipient": TEXT,
            "status": TEXT,
            "attempts": INTEGER,
            "attempted_at": INSTANT,
            "error?": TEXT,
        },
        [],
        ["invoice_id"],
    )
