"""What a running Lago holds, read through its API and given to the catalog's own commands, in the order in which one needs the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import sqlalchemy as sa

from api.body import Fields, read_fields
from api.schemas import add_ons as add_on_schema
from api.schemas import applied_coupons as applied_coupon_schema
from api.schemas import billable_metrics as metric_schema
from api.schemas import billing_entities as entity_schema
from api.schemas import coupons as coupon_schema
from api.schemas import customers as customer_schema
from api.schemas import plans as plan_schema
from api.schemas import subscriptions as subscription_schema
from api.schemas import taxes as tax_schema
from api.schemas import wallets as wallet_schema
from core.catalog import (
    add_ons,
    applied_coupons,
    billable_metrics,
    billing_entities,
    coupons,
    customers,
    plans,
    subscriptions,
    taxes,
    wallets,
)
from core.catalog.subscription_versions import SUBSCRIPTIONS
from core.catalog.unit_of_work import UnitOfWork
from core.errors import NotFound, TallystickError, ValidationError

PER_PAGE = 100
Row = Mapping[str, Any]


class LagoUnreadable(TallystickError):
    """Lago did not answer, or not with what it should."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__("lago_unreadable", f"GET {path} of Lago: {reason}. Check --url (without /api/v1) and --key.")


class NotImported(TallystickError):
    """An object of Lago's that this catalog does not take; nothing was imported."""

    def __init__(self, kind: str, key: str, reason: str) -> None:
        super().__init__("not_imported", f"{kind} {key!r} of Lago cannot be taken over: {reason}. Nothing was imported; change it there, or name what is missing.")


class DraftsThere(TallystickError):
    """Lago has bills that are not issued: what they will take of coupons and wallets would be taken here once more."""

    def __init__(self, count: int) -> None:
        super().__init__(
            "drafts_there",
            f"Lago has {count} draft invoices, and what they take of coupons and wallets is not decided. Finalize or void them there, then import.",
        )


