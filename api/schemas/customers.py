"""Customers on the wire (lago_api §7.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.body import BOOLEAN, INTEGER, TEXT, TEXTS, Body, nested, objects
from api.schemas.dunning_campaigns import APPLIED, applied_code
from api.schemas.taxes import taxes_by_owner
from api.schemas.wire import instant
from core.catalog.billing_entities import BILLING_ENTITIES, BillingEntity
from core.catalog.customers import Customer
from core.ids import deterministic_id

_TEXTS = (
    "external_id",
    "billing_entity_code",
    "address_line1",
    "address_line2",
    "city",
    "country",
    "currency",
    "email",
    "legal_name",
    "legal_number",
    "logo_url",
    "name",
    "firstname",
    "lastname",
    "account_type",
    "customer_type",
    "phone",
    "state",
    "tax_identification_number",
    "timezone",
    "url",
    "zipcode",
    "finalize_zero_amount_invoice",
)
BILLING_CONFIGURATION = {
    "invoice_grace_period": INTEGER,
    "document_locale": TEXT,
    "subscription_invoice_issuing_date_anchor": TEXT,
    "subscription_invoice_issuing_date_adjustment": TEXT,
}
FIELDS = dict.fromkeys(_TEXTS, TEXT) | {
    "net_payment_term": INTEGER,
    "tax_codes": TEXTS,
    APPLIED: TEXT,
    "exclude_from_dunning_campaign": BOOLEAN,
    "billing_configuration": nested(BILLING_CONFIGURATION),
    "metadata": objects({"id": TEXT, "key": TEXT, "value": TEXT, "display_in_invoice": BOOLEAN}),
}
UPSERT = Body("customer", FIELDS, mandatory=("external_id",))

_ISSUING_DATE = "subscription_invoice_issuing_date_"
_PLAIN = tuple(name for name in _TEXTS if name != "billing_entity_code")


def customer_terms(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the catalog takes for what was sent: the billing configuration is spread out, metadata gets its ids."""
    configuration = given.get("billing_configuration") or {}
    terms = {name: value for name, value in given.items() if name not in ("billing_configuration", "metadata")}
    terms |= {name.replace(_ISSUING_DATE, "issuing_date_"): value for name, value in configuration.items()}
    if given.get("metadata") is not None:
        terms["metadata"] = [_metadata(given["external_id"], row) for row in given["metadata"]]
    return terms


def customer_objects(connection: sa.Connection, rows: Sequence[Customer]) -> list[dict[str, Any]]:
    """The customers with their taxes."""
    entities = {entity.id: entity for entity in BILLING_ENTITIES.all(connection)}
    taxes = taxes_by_owner(connection, "customer", [row.id for row in rows])
    return [
        _customer_object(row, entities[row.billing_entity_id])
        | {"taxes": taxes[row.id], APPLIED: applied_code(connection, row.applied_dunning_campaign_id)}
        for row in rows
    ]


def applicable_timezone(customer: Customer, entity: BillingEntity) -> str:
    """The customer's time zone, else its billing entity's."""
    return customer.timezone or entity.timezone


def _customer_object(customer: Customer, entity: BillingEntity) -> dict[str, Any]:
    created_at = instant(customer.created_at)
    return {name: getattr(customer, name) for name in _PLAIN} | {
        "lago_id": customer.id,
        "sequential_id": customer.sequential_id,
        "slug": f"{entity.document_number_prefix}-{customer.sequential_id:03d}",
        "billing_entity_code": entity.code,
        "applicable_timezone": applicable_timezone(customer, entity),
        "net_payment_term": customer.net_payment_term,
        "skip_invoice_custom_sections": False,
        "exclude_from_dunning_campaign": customer.exclude_from_dunning_campaign,
        "created_at": created_at,
        "updated_at": instant(customer.valid_from),
        "billing_configuration": {
            "invoice_grace_period": customer.invoice_grace_period,
            "subscription_invoice_issuing_date_anchor": customer.issuing_date_anchor,
            "subscription_invoice_issuing_date_adjustment": customer.issuing_date_adjustment,
            "payment_provider": None,
            "payment_provider_code": None,
            "document_locale": customer.document_locale,
        },
        "shipping_address": {},
        "integration_customers": [],
        "applicable_invoice_custom_sections": [],
        "error_details": [],
        "metadata": [row | {"created_at": created_at} for row in customer.metadata],
    }


def _metadata(external_id: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "lago_id": row.get("id") or deterministic_id("customer_metadata", external_id or "", row.get("key") or ""),
        "key": row.get("key"),
        "value": row.get("value"),
        "display_in_invoice": bool(row.get("display_in_invoice")),
    }
