"""Invoices that a payment may name, and what it does to the credits of a top-up (invoicing §9, §12)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from api.deps import Services
from core.catalog import payments, wallet_transactions, wallets
from core.catalog.payments import Payment
from core.catalog.unit_of_work import UnitOfWork
from core.errors import NotFound, ValidationError
from core.warehouse import marts


def payable(served: Services, invoice_id: str) -> dict[str, Any]:
    """The invoice with its `fees`; one that waits for its payment as the bill's SQL has it now. Raises NotFound."""
    with served.billing.ledger.cursor() as cursor:
        try:
            return marts.get_invoice(cursor, invoice_id)
        except NotFound:
            pass  # no run has seen it yet
    with served.look() as connection:
        transaction = wallet_transactions.waiting_for_payment(connection, invoice_id)
    rows = served.billing.rows(transaction.customer_id, "fct_invoices")["fct_invoices"]
    (invoice,) = (dict(row) for row in rows if row["invoice_id"] == invoice_id)
    return invoice | {"fees": [{"wallet_transaction_id": transaction.id}]}


def pay(
    served: Services,
    invoice: dict[str, Any],
    *,
    amount_cents: int,
    reference: str | None,
    paid_at: datetime | None = None,
) -> Payment:
    """Record a payment in minor units; credits of a top-up that is paid whole count from now.

    An invoice that waits for its payment takes no part of it, and is issued. Raises ValidationError.
    """
    with served.change() as uow:
        row = _pay(served, uow, invoice, amount_cents, reference=reference or "", paid_at=paid_at)
    if invoice["status"] == "open":
        served.billing.issue_soon(invoice["customer_id"])
    return row


def pay_request(
    served: Services,
    request: dict[str, Any],
    *,
    amount_cents: int,
    reference: str | None,
    paid_at: datetime | None = None,
) -> list[Payment]:
    """Pay the invoices of a payment request (`api.requested.requests`): all that is due of them now, as one payment.

    Returns its rows, one per invoice that was not paid yet. Raises ValidationError for another amount.
    """
    invoices = [payable(served, invoice["invoice_id"]) for invoice in request["invoices"]]
    made: list[Payment] = []
    with served.change() as uow:
        due = [_due(uow.connection, invoice) if invoice["status"] == "finalized" else 0 for invoice in invoices]
        if amount_cents <= 0 or amount_cents != sum(due):
            advice = f"A payment request is paid whole: {sum(due)} minor units are due of its invoices."
            raise ValidationError({"amount_cents": ["invalid_value"]}, advice)
        for invoice, amount in zip(invoices, due, strict=True):
            if amount:
                terms = {"reference": reference or "", "paid_at": paid_at, "payment_request_id": request["payment_request_id"]}
                terms["part_of_payment_id"] = made[0].id if made else None
                made.append(_pay(served, uow, invoice, amount, **terms))
    return made


def _pay(served: Services, uow: UnitOfWork, invoice: dict[str, Any], amount_cents: int, **terms: Any) -> Payment:
    due = _due(uow.connection, invoice)
    _know(served, uow, invoice)
    is_open = invoice["status"] == "open"
    if invoice["status"] in ("draft", "voided") or amount_cents > due or (is_open and amount_cents != due):
        raise ValidationError({"amount_cents": ["invalid_value"]})
    # Credits first: on a test clock the stamps of one reading follow each other, and the first is within it.
    if amount_cents == due:
        for transaction_id in bought(invoice):
            wallet_transactions.settle_transaction(uow, transaction_id)
    return payments.record(
        uow, invoice_id=invoice["invoice_id"], customer_id=invoice["customer_id"], amount_cents=amount_cents, **terms
    )


def tell_payment_status(served: Services, invoice: dict[str, Any], status: str | None) -> None:
    """What became of the payment of an invoice (lago_api §7.8): `succeeded` records a payment of all that is due, `failed`
    marks the credits of a top-up so.

    Raises ValidationError for an unknown status, for `succeeded` of what is not issued or is void, and for `failed` of other
    invoices, whose status is what their payments make it.
    """
    if status not in (None, "pending", "succeeded", "failed"):
        raise ValidationError({"payment_status": ["value_is_invalid"]})
    if status in (None, "pending"):
        return
    if status == "succeeded":
        with served.look() as connection:
            due = _due(connection, invoice)
        if due > 0:
            pay(served, invoice, amount_cents=due, reference="payment_status")
        return
    if invoice["invoice_type"] != "credit":
        advice = "Only of a top-up it is kept that its payment failed; an invoice stays pending until it is paid."
        raise ValidationError({"payment_status": ["feature_unavailable"]}, advice)
    with served.change() as uow:
        _know(served, uow, invoice)
        for transaction_id in bought(invoice):
            wallet_transactions.fail_transaction(uow, transaction_id)
    invoice["payment_status"] = "failed"


def _know(served: Services, uow: UnitOfWork, invoice: dict[str, Any]) -> None:
    """The catalog keeps what a rule sold from when something becomes of its payment."""
    if not bought(invoice):
        return
    with served.billing.ledger.cursor() as cursor:
        sold = marts.rule_top_ups(cursor, bought(invoice))
    for row in sold:
        wallet_transactions.record_sale_of_rule(
            uow, wallets.get(uow.connection, row["wallet_id"]), transaction_id=row["wallet_transaction_id"], credits=row["credits"],
            source=row["top_up_source"], priority=row["inbound_priority"], name=row["transaction_name"],
        )  # fmt: skip


def _due(connection: sa.Connection, invoice: dict[str, Any]) -> int:
    paid = payments.paid_cents(connection, [invoice["invoice_id"]]).get(invoice["invoice_id"], 0)
    due: int = invoice["total_amount_cents"] - paid - (invoice.get("offset_amount_cents") or 0)
    return due


def bought(invoice: dict[str, Any]) -> list[str]:
    """Ids of the top-ups that an invoice sells."""
    return [fee["wallet_transaction_id"] for fee in invoice["fees"] if fee["wallet_transaction_id"]]
