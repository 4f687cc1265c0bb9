"""Webhooks: endpoints, keys, the outbox with what became of each, and up to where facts are in it.

Revision ID: 0028
"""

from __future__ import annotations

from core.catalog.migrations.version_tables import INSTANT, INTEGER, TEXT, create_versions

revision = "0028"
down_revision: str | None = "0027"


def upgrade() -> None:
    """Create the tables."""
    create_versions(
        "webhook_endpoints", {"webhook_url": TEXT, "signature_algo": TEXT, "name?": TEXT, "event_types?": TEXT}, ["webhook_url"], []
    )
    create_versions("webhook_keys", {"private_key": TEXT, "public_key": TEXT, "hmac_key": TEXT}, [], [])
    create_versions(
        "webhooks",
        {
            "endpoint_id": TEXT,
            "fact_id": TEXT,
            "webhook_type": TEXT,
            "object_id": TEXT,
            "status": TEXT,
            "attempts": INTEGER,
            "attempted_at?": INSTANT,
            "http_status?": INTEGER,
            "response?": TEXT,
            "due_at": INSTANT,
        },
        [],
        ["status", "endpoint_id", "fact_id"],
    )
    create_versions("webhook_payloads", {"content": TEXT}, [], [])
    create_versions("webhooks_told", {"books_to": INTEGER, "looked_at?": INSTANT}, [], [])
