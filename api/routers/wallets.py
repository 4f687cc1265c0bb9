"""Wallets and their transactions (lago_api §7.12)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response

from api.answers import answer, one
from api.balances import balances, described, traced, with_balance
from api.deps import Served
from api.pagination import Paged, Paging, listed
from api.schemas.wallets import (
    CREATE,
    EMPTY,
    TOP_UP,
    UPDATE,
    funding_object,
    new_transaction_object,
    transaction_object,
)
from core.catalog import customers, metadata, wallet_transactions, wallets
from core.catalog.wallets import Wallet
from core.errors import NotFound, ValidationError

router = APIRouter(tags=["Wallets"])

OF_CODE = "/customers/{external_id}/wallets/{code}"


@router.post("/wallets", openapi_extra=CREATE.openapi)
def create(wallet: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Open a wallet with its first credits; those that are bought are invoiced at once."""
    return _open(served, wallet)


@router.post("/customers/{external_id}/wallets", openapi_extra=CREATE.openapi)
def create_of_customer(external_id: str, wallet: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Open a wallet of a customer, as `POST /wallets` does."""
    with served.look() as connection:
        customers.get(connection, external_id)
    return _open(served, wallet | {"external_customer_id": external_id})


@router.get("/wallets")
def index(served: Served, paging: Paged, external_customer_id: str = "", currency: str | None = None) -> Response:
    """List the wallets of a customer."""
    return _list(served, paging, external_customer_id, currency)


@router.get("/customers/{external_id}/wallets")
def of_customer(external_id: str, served: Served, paging: Paged, currency: str | None = None) -> Response:
    """List the wallets of a customer."""
    return _list(served, paging, external_id, currency)


@router.get("/wallets/{wallet_id}")
def show(wallet_id: str, served: Served) -> Response:
    """Get a wallet with its balance now."""
    with served.look() as connection:
        return one("wallet", with_balance(served, connection, wallets.get(connection, wallet_id)))


@router.get(OF_CODE)
def show_of_customer(external_id: str, code: str, served: Served) -> Response:
    """Get a customer's wallet by its code, with its balance now."""
    with served.look() as connection:
        return one("wallet", with_balance(served, connection, _of_code(connection, external_id, code)))


@router.put("/wallets/{wallet_id}", openapi_extra=UPDATE.openapi)
def update(wallet_id: str, wallet: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Change a wallet, its limits and the rule that tops it up."""
    return _change(served, lambda connection: wallets.get(connection, wallet_id), wallet)


@router.put(OF_CODE, openapi_extra=UPDATE.openapi)
def update_of_customer(
    external_id: str, code: str, wallet: Annotated[dict[str, Any], Depends(UPDATE)], served: Served
) -> Response:
    """Change a customer's wallet by its code."""
    return _change(served, lambda connection: _of_code(connection, external_id, code), wallet)


@router.delete("/wallets/{wallet_id}")
def terminate(wallet_id: str, served: Served) -> Response:
    """Close a wallet."""
    return _close(served, lambda connection: wallets.get(connection, wallet_id))


@router.delete(OF_CODE)
def terminate_of_customer(external_id: str, code: str, served: Served) -> Response:
    """Close a customer's wallet by its code."""
    return _close(served, lambda connection: _of_code(connection, external_id, code))


@router.post("/wallet_transactions", openapi_extra=TOP_UP.openapi)
def top_up(wallet_transaction: Annotated[dict[str, Any], Depends(TOP_UP)], served: Served) -> Response:
    """Put credits into a wallet or take them out; those that are bought are invoiced at once."""
    given = {name: value for name, value in wallet_transaction.items() if value is not None}
    wallet_id, voided = given.pop("wallet_id", ""), given.pop("voided_credits", None)
    with served.billing.nobody_issues() if voided is not None else nullcontext():  # nor takes out what is counted here
        credits = Decimal(0) if voided is None else _credits_of(served, wallet_id)
        with served.change() as uow:
            wallet = _wallet(uow.connection, wallet_id)
            rows = wallet_transactions.top_up(uow, wallet, **given)
            rows += wallet_transactions.void(
                uow, wallet, voided_credits=voided, balance_credits=credits, name=given.get("name")
            )
    if any(row.status == "pending" for row in rows):
        served.billing.issue_soon(wallet.customer_id)
    return answer({"wallet_transactions": [new_transaction_object(row, wallet) for row in rows]})


@router.get("/wallets/{wallet_id}/wallet_transactions")
def transactions(
    wallet_id: str,
    served: Served,
    paging: Paged,
    status: str | None = None,
    transaction_type: str | None = None,
    transaction_status: str | None = None,
) -> Response:
    """List the transactions of a wallet."""
    asked = {"status": status, "transaction_type": transaction_type, "transaction_status": transaction_status}
    wanted = {name: value for name, value in asked.items() if value is not None}
    rows = [row for row in _moved(served, wallet_id) if wanted.items() <= row.items()]
    items = [transaction_object(row) for row in rows[paging.offset : paging.offset + paging.limit]]
    return listed("wallet_transactions", items, len(rows), paging)


@router.get("/wallet_transactions/{transaction_id}")
def transaction(transaction_id: str, served: Served) -> Response:
    """Get a movement of credits."""
    found, _ = traced(served, transaction_id)
    return answer(transaction_object(found[transaction_id]))


@router.get("/wallet_transactions/{transaction_id}/consumptions")
def consumptions(transaction_id: str, served: Served, paging: Paged) -> Response:
    """List what credits that came in have paid for."""
    return _trace(served, paging, transaction_id, "inbound")


@router.get("/wallet_transactions/{transaction_id}/fundings")
def fundings(transaction_id: str, served: Served, paging: Paged) -> Response:
    """List which credits paid for what went out."""
    return _trace(served, paging, transaction_id, "outbound")


def _of_code(connection: sa.Connection, external_customer_id: str, code: str) -> Wallet:
    return wallets.of_code(connection, customers.get(connection, external_customer_id).id, code)


def _open(served: Served, wallet: dict[str, Any]) -> Response:
    given = {name: value for name, value in wallet.items() if value is not None}
    given |= {name: wallet[name] for name in CREATE.mandatory}
    kept = given.pop("metadata", None)
    with served.change() as uow:
        row = wallets.create(uow, **given)
        if kept is not None:
            metadata.replace(uow, row, kept)
        answered = described(served, uow.connection, row, EMPTY)
        has_bought = any(item.status == "pending" for item in wallet_transactions.page(uow.connection, row.id).items)
    if has_bought:
        served.billing.issue_soon(row.customer_id)
    return one("wallet", answered)


def _change(served: Served, find: Callable[[sa.Connection], Wallet], wallet: dict[str, Any]) -> Response:
    more = wallet.pop("metadata", None)
    with served.change() as uow:
        row = wallets.update(uow, find(uow.connection).id, **wallet)
        if more is not None:
            metadata.merge(uow, row, more)
    with served.look() as connection:
        return one("wallet", with_balance(served, connection, row))


def _close(served: Served, find: Callable[[sa.Connection], Wallet]) -> Response:
    with served.change() as uow:
        row = wallets.terminate(uow, find(uow.connection).id)
    with served.look() as connection:
        return one("wallet", with_balance(served, connection, row))


def _trace(served: Served, paging: Paging, transaction_id: str, side: str) -> Response:
    found, rows = traced(served, transaction_id)
    if found[transaction_id]["transaction_type"] != side:
        raise ValidationError({"transaction_type": ["invalid_transaction_type"]})
    mine, other = ("wallet_transaction_id", "outbound_transaction_id")[:: 1 if side == "inbound" else -1]
    met = sorted((row for row in rows if row[mine] == transaction_id), key=lambda row: (row["consumed_at"], row[other]))
    items = [funding_object(row, found[row[other]]) for row in met[paging.offset : paging.offset + paging.limit]]
    root = "wallet_transaction_consumptions" if side == "inbound" else "wallet_transaction_fundings"
    return listed(root, items, len(met), paging)


def _list(served: Served, paging: Paging, external_customer_id: str, currency: str | None) -> Response:
    with served.look() as connection:
        customer = customers.get(connection, external_customer_id)
        page = wallets.page(
            connection, customer_id=customer.id, currency=currency or None, limit=paging.limit, offset=paging.offset
        )
        known = balances(served, customer.id) if page.items else {}
        items = [described(served, connection, row, known.get(row.id, EMPTY)) for row in page.items]
    return listed("wallets", items, page.total, paging)


def _wallet(connection: sa.Connection, wallet_id: str) -> Wallet:
    """The wallet, whose absence is a refused field here and no 404 (lago_api §7.12)."""
    try:
        return wallets.get(connection, wallet_id)
    except NotFound as error:
        raise ValidationError({"wallet_id": ["wallet_not_found"]}) from error


def _credits_of(served: Served, wallet_id: str) -> Decimal:
    """The credits that the wallet holds now."""
    with served.look() as connection:
        wallet = _wallet(connection, wallet_id)
    credits: Decimal = balances(served, wallet.customer_id).get(wallet.id, EMPTY)["balance_credits"]
    return credits


def _moved(served: Served, wallet_id: str) -> list[dict[str, Any]]:
    """The transactions of a wallet, newest first: what came in, what was voided, what invoices took."""
    with served.look() as connection:
        wallet = wallets.get(connection, wallet_id)
    rows = served.billing.rows(wallet.customer_id, "fct_wallet_transactions")["fct_wallet_transactions"]
    mine = [dict(row) for row in rows if row["wallet_id"] == wallet.id]
    return sorted(mine, key=lambda row: (row["created_at"], row["wallet_transaction_id"]), reverse=True)
