"""Wallets with their balance now, and their movements with what paid for what: by the bill's SQL (lago_api §7.12)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from api.deps import Services
from api.schemas.wallets import EMPTY, Balance, wallet_object
from core.catalog import billable_metrics, customers, metadata, recurring_rules, wallet_transactions
from core.catalog.wallets import Wallet
from core.errors import NotFound
from core.warehouse import marts


def with_balance(services: Services, connection: sa.Connection, wallet: Wallet) -> dict[str, Any]:
    """The wallet on the wire, as it is now."""
    balance = balances(services, wallet.customer_id).get(wallet.id, EMPTY)
    return described(services, connection, wallet, balance)


def described(services: Services, connection: sa.Connection, wallet: Wallet, balance: Balance) -> dict[str, Any]:
    """The wallet on the wire, with that balance."""
    customer = customers.by_id(connection, wallet.customer_id)
    metrics = billable_metrics.by_ids(connection, wallet.billable_metric_ids)
    codes = {key: metric.code for key, metric in metrics.items()}
    rules = recurring_rules.of_wallets(connection, [wallet.id])
    kept = metadata.of(connection, [wallet.id])
    answered = wallet_object(wallet, customer, balance, services.instant_of(connection, customer), codes, rules)
    return answered | ({"metadata": kept[wallet.id]} if kept else {})


def balances(services: Services, customer_id: str) -> dict[str, Balance]:
    """Wallet id -> balance now, of each wallet of a customer; one whose first credits have not come in is absent."""
    models = services.billing.rows(customer_id, "fct_wallet_balances", "fct_wallet_ongoing_balances")
    ongoing = {row["wallet_id"]: row for row in models["fct_wallet_ongoing_balances"]}
    return {row["wallet_id"]: dict(row) | dict(ongoing[row["wallet_id"]]) for row in models["fct_wallet_balances"]}


def traced(services: Services, transaction_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The transactions of the customer by id, and the fundings among them. Raises NotFound."""
    try:
        with services.look() as connection:
            customer_id = wallet_transactions.get(connection, transaction_id).customer_id
    except NotFound:
        # What invoices took is in the books alone.
        with services.billing.ledger.cursor() as cursor:
            customer_id = marts.wallet_transaction_customer(cursor, transaction_id)
    models = services.billing.rows(customer_id, "fct_wallet_transactions", "fct_wallet_fundings")
    found = {row["wallet_transaction_id"]: dict(row) for row in models["fct_wallet_transactions"]}
    return found, [dict(row) for row in models["fct_wallet_fundings"]]
