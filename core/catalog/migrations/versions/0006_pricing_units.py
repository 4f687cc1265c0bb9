"""Pricing units, and charges that are priced in one.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import INTEGER, TEXT, create_versions

revision = "0006"
down_revision: str | None = "0005"


def upgrade() -> None:
    """Create the table and add the columns."""
    create_versions(
        "pricing_units",
        {"code": TEXT, "name": TEXT, "short_name": TEXT, "description?": TEXT, "exponent": INTEGER},
        ["code"],
        [],
    )
    op.add_column("charges", sa.Column("pricing_unit_id", TEXT))
    op.add_column("charges", sa.Column("conversion_rate", TEXT))
