"""Events that webhooks tell of, and when one that was not taken is sent again (lago_api §10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

MOST_ATTEMPTS = 3
"""Of one webhook in all, until somebody sends it again."""

_OF_OBJECTS = {
    "billable_metric": ("created", "updated", "deleted"),
    "plan": ("created", "updated", "deleted"),
    "feature": ("created", "updated", "deleted"),
    "customer": (
        "created", "updated", "vies_check", "payment_provider_created", "accounting_provider_created", "crm_provider_created",
    ),
    "subscription": (
        "started", "updated", "terminated", "canceled", "incomplete", "termination_alert", "trial_ended", "usage_threshold_reached",
    ),
    "fee": ("created",),
    "invoice": (
        "created", "one_off_created", "paid_credit_added", "generated", "drafted", "ready_to_finalize", "voided", "deleted",
        "payment_status_updated", "payment_overdue", "resynced",
    ),
    "credit_note": ("created", "generated"),
    "wallet": ("created", "updated", "terminated", "depleted_ongoing_balance"),
    "wallet_transaction": ("created", "updated"),
    "payment": ("succeeded", "requires_action"),
    "payment_receipt": ("created", "generated"),
    "payment_request": ("created", "payment_status_updated"),
    "dunning_campaign": ("finished",),
    "quote": ("created", "approved", "voided"),
    "order_form": ("created", "signed", "expired", "voided"),
    "order": ("created", "executed"),
}  # fmt: skip
OBJECT_KEYS: Mapping[str, str] = {f"{key}.{verb}": key for key, verbs in _OF_OBJECTS.items() for verb in verbs} | {
    "alert.triggered": "triggered_alert",
    "customer.checkout_url_generated": "payment_provider_customer_checkout_url",
    "customer.payment_provider_error": "payment_provider_customer_error",
    "customer.accounting_provider_error": "accounting_provider_customer_error",
    "customer.crm_provider_error": "crm_provider_customer_error",
    "customer.tax_provider_error": "tax_provider_customer_error",
    "event.error": "event_error",
    "events.errors": "events_errors",
    "fee.tax_provider_error": "tax_provider_fee_error",
    "invoice.payment_dispute_lost": "payment_dispute_lost",
    "invoice.payment_failure": "payment_provider_invoice_payment_error",
    "credit_note.provider_refund_failure": "credit_note_payment_provider_refund_error",
    "wallet_transaction.payment_failure": "payment_provider_wallet_transaction_payment_error",
    "payment_provider.error": "payment_provider_error",
    "payment_request.payment_failure": "payment_provider_payment_request_payment_error",
    "integration.provider_error": "provider_error",
}
"""Every type of the reference -> the key of its object in the body; an endpoint may ask for any of them."""


def wants(event_types: Sequence[str] | None, webhook_type: str) -> bool:
    """Whether an endpoint that asked for these types hears of this one; None and `*` are all."""
    return event_types is None or "*" in event_types or webhook_type in event_types


def wait_after(attempts: int) -> timedelta:
    """How long after the last of so many failed attempts the next one comes: the fourth power of their number, and 2 s."""
    return timedelta(seconds=attempts**4 + 2)
