"""Wallets and their transactions on the wire (lago_api §7.12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from api.body import BOOLEAN, DECIMAL, INSTANT, INTEGER, MAPPING, TEXT, TEXTS, Body, Kind, nested, objects
from api.schemas.wire import decimal, instant
from core.catalog.customers import Customer
from core.catalog.recurring_rules import RecurringTransactionRule
from core.catalog.wallet_transactions import WalletTransaction
from core.catalog.wallets import Wallet
from core.domain.wallets import CREDIT_DECIMALS
from core.money.amount import Money
from core.money.rounding import round_floor

_OWN = {
    "name": TEXT,
    "code": TEXT,
    "priority": INTEGER,
    "expiration_at": INSTANT,
    "applies_to": nested({"fee_types": TEXTS, "billable_metric_codes": TEXTS}),
    "metadata": MAPPING,
}
_TOP_UPS: dict[str, Kind] = {
    "invoice_requires_successful_payment": BOOLEAN,
    "paid_top_up_min_amount_cents": INTEGER,
    "paid_top_up_max_amount_cents": INTEGER,
}
_RULE = {
    "lago_id": TEXT,
    "trigger": TEXT,
    "method": TEXT,
    "interval": TEXT,
    "threshold_credits": DECIMAL,
    "paid_credits": DECIMAL,
    "granted_credits": DECIMAL,
    "target_ongoing_balance": DECIMAL,
    "grants_target_top_up": BOOLEAN,
    "started_at": INSTANT,
    "expiration_at": INSTANT,
    "invoice_requires_successful_payment": BOOLEAN,
    "ignore_paid_top_up_limits": BOOLEAN,
    "transaction_name": TEXT,
    "transaction_metadata": objects({"key": TEXT, "value": TEXT}),
}
_TOP_UPS["recurring_transaction_rules"] = objects(_RULE)
CREATE = Body(
    "wallet",
    _OWN
    | _TOP_UPS
    | {
        "ignore_paid_top_up_limits_on_creation": BOOLEAN,
        "rate_amount": DECIMAL,
        "currency": TEXT,
        "paid_credits": DECIMAL,
        "granted_credits": DECIMAL,
        "external_customer_id": TEXT,
        "transaction_name": TEXT,
    },
    mandatory=("external_customer_id", "rate_amount"),
)
UPDATE = Body("wallet", _OWN | _TOP_UPS)
TOP_UP = Body(
    "wallet_transaction",
    {
        "wallet_id": TEXT,
        "name": TEXT,
        "paid_credits": DECIMAL,
        "granted_credits": DECIMAL,
        "voided_credits": DECIMAL,
        "priority": INTEGER,
        "invoice_requires_successful_payment": BOOLEAN,
        "ignore_paid_top_up_limits": BOOLEAN,
    },
    unserved={"voided_transaction_id": lambda given: True},
)

Balance = Mapping[str, Any]
EMPTY: Balance = {
    "balance_cents": 0,
    "balance_credits": Decimal(0),
    "used_amount_cents": 0,
    "ongoing_usage_balance_cents": 0,
    "ongoing_balance_cents": 0,
    "credits_ongoing_usage_balance": Decimal(0),
    "credits_ongoing_balance": Decimal(0),
}
"""A wallet whose first credits have not come in yet."""


def wallet_object(
    wallet: Wallet,
    customer: Customer,
    balance: Balance,
    now: datetime,
    metric_codes: Mapping[str, str],
    rules: Sequence[RecurringTransactionRule],
) -> dict[str, Any]:
    """The wallet with its balance, a row of `fct_wallet_balances` and of `fct_wallet_ongoing_balances`. `now` is the customer's.

    `rules` are the wallet's; `metric_codes` gives the codes of the metrics that the wallet is limited to by their ids.
    """
    credits, cents = decimal(balance["balance_credits"]), int(balance["balance_cents"])
    return {
        "lago_id": wallet.id,
        "lago_customer_id": wallet.customer_id,
        "external_customer_id": customer.external_id,
        "status": "active" if wallet.is_active_at(now) else "terminated",
        "currency": wallet.currency,
        "name": wallet.name,
        "code": wallet.code,
        "priority": wallet.priority,
        "rate_amount": decimal(wallet.rate_amount),
        "credits_balance": credits,
        "balance_cents": cents,
        "consumed_credits": decimal(_credits(int(balance["used_amount_cents"]), wallet)),
        "created_at": instant(wallet.created_at),
        "expiration_at": instant(wallet.expiration_at),
        "last_balance_sync_at": None,
        "last_consumed_credit_at": None,
        "terminated_at": instant(wallet.terminated_at),
        "invoice_requires_successful_payment": wallet.invoice_requires_successful_payment,
        "applies_to": {
            "fee_types": wallet.allowed_fee_types,
            "billable_metric_codes": [metric_codes[key] for key in wallet.billable_metric_ids if key in metric_codes],
        },
        "recurring_transaction_rules": [_rule_object(rule) for rule in rules],
        "ongoing_balance_cents": int(balance["ongoing_balance_cents"]),
        "ongoing_usage_balance_cents": int(balance["ongoing_usage_balance_cents"]),
        "credits_ongoing_balance": decimal(balance["credits_ongoing_balance"]),
        "credits_ongoing_usage_balance": decimal(balance["credits_ongoing_usage_balance"]),
        "paid_top_up_min_amount_cents": wallet.paid_top_up_min_amount_cents,
        "paid_top_up_max_amount_cents": wallet.paid_top_up_max_amount_cents,
    }


def _rule_object(rule: RecurringTransactionRule) -> dict[str, Any]:
    target = rule.target_ongoing_balance
    return {
        "lago_id": rule.id,
        "trigger": rule.rule_trigger,
        "method": rule.rule_method,
        "interval": rule.rule_interval,
        "status": rule.status,
        "threshold_credits": decimal(rule.threshold_credits),
        "paid_credits": decimal(rule.paid_credits),
        "granted_credits": decimal(rule.granted_credits),
        "grants_target_top_up": rule.grants_target_top_up,
        "started_at": instant(rule.started_at),
        "target_ongoing_balance": None if target is None else decimal(target),
        "created_at": instant(rule.created_at),
        "expiration_at": instant(rule.expiration_at),
        "invoice_requires_successful_payment": rule.invoice_requires_successful_payment,
        "transaction_metadata": rule.transaction_metadata,
        "transaction_name": rule.transaction_name,
        "ignore_paid_top_up_limits": rule.ignore_paid_top_up_limits,
    }


def new_transaction_object(row: WalletTransaction, wallet: Wallet) -> dict[str, Any]:
    """A movement of credits that was just recorded; `amount` is what they are worth in currency units."""
    worth = Money.rounded(Decimal(row.credit_amount) * Decimal(wallet.rate_amount), wallet.currency)
    return transaction_object(
        {
            "wallet_transaction_id": row.id,
            "wallet_id": row.wallet_id,
            "invoice_id": None,
            "status": row.status,
            "transaction_status": row.transaction_status,
            "transaction_type": row.transaction_type,
            "currency": wallet.currency,
            "amount_cents": worth.cents,
            "credit_amount": Decimal(row.credit_amount),
            "remaining_amount_cents": worth.cents
            if row.transaction_type == "inbound" and row.status == "settled"
            else None,
            "remaining_credit_amount": Decimal(row.credit_amount)
            if row.transaction_type == "inbound" and row.status == "settled"
            else None,
            "priority": row.priority,
            "settled_at": row.settled_at,
            "created_at": row.created_at,
            "name": row.name,
            "top_up_source": row.source,
            "invoice_requires_successful_payment": row.invoice_requires_successful_payment,
            "failed_at": row.failed_at,
        }
    )


def transaction_object(row: Mapping[str, Any]) -> dict[str, Any]:
    """A movement of credits: a row of `fct_wallet_transactions`; `amount` is what they are worth in currency units."""
    remaining = row["remaining_credit_amount"]
    return {
        "lago_id": row["wallet_transaction_id"],
        "lago_wallet_id": row["wallet_id"],
        "lago_invoice_id": row["invoice_id"],
        "lago_credit_note_id": None,
        "lago_voided_invoice_id": row.get("voided_invoice_id"),
        "status": row["status"],
        "source": row["top_up_source"],
        "transaction_status": row["transaction_status"],
        "transaction_type": row["transaction_type"],
        "amount": decimal(Money(row["amount_cents"], row["currency"]).amount),
        "credit_amount": decimal(row["credit_amount"]),
        "invoice_requires_successful_payment": row["invoice_requires_successful_payment"],
        "metadata": [],
        "remaining_amount_cents": row["remaining_amount_cents"],
        "remaining_credit_amount": None if remaining is None else decimal(remaining),
        "priority": row["priority"],
        "settled_at": instant(row["settled_at"]),
        "failed_at": instant(row["failed_at"]),
        "created_at": instant(row["created_at"]),
        "name": row["name"],
        "payment_method": {"payment_method_id": None, "payment_method_type": "provider"},
    }


def funding_object(row: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Credits that paid for something: a row of `fct_wallet_fundings`, and the transaction on its other side."""
    return {
        "lago_id": row["wallet_funding_id"],
        "amount_cents": row["amount_cents"],
        "credit_amount": decimal(row["credit_amount"]),
        "created_at": instant(row["consumed_at"]),
        "wallet_transaction": transaction_object(other),
    }


def _credits(cents: int, wallet: Wallet) -> Decimal:
    return round_floor(Money(cents, wallet.currency).amount / Decimal(wallet.rate_amount), CREDIT_DECIMALS)
