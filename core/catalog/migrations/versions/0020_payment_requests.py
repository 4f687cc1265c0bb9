"""Payment requests made by hand, and payments that pay one.

Revision ID: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import INTEGER, TEXT, create_versions

revision = "0020"
down_revision: str | None = "0019"


def upgrade() -> None:
    """Create the table and the columns; every payment of before is of one invoice."""
    create_versions(
        "payment_requests",
        {
            "customer_id": TEXT,
            "billing_entity_id": TEXT,
            "currency": TEXT,
            "amount_cents": INTEGER,
            "email?": TEXT,
            "invoice_ids": TEXT,
        },
        [],
        ["customer_id"],
    )
    for name in ("payment_request_id", "part_of_payment_id"):
        op.add_column("payments", sa.Column(name, TEXT))
