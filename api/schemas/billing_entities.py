"""Billing entities on the wire (lago_api §7.16)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.body import BOOLEAN, INTEGER, TEXT, TEXTS, Body, nested
from api.schemas.dunning_campaigns import APPLIED
from api.schemas.wire import instant
from core.catalog.billing_entities import DEFAULT_CODE, BillingEntity
from core.errors import ValidationError

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


_ISSUING_DATE = "subscription_invoice_issuing_date_"
ISSUED = "invoice.finalized"
"""The one e-mail setting that is served: an issued invoice goes out by e-mail."""
CONFIGURED = {
    "invoice_footer": TEXT,
    "document_locale": TEXT,
    "invoice_grace_period": INTEGER,
    f"{_ISSUING_DATE}anchor": TEXT,
    f"{_ISSUING_DATE}adjustment": TEXT,
}
_CHANGEABLE = [name for name in _PLAIN if name != "code" and name not in CONFIGURED]
FIELDS = dict.fromkeys((*_CHANGEABLE, "invoice_email_subject", "invoice_email_text"), TEXT) | {
    "finalize_zero_amount_invoice": BOOLEAN,
    "net_payment_term": INTEGER,
    "tax_codes": TEXTS,
    "email_settings": TEXTS,
    APPLIED: TEXT,
    "billing_configuration": nested(CONFIGURED),
}
CREATE = Body("billing_entity", FIELDS | {"code": TEXT}, mandatory=("code", "name"))
UPDATE = Body("billing_entity", FIELDS)


def entity_terms(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the catalog takes for what was sent: the billing configuration is spread out. Raises ValidationError."""
    configuration = given.get("billing_configuration") or {}
    terms = {name: value for name, value in given.items() if name not in ("billing_configuration", "email_settings")}
    if "email_settings" in given:
        wanted = set(given["email_settings"] or ())
        if wanted - {ISSUED}:
            raise ValidationError({"email_settings": ["feature_unavailable"]}, f"Only {ISSUED} is served.")
        terms["emails_invoices"] = ISSUED in wanted
    return terms | {name.replace(_ISSUING_DATE, "issuing_date_"): value for name, value in configuration.items()}


def entity_object(entity: BillingEntity) -> dict[str, Any]:
    """The entity, without its taxes."""
    return {name: getattr(entity, name) for name in _PLAIN} | {
        "lago_id": entity.id,
        "subscription_invoice_issuing_date_anchor": entity.issuing_date_anchor,
        "subscription_invoice_issuing_date_adjustment": entity.issuing_date_adjustment,
        "is_default": entity.code == DEFAULT_CODE,
        "email_settings": [ISSUED] if entity.emails_invoices else [],
        "invoice_email_subject": entity.invoice_email_subject,
        "invoice_email_text": entity.invoice_email_text,
        "eu_tax_management": False,
        "logo_url": None,
        "created_at": instant(entity.created_at),
        "updated_at": instant(entity.valid_from),
    }
