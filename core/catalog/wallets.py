"""Wallets: prepaid credits of a customer (invoicing §9, lago_api §7.12)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.catalog import billable_metrics, customers, recurring_rules, wallet_transactions
from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.decimals import decimal_text
from core.domain.problems import Problems
from core.domain.wallets import LOWEST_PRIORITY, MOST_ACTIVE_WALLETS, check_credits, check_fee_types, check_rate
from core.errors import NotFound, ValidationError
from core.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Wallet(Version):
    """A wallet. `rate_amount` is money in currency units per credit, decimal text; priority 1 is burned first.

    What is bought at a time is worth between the minimum and the maximum, minor units, and unless said otherwise at the
    top-up its invoice waits for its payment or not. The wallet pays lines of `allowed_fee_types` and lines of `billable_metric_ids`; with neither it pays everything.
    """

    customer_id: str
    code: str
    name: str | None
    currency: str
    rate_amount: str
    priority: int
    expiration_at: datetime | None
    terminated_at: datetime | None
    allowed_fee_types: list[str]
    billable_metric_ids: list[str]
    invoice_requires_successful_payment: bool
    paid_top_up_min_amount_cents: int | None
    paid_top_up_max_amount_cents: int | None

    def is_active_at(self, instant: datetime) -> bool:
        """Neither terminated nor expired at `instant` (on the customer's clock)."""
        return self.terminated_at is None and (self.expiration_at is None or instant < self.expiration_at)


TOP_UP_TERMS = ("invoice_requires_successful_payment", "paid_top_up_min_amount_cents", "paid_top_up_max_amount_cents")
"""What a wallet says about credits that are bought."""

WALLETS = Versions("wallets", Wallet, index=("customer_id",))


def create(
    uow: UnitOfWork,
    *,
    external_customer_id: str,
    rate_amount: Any,
    currency: str | None = None,
    name: str | None = None,
    code: str | None = None,
    priority: int = LOWEST_PRIORITY,
    expiration_at: datetime | None = None,
    paid_credits: Any = None,
    granted_credits: Any = None,
    transaction_name: str | None = None,
    applies_to: Mapping[str, Any] | None = None,
    invoice_requires_successful_payment: bool = False,
    paid_top_up_min_amount_cents: int | None = None,
    paid_top_up_max_amount_cents: int | None = None,
    ignore_paid_top_up_limits_on_creation: bool = False,
    recurring_transaction_rules: Sequence[Mapping[str, Any]] | None = None,
) -> Wallet:
    """A new wallet with its first credits: granted ones settle at once, paid ones wait for `settle_transaction`.

    The currency defaults to the customer's, the code to one made of the name. `applies_to` gives `fee_types` (charge,
    subscription, commitment) and `billable_metric_codes`: what the wallet may pay, either list sufficing. Raises
    ValidationError, among others `customer_not_found` and `wallet_limit_reached` under `customer`, and NotFound
    `billable_metrics`.
    """
    customer = customers.find(uow.connection, external_customer_id)
    if customer is None:
        raise ValidationError({"customer": ["customer_not_found"]})
    currency = currency or customer.currency
    top_ups = {name: value for name, value in locals().items() if name in TOP_UP_TERMS}
    problems = Problems({"code": code, "currency": currency, "priority": priority, "expiration_at": expiration_at} | top_ups)
    if code:
        problems.key("code")
    problems.mandatory("currency")
    problems.currency("currency")
    problems.integer("priority", least=1, most=LOWEST_PRIORITY)
    problems.instant("expiration_at")
    _check_top_up_terms(top_ups, problems)
    rate = check_rate(rate_amount, problems)
    for field, value in (("paid_credits", paid_credits), ("granted_credits", granted_credits)):
        check_credits(field, value, problems)
    limits = _limits(uow.connection, applies_to or {}, problems)
    problems.refuse()
    stamp = uow.stamp_for(customer.id)
    if expiration_at is not None and expiration_at <= stamp.instant:
        raise ValidationError({"expiration_at": ["invalid_date"]})
    siblings = _active(uow.connection, customer.id, stamp.instant)
    if len(siblings) >= MOST_ACTIVE_WALLETS:
        raise ValidationError({"customer": ["wallet_limit_reached"]})
    wallet = WALLETS.add(
        uow,
        stamp,
        id=new_id(),
        customer_id=customer.id,
        code=_free_code(code, name, {sibling.code for sibling in siblings}),
        name=name,
        currency=currency,
        rate_amount=decimal_text(rate),
        priority=priority,
        expiration_at=expiration_at,
        terminated_at=None,
        **({"allowed_fee_types": [], "billable_metric_ids": []} | limits | top_ups),
    )
    wallet_transactions.top_up(
        uow, wallet, paid_credits=paid_credits, granted_credits=granted_credits, name=transaction_name,
        ignore_paid_top_up_limits=ignore_paid_top_up_limits_on_creation,
    )  # fmt: skip
    recurring_rules.put(uow, wallet, recurring_transaction_rules or [])
    return wallet


def update(uow: UnitOfWork, wallet_id: str, **fields: Any) -> Wallet:
    """Change any of name, code, priority, expiration_at, applies_to, TOP_UP_TERMS and `recurring_transaction_rules` (see `create`).

    Raises NotFound, ValidationError. Other fields are not changeable and give TypeError. Of `applies_to` a list that is absent stays as it is.
    """
    if unknown := fields.keys() - {"name", "code", "priority", "expiration_at", "applies_to", "recurring_transaction_rules", *TOP_UP_TERMS}:
        raise TypeError(f"a wallet's {sorted(unknown)} cannot be updated")
    wallet = get(uow.connection, wallet_id)
    stamp = uow.stamp_for(wallet.customer_id)
    if not wallet.is_active_at(stamp.instant):
        raise ValidationError({"wallet_id": ["wallet_is_terminated"]})
    problems = Problems(fields)
    if fields.get("code") is not None:
        problems.key("code")
    problems.integer("priority", least=1, most=LOWEST_PRIORITY)
    problems.instant("expiration_at")
    if fields.get("expiration_at") is not None and not problems.details and fields["expiration_at"] <= stamp.instant:
        problems.add("expiration_at", "invalid_date")
    _check_top_up_terms({name: getattr(wallet, name) for name in TOP_UP_TERMS} | fields, problems)
    others = [row for row in _active(uow.connection, wallet.customer_id, stamp.instant) if row.id != wallet.id]
    if fields.get("code") in {row.code for row in others}:
        problems.add("code", "value_already_exist")
    limits = _limits(uow.connection, fields.pop("applies_to", None) or {}, problems)
    problems.refuse()
    rules = fields.pop("recurring_transaction_rules", None)
    if rules is not None:
        recurring_rules.put(uow, wallet, rules)
    fields |= limits
    kept = ("code", "priority", "invoice_requires_successful_payment")  # have no null
    return WALLETS.amend(
        uow, stamp, wallet, **{key: value for key, value in fields.items() if value is not None or key not in kept}
    )


def terminate(uow: UnitOfWork, wallet_id: str) -> Wallet:
    """Close the wallet and end its rules; its balance burns no more. A closed one stays as it is. Raises NotFound."""
    wallet = get(uow.connection, wallet_id)
    if wallet.terminated_at is not None:
        return wallet
    recurring_rules.put(uow, wallet, [])
    stamp = uow.stamp_for(wallet.customer_id)
    return WALLETS.amend(uow, stamp, wallet, terminated_at=stamp.instant)


def get(connection: sa.Connection, wallet_id: str) -> Wallet:
    """The wallet with this id. Raises NotFound."""
    wallet = WALLETS.first(connection, WALLETS.c.id == wallet_id)
    if wallet is None:
        raise NotFound("wallet", wallet_id)
    return wallet


def of_code(connection: sa.Connection, customer_id: str, code: str) -> Wallet:
    """The customer's wallet of this code: the one that is not closed, else the latest. Raises NotFound."""
    found = WALLETS.all(connection, WALLETS.c.customer_id == customer_id, WALLETS.c.code == code)
    if not found:
        raise NotFound("wallet", code)
    return max(found, key=lambda wallet: (wallet.terminated_at is None, wallet.created_at))


def page(
    connection: sa.Connection,
    *,
    customer_id: str | None = None,
    currency: str | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> Page[Wallet]:
    """Wallets, newest first, of one customer or of all, in one currency or in any."""
    wanted = {WALLETS.c.customer_id: customer_id, WALLETS.c.currency: currency}
    conditions = [column == value for column, value in wanted.items() if value is not None]
    return WALLETS.page(connection, *conditions, limit=limit, offset=offset)


def _check_top_up_terms(terms: Mapping[str, Any], problems: Problems) -> None:
    """The limits are whole minor units and leave something between them. `problems` has looked at what is given of `terms`."""
    if terms["invoice_requires_successful_payment"] not in (True, False, None):
        problems.add("invoice_requires_successful_payment", "value_is_invalid")
    for name in TOP_UP_TERMS[1:]:
        problems.cents(name, least=1)
    least, most = (terms[name] for name in TOP_UP_TERMS[1:])
    if not problems.details and least is not None and most is not None and least > most:
        problems.add("paid_top_up_max_amount_cents", "value_is_out_of_range")


def _limits(connection: sa.Connection, applies_to: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """The columns of what is given of `applies_to`."""
    limits: dict[str, Any] = {}
    if applies_to.get("fee_types") is not None:
        check_fee_types(applies_to["fee_types"], problems)
        limits["allowed_fee_types"] = list(applies_to["fee_types"])
    if applies_to.get("billable_metric_codes") is not None:
        metrics = billable_metrics.by_codes(connection, applies_to["billable_metric_codes"])
        limits["billable_metric_ids"] = [metric.id for metric in metrics]
    return limits


def _active(connection: sa.Connection, customer_id: str, instant: datetime) -> list[Wallet]:
    wallets = WALLETS.all(connection, WALLETS.c.customer_id == customer_id)
    return [wallet for wallet in wallets if wallet.is_active_at(instant)]


def _free_code(code: str | None, name: str | None, taken: set[str]) -> str:
    if code:
        if code in taken:
            raise ValidationError({"code": ["value_already_exist"]})
        return code
    base = re.sub(r"[^a-z0-9]+", "_", (name or "wallet").lower()).strip("_") or "wallet"
    candidate, number = base, 1
    while candidate in taken:
        number += 1
        candidate = f"{base}_{number}"
    return candidate
