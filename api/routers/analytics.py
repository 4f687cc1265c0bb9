"""Analytics: months of revenue, from the books and the marts of the last run (lago_api §7.17)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import answer
from api.deps import Served, Services
from api.schemas.wire import instant
from core.billing.ledger import Cursor
from core.catalog import billing_entities, customers
from core.domain.problems import Problems
from core.warehouse import finance
from core.warehouse.finance import MonthFilter

router = APIRouter(prefix="/analytics", tags=["Analytics"])
MOST_MONTHS = 1_200


class Asked:
    """What all of them can be narrowed to: a currency, the last `months` before this one, a seller."""

    def __init__(
        self, currency: str | None = None, months: int | None = None, billing_entity_code: str | None = None
    ) -> None:
        self.currency = currency
        self.months = months
        self.billing_entity_code = billing_entity_code


Months = Annotated[Asked, Depends()]


@router.get("/gross_revenue")
def gross_revenue(served: Served, asked: Months, external_customer_id: str | None = None) -> Response:
    """What finalized invoices came to, by month of issue."""
    return _answer(served, "gross_revenues", finance.gross_revenue, asked, external_customer_id)


@router.get("/invoice_collection")
def invoice_collection(served: Served, asked: Months) -> Response:
    """What finalized invoices came to, by month of issue and payment status."""
    return _answer(served, "invoice_collections", finance.invoice_collection, asked)


@router.get("/invoiced_usage")
def invoiced_usage(served: Served, asked: Months) -> Response:
    """What usage was billed at, by month of issue and metric."""
    return _answer(served, "invoiced_usages", finance.invoiced_usage, asked)


@router.get("/mrr")
def mrr(served: Served, asked: Months) -> Response:
    """Monthly recurring revenue at the end of each month."""
    return _answer(served, "mrrs", finance.mrr, asked)


@router.get("/overdue_balance")
def overdue_balance(served: Served, asked: Months, external_customer_id: str | None = None) -> Response:
    """What is overdue today, by month of the due date, with its invoices."""

    def ask(cursor: Cursor, wanted: MonthFilter) -> list[dict[str, Any]]:
        rows = finance.overdue_balance(cursor, wanted)
        return [row | {"lago_invoice_ids": row.pop("invoice_ids")} for row in rows]

    return _answer(served, "overdue_balances", ask, asked, external_customer_id)


def _answer(
    served: Services,
    root: str,
    ask: Callable[[Cursor, MonthFilter], list[dict[str, Any]]],
    asked: Asked,
    external_customer_id: str | None = None,
) -> Response:
    """The months under `root`. Raises ValidationError, or NotFound `billing_entity`."""
    problems = Problems({"currency": asked.currency, "months": asked.months})
    problems.currency("currency")
    problems.integer("months", most=MOST_MONTHS)
    problems.refuse()
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        seller = billing_entities.get(connection, asked.billing_entity_code) if asked.billing_entity_code else None
        customer = customers.find(connection, external_customer_id) if external_customer_id else None
        if external_customer_id and customer is None:
            return answer({root: []})
        wanted = MonthFilter(
            currency=asked.currency,
            since=None if asked.months is None else months_before(served.clock.now().date(), asked.months),
            customer_id=customer.id if customer else None,
            billing_entity_id=seller.id if seller else None,
        )
        rows = ask(cursor, wanted)
    return answer({root: [row | {"month": instant(datetime.combine(row.pop("month_on"), time.min))} for row in rows]})


def months_before(day: date, months: int) -> date:
    """The first day of the month that is `months` before that of `day`."""
    year, month = divmod(12 * day.year + day.month - 1 - months, 12)
    return date(year, month + 1, 1)
