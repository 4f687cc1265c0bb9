"""Analytics: months of revenue, from the books and the marts of the last run (lago_api §7.17)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import answer
from api.body import read_instant
from api.deps import Served, Services
from api.schemas.wire import day, decimal, instant
from core.billing.ledger import Cursor
from core.catalog import billing_entities, customers
from core.catalog.billable_metrics import BILLABLE_METRICS
from core.catalog.customers import CUSTOMERS
from core.catalog.plan_versions import PLANS
from core.domain.problems import Problems
from core.warehouse import finance
from core.warehouse.finance import GRANULARITIES, MonthFilter, UsageFilter

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


@router.get("/usage")
def usage(
    served: Served,
    time_granularity: str = "daily",
    currency: str | None = None,
    from_date: str | None = None,
    to_date: str | None = None,
    customer_type: str | None = None,
    external_customer_id: str | None = None,
    customer_country: str | None = None,
    external_subscription_id: str | None = None,
    is_billable_metric_recurring: bool | None = None,
    plan_code: str | None = None,
    billable_metric_code: str | None = None,
) -> Response:
    """What usage was billed at, by metric and the day, week or month in which the billed period ends."""
    problems = Problems({"currency": currency, "time_granularity": time_granularity})
    problems.currency("currency")
    problems.one_of("time_granularity", GRANULARITIES)
    problems.refuse()
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        of_customer = {"external_id": external_customer_id, "customer_type": customer_type, "country": customer_country}
        of_metric = {"code": billable_metric_code, "recurring": is_billable_metric_recurring}
        metrics = {metric.code: metric for metric in BILLABLE_METRICS.all(connection)}
        wanted = UsageFilter(
            currency=currency,
            from_on=read_instant(from_date, "from_date").date() if from_date else None,
            to_on=read_instant(to_date, "to_date").date() if to_date else None,
            customer_ids=_having(CUSTOMERS.all(connection), "id", of_customer),
            external_subscription_id=external_subscription_id,
            plan_ids=_having(PLANS.all(connection), "id", {"code": plan_code}),
            metric_codes=_having(metrics.values(), "code", of_metric),
        )
        rows = finance.billed_usage(cursor, time_granularity, wanted)
        organization_id = billing_entities.get(connection, billing_entities.DEFAULT_CODE).id
    usages = [
        {
            "organization_id": organization_id,
            "start_of_period_dt": day(row["start_on"]),
            "end_of_period_dt": day(row["end_on"]),
            "amount_currency": row["currency"],
            "amount_cents": row["amount_cents"],
            "billable_metric_code": row["billable_metric_code"],
            "units": decimal(row["units"]),
            "is_billable_metric_deleted": row["billable_metric_code"] not in metrics,
        }
        for row in rows
    ]
    return answer({"usages": usages})


def _having(rows: Iterable[Any], name: str, asked: Mapping[str, Any]) -> tuple[str, ...] | None:
    """`name` of the rows that are as asked; None where nothing is."""
    stated = {field: value for field, value in asked.items() if value is not None}
    if not stated:
        return None
    return tuple(getattr(row, name) for row in rows if all(getattr(row, field) == value for field, value in stated.items()))


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
