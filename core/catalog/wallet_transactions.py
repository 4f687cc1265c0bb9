"""Credits put into a wallet or taken out by hand. What invoices burn is in the books, not here (invoicing §9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.decimals import decimal_text
from core.domain.problems import MOST_CENTS, Problems
from core.domain.wallets import LOWEST_PRIORITY, check_credits
from core.errors import NotFound, ValidationError
from core.ids import deterministic_id, new_id
from core.money.amount import Money

if TYPE_CHECKING:
    from core.catalog.wallets import Wallet


@dataclass(frozen=True, kw_only=True, slots=True)
class WalletTransaction(Version):
    """A movement of credits. `credit_amount` is credits (not money), decimal text, always positive.

    `source` is manual, or interval or threshold of a rule that sold them. One that requires a successful payment has an invoice only from its payment on.
    """

    wallet_id: str
    customer_id: str
    transaction_type: str
    transaction_status: str
    status: str
    credit_amount: str
    priority: int
    name: str | None
    settled_at: datetime | None
    source: str
    invoice_requires_successful_payment: bool
    failed_at: datetime | None


WALLET_TRANSACTIONS = Versions("wallet_transactions", WalletTransaction, index=("wallet_id",))


def top_up(
    uow: UnitOfWork,
    wallet: Wallet,
    *,
    paid_credits: Any = None,
    granted_credits: Any = None,
    name: str | None = None,
    priority: int = LOWEST_PRIORITY,
    invoice_requires_successful_payment: bool | None = None,
    ignore_paid_top_up_limits: bool = False,
) -> list[WalletTransaction]:
    """Put credits in: paid ones are pending until `settle_transaction`, granted ones are settled now.

    Credits are text, int or Decimal, cut to 5 decimals; zero makes no transaction. Whether the invoice of paid ones waits
    for its payment is the wallet's to say unless it is said here. Raises ValidationError, among others
    `wallet_is_terminated`, `amount_rounds_to_zero` for paid credits worth less than half a minor unit, and
    `amount_below_minimum` and `amount_above_maximum` of the wallet's limits.
    """
    if invoice_requires_successful_payment is None:
        invoice_requires_successful_payment = wallet.invoice_requires_successful_payment
    problems = Problems({"priority": priority})
    problems.integer("priority", least=1, most=LOWEST_PRIORITY)
    paid = check_credits("paid_credits", paid_credits, problems)
    granted = check_credits("granted_credits", granted_credits, problems)
    if paid and not Money.rounded(paid * Decimal(wallet.rate_amount), wallet.currency).cents:
        problems.add("paid_credits", "amount_rounds_to_zero")
    if paid and not ignore_paid_top_up_limits:
        _check_limits(wallet, paid, problems)
    for field, credits in (("paid_credits", paid), ("granted_credits", granted)):
        if credits and Money.rounded(credits * Decimal(wallet.rate_amount), wallet.currency).cents > MOST_CENTS:
            problems.add(field, "value_is_out_of_range")
    problems.refuse()
    return [
        _add(uow, wallet, "inbound", kind, credits, name, priority, kind == "purchased" and invoice_requires_successful_payment)
        for kind, credits in (("purchased", paid), ("granted", granted))
        if credits
    ]


def void(
    uow: UnitOfWork, wallet: Wallet, *, voided_credits: Any, balance_credits: Decimal, name: str | None = None
) -> list[WalletTransaction]:
    """Take credits out by hand, of the `balance_credits` that the wallet holds now; zero makes no transaction.

    Raises ValidationError, among others `insufficient_credits`.
    """
    problems = Problems({})
    credits = check_credits("voided_credits", voided_credits, problems)
    if credits > balance_credits:
        problems.add("voided_credits", "insufficient_credits")
    problems.refuse()
    return [_add(uow, wallet, "outbound", "voided", credits, name, LOWEST_PRIORITY)] if credits else []


def settle_transaction(uow: UnitOfWork, transaction_id: str) -> WalletTransaction:
    """The payment of purchased credits has come in: they count from now, also if one had failed. Settling twice changes nothing.

    Raises NotFound.
    """
    transaction = get(uow.connection, transaction_id)
    if transaction.status == "settled":
        return transaction
    stamp = uow.stamp_for(transaction.customer_id)
    return WALLET_TRANSACTIONS.amend(
        uow, stamp, transaction, status="settled", settled_at=stamp.instant, failed_at=None
    )


def fail_transaction(uow: UnitOfWork, transaction_id: str) -> WalletTransaction:
    """The payment of purchased credits was declined (invoicing §9). One that is not pending stays as it is. Raises NotFound."""
    transaction = get(uow.connection, transaction_id)
    if transaction.status != "pending":
        return transaction
    stamp = uow.stamp_for(transaction.customer_id)
    return WALLET_TRANSACTIONS.amend(uow, stamp, transaction, status="failed", failed_at=stamp.instant)


def record_sale_of_rule(
    uow: UnitOfWork, wallet: Wallet, *, transaction_id: str, credits: Decimal, source: str, priority: int, name: str | None
) -> WalletTransaction:
    """Keep what a rule has sold, which the books tell, so that its payment can be recorded; again changes nothing.

    What it puts into the wallet, and when, stays what the books say.
    """
    known = WALLET_TRANSACTIONS.first(uow.connection, WALLET_TRANSACTIONS.c.id == transaction_id)
    if known is not None:
        return known
    return WALLET_TRANSACTIONS.add(
        uow, uow.stamp_for(wallet.customer_id), id=transaction_id, wallet_id=wallet.id, customer_id=wallet.customer_id,
        transaction_type="inbound", transaction_status="purchased", status="pending", credit_amount=decimal_text(credits), priority=priority,
        name=name, settled_at=None, source=source, invoice_requires_successful_payment=False, failed_at=None,
    )  # fmt: skip


def get(connection: sa.Connection, transaction_id: str) -> WalletTransaction:
    """The transaction with this id. Raises NotFound."""
    transaction = WALLET_TRANSACTIONS.first(connection, WALLET_TRANSACTIONS.c.id == transaction_id)
    if transaction is None:
        raise NotFound("wallet_transaction", transaction_id)
    return transaction


def waiting_for_payment(connection: sa.Connection, invoice_id: str) -> WalletTransaction:
    """The top-up whose invoice this is, and which opens it when it is paid. Raises NotFound `invoice`."""
    waiting = WALLET_TRANSACTIONS.all(
        connection,
        WALLET_TRANSACTIONS.c.invoice_requires_successful_payment,
        WALLET_TRANSACTIONS.c.status.in_(("pending", "failed")),
    )
    for transaction in waiting:
        if deterministic_id("credit", transaction.id) == invoice_id:
            return transaction
    raise NotFound("invoice", invoice_id)


def page(
    connection: sa.Connection, wallet_id: str, *, limit: int | None = None, offset: int = 0
) -> Page[WalletTransaction]:
    """The transactions of a wallet, newest first."""
    condition = WALLET_TRANSACTIONS.c.wallet_id == wallet_id
    return WALLET_TRANSACTIONS.page(connection, condition, limit=limit, offset=offset)


def _check_limits(wallet: Wallet, paid: Decimal, problems: Problems) -> None:
    """Whether what is bought is worth no less and no more than the wallet says (invoicing §9)."""
    cents = Money.rounded(paid * Decimal(wallet.rate_amount), wallet.currency).cents
    least, most = wallet.paid_top_up_min_amount_cents, wallet.paid_top_up_max_amount_cents
    if least is not None and cents < least:
        problems.add("paid_credits", "amount_below_minimum")
    if most is not None and cents > most:
        problems.add("paid_credits", "amount_above_maximum")


def _add(
    uow: UnitOfWork,
    wallet: Wallet,
    direction: str,
    kind: str,
    credits: Decimal,
    name: str | None,
    priority: int,
    requires_payment: bool = False,
) -> WalletTransaction:
    # Each has a stamp of its own, so that credits of one command are burned in a known order.
    stamp = uow.stamp_for(wallet.customer_id)
    if not wallet.is_active_at(stamp.instant):
        raise ValidationError({"wallet_id": ["wallet_is_terminated"]})
    is_pending = kind == "purchased"
    return WALLET_TRANSACTIONS.add(
        uow,
        stamp,
        id=new_id(),
        wallet_id=wallet.id,
        customer_id=wallet.customer_id,
        transaction_type=direction,
        transaction_status=kind,
        status="pending" if is_pending else "settled",
        credit_amount=decimal_text(credits),
        priority=priority,
        name=name,
        settled_at=None if is_pending else stamp.instant,
        source="manual",
        invoice_requires_successful_payment=requires_payment,
        failed_at=None,
    )
