"""Customers: who is billed, and what they set apart from their billing entity (lago_api §7.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.catalog import billing_entities, taxes, test_clocks
from core.catalog.billing_entities import ADJUSTMENTS, ANCHORS
from core.catalog.test_clocks import TEST_CLOCKS
from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.addresses import PARTS, postal_address
from core.domain.problems import Problems
from core.errors import NotFound, ValidationError
from core.ids import new_id

MOST_METADATA = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer(Version):
    """A customer. Nulls inherit from the billing entity; terms and grace are in days."""

    external_id: str
    sequential_id: int
    name: str | None
    firstname: str | None
    lastname: str | None
    email: str | None
    phone: str | None
    url: str | None
    logo_url: str | None
    currency: str | None
    timezone: str | None
    billing_entity_id: str
    invoice_grace_period: int | None
    net_payment_term: int | None
    finalize_zero_amount_invoice: str
    issuing_date_anchor: str | None
    issuing_date_adjustment: str | None
    document_locale: str | None
    account_type: str
    customer_type: str | None
    test_clock_id: str | None
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
    metadata: list[dict[str, Any]]
    applied_dunning_campaign_id: str | None
    exclude_from_dunning_campaign: bool
    deleted_at: datetime | None
    """A deleted customer is kept current, because what it owes is still to be billed; lists leave it out."""


CUSTOMERS = Versions("customers", Customer, index=("external_id", "sequential_id"))
_DEFAULTS: dict[str, Any] = {
    "finalize_zero_amount_invoice": "inherit",
    "account_type": "customer",
    "metadata": [],
    "exclude_from_dunning_campaign": False,
} | dict.fromkeys(
    (
        "name",
        "firstname",
        "lastname",
        "email",
        "phone",
        "url",
        "logo_url",
        "currency",
        "timezone",
        "invoice_grace_period",
        "net_payment_term",
        "issuing_date_anchor",
        "issuing_date_adjustment",
        "document_locale",
        "customer_type",
        "legal_name",
        "legal_number",
        *PARTS,
        "tax_identification_number",
        "applied_dunning_campaign_id",
    )
)


def upsert(
    uow: UnitOfWork,
    external_id: str,
    *,
    billing_entity_code: str | None = None,
    tax_codes: Sequence[str] | None = None,
    test_clock_id: str | None = None,
    **fields: Any,
) -> Customer:
    """Create the customer, or change what is given of the one that has this external id; null clears.

    `fields` are Customer's own. `test_clock_id` places a new customer in that clock's time; it cannot change later.
    Raises ValidationError, or NotFound for `billing_entity`, `tax` or `test_clock`.
    """
    current = find(uow.connection, external_id)
    if current is None:
        own = {"billing_entity_code": billing_entity_code, "tax_codes": tax_codes, "test_clock_id": test_clock_id}
        return _create(uow, [fields | own | {"external_id": external_id}])[0]
    if test_clock_id not in (None, current.test_clock_id):
        raise ValidationError({"test_clock_id": ["value_is_invalid"]})
    values = {name: getattr(current, name) for name in _DEFAULTS} | _given(fields)
    _check(values | {"external_id": external_id})
    values["address"] = postal_address(values)
    if billing_entity_code is not None:
        values["billing_entity_id"] = billing_entities.get(uow.connection, billing_entity_code).id
    stamp = uow.stamp_for(current.id)
    customer = CUSTOMERS.amend(uow, stamp, current, **values)
    if tax_codes is not None:
        taxes.set_taxes(uow, stamp, "customer", customer.id, tax_codes, customer_id=customer.id)
    return customer


def on_test_clocks(connection: sa.Connection) -> dict[str, datetime]:
    """Customer id -> what its test clock shows, of the customers that have one."""
    placed = CUSTOMERS.all(connection, CUSTOMERS.c.test_clock_id.is_not(None))
    clocks = {clock.id: clock.reading for clock in TEST_CLOCKS.all(connection)} if placed else {}
    return {customer.id: clocks[customer.test_clock_id or ""] for customer in placed}


def create_many(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> list[Customer]:
    """Create customers in bulk, several times as fast as one by one. Each row is what `upsert` takes, by name.

    Raises as `upsert` does, and ValidationError `value_already_exist` for an external id that is taken or repeated.
    """
    external_ids = [row["external_id"] for row in rows]
    if by_external_ids(uow.connection, external_ids) or len(set(external_ids)) != len(external_ids):
        raise ValidationError({"external_id": ["value_already_exist"]})
    return _create(uow, rows)


def find(connection: sa.Connection, external_id: str) -> Customer | None:
    """The customer with this external id, or None."""
    return CUSTOMERS.first(connection, CUSTOMERS.c.external_id == external_id, CUSTOMERS.c.deleted_at.is_(None))


def by_external_ids(connection: sa.Connection, external_ids: Iterable[str]) -> dict[str, Customer]:
    """External id -> customer; unknown ones are absent."""
    found = CUSTOMERS.where_in(connection, "external_id", external_ids)
    return {customer.external_id: customer for customer in found if customer.deleted_at is None}


def get(connection: sa.Connection, external_id: str) -> Customer:
    """The customer with this external id. Raises NotFound."""
    customer = find(connection, external_id)
    if customer is None:
        raise NotFound("customer", external_id)
    return customer


def by_id(connection: sa.Connection, customer_id: str) -> Customer:
    """The customer with this id, deleted or not. Raises NotFound."""
    customer = CUSTOMERS.first(connection, CUSTOMERS.c.id == customer_id)
    if customer is None:
        raise NotFound("customer", customer_id)
    return customer


def page(connection: sa.Connection, *, limit: int | None = None, offset: int = 0) -> Page[Customer]:
    """Customers, newest first, without deleted ones."""
    return CUSTOMERS.page(connection, CUSTOMERS.c.deleted_at.is_(None), limit=limit, offset=offset)


def _create(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> list[Customer]:
    entity_ids: dict[str, str] = {}
    highest = uow.connection.execute(sa.select(sa.func.max(CUSTOMERS.c.sequential_id)).where(CUSTOMERS.is_current))
    sequential_id: int = highest.scalar_one() or 0
    created, stamps = [], []
    for row in rows:
        fields = dict(row)
        code = fields.pop("billing_entity_code", None) or billing_entities.DEFAULT_CODE
        clock_id = fields.pop("test_clock_id", None)
        fields.pop("tax_codes", None)
        values = _DEFAULTS | _given(fields)
        _check(values)
        if code not in entity_ids:
            entity_ids[code] = billing_entities.get(uow.connection, code).id
        if clock_id is not None:
            test_clocks.get(uow.connection, clock_id)
        sequential_id += 1
        values |= {
            "id": new_id(),
            "sequential_id": sequential_id,
            "billing_entity_id": entity_ids[code],
            "test_clock_id": clock_id,
            "address": postal_address(values),
            "deleted_at": None,
        }
        uow.place_on_clock(values["id"], clock_id)
        stamps.append(uow.stamp_for(values["id"]))
        created.append(CUSTOMERS.new(stamps[-1], **values))
    CUSTOMERS.write(uow, created)
    for row, stamp, customer in zip(rows, stamps, created, strict=True):
        if row.get("tax_codes"):
            codes = row["tax_codes"]
            taxes.set_taxes(uow, stamp, "customer", customer.id, codes, customer_id=customer.id, is_new=True)
    return created


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, without nulls where null has no meaning."""
    return {name: value for name, value in fields.items() if value is not None or _DEFAULTS.get(name) is None}


def _check(values: dict[str, Any]) -> None:
    problems = Problems(values)
    problems.key("external_id")
    problems.currency("currency")
    problems.timezone("timezone")
    problems.email("email")
    problems.days("invoice_grace_period")
    problems.days("net_payment_term")
    problems.one_of("finalize_zero_amount_invoice", ("inherit", "skip", "finalize"), "invalid_value")
    problems.one_of("issuing_date_anchor", ANCHORS)
    problems.one_of("issuing_date_adjustment", ADJUSTMENTS)
    problems.one_of("account_type", ("customer", "partner"))
    problems.one_of("customer_type", ("company", "individual"))
    problems.country("country")
    problems.boolean("exclude_from_dunning_campaign")
    if len(values["metadata"]) > MOST_METADATA:
        problems.add("metadata", "invalid_count")
    problems.refuse()