class Lago:
    """Reads lists of a Lago, page by page. `client` is of its address below `/api/v1`, with its key."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def all(self, root: str, **parameters: Any) -> Iterator[Row]:
        """The objects of a list, oldest first; a parameter that is a list goes under its name with `[]`. Raises LagoUnreadable."""
        asked = {f"{name}[]" if isinstance(value, list) else name: value for name, value in parameters.items()}
        found: list[Row] = []
        page: int | None = 1
        while page:
            answered = self.one(root, page=page, per_page=PER_PAGE, **asked)
            if not isinstance(answered.get(root), list):
                raise LagoUnreadable(root, f"the answer has no list `{root}`")
            found += answered[root]
            page = (answered.get("meta") or {}).get("next_page")
        return reversed(found)

    def one(self, path: str, **parameters: Any) -> dict[str, Any]:
        """The decoded answer of a path. Raises LagoUnreadable."""
        try:
            response = self._client.get(f"/{path}", params=parameters)
            response.raise_for_status()
            answered = json.loads(response.content, parse_float=Decimal)
        except (httpx.HTTPError, ValueError) as error:
            raise LagoUnreadable(path, str(error).splitlines()[0]) from error
        if not isinstance(answered, dict):
            raise LagoUnreadable(path, "the answer is no JSON object")
        return answered


@dataclass(frozen=True)
class Kind:
    """One kind of object: how Lago lists it, by what it is known, whether it is here already, and how it is made."""

    name: str
    read: Callable[[Lago], Iterator[Row]]
    key: Callable[[Row], str]
    exists: Callable[[sa.Connection, Row], bool]
    make: Callable[[UnitOfWork, Row], Any]


def take_over(uow: UnitOfWork, found: Mapping[str, Sequence[Row]]) -> dict[str, list[str]]:
    """Kind -> keys of what was made: all that is not here yet. Raises NotImported."""
    made: dict[str, list[str]] = {}
    for kind in KINDS:
        for row in found[kind.name]:
            if kind.exists(uow.connection, row):
                continue
            try:
                kind.make(uow, row)
            except ValidationError as error:
                reasons = ", ".join(f"{field} {' and '.join(codes)}" for field, codes in error.details.items())
                raise NotImported(kind.name, kind.key(row), reasons) from error
            except TallystickError as error:
                raise NotImported(kind.name, kind.key(row), error.message) from error
            made.setdefault(kind.name, []).append(kind.key(row))
    return made


def read(lago: Lago) -> dict[str, list[Row]]:
    """Kind -> its objects in Lago. Raises LagoUnreadable, or DraftsThere."""
    drafts = lago.one("invoices", status="draft", per_page=1)["meta"]["total_count"]
    if drafts:
        raise DraftsThere(drafts)
    return {kind.name: list(kind.read(lago)) for kind in KINDS}


def _there(find: Callable[[sa.Connection], Any]) -> Callable[[sa.Connection], bool]:
    def is_there(connection: sa.Connection) -> bool:
        try:
            return find(connection) is not None
        except NotFound:
            return False

    return is_there


def _by_code(get: Callable[[sa.Connection, str], Any]) -> Callable[[sa.Connection, Row], bool]:
    return lambda connection, row: _there(lambda on: get(on, row["code"]))(connection)


def _code(row: Row) -> str:
    return str(row["code"])


def _given(row: Row, fields: Fields, *without: str) -> dict[str, Any]:
    """The fields that the API takes of an object that it served; null is as good as absent."""
    stated = {name: value for name, value in row.items() if name not in without and value is not None}
    return read_fields(stated, fields)


def _tax_codes(row: Row) -> list[str]:
    return [tax["code"] for tax in row.get("taxes") or ()]


def _make_entity(uow: UnitOfWork, row: Row) -> None:
    """The seller as it is there. What is due before now was billed there, so billing begins now."""
    emails = [setting for setting in row.get("email_settings") or () if setting == entity_schema.ISSUED]
    configuration = {name: row[name] for name in entity_schema.CONFIGURED if row.get(name) is not None}
    content = dict(row) | {"email_settings": emails, "billing_configuration": configuration}
    terms = entity_schema.entity_terms(_given(content, entity_schema.CREATE.fields, "applied_dunning_campaign_code", "tax_codes"))
    terms |= {"billing_starts_at": uow.stamp_for().instant} | ({"tax_codes": _tax_codes(row)} if row.get("taxes") else {})
    if _by_code(billing_entities.get)(uow.connection, row):
        billing_entities.update(uow, terms.pop("code"), **terms)
    else:
        billing_entities.create(uow, **terms)


def _has_moved_in(connection: sa.Connection, row: Row) -> bool:
    """Whether the seller was taken over before: one that was here from the start has no beginning of its bills."""
    there = _by_code(billing_entities.get)(connection, row)
    return there and billing_entities.get(connection, row["code"]).billing_starts_at is not None


def _make_metric(uow: UnitOfWork, row: Row) -> None:
    billable_metrics.create(uow, **_given(row, metric_schema.CREATE.fields))


def _make_add_on(uow: UnitOfWork, row: Row) -> None:
    add_ons.create(uow, **_given(row, add_on_schema.CREATE.fields, "tax_codes"), tax_codes=_tax_codes(row))


def _make_tax(uow: UnitOfWork, row: Row) -> None:
    taxes.create(uow, **_given(row, tax_schema.CREATE.fields, "applied_to_organization"))
    if row.get("applied_to_organization"):
        billing_entities.tax_by_default(uow, row["code"], True)


def _make_plan(uow: UnitOfWork, row: Row) -> None:
    sold = [_fixed_charge(fixed) for fixed in row.get("fixed_charges") or ()]
    content = dict(row) | {
        "tax_codes": _tax_codes(row),
        "charges": [_charge(uow, charge) for charge in row.get("charges") or ()],
        "fixed_charges": sold,
        "usage_thresholds": [
            {name: step.get(name) for name in ("amount_cents", "threshold_display_name", "recurring")}
            for step in row.get("usage_thresholds") or ()
        ],
    }
    commitment = row.get("minimum_commitment")
    content["minimum_commitment"] = commitment and {
        "amount_cents": commitment["amount_cents"],
        "invoice_display_name": commitment.get("invoice_display_name"),
        "tax_codes": _tax_codes(commitment),
    }
    plan = _given(content, plan_schema.CREATE.fields, "metadata")
    owned: dict[str, Any] = {
        f"{name}_input": plan.pop(name, None) or {}
        for name in ("charges", "fixed_charges", "usage_thresholds", "minimum_commitment")
    }
    plans.create(uow, **plan, **owned)


def _charge(uow: UnitOfWork, row: Row) -> dict[str, Any]:
    """A charge as it is created: on our metric of the same code, without Lago's ids."""
    metric = billable_metrics.get(uow.connection, row["billable_metric_code"])
    charge = {name: value for name, value in row.items() if name in plan_schema.CHARGE_FIELDS and name != "id"}
    filters = [{name: entry.get(name) for name in plan_schema.FILTER_FIELDS} for entry in row.get("filters") or ()]
    stated = {name: value for name, value in charge.items() if value is not None}
    return stated | {"billable_metric_id": metric.id, "filters": filters, "tax_codes": _tax_codes(row)}


def _fixed_charge(row: Row) -> dict[str, Any]:
    names = ("add_on_code", "code", "charge_model", "invoice_display_name", "pay_in_advance", "prorated", "properties", "units")
    return {name: row.get(name) for name in names} | {"tax_codes": _tax_codes(row)}


