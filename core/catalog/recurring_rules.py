"""Rules that top a wallet up by themselves, at an interval or below a threshold (invoicing §9.4, lago_api §7.12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.catalog.unit_of_work import Stamp, UnitOfWork
from core.catalog.versions import Version, Versions
from core.domain.decimals import decimal_text
from core.domain.wallets import RULES, read_rule
from core.errors import ValidationError
from core.ids import new_id

if TYPE_CHECKING:
    from core.catalog.wallets import Wallet


@dataclass(frozen=True, kw_only=True, slots=True)
class RecurringTransactionRule(Version):
    """What tops a wallet up. Credits are decimal text; what its SQL makes of them is `int_billing__top_ups`.

    `rule_trigger` is interval (each `rule_interval` from `started_at`, else the wallet's creation) or threshold (ongoing
    credits at or below `threshold_credits`); `rule_method` fixed (`paid_credits` and `granted_credits`) or target (up to
    `target_ongoing_balance`, for free when it grants).
    """

    wallet_id: str
    customer_id: str
    rule_trigger: str
    rule_method: str
    rule_interval: str | None
    threshold_credits: str
    paid_credits: str
    granted_credits: str
    target_ongoing_balance: str | None
    grants_target_top_up: bool
    started_at: datetime | None
    expiration_at: datetime | None
    status: str
    invoice_requires_successful_payment: bool
    ignore_paid_top_up_limits: bool
    transaction_name: str | None
    transaction_metadata: list[dict[str, str]]


RECURRING_RULES = Versions("recurring_transaction_rules", RecurringTransactionRule, index=("wallet_id", "customer_id"))


def put(uow: UnitOfWork, wallet: Wallet, given: Sequence[Mapping[str, Any]]) -> None:
    """Make `given` the rules of the wallet: one with a known `lago_id` changes, another is new, and what is not named ends.

    A wallet has one rule at most. Whether its invoices wait for their payment is the wallet's to say unless the rule says
    it. Raises ValidationError `invalid_number_of_recurring_rules` or `invalid_recurring_rule` under
    `recurring_transaction_rules`.
    """
    if len(given) > 1:
        raise ValidationError({RULES: ["invalid_number_of_recurring_rules"]})
    known = {rule.id: rule for rule in of_wallets(uow.connection, [wallet.id])}
    stamp = uow.stamp_for(wallet.customer_id)
    for fields in given:
        rule = known.pop(str(fields.get("lago_id")), None)
        before = {} if rule is None else _terms(rule)
        terms = _read(wallet, before | {name: value for name, value in fields.items() if name in TERMS}, stamp)
        if rule is None:
            RECURRING_RULES.add(
                uow, stamp, id=new_id(), wallet_id=wallet.id, customer_id=wallet.customer_id, status="active", **terms
            )
        else:
            RECURRING_RULES.amend(uow, stamp, rule, **terms)
    for rule in known.values():
        RECURRING_RULES.amend(uow, stamp, rule, status="terminated")


def of_wallets(connection: sa.Connection, wallet_ids: Sequence[str]) -> list[RecurringTransactionRule]:
    """The active rules of these wallets."""
    return [rule for rule in RECURRING_RULES.where_in(connection, "wallet_id", wallet_ids) if rule.status == "active"]


TERMS = {
    "trigger": "rule_trigger",
    "method": "rule_method",
    "interval": "rule_interval",
} | {
    name: name
    for name in (
        "threshold_credits", "paid_credits", "granted_credits", "target_ongoing_balance", "grants_target_top_up", "started_at",
        "expiration_at", "invoice_requires_successful_payment", "ignore_paid_top_up_limits", "transaction_name", "transaction_metadata",
    )
}  # fmt: skip
"""Name on the wire -> column."""


def _terms(rule: RecurringTransactionRule) -> dict[str, Any]:
    return {name: getattr(rule, column) for name, column in TERMS.items()}


def _read(wallet: Wallet, fields: Mapping[str, Any], stamp: Stamp) -> dict[str, Any]:
    terms = read_rule(fields, stamp.instant)
    if terms is None:
        raise ValidationError({RULES: ["invalid_recurring_rule"]})
    requires = fields.get("invoice_requires_successful_payment")
    terms["invoice_requires_successful_payment"] = (
        wallet.invoice_requires_successful_payment if requires is None else requires
    )
    decimals = ("threshold_credits", "paid_credits", "granted_credits", "target_ongoing_balance")
    texts = {name: None if terms[name] is None else decimal_text(terms[name]) for name in decimals}
    return {TERMS[name]: value for name, value in (terms | texts).items()}
