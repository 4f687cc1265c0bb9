"""The first schema: one table of versions per aggregate, and the stamps.

Revision ID: 0001
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None

TEXT, INTEGER, FLAG, INSTANT = sa.Text, sa.BigInteger, sa.Boolean, sa.DateTime


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "stamps",
        sa.Column("sequence", INTEGER, primary_key=True, autoincrement=False),
        sa.Column("test_clock_id", TEXT),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
    )
    op.create_index("ix_stamps_test_clock", "stamps", ["test_clock_id", "sequence"])
    for name, columns, unique, index in TABLES:
        _create_versions(name, columns, unique, index)


def _create_versions(name: str, columns: Columns, unique: Sequence[str], index: Sequence[str]) -> None:
    """A table of versions. Columns in `unique` are unique among current versions, those in `index` are looked up."""
    op.create_table(
        name,
        sa.Column("id", TEXT, nullable=False),
        sa.Column("sequence", INTEGER, nullable=False),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("valid_to", INSTANT),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        *(sa.Column(column.rstrip("?"), kind, nullable=column.endswith("?")) for column, kind in columns.items()),
        sa.PrimaryKeyConstraint("id", "sequence"),
    )
    current = sa.text("valid_to IS NULL")
    for column in ("id", *unique, *index):
        op.create_index(
            f"ix_{name}_{'current' if column == 'id' else column}",
            name,
            [column],
            unique=column == "id" or column in unique,
            sqlite_where=current,
            postgresql_where=current,
        )


Columns = dict[str, Any]
"""Column -> type, without the columns that every table of versions has; a name with a question mark may be null."""

TABLES: list[tuple[str, Columns, list[str], list[str]]] = [
    (
        "billing_entities",
        {
            "code": TEXT,
            "name": TEXT,
            "timezone": TEXT,
            "default_currency": TEXT,
            "document_number_prefix": TEXT,
            "document_numbering": TEXT,
            "net_payment_term": INTEGER,
            "invoice_grace_period": INTEGER,
            "finalize_zero_amount_invoice": FLAG,
            "issuing_date_anchor": TEXT,
            "issuing_date_adjustment": TEXT,
            "billing_starts_at?": INSTANT,
            "legal_name?": TEXT,
            "legal_number?": TEXT,
            "address_line1?": TEXT,
            "address_line2?": TEXT,
            "city?": TEXT,
            "state?": TEXT,
            "zipcode?": TEXT,
            "country?": TEXT,
            "address?": TEXT,
            "tax_identification_number?": TEXT,
            "email?": TEXT,
            "document_locale": TEXT,
            "invoice_footer?": TEXT,
        },
        ["code"],
        [],
    ),
    (
        "customers",
        {
            "external_id": TEXT,
            "sequential_id": INTEGER,
            "name?": TEXT,
            "firstname?": TEXT,
            "lastname?": TEXT,
            "email?": TEXT,
            "phone?": TEXT,
            "url?": TEXT,
            "logo_url?": TEXT,
            "currency?": TEXT,
            "timezone?": TEXT,
            "billing_entity_id": TEXT,
            "invoice_grace_period?": INTEGER,
            "net_payment_term?": INTEGER,
            "finalize_zero_amount_invoice": TEXT,
            "issuing_date_anchor?": TEXT,
            "issuing_date_adjustment?": TEXT,
            "document_locale?": TEXT,
            "account_type": TEXT,
            "customer_type?": TEXT,
            "test_clock_id?": TEXT,
            "legal_name?": TEXT,
            "legal_number?": TEXT,
            "address_line1?": TEXT,
            "address_line2?": TEXT,
            "city?": TEXT,
            "state?": TEXT,
            "zipcode?": TEXT,
            "country?": TEXT,
            "address?": TEXT,
            "tax_identification_number?": TEXT,
            "metadata": TEXT,
            "deleted_at?": INSTANT,
        },
        [],
        ["external_id", "sequential_id"],
    ),
    ("test_clocks", {"name": TEXT, "reading": INSTANT}, [], []),
    (
        "schedules",
        {"name": TEXT, "test_clock_id?": TEXT, "first_at": INSTANT, "every_seconds?": INTEGER, "catch_up": FLAG},
        [],
        ["name"],
    ),
    ("schedule_ticks", {"schedule_id": TEXT, "tick_at": INSTANT}, [], ["schedule_id"]),
    ("taxes", {"code": TEXT, "name": TEXT, "rate": TEXT, "description?": TEXT}, ["code"], []),
    (
        "applied_taxes",
        {"owner_type": TEXT, "owner_id": TEXT, "tax_id": TEXT, "customer_id?": TEXT},
        [],
        ["owner_id", "tax_id"],
    ),
    (
        "billable_metrics",
        {
            "code": TEXT,
            "name": TEXT,
            "description?": TEXT,
            "aggregation_type": TEXT,
            "field_name?": TEXT,
            "recurring": FLAG,
            "rounding_function?": TEXT,
            "rounding_precision?": INTEGER,
            "filters": TEXT,
        },
        ["code"],
        [],
    ),
    (
        "plans",
        {
            "code": TEXT,
            "name": TEXT,
            "invoice_display_name?": TEXT,
            "description?": TEXT,
            "interval": TEXT,
            "amount_cents": INTEGER,
            "amount_currency": TEXT,
            "pay_in_advance": FLAG,
            "parent_id?": TEXT,
            "deleted_at?": INSTANT,
        },
        [],
        ["code"],
    ),
    (
        "charges",
        {
            "plan_id": TEXT,
            "code": TEXT,
            "billable_metric_id": TEXT,
            "charge_model": TEXT,
            "invoice_display_name?": TEXT,
            "pay_in_advance": FLAG,
            "prorated": FLAG,
            "invoiceable": FLAG,
            "min_amount_cents": INTEGER,
            "position": INTEGER,
            "properties": TEXT,
        },
        [],
        ["billable_metric_id", "plan_id"],
    ),
    (
        "charge_filters",
        {
            "charge_id": TEXT,
            "charge_model": TEXT,
            "billable_metric_id": TEXT,
            "invoice_display_name?": TEXT,
            "position": INTEGER,
            "properties": TEXT,
            "values": TEXT,
        },
        [],
        ["charge_id"],
    ),
    (
        "subscriptions",
        {
            "external_id": TEXT,
            "customer_id": TEXT,
            "plan_id": TEXT,
            "name?": TEXT,
            "billing_time": TEXT,
            "subscription_at": INSTANT,
            "started_at": INSTANT,
            "ending_at?": INSTANT,
            "terminated_at?": INSTANT,
            "status": TEXT,
            "on_termination_invoice": TEXT,
            "previous_subscription_id?": TEXT,
            "creation_sequence": INTEGER,
        },
        [],
        ["customer_id", "external_id", "plan_id"],
    ),
    (
        "coupons",
        {
            "code": TEXT,
            "name": TEXT,
            "description?": TEXT,
            "coupon_type": TEXT,
            "amount_cents?": INTEGER,
            "amount_currency?": TEXT,
            "percentage_rate?": TEXT,
            "frequency": TEXT,
            "frequency_duration?": INTEGER,
            "expiration_at?": INSTANT,
            "reusable": FLAG,
            "plan_ids": TEXT,
            "billable_metric_ids": TEXT,
        },
        ["code"],
        [],
    ),
    (
        "applied_coupons",
        {
            "coupon_id": TEXT,
            "customer_id": TEXT,
            "amount_cents?": INTEGER,
            "amount_currency?": TEXT,
            "percentage_rate?": TEXT,
            "frequency": TEXT,
            "frequency_duration?": INTEGER,
            "terminated_at?": INSTANT,
        },
        [],
        ["coupon_id", "customer_id"],
    ),
    (
        "wallets",
        {
            "customer_id": TEXT,
            "code": TEXT,
            "name?": TEXT,
            "currency": TEXT,
            "rate_amount": TEXT,
            "priority": INTEGER,
            "expiration_at?": INSTANT,
            "terminated_at?": INSTANT,
        },
        [],
        ["customer_id"],
    ),
    (
        "wallet_transactions",
        {
            "wallet_id": TEXT,
            "customer_id": TEXT,
            "transaction_type": TEXT,
            "transaction_status": TEXT,
            "status": TEXT,
            "credit_amount": TEXT,
            "priority": INTEGER,
            "name?": TEXT,
            "settled_at?": INSTANT,
        },
        [],
        ["wallet_id"],
    ),
    (
        "add_ons",
        {
            "code": TEXT,
            "name": TEXT,
            "invoice_display_name?": TEXT,
            "description?": TEXT,
            "amount_cents": INTEGER,
            "amount_currency": TEXT,
        },
        ["code"],
        [],
    ),
    ("one_off_invoices", {"customer_id": TEXT, "currency": TEXT}, [], ["customer_id"]),
    (
        "one_off_fees",
        {
            "one_off_invoice_id": TEXT,
            "customer_id": TEXT,
            "position": INTEGER,
            "add_on_id": TEXT,
            "units": TEXT,
            "unit_amount_cents": INTEGER,
            "description?": TEXT,
            "invoice_display_name?": TEXT,
        },
        [],
        ["one_off_invoice_id"],
    ),
    ("invoice_commands", {"invoice_id": TEXT, "customer_id": TEXT, "command": TEXT}, [], ["invoice_id"]),
    (
        "payments",
        {"invoice_id": TEXT, "customer_id": TEXT, "amount_cents": INTEGER, "reference": TEXT, "paid_at": INSTANT},
        [],
        ["customer_id", "invoice_id"],
    ),
    ("api_keys", {"name?": TEXT, "prefix": TEXT, "key_hash": TEXT}, [], ["prefix"]),
]
