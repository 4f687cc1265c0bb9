"""Rules that top wallets up by themselves.

Revision ID: 0017
"""

from __future__ import annotations

from core.catalog.migrations.version_tables import FLAG, INSTANT, TEXT, create_versions

revision = "0017"
down_revision: str | None = "0016"


def upgrade() -> None:
    """Create the table."""
    create_versions(
        "recurring_transaction_rules",
        {
            "wallet_id": TEXT,
            "customer_id": TEXT,
            "rule_trigger": TEXT,
            "rule_method": TEXT,
            "rule_interval?": TEXT,
            "threshold_credits": TEXT,
            "paid_credits": TEXT,
            "granted_credits": TEXT,
            "target_ongoing_balance?": TEXT,
            "grants_target_top_up": FLAG,
            "started_at?": INSTANT,
            "expiration_at?": INSTANT,
            "status": TEXT,
            "invoice_requires_successful_payment": FLAG,
            "ignore_paid_top_up_limits": FLAG,
            "transaction_name?": TEXT,
            "transaction_metadata": TEXT,
        },
        [],
        ["wallet_id", "customer_id"],
    )
