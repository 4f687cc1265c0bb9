"""What SQL reads of the catalog: tables, columns, order and types of source `catalog` in the dbt project.

A test holds this equal to the YAML of the source.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from core.catalog import tables
from core.catalog.versions import Instant, Versions

VERSION_COLUMNS = ("valid_from", "valid_to", "recorded_at", "sequence")
_INSTANT = pa.timestamp("us")
_VERSION_FIELDS = [
    ("valid_from", _INSTANT),
    ("valid_to", _INSTANT),
    ("recorded_at", _INSTANT),
    ("sequence", pa.int64()),
]

# What is exported of each table of versions as it stands, besides `id` and the version columns.
_PLAIN: dict[str, str] = {
    "billing_entities": "code name timezone default_currency document_number_prefix document_numbering net_payment_term "
    "invoice_grace_period finalize_zero_amount_invoice issuing_date_anchor issuing_date_adjustment billing_starts_at "
    "legal_name address tax_identification_number email emails_invoices invoice_email_subject invoice_email_text "
    "applied_dunning_campaign_id",
    "customers": "external_id sequential_id name email currency timezone billing_entity_id invoice_grace_period "
    "net_payment_term finalize_zero_amount_invoice issuing_date_anchor issuing_date_adjustment account_type "
    "test_clock_id legal_name address tax_identification_number applied_dunning_campaign_id exclude_from_dunning_campaign",
    "test_clocks": "reading",
    "schedules": "name test_clock_id first_at every_seconds catch_up",
    "schedule_ticks": "schedule_id tick_at",
    "taxes": "code name rate description",
    "applied_taxes": "owner_type owner_id tax_id",
    "billable_metrics": "code name aggregation_type field_name sql_metric recurring rounding_function rounding_precision",
    "plans": "code name invoice_display_name interval amount_cents amount_currency pay_in_advance trial_period "
    "bill_charges_monthly bill_fixed_charges_monthly minimum_commitment_amount_cents minimum_commitment_display_name "
    "parent_id",
    "charges": "plan_id code billable_metric_id charge_model invoice_display_name pay_in_advance prorated invoiceable "
    "min_amount_cents late_usage_policy position pricing_unit_id conversion_rate parent_id",
    "pricing_units": "code name short_name exponent",
    "charge_filters": "charge_id invoice_display_name position parent_id",
    "fixed_charges": "plan_id code add_on_id charge_model invoice_display_name pay_in_advance prorated position "
    "parent_id",
    "fixed_charge_units": "fixed_charge_id subscription_id units effective_at",
    "subscriptions": "external_id customer_id plan_id name billing_time subscription_at started_at ending_at "
    "terminated_at status on_termination_invoice previous_subscription_id created_at creation_sequence "
    "progressive_billing_disabled billing_entity_id on_termination_credit_note downgrade_at",
    "coupons": "code name coupon_type amount_cents amount_currency percentage_rate frequency frequency_duration "
    "expiration_at reusable",
    "applied_coupons": "coupon_id customer_id amount_cents amount_currency percentage_rate frequency "
    "frequency_duration terminated_at created_at",
    "wallets": "customer_id code name currency rate_amount priority expiration_at terminated_at created_at "
    "paid_top_up_min_amount_cents paid_top_up_max_amount_cents",
    "wallet_transactions": "wallet_id transaction_type transaction_status status credit_amount priority name "
    "settled_at created_at source invoice_requires_successful_payment failed_at",
    "recurring_transaction_rules": "wallet_id customer_id rule_trigger rule_method rule_interval threshold_credits paid_credits "
    "granted_credits target_ongoing_balance grants_target_top_up started_at expiration_at status "
    "invoice_requires_successful_payment ignore_paid_top_up_limits transaction_name created_at",
    "add_ons": "code name invoice_display_name amount_cents amount_currency",
    "one_off_invoices": "customer_id currency created_at",
    "one_off_fees": "one_off_invoice_id position add_on_id units unit_amount_cents description invoice_display_name",
    "invoice_commands": "invoice_id command created_at",
    "adjusted_fees": "customer_id invoice_id fee_id units unit_precise_amount invoice_display_name reason adjusted_by created_at",
    "credit_notes": "customer_id invoice_id reason description credit_amount_cents refund_amount_cents "
    "offset_amount_cents created_at",
    "credit_note_items": "credit_note_id position fee_id amount_cents",
    "credit_note_voids": "credit_note_id created_at",
    "invoice_voids": "customer_id invoice_id generate_credit_note credit_amount_cents refund_amount_cents created_at",
    "invoice_disputes": "customer_id invoice_id created_at",
    "set_aside_events": "customer_id external_subscription_id transaction_id reason set_aside_by created_at",
    "payments": "customer_id invoice_id amount_cents reference paid_at created_at",
    "fee_payments": "customer_id payment_status created_at",
    "dunning_campaigns": "code name max_attempts days_between_attempts",
    "usage_thresholds": "owner_type owner_id amount_cents recurring threshold_display_name",
    "lifetime_usages": "subscription_id historical_usage_amount_cents",
    "alerts": "customer_id external_subscription_id wallet_id alert_type billable_metric_id code name created_at",
}

# Rows spelled out of the JSON that a version holds; they carry the version columns of their parent.
_EXPLODED: dict[str, list[tuple[str, pa.DataType]]] = {
    "charge_filter_values": [("charge_filter_id", pa.string()), ("key", pa.string()), ("value", pa.string())],
    "charge_prices": [
        ("charge_id", pa.string()),
        ("charge_filter_id", pa.string()),
        ("amount", pa.string()),
        ("package_size", pa.int64()),
        ("free_units", pa.int64()),
        ("rate", pa.string()),
        ("fixed_amount", pa.string()),
        ("free_units_per_events", pa.int64()),
        ("free_units_per_total_aggregation", pa.string()),
        ("per_transaction_min_amount", pa.string()),
        ("per_transaction_max_amount", pa.string()),
        ("bills_flat_without_usage", pa.bool_()),
        ("sql_charge", pa.string()),
    ],
    "charge_tiers": [
        ("charge_id", pa.string()),
        ("charge_filter_id", pa.string()),
        ("position", pa.int64()),
        ("from_value", pa.string()),
        ("to_value", pa.string()),
        ("per_unit_amount", pa.string()),
        ("rate", pa.string()),
        ("flat_amount", pa.string()),
    ],
    "charge_group_keys": [
        ("charge_id", pa.string()),
        ("charge_filter_id", pa.string()),
        ("position", pa.int64()),
        ("key", pa.string()),
    ],
    "charge_presentation_keys": [
        ("charge_id", pa.string()),
        ("position", pa.int64()),
        ("key", pa.string()),
        ("display_in_invoice", pa.bool_()),
    ],
    "charge_parameters": [
        ("charge_id", pa.string()),
        ("charge_filter_id", pa.string()),
        ("name", pa.string()),
        ("position", pa.int64()),
        ("key", pa.string()),
        ("value", pa.string()),
    ],
    "alert_thresholds": [
        ("alert_id", pa.string()),
        ("position", pa.int64()),
        ("code", pa.string()),
        ("value", pa.string()),
        ("recurring", pa.bool_()),
    ],
    "dunning_campaign_thresholds": [
        ("dunning_campaign_id", pa.string()),
        ("currency", pa.string()),
        ("amount_cents", pa.int64()),
    ],
    "coupon_targets": [
        ("coupon_id", pa.string()),
        ("plan_id", pa.string()),
        ("billable_metric_id", pa.string()),
    ],
    "wallet_targets": [
        ("wallet_id", pa.string()),
        ("fee_type", pa.string()),
        ("billable_metric_id", pa.string()),
    ],
}


_ARROW_TYPES: dict[type, pa.DataType] = {
    sa.Text: pa.string(),
    sa.BigInteger: pa.int64(),
    sa.Boolean: pa.bool_(),
    Instant: _INSTANT,
}


def _plain_schema(versions: Versions[Any]) -> pa.Schema:
    names = ("id", *_PLAIN[versions.table.name].split(), *VERSION_COLUMNS)
    return pa.schema([(name, _ARROW_TYPES[type(versions.c[name].type)]) for name in names])


PLAIN: dict[str, tuple[Versions[Any], pa.Schema]] = {
    versions.table.name: (versions, _plain_schema(versions)) for versions in tables.ALL if versions.table.name in _PLAIN
}
"""Table name -> where its rows are and their schema."""

EXPLODED: dict[str, pa.Schema] = {name: pa.schema([*own, *_VERSION_FIELDS]) for name, own in _EXPLODED.items()}
"""Table name -> schema of the rows spelled out of JSON."""
