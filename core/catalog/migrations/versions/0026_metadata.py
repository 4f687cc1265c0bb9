"""Metadata of plans and wallets.

Revision ID: 0026
"""

from __future__ import annotations

from core.catalog.migrations.version_tables import TEXT, create_versions

revision = "0026"
down_revision: str | None = "0025"


def upgrade() -> None:
    """Create the table."""
    create_versions("metadata", {"metadata?": TEXT}, [], [])
