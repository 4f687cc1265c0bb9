"""The audit log, the log of requests, and keys that may do less, end, or ask so often.

Revision ID: 0029
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.catalog.migrations.version_tables import INSTANT, INTEGER, TEXT

revision = "0029"
down_revision: str | None = "0028"


def upgrade() -> None:
    """Create the tables; keys of before may do everything."""
    op.create_table(
        "activities",
        sa.Column("activity_id", TEXT, primary_key=True),
        sa.Column("sequence", INTEGER, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("author", TEXT),
        sa.Column("request_id", TEXT),
        sa.Column("resource_table", TEXT, nullable=False),
        sa.Column("resource_id", TEXT, nullable=False),
        sa.Column("verb", TEXT, nullable=False),
        sa.Column("before_sequence", INTEGER),
        sa.Column("after_sequence", INTEGER),
        sa.Column("customer_id", TEXT),
        sa.Column("external_subscription_id", TEXT),
    )
    for column in ("sequence", "resource_id", "customer_id"):
        op.create_index(f"ix_activities_{column}", "activities", [column])
    op.create_table(
        "api_logs",
        sa.Column("request_id", TEXT, primary_key=True),
        sa.Column("logged_at", INSTANT, nullable=False),
        sa.Column("api_key_id", TEXT),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("http_method", TEXT, nullable=False),
        sa.Column("http_status", sa.Integer, nullable=False),
        sa.Column("request_origin", TEXT, nullable=False),
        sa.Column("request_path", TEXT, nullable=False),
        sa.Column("request_body", TEXT, nullable=False),
        sa.Column("request_response", TEXT, nullable=False),
    )
    op.create_index("ix_api_logs_logged_at", "api_logs", ["logged_at"])
    op.create_table("api_key_uses", sa.Column("api_key_id", TEXT, primary_key=True), sa.Column("last_used_at", INSTANT, nullable=False))
    op.add_column("api_keys", sa.Column("scopes", TEXT, nullable=False, server_default='["read", "write"]'))
    op.add_column("api_keys", sa.Column("expires_at", INSTANT))
    op.add_column("api_keys", sa.Column("requests_per_second", INTEGER))
