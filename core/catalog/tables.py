"""Every table of the catalog, imported for its effect on METADATA and listed for export and tests."""

from __future__ import annotations

from typing import Any

from core.catalog.add_ons import ADD_ONS
from core.catalog.adjusted_fees import ADJUSTED_FEES
from core.catalog.alerts import ALERTS
from core.catalog.api_keys import API_KEYS
from core.catalog.applied_coupons import APPLIED_COUPONS
from core.catalog.billable_metrics import BILLABLE_METRICS
from core.catalog.billing_entities import BILLING_ENTITIES
from core.catalog.charges import CHARGE_FILTERS, CHARGES
from core.catalog.coupons import COUPONS
from core.catalog.credit_note_details import CREDIT_NOTE_DETAILS
from core.catalog.credit_notes import CREDIT_NOTE_ITEMS, CREDIT_NOTE_VOIDS, CREDIT_NOTES
from core.catalog.customers import CUSTOMERS
from core.catalog.dunning_campaigns import DUNNING_CAMPAIGNS
from core.catalog.entitlements import ENTITLEMENTS
from core.catalog.features import FEATURES
from core.catalog.fee_payments import FEE_PAYMENTS
from core.catalog.fixed_charge_units import FIXED_CHARGE_UNITS
from core.catalog.fixed_charges import FIXED_CHARGES
from core.catalog.invoice_commands import INVOICE_COMMANDS
from core.catalog.invoice_disputes import INVOICE_DISPUTES
from core.catalog.invoice_emails import INVOICE_EMAILS
from core.catalog.invoice_voids import INVOICE_VOIDS
from core.catalog.lifetime_usages import LIFETIME_USAGES
from core.catalog.metadata import METADATA
from core.catalog.one_off_invoices import ONE_OFF_FEES, ONE_OFF_INVOICES
from core.catalog.payment_requests import PAYMENT_REQUESTS
from core.catalog.payments import PAYMENTS
from core.catalog.plans import PLANS
from core.catalog.pricing_units import PRICING_UNITS
from core.catalog.recurring_rules import RECURRING_RULES
from core.catalog.schedules import SCHEDULE_TICKS, SCHEDULES
from core.catalog.set_aside_events import SET_ASIDE_EVENTS
from core.catalog.subscription_versions import SUBSCRIPTIONS
from core.catalog.taxes import APPLIED_TAXES, TAXES
from core.catalog.test_clocks import TEST_CLOCKS
from core.catalog.usage_thresholds import USAGE_THRESHOLDS
from core.catalog.versions import Versions
from core.catalog.wallet_transactions import WALLET_TRANSACTIONS
from core.catalog.wallets import WALLETS
from core.catalog.webhook_endpoints import WEBHOOK_ENDPOINTS
from core.catalog.webhook_keys import WEBHOOK_KEYS
from core.catalog.webhooks import WEBHOOK_PAYLOADS, WEBHOOKS, WEBHOOKS_TOLD

ALL: tuple[Versions[Any], ...] = (
    BILLING_ENTITIES,
    CUSTOMERS,
    TEST_CLOCKS,
    SCHEDULES,
    SCHEDULE_TICKS,
    TAXES,
    APPLIED_TAXES,
    BILLABLE_METRICS,
    PRICING_UNITS,
    PLANS,
    CHARGES,
    CHARGE_FILTERS,
    FIXED_CHARGES,
    FIXED_CHARGE_UNITS,
    SUBSCRIPTIONS,
    COUPONS,
    APPLIED_COUPONS,
    WALLETS,
    WALLET_TRANSACTIONS,
    RECURRING_RULES,
    METADATA,
    FEATURES,
    ENTITLEMENTS,
    ADD_ONS,
    ONE_OFF_INVOICES,
    ONE_OFF_FEES,
    INVOICE_COMMANDS,
    ADJUSTED_FEES,
    CREDIT_NOTES,
    CREDIT_NOTE_ITEMS,
    CREDIT_NOTE_VOIDS,
    CREDIT_NOTE_DETAILS,
    INVOICE_VOIDS,
    INVOICE_DISPUTES,
    INVOICE_EMAILS,
    SET_ASIDE_EVENTS,
    PAYMENTS,
    FEE_PAYMENTS,
    PAYMENT_REQUESTS,
    DUNNING_CAMPAIGNS,
    USAGE_THRESHOLDS,
    LIFETIME_USAGES,
    ALERTS,
    API_KEYS,
    WEBHOOK_ENDPOINTS,
    WEBHOOK_KEYS,
    WEBHOOKS,
    WEBHOOK_PAYLOADS,
    WEBHOOKS_TOLD,
)
