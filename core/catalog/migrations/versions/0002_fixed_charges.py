"""Fixed charges of plans, and the changes of their units.

Revision ID: 0002
"""

from __future__ import annotations

from core.catalog.migrations.version_tables import FLAG, INSTANT, INTEGER, TEXT, create_versions

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    """Create both tables."""
    create_versions(
        "fixed_charges",
        {
            "plan_id": TEXT,
            "code": TEXT,
            "add_on_id": TEXT,
            "charge_model": TEXT,
            "invoice_display_name?": TEXT,
            "pay_in_advance": FLAG,
            "prorated": FLAG,
            "position": INTEGER,
            "properties": TEXT,
        },
        [],
        ["plan_id", "add_on_id"],
    )
    create_versions(
        "fixed_charge_units",
        {
            "fixed_charge_id": TEXT,
            "subscription_id?": TEXT,
            "customer_id?": TEXT,
            "units": TEXT,
            "effective_at?": INSTANT,
        },
        [],
        ["fixed_charge_id", "subscription_id"],
    )
