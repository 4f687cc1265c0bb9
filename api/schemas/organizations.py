"""The organization on the wire (lago_api §7.16): one per installation, which is its default billing entity by another name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.body import TEXT, Body
from api.schemas.billing_entities import FIELDS, entity_object, entity_terms
from core.catalog.billing_entities import BillingEntity
from core.errors import ValidationError

_NUMBERINGS = {"per_organization": "per_billing_entity", "per_customer": "per_customer"}
_SHOWN = (
    "lago_id", "name", "created_at", "default_currency", "address_line1", "address_line2", "city", "state", "zipcode", "country",
    "email", "legal_name", "legal_number", "document_number_prefix", "net_payment_term", "tax_identification_number", "timezone",
    "finalize_zero_amount_invoice", "email_settings",
)  # fmt: skip
UPDATE = Body(
    "organization",
    {name: kind for name, kind in FIELDS.items() if name != "name"} | {"webhook_url": TEXT},
    unserved={"webhook_url": lambda organization: True},
)


def organization_terms(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the catalog takes for what was sent. Raises ValidationError."""
    terms = entity_terms({name: value for name, value in given.items() if name != "webhook_url"})
    numbering = terms.get("document_numbering")
    if numbering is not None:
        if numbering not in _NUMBERINGS:
            raise ValidationError({"document_numbering": ["value_is_invalid"]})
        terms["document_numbering"] = _NUMBERINGS[numbering]
    return terms


def organization_object(entity: BillingEntity, taxes: list[dict[str, Any]], webhook_urls: list[str]) -> dict[str, Any]:
    """The organization with its taxes and where its webhooks go, oldest endpoint first."""
    described = entity_object(entity)
    numbering = next(name for name, kept in _NUMBERINGS.items() if kept == entity.document_numbering)
    return {name: described[name] for name in _SHOWN} | {
        "slug": described["document_number_prefix"],
        "webhook_url": webhook_urls[0] if webhook_urls else None,
        "webhook_urls": webhook_urls,
        "document_numbering": numbering,
        "billing_configuration": {
            "invoice_footer": entity.invoice_footer,
            "invoice_grace_period": entity.invoice_grace_period,
            "document_locale": entity.document_locale,
        },
        "taxes": taxes,
    }
