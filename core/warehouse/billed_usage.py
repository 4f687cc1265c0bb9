"""Usage of periods that were billed: what the books hold of a subscription, by period."""

from __future__ import annotations

from typing import Any

import duckdb

from core.warehouse.marts import invoices, presentation_units_of_fees, query_rows, taxes_of_fees


def billed_periods(
    cursor: duckdb.DuckDBPyConnection, customer_id: str, external_subscription_id: str
) -> list[dict[str, Any]]:
    """The periods of usage with an invoice that stands, newest first, each with the `fees` and `taxes` of its charges.

    A line of late usage is of the period that it settles, whichever invoice it is on, and a fee without an invoice is of its
    own. What a progressive invoice billed is billed again by the period's own invoice, and counts there.
    """
    periods = query_rows(
        cursor,
        f"""{invoices(cursor)}
        select
            billed.usage_from_at as from_at, billed.usage_to_at as to_at, invoices.issuing_date, billed.invoice_id, invoices.currency,
            billed.subscription_id, billed.plan_id
        from books.main.invoice_subscriptions as billed
        inner join invoices using (invoice_id)
        where
            invoices.customer_id = ? and billed.external_subscription_id = ? and invoices.status = 'finalized'
            and billed.usage_from_at < billed.usage_to_at and billed.invoicing_reason not in ('progressive_billing', 'in_advance_charge')
        order by billed.usage_from_at desc, invoices.issued_at desc, billed.invoice_id""",
        [customer_id, external_subscription_id],
    )
    fees = query_rows(
        cursor,
        f"""{invoices(cursor)}
        select fees.* from books.main.fees as fees
        left join invoices using (invoice_id)
        where
            fees.customer_id = ? and fees.external_subscription_id = ? and fees.fee_type = 'charge'
            and (fees.invoice_id is null or (invoices.status = 'finalized' and invoices.invoice_type <> 'progressive_billing'))
        order by fees.issued_at, fees.fee_id""",
        [customer_id, external_subscription_id],
    )
    fee_ids = [fee["fee_id"] for fee in fees]
    taxes = taxes_of_fees(cursor, fee_ids)
    groups: dict[str, list[tuple[str, Any]]] = {fee_id: [] for fee_id in fee_ids}
    for row in presentation_units_of_fees(cursor, fee_ids):
        groups[row["fee_id"]].append((row["presentation_key"], row["units"]))
    for period in periods:
        period["fees"] = [
            fee | {"groups": groups[fee["fee_id"]], "total_aggregated_units": _aggregated(fee)}
            for fee in fees
            if fee["subscription_id"] == period["subscription_id"] and period["from_at"] <= fee["from_at"] < period["to_at"]
        ]
        period["taxes"] = taxes
    return periods


def _aggregated(fee: dict[str, Any]) -> Any:
    """Lines from before the column was added do not have it; a level that ended at zero has."""
    return fee["units"] if fee["total_aggregated_units"] is None else fee["total_aggregated_units"]
