"""Questions of finance, over a cursor of `ReadWarehouse`: what was earned, what recurs, what is owed.

Rows are dictionaries as those of `core.warehouse.marts`: amounts in minor units, months as their first day. The marts of
receivables, deferred and recurring revenue are those of the last run; what is counted from invoices sees every issued one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from core import lake
from core.warehouse.marts import Rows, invoices, query_rows


@dataclass(frozen=True)
class MonthFilter:
    """Which months of whom; None means any. `since` is the first month that counts (its first day); ids of customer and seller."""

    currency: str | None = None
    since: date | None = None
    customer_id: str | None = None
    billing_entity_id: str | None = None

    def where(self, month: str, *always: str, seller: str = "billing_entity_id = ?") -> tuple[str, list[Any]]:
        """(a where clause over rows whose month is the expression `month`, its arguments); `seller` tells what a seller has sold."""
        stated = {
            "currency = ?": self.currency,
            f"{month} >= ?": self.since,
            "customer_id = ?": self.customer_id,
            seller: self.billing_entity_id,
        }
        set_ = {predicate: value for predicate, value in stated.items() if value is not None}
        predicates = [*always, *set_]
        return f"where {' and '.join(predicates)}" if predicates else "", list(set_.values())


EVERY_MONTH = MonthFilter()


@dataclass(frozen=True)
class UsageFilter:
    """Which billed usage; None means any. `from_on` and `to_on` are days that are included; ids of customers and plans, codes of metrics."""

    currency: str | None = None
    from_on: date | None = None
    to_on: date | None = None
    customer_ids: tuple[str, ...] | None = None
    external_subscription_id: str | None = None
    plan_ids: tuple[str, ...] | None = None
    metric_codes: tuple[str, ...] | None = None

    def where(self) -> tuple[str, list[Any]]:
        """(a where clause, its arguments)."""
        stated = {
            "currency = ?": self.currency,
            "used_on >= ?": self.from_on,
            "used_on <= ?": self.to_on,
            "list_contains(?, customer_id)": self.customer_ids,
            "external_subscription_id = ?": self.external_subscription_id,
            "list_contains(?, plan_id)": self.plan_ids,
            "list_contains(?, billable_metric_code)": self.metric_codes,
        }
        set_ = {predicate: value for predicate, value in stated.items() if value is not None}
        return f"where {' and '.join(set_)}" if set_ else "", list(set_.values())


GRANULARITIES = {"daily": "day", "weekly": "week", "monthly": "month"}


def _month(day: str) -> str:
    return f"cast(date_trunc('month', {day}) as date)"


def receivables_by_age(cursor: duckdb.DuckDBPyConnection) -> Rows:
    """Per currency and `aging_bucket`: how many documents, and what is left to pay."""
    if not lake.has_rows(cursor, "warehouse.marts.fct_receivables_aging"):
        return []
    return query_rows(
        cursor,
        """select currency, aging_bucket, count(*) as documents_count, cast(sum(total_due_amount_cents) as bigint) as total_due_amount_cents
        from warehouse.marts.fct_receivables_aging group by currency, aging_bucket order by currency, max(days_overdue)""",
    )


def deferred_revenue(cursor: duckdb.DuckDBPyConnection) -> Rows:
    """The roll-forward of deferred and unbilled revenue, by currency and month."""
    if not lake.has_rows(cursor, "warehouse.marts.fct_deferred_revenue"):
        return []
    return query_rows(cursor, "select * from warehouse.marts.fct_deferred_revenue order by currency, month_on")


def mrr_movements(cursor: duckdb.DuckDBPyConnection) -> Rows:
    """Per currency, month and `movement_type`: how many customers, and by how much monthly recurring revenue changed."""
    if not lake.has_rows(cursor, "warehouse.marts.fct_mrr_movements"):
        return []
    return query_rows(
        cursor,
        """select currency, month_on, movement_type, count(*) as customers_count, cast(sum(change_mrr_amount_cents) as bigint) as change_mrr_amount_cents
        from warehouse.marts.fct_mrr_movements group by currency, month_on, movement_type order by currency, month_on, movement_type""",
    )


def mrr(cursor: duckdb.DuckDBPyConnection, wanted: MonthFilter = EVERY_MONTH) -> Rows:
    """Monthly recurring revenue at the end of each month, by currency; of a seller, that of its customers."""
    if not lake.has_rows(cursor, "warehouse.marts.fct_mrr"):
        return []
    of_seller = "customer_id in (select customer_id from warehouse.marts.dim_customers where billing_entity_id = ?)"
    where, arguments = wanted.where("month_on", seller=of_seller)
    return query_rows(
        cursor,
        f"""select month_on, currency, cast(sum(mrr_amount_cents) as bigint) as amount_cents
        from warehouse.marts.fct_mrr {where} group by month_on, currency order by month_on, currency""",
        arguments,
    )


def gross_revenue(cursor: duckdb.DuckDBPyConnection, wanted: MonthFilter = EVERY_MONTH) -> Rows:
    """Totals of the finalized invoices by month of issue, currency and billing entity."""
    return _finalized(cursor, wanted, "billing_entity_id")


def invoice_collection(cursor: duckdb.DuckDBPyConnection, wanted: MonthFilter = EVERY_MONTH) -> Rows:
    """Totals of the finalized invoices by month of issue, currency and payment status."""
    return _finalized(cursor, wanted, "payment_status")


def _finalized(cursor: duckdb.DuckDBPyConnection, wanted: MonthFilter, by: str) -> Rows:
    month = _month("issuing_date")
    where, arguments = wanted.where(month, "status = 'finalized'")
    return query_rows(
        cursor,
        f"""{invoices(cursor)} select {month} as month_on, currency, {by}, count(*) as invoices_count, cast(sum(total_amount_cents) as bigint) as amount_cents
        from invoices {where} group by all order by month_on, currency, {by}""",
        arguments,
    )


def invoiced_usage(cursor: duckdb.DuckDBPyConnection, wanted: MonthFilter = EVERY_MONTH) -> Rows:
    """What charges billed, before coupons and taxes, by month of issue, currency and metric (`code`)."""
    month = _month("issuing_date")
    where, arguments = wanted.where(month, "fee_type = 'charge'")
    return query_rows(
        cursor,
        f"""{invoices(cursor)}, charges as (
            select fees.*, invoices.issuing_date, invoices.billing_entity_id from books.main.fees as fees inner join invoices using (invoice_id) where invoices.status = 'finalized'
        )
        select {month} as month_on, currency, billable_metric_code as code, cast(sum(amount_cents) as bigint) as amount_cents
        from charges {where} group by all order by month_on, currency, code""",
        arguments,
    )


def billed_usage(cursor: duckdb.DuckDBPyConnection, granularity: str, wanted: UsageFilter) -> Rows:
    """What charges of finalized invoices billed, before coupons and taxes, and their units, by metric, currency and the period (a key of
    GRANULARITIES) that holds the last day of service: `start_on` and `end_on` are its first and last day.
    """
    where, arguments = wanted.where()
    step = GRANULARITIES[granularity]
    return query_rows(
        cursor,
        f"""{invoices(cursor)}, used as (
            select
                fees.customer_id, fees.external_subscription_id, fees.currency, fees.billable_metric_code, fees.amount_cents, fees.units, fees.plan_id,
                cast(timezone(invoices.timezone, timezone('UTC', fees.to_at - interval 1 microsecond)) as date) as used_on
            from books.main.fees as fees
            inner join invoices using (invoice_id)
            where invoices.status = 'finalized' and invoices.invoice_type <> 'progressive_billing' and fees.fee_type = 'charge'
        )
        select
            cast(date_trunc('{step}', used_on) as date) as start_on,
            cast(date_trunc('{step}', used_on) + interval 1 {step} - interval 1 day as date) as end_on,
            currency, billable_metric_code, cast(sum(amount_cents) as bigint) as amount_cents, sum(units) as units
        from used {where} group by all order by start_on, currency, billable_metric_code""",
        arguments,
    )


def overdue_balance(cursor: duckdb.DuckDBPyConnection, wanted: MonthFilter = EVERY_MONTH) -> Rows:
    """What is overdue, by month of the due date, currency and billing entity, with the `invoice_ids`."""
    month = _month("payment_due_date")
    where, arguments = wanted.where(month, "payment_overdue")
    return query_rows(
        cursor,
        f"""{invoices(cursor)} select {month} as month_on, currency, billing_entity_id, cast(sum(total_due_amount_cents) as bigint) as amount_cents,
            list(invoice_id order by invoice_id) as invoice_ids
        from invoices {where} group by all order by month_on, currency, billing_entity_id""",
        arguments,
    )