def _make_coupon(uow: UnitOfWork, row: Row) -> None:
    limits = {name: row.get(name) or [] for name in ("plan_codes", "billable_metric_codes")}
    coupons.create(uow, **coupon_schema.coupon_terms(_given(dict(row) | {"applies_to": limits}, coupon_schema.CREATE.fields)))


def _make_customer(uow: UnitOfWork, row: Row) -> None:
    content = dict(row) | {"tax_codes": _tax_codes(row)}
    given = _given(content, customer_schema.UPSERT.fields, "applied_dunning_campaign_code", "metadata")
    customers.upsert(uow, **customer_schema.customer_terms(given))


def _make_subscription(uow: UnitOfWork, row: Row) -> None:
    subscriptions.create(uow, **_given(row, subscription_schema.CREATE.fields, *subscription_schema.OWN_TERMS))


def _make_applied_coupon(uow: UnitOfWork, row: Row) -> None:
    """With what is left of it: of the amount of one that is used up in parts, of the periods of one that recurs."""
    left = {
        "amount_cents": row.get("amount_cents_remaining") if row["frequency"] == "once" else row.get("amount_cents"),
        "frequency_duration": row.get("frequency_duration_remaining") if row["frequency"] == "recurring" else None,
    }
    applied_coupons.apply(uow, **_given(dict(row) | left, applied_coupon_schema.CREATE.fields))


def _make_wallet(uow: UnitOfWork, row: Row) -> None:
    """With its balance as credits that are granted: they were paid for there."""
    content = dict(row) | {"granted_credits": row["credits_balance"], "paid_credits": None}
    terms = {"ignore_paid_top_up_limits_on_creation": True}
    wallets.create(uow, **_given(content, wallet_schema.CREATE.fields, "metadata") | terms)


def _is_applied(connection: sa.Connection, row: Row) -> bool:
    customer = customers.find(connection, row["external_customer_id"])
    if customer is None:
        return False
    found = applied_coupons.page(connection, customer_id=customer.id).items
    known = coupons.ids_by_codes(connection, [row["coupon_code"]])
    return any(applied.coupon_id in known for applied in found)


def _has_wallet(connection: sa.Connection, row: Row) -> bool:
    customer = customers.find(connection, row["external_customer_id"])
    return customer is not None and _there(lambda on: wallets.of_code(on, customer.id, row["code"]))(connection)


def _is_subscribed(connection: sa.Connection, row: Row) -> bool:
    return bool(SUBSCRIPTIONS.all(connection, SUBSCRIPTIONS.c.external_id == row["external_id"]))


def _plans(lago: Lago) -> Iterator[Row]:
    """Lists are without fixed charges, so each is read alone."""
    return (lago.one(f"plans/{row['code']}")["plan"] for row in lago.all("plans"))


def _entities(lago: Lago) -> Iterator[Row]:
    """Lists are without taxes, so each is read alone."""
    return (lago.one(f"billing_entities/{row['code']}")["billing_entity"] for row in lago.all("billing_entities"))


def _applied(lago: Lago) -> Iterator[Row]:
    """Those of which something is left."""
    for row in lago.all("applied_coupons", status="active"):
        if row.get("amount_cents_remaining") != 0 and row.get("frequency_duration_remaining") != 0:
            yield row


def _wallets(lago: Lago) -> Iterator[Row]:
    for customer in lago.all("customers"):
        for row in lago.all("wallets", external_customer_id=customer["external_id"]):
            if row["status"] == "active":
                yield row


KINDS = (
    Kind("taxes", lambda lago: lago.all("taxes"), _code, _by_code(taxes.get), _make_tax),
    Kind("billing_entities", _entities, _code, _has_moved_in, _make_entity),
    Kind("billable_metrics", lambda lago: lago.all("billable_metrics"), _code, _by_code(billable_metrics.get), _make_metric),
    Kind("add_ons", lambda lago: lago.all("add_ons"), _code, _by_code(add_ons.get), _make_add_on),
    Kind("plans", _plans, _code, _by_code(plans.get), _make_plan),
    Kind("coupons", lambda lago: lago.all("coupons"), _code, _by_code(coupons.get), _make_coupon),
    Kind(
        "customers",
        lambda lago: lago.all("customers"),
        lambda row: str(row["external_id"]),
        lambda connection, row: customers.find(connection, row["external_id"]) is not None,
        _make_customer,
    ),
    Kind(
        "subscriptions",
        lambda lago: lago.all("subscriptions", status=["active", "pending"]),
        lambda row: str(row["external_id"]),
        _is_subscribed,
        _make_subscription,
    ),
    Kind(
        "applied_coupons",
        _applied,
        lambda row: f"{row['coupon_code']} of {row['external_customer_id']}",
        _is_applied,
        _make_applied_coupon,
    ),
    Kind("wallets", _wallets, lambda row: f"{row['code']} of {row['external_customer_id']}", _has_wallet, _make_wallet),
)
"""In the order in which one needs the other."""
