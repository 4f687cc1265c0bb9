"""Billing entities on the wire (lago_api §7.16)."""

from __future__ import annotations

from typing import Any

from api.schemas.wire import instant
from core.catalog.billing_entities import DEFAULT_CODE, BillingEntity

_PLAIN = (
    "code",
    "name",
    "default_currency",
    "document_locale",
    "document_numbering",
    "document_number_prefix",
    "finalize_zero_amount_invoice",
    "invoice_footer",
    "invoice_grace_period",
    "net_payment_term",
    "address_line1",
    "address_line2",
    "city",
    "state",
    "country",
    "zipcode",
    "email",
    "legal_name",
    "legal_number",
    "tax_identification_number",
    "timezone",
)


def entity_object(entity: BillingEntity) -> dict[str, Any]:
    """The entity, without its taxes."""
    return {name: getattr(entity, name) for name in _PLAIN} | {
        "lago_id": entity.id,
        "subscription_invoice_issuing_date_anchor": entity.issuing_date_anchor,
        "subscription_invoice_issuing_date_adjustment": entity.issuing_date_adjustment,
        "is_default": entity.code == DEFAULT_CODE,
        "email_settings": [],
        "eu_tax_management": False,
        "logo_url": None,
        "created_at": instant(entity.created_at),
        "updated_at": instant(entity.valid_from),
    }
