"""Features, and entitlements of plans and subscriptions to them.

Revision ID: 0027
"""

from __future__ import annotations

from core.catalog.migrations.version_tables import FLAG, TEXT, create_versions

revision = "0027"
down_revision: str | None = "0026"


def upgrade() -> None:
    """Create the tables."""
    create_versions("features", {"code": TEXT, "name?": TEXT, "description?": TEXT, "privileges": TEXT}, ["code"], [])
    create_versions(
        "entitlements",
        {"owner_id": TEXT, "customer_id?": TEXT, "feature_id": TEXT, "privilege_values": TEXT, "is_removed": FLAG, "removed_privileges": TEXT},
        [],
        ["owner_id", "feature_id"],
    )
