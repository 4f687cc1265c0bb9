"""Billing entities: the legal sellers, and the defaults that customers inherit (invoicing §1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.catalog import taxes
from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.addresses import PARTS, postal_address
from core.domain.email_templates import PLACEHOLDERS, unknown_placeholders
from core.domain.problems import Problems
from core.errors import NotFound
from core.ids import new_id

DEFAULT_CODE = "default"
NUMBERINGS = ("per_customer", "per_billing_entity")
ANCHORS = ("next_period_start", "current_period_end")
ADJUSTMENTS = ("align_with_finalization_date", "keep_anchor")


@dataclass(frozen=True, kw_only=True, slots=True)
class BillingEntity(Version):
    """A legal seller. Terms and grace are in days; `address` is the printed form of the address parts."""

    code: str
    name: str
    timezone: str
    default_currency: str
    document_number_prefix: str
    document_numbering: str
    net_payment_term: int
    invoice_grace_period: int
    finalize_zero_amount_invoice: bool
    issuing_date_anchor: str
    issuing_date_adjustment: str
    billing_starts_at: datetime | None
    legal_name: str | None
    legal_number: str | None
    address_line1: str | None
    address_line2: str | None
    city: str | None
    state: str | None
    zipcode: str | None
    country: str | None
    address: str | None
    tax_identification_number: str | None
    email: str | None
    document_locale: str
    invoice_footer: str | None
    emails_invoices: bool
    """Whether its issued invoices go out by e-mail."""
    invoice_email_subject: str | None
    invoice_email_text: str | None
    """Its own template of that e-mail, None for ours (`core.documents.invoice_email`)."""
    applied_dunning_campaign_id: str | None
    """That of its customers that have none of their own (`core.catalog.dunning_campaigns`)."""


BILLING_ENTITIES = Versions("billing_entities", BillingEntity, unique=("code",))
_DEFAULTS: dict[str, Any] = {
    "timezone": "UTC",
    "default_currency": "USD",
    "document_numbering": "per_customer",
    "net_payment_term": 0,
    "invoice_grace_period": 0,
    "finalize_zero_amount_invoice": True,
    "issuing_date_anchor": "next_period_start",
    "issuing_date_adjustment": "align_with_finalization_date",
    "document_locale": "en",
    "emails_invoices": False,
} | dict.fromkeys(
    (
        "billing_starts_at",
        "legal_name",
        "legal_number",
        *PARTS,
        "address",
        "tax_identification_number",
        "email",
        "invoice_footer",
        "invoice_email_subject",
        "invoice_email_text",
        "applied_dunning_campaign_id",
    )
)


def create(uow: UnitOfWork, *, code: str, name: str, test_clock_id: str | None = None, **fields: Any) -> BillingEntity:
    """A new entity. `fields` are BillingEntity's own and `tax_codes`; absent ones get Lago's defaults.

    Raises ValidationError, or NotFound `tax`.
    """
    entity_id = new_id()
    tax_codes = fields.pop("tax_codes", None) or []
    prefix = {"document_number_prefix": f"{name[:3].upper()}-{entity_id[-4:].upper()}"} if name else {}
    values = _DEFAULTS | prefix | {"code": code, "name": name} | _without_null_defaults(fields)
    problems = _check(values)
    if not problems.details and BILLING_ENTITIES.first(uow.connection, BILLING_ENTITIES.c.code == code):
        problems.add("code", "value_already_exist")
    problems.refuse()
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    entity = BILLING_ENTITIES.add(uow, stamp, id=entity_id, **values | {"address": postal_address(values)})
    taxes.set_taxes(uow, stamp, "billing_entity", entity.id, tax_codes, is_new=True)
    return entity


def update(uow: UnitOfWork, code: str, /, *, test_clock_id: str | None = None, **fields: Any) -> BillingEntity:
    """Change what is given, keep the rest; null clears what has no default. Raises NotFound, ValidationError."""
    entity = get(uow.connection, code)
    tax_codes = fields.pop("tax_codes", None)
    fields = _without_null_defaults(fields)
    values = {name: getattr(entity, name) for name in (*_DEFAULTS, "code", "name", "document_number_prefix")} | fields
    _check(values).refuse()
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    entity = BILLING_ENTITIES.amend(uow, stamp, entity, **fields, address=postal_address(values))
    if tax_codes is not None:
        taxes.set_taxes(uow, stamp, "billing_entity", entity.id, tax_codes)
    return entity


def tax_by_default(uow: UnitOfWork, tax_code: str, wanted: bool) -> None:
    """Put a tax on the default billing entity, which is Lago's `applied_to_organization`, or take it off. Raises NotFound `tax`."""
    entity = get(uow.connection)
    codes = {tax.code for tax in taxes.taxes_of(uow.connection, "billing_entity", [entity.id]).get(entity.id, [])}
    update(uow, entity.code, tax_codes=sorted(codes | {tax_code} if wanted else codes - {tax_code}))


def get(connection: sa.Connection, code: str = DEFAULT_CODE) -> BillingEntity:
    """The entity of this code. Raises NotFound."""
    entity = BILLING_ENTITIES.first(connection, BILLING_ENTITIES.c.code == code)
    if entity is None:
        raise NotFound("billing_entity", code)
    return entity


def by_id(connection: sa.Connection, entity_id: str) -> BillingEntity:
    """The entity with this id. Raises NotFound."""
    entity = BILLING_ENTITIES.first(connection, BILLING_ENTITIES.c.id == entity_id)
    if entity is None:
        raise NotFound("billing_entity", entity_id)
    return entity


def page(connection: sa.Connection, *, limit: int | None = None, offset: int = 0) -> Page[BillingEntity]:
    """Entities, newest first."""
    return BILLING_ENTITIES.page(connection, limit=limit, offset=offset)


def _without_null_defaults(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None or _DEFAULTS.get(name) is None}


def _check(values: dict[str, Any]) -> Problems:
    problems = Problems(values)
    problems.key("code")
    problems.mandatory("name", "document_number_prefix")
    problems.timezone("timezone")
    problems.country("country")
    problems.currency("default_currency")
    problems.one_of("document_numbering", NUMBERINGS)
    problems.one_of("issuing_date_anchor", ANCHORS)
    problems.one_of("issuing_date_adjustment", ADJUSTMENTS)
    problems.days("net_payment_term")
    problems.days("invoice_grace_period")
    problems.boolean("finalize_zero_amount_invoice", "emails_invoices")
    problems.instant("billing_starts_at")
    problems.email("email")
    for name in ("invoice_email_subject", "invoice_email_text"):
        if unknown := unknown_placeholders(values[name] or ""):
            problems.add(
                name,
                "value_is_invalid",
                f"it may name {', '.join(f'${known}' for known in PLACEHOLDERS)}, not {', '.join(unknown)}",
            )
    return problems
