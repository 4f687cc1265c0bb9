"""Questions that readers ask, one function each, over a cursor of `ReadWarehouse`. Nobody else writes SQL to show something.

Rows are dictionaries of `int` (minor units, counts), `Decimal` (quantities, prices), `date` and naive UTC `datetime`.
Issued rows are read from the books and drafts from the marts, so that an invoice issued by a command is seen as soon as
its books are published, before any run has rebuilt the marts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from core import lake
from core.errors import NotFound
from core.money.amount import Money

Row = dict[str, Any]
Rows = list[Row]

# Invoices of the books that the marts have not seen, beside all that they have seen; what the books and whoever reads know since
# then of voids, offsets, payments and disputes; and what follows from it.
_INVOICES = """
    with fresh as (
        select * from books.main.invoices
        where {only} and invoice_id not in (select invoice_id from warehouse.marts.fct_invoices where {only} and status not in ('draft', 'open'))
    ),
    known as (
        select * from warehouse.marts.fct_invoices where {only} and invoice_id not in (select invoice_id from fresh)
        union all by name
        select * exclude (
                customer_sequence, entity_sequence, taxes_rate, customer_address, customer_email, customer_tax_identification_number,
                billing_entity_name, billing_entity_address, billing_entity_tax_identification_number, sql_bundle_id
            ),
            'pending' as payment_status, 0 as total_paid_amount_cents, 0 as offset_amount_cents, 0 as total_due_amount_cents,
            cast(null as timestamp) as voided_at, false as payment_overdue, cast(null as timestamp) as payment_dispute_lost_at
        from fresh
    ),
    told as (
        select known.* replace (
            case when voids.invoice_id is not null then 'voided' else known.status end as status,
            coalesce(voids.issued_at, known.voided_at) as voided_at,
            coalesce(offsets.offset_amount_cents, 0) as offset_amount_cents,
            coalesce(payments.paid_amount_cents, known.total_paid_amount_cents) as total_paid_amount_cents,
            coalesce(disputes.lost_at, known.payment_dispute_lost_at) as payment_dispute_lost_at
        )
        from known
        left join {voids} as voids using (invoice_id)
        left join {offsets} as offsets using (invoice_id)
        left join {payments} as payments using (invoice_id)
        left join {disputes} as disputes using (invoice_id)
    ),
    owed as (
        select * replace (
            case when status = 'voided' then 0 else total_amount_cents - total_paid_amount_cents - offset_amount_cents end as total_due_amount_cents,
            case
                when status not in ('draft', 'open') and total_paid_amount_cents + offset_amount_cents >= total_amount_cents then 'succeeded'
                when payment_status = 'failed' then 'failed'
                else 'pending'
            end as payment_status
        )
        from told
    ),
    invoices as (
        select owed.* replace (
            status = 'finalized' and total_due_amount_cents > 0 and payment_dispute_lost_at is null and coalesce({is_past}, false) as payment_overdue
        )
        from owed left join {clocks} as clocks using (customer_id)
    )"""
_NONE = {
    "voids": "(select cast(null as varchar) as invoice_id, cast(null as timestamp) as issued_at where false)",
    "offsets": "(select cast(null as varchar) as invoice_id, cast(null as bigint) as offset_amount_cents where false)",
    "payments": "(select cast(null as varchar) as invoice_id, cast(null as bigint) as paid_amount_cents where false)",
    "disputes": "(select cast(null as varchar) as invoice_id, cast(null as timestamp) as lost_at where false)",
    "clocks": "(select cast(null as varchar) as customer_id, cast(null as timestamp) as as_of where false)",
}
_OFFSETS = """(
    select invoice_id, cast(sum(offset_amount_cents) as bigint) as offset_amount_cents from books.main.credit_notes group by invoice_id)"""
TOLD = {
    "told_payments": {"invoice_id": "varchar", "paid_amount_cents": "bigint"},
    "told_disputes": {"invoice_id": "varchar", "lost_at": "timestamp"},
    "told_clocks": {"customer_id": "varchar", "as_of": "timestamp"},
    "told_now": {"as_of": "timestamp"},
}
"""What may be registered on a cursor to see invoices as of now and not of the last run, by name and columns: all that was
paid, of invoices with a payment since the run; disputes lost since; the reading of each customer on a test clock; now."""
# The mart says it of its own horizon; of now the same is: the due date is before today, where the invoice was issued to.
_PAST_NOW = """payment_due_date < cast(
    timezone(owed.timezone, timezone('UTC', coalesce(clocks.as_of, (select max(as_of) from told_now)))) as date)"""
_LINES = """
    with lines as (
        select * exclude (issued_at), issued_at as horizon_at, false as is_draft from books.main.fees where {only}
        union all by name
        select * from warehouse.marts.fct_invoice_lines
        where {only} and is_draft and invoice_id not in (
            select invoice_id from books.main.invoices
            where invoice_id in (select invoice_id from warehouse.marts.fct_invoice_lines where {only} and is_draft)
        )
    )"""


_ORDER_OF_LINES = "horizon_at desc, invoice_id, position, fee_id"
SHOWN = "status not in ('closed', 'open')"


@dataclass(frozen=True)
class InvoiceFilter:
    """Which invoices; None means any. `customer` is an id or external id; amounts (minor units of the total) and dates (of
    issue) are bounds that are included.
    """

    customer: str | None = None
    status: str | None = None
    payment_status: str | None = None
    invoice_type: str | None = None
    currency: str | None = None
    issuing_date_from: date | None = None
    issuing_date_to: date | None = None
    statuses: tuple[str, ...] | None = None
    payment_statuses: tuple[str, ...] | None = None
    billing_entity_ids: tuple[str, ...] | None = None
    amount_from: int | None = None
    amount_to: int | None = None
    payment_overdue: bool | None = None
    payment_dispute_lost: bool | None = None
    search_term: str | None = None

    def conditions(self) -> dict[str, Any]:
        """SQL predicate -> its one argument, for what is set."""
        stated = {
            "? in (customer_id, customer_external_id)": self.customer,
            "status = ?": self.status,
            "payment_status = ?": self.payment_status,
            "invoice_type = ?": self.invoice_type,
            "currency = ?": self.currency,
            "issuing_date >= ?": self.issuing_date_from,
            "issuing_date <= ?": self.issuing_date_to,
            "list_contains(?, status)": self.statuses,
            "list_contains(?, payment_status)": self.payment_statuses,
            "list_contains(?, billing_entity_id)": self.billing_entity_ids,
            "total_amount_cents >= ?": self.amount_from,
            "total_amount_cents <= ?": self.amount_to,
            "payment_overdue = ?": self.payment_overdue,
            "(payment_dispute_lost_at is not null) = ?": self.payment_dispute_lost,
            "contains(lower(concat_ws(' ', invoice_id, number, customer_name, customer_external_id)), lower(?))": self.search_term,
        }
        return {predicate: value for predicate, value in stated.items() if value is not None}


ANY_INVOICE = InvoiceFilter()


def invoices(cursor: duckdb.DuckDBPyConnection, only: str = "true") -> str:
    """The beginning of a query (`with … invoices as (…)`) over invoices as they stand: drafts, issued ones, void ones.

    `only`: a condition on columns that books and mart share (`_among`), by which files are skipped; a condition on the result
    is looked at when all invoices have been put together. As of the last run, but for voids and credit notes of the books; as
    of now where `TOLD` is registered on the cursor.
    """
    filled = lake.filled_tables(cursor, "books")
    relations = _NONE | {
        name: relation
        for name, table, relation in (
            ("voids", "invoice_voids", "books.main.invoice_voids"),
            ("offsets", "credit_notes", _OFFSETS),
        )
        # Books published before there were voids have no table of them.
        if table in filled and lake.has_rows(cursor, f"books.main.{table}")
    }
    is_now = lake.has_rows(cursor, "told_now")
    if is_now:
        relations |= {name: f"told_{name}" for name in ("payments", "disputes", "clocks")}
    return _INVOICES.format(**relations, is_past=_PAST_NOW if is_now else "payment_overdue", only=only)


def _among(column: str, values: Sequence[str]) -> str:
    """A condition of constants, which are compared with the statistics of files."""
    texts = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"{column} in ({texts})" if texts else "false"


def money(cents: int, currency: str) -> str:
    """Minor units as people read them, at the currency's own decimals: `1,234.50 EUR`, `1,235 JPY`."""
    return f"{Money(cents, currency).amount:,} {currency}"


def list_invoices(
    cursor: duckdb.DuckDBPyConnection, wanted: InvoiceFilter = ANY_INVOICE, *, page: int = 1, per_page: int = 20
) -> tuple[Rows, int]:
    """(one page of invoices, newest first, how many there are in all). Pages count from 1; closed and open ones (which wait for their payment) are left out unless asked for."""
    conditions = wanted.conditions()
    where = _where(conditions, always=() if wanted.status else (SHOWN,))
    only = (
        "true"
        if wanted.customer is None
        else f"({_among('customer_id', [wanted.customer])} or {_among('customer_external_id', [wanted.customer])})"
    )
    # Which ones are on the page takes few columns of all of them, and the page all columns of few.
    found, total = _page(
        cursor,
        f"{invoices(cursor, only)} select invoice_id from invoices {where}",
        "issued_at desc, number desc nulls last, invoice_id",
        list(conditions.values()),
        page,
        per_page,
    )
    rows = {row["invoice_id"]: row for row in invoices_among(cursor, [row["invoice_id"] for row in found])}
    return [rows[row["invoice_id"]] for row in found], total


def invoices_among(cursor: duckdb.DuckDBPyConnection, invoice_ids: Sequence[str]) -> Rows:
    """The invoices with these ids, as `list_invoices` shows them."""
    if not invoice_ids:
        return []
    return query_rows(cursor, f"{invoices(cursor, _among('invoice_id', invoice_ids))} select * from invoices")


def campaign_requests(
    cursor: duckdb.DuckDBPyConnection, customer_id: str | None = None, request_id: str | None = None
) -> Rows:
    """What dunning campaigns asked for, of a customer, the one with this id, or all, each with its `invoice_ids`."""
    return _gained_rows(
        cursor,
        """select requests.*, asked.invoice_ids from books.main.payment_requests as requests
        inner join (
            select payment_request_id, list(invoice_id order by invoice_id) as invoice_ids from books.main.payment_request_invoices group by payment_request_id
        ) as asked using (payment_request_id)
        where customer_id = coalesce(?, customer_id) and payment_request_id = coalesce(?, payment_request_id)
        order by requested_at desc, payment_request_id""",
        [customer_id, request_id],
    )


def invoice_totals(cursor: duckdb.DuckDBPyConnection, wanted: InvoiceFilter = ANY_INVOICE) -> Rows:
    """Per currency over the same invoices as `list_invoices` (minor units): of the issued that are not void how many, their total and what is due; of the drafts how many and their total."""
    conditions = wanted.conditions()
    where = _where(conditions, always=() if wanted.status else (SHOWN,))
    return query_rows(
        cursor,
        f"""{invoices(cursor)}
        select
            currency,
            count(*) filter (where status not in ('draft', 'open', 'voided')) as invoices_count,
            cast(coalesce(sum(total_amount_cents) filter (where status not in ('draft', 'open', 'voided')), 0) as bigint) as total_amount_cents,
            cast(coalesce(sum(total_due_amount_cents) filter (where status not in ('draft', 'open', 'voided')), 0) as bigint) as total_due_amount_cents,
            count(*) filter (where status = 'draft') as drafts_count,
            cast(coalesce(sum(total_amount_cents) filter (where status = 'draft'), 0) as bigint) as drafts_amount_cents
        from invoices {where} group by currency order by count(*) desc, currency""",
        list(conditions.values()),
    )


def get_invoice(cursor: duckdb.DuckDBPyConnection, key: str) -> Row:
    """The invoice with this id or number, with `fees`, `taxes`, `coupon_uses`, `credit_note_uses`, `wallet_uses`, `subscriptions`,
    and the `credit_notes` that correct it.

    Issued: all columns of the books, and what was paid. Draft: what the last run computed; it has no coupons, credits or
    number yet. Raises NotFound.
    """
    only = f"({_among('invoice_id', [key])} or {_among('number', [key])})"
    found = query_rows(
        cursor, f"{invoices(cursor, only)} select * from invoices order by invoice_id = ? desc limit 1", [key]
    )
    if not found:
        raise NotFound("invoice", key)
    invoice = found[0]
    invoice_id = invoice["invoice_id"]
    own = f"where {_among('invoice_id', [invoice_id])}"
    for issued in query_rows(cursor, f"select * from books.main.invoices {own}"):
        invoice |= issued | {"status": invoice["status"]}
    lines = _LINES.format(only=_among("invoice_id", [invoice_id]))
    invoice["fees"] = query_rows(cursor, f"{lines} select * from lines order by {_ORDER_OF_LINES}")
    filled = lake.filled_tables(cursor, "books")
    for name, table, order in (
        ("taxes", "invoice_taxes", "tax_code"),
        ("coupon_uses", "coupon_uses", "coupon_code, applied_coupon_id"),
        ("wallet_uses", "wallet_uses", "wallet_id, credit_class, inbound_priority"),
        ("credit_note_uses", "credit_note_uses", "credit_note_id"),
        ("subscriptions", "invoice_subscriptions", "external_subscription_id, subscription_id"),
    ):
        query = f"select * from books.main.{table} {own} order by {order}"
        invoice[name] = _gained_rows(cursor, query) if table in filled else []
    for use in invoice["credit_note_uses"]:
        use["number"] = _credit_notes(cursor, ["credit_note_id = ?"], [use["credit_note_id"]])[0]["number"]
    invoice["credit_notes"] = _credit_notes(cursor, ["invoice_id = ?"], [invoice_id])
    return invoice


def _credit_notes(cursor: duckdb.DuckDBPyConnection, conditions: Sequence[str], arguments: Sequence[Any]) -> Rows:
    if "credit_notes" not in lake.filled_tables(cursor, "books"):
        return []
    voids = {
        row["credit_note_id"] for row in _gained_rows(cursor, "select credit_note_id from books.main.credit_note_voids")
    }
    rows = _gained_rows(
        cursor,
        f"""select * from (
            select notes.*, invoices.number as invoice_number, invoices.customer_external_id, invoices.number || '-CN' || printf('%03d', notes.sequential_id) as number,
                notes.credit_amount_cents - coalesce(used.used_cents, 0) as balance_amount_cents
            from books.main.credit_notes as notes
            inner join books.main.invoices as invoices using (invoice_id)
            left join (select credit_note_id, cast(sum(amount_cents) as bigint) as used_cents from books.main.credit_note_uses group by credit_note_id) as used using (credit_note_id)
            where notes.status = 'finalized')
        where {" and ".join(conditions) or "true"} order by issued_at desc, number desc""",
        list(arguments),
    )
    for row in rows:
        row["is_voided"] = row["credit_note_id"] in voids
        row["balance_amount_cents"] *= not row["is_voided"]
    return rows


def credited_cents(cursor: duckdb.DuckDBPyConnection, invoice_id: str) -> dict[str, int]:
    """Fee id -> what of it credit notes gave back so far (minor units before coupons and tax), void ones too; 0 is left out."""
    rows = _gained_rows(
        cursor,
        """select items.fee_id, cast(sum(items.amount_cents) as bigint) as credited_cents from books.main.credit_note_items as items
        inner join books.main.credit_notes as notes using (credit_note_id) where notes.invoice_id = ? group by items.fee_id""",
        [invoice_id],
    )
    return {row["fee_id"]: row["credited_cents"] for row in rows}


def list_credit_notes(
    cursor: duckdb.DuckDBPyConnection,
    *,
    customer: str | None = None,
    currency: str | None = None,
    reason: str | None = None,
    page: int = 1,
    per_page: int = 20,
) -> tuple[Rows, int]:
    """(one page of issued credit notes, newest first, how many in all), each with its `number` and `balance_amount_cents`.

    `customer` is an id or external id.
    """
    stated = {"? in (customer_id, customer_external_id)": customer, "currency = ?": currency, "reason = ?": reason}
    conditions = {predicate: value for predicate, value in stated.items() if value is not None}
    found = _credit_notes(cursor, list(conditions), list(conditions.values()))
    return found[(page - 1) * per_page : page * per_page], len(found)


def get_credit_note(cursor: duckdb.DuckDBPyConnection, credit_note_id: str) -> Row:
    """An issued credit note with its `items` (each with its `fee`) and `taxes`. Raises NotFound."""
    found = _credit_notes(cursor, ["credit_note_id = ?"], [credit_note_id])
    if not found:
        raise NotFound("credit_note", credit_note_id)
    note = found[0]
    for name, table in (("items", "credit_note_items"), ("taxes", "credit_note_taxes")):
        note[name] = query_rows(
            cursor, f"select * from books.main.{table} where credit_note_id = ? order by all", [credit_note_id]
        )
    for item in note["items"]:
        item["fee"] = get_fee(cursor, item["fee_id"])
    return note


def list_fees(
    cursor: duckdb.DuckDBPyConnection,
    *,
    fee_id: str | None = None,
    invoice_id: str | None = None,
    customer_id: str | None = None,
    external_subscription_id: str | None = None,
    fee_type: str | None = None,
    billable_metric_code: str | None = None,
    currency: str | None = None,
    event_transaction_id: str | None = None,
    payment_status: str | None = None,
    told: Mapping[str, str] | None = None,
    settled_from: datetime | None = None,
    settled_to: datetime | None = None,
    page: int = 1,
    per_page: int = 20,
) -> tuple[Rows, int]:
    """(one page of lines in order of their invoices, how many in all), fees in advance without an invoice among them.

    `customer_id` is an id. `payment_status` is that of the invoice; without one, what was `told` of the fee (id -> status), else pending. `settled_from` and `settled_to`
    (included) bound the instant up to which a line was computed.
    """
    stated: dict[str, Any] = {
        "fee_id = ?": fee_id,
        "invoice_id = ?": invoice_id,
        "customer_id = ?": customer_id,
        "external_subscription_id = ?": external_subscription_id,
        "fee_type = ?": fee_type,
        "billable_metric_code = ?": billable_metric_code,
        "currency = ?": currency,
        "event_transaction_id = ?": event_transaction_id,
        "horizon_at >= ?": settled_from,
        "horizon_at <= ?": settled_to,
    }
    if payment_status is not None:
        paid = f"{invoices(cursor)} select invoice_id from invoices where payment_status = 'succeeded'"
        known = told or {}
        has_it = (
            f"(list_contains(?, fee_id) or ? = case when invoice_id in ({paid}) then 'succeeded' else 'pending' end)"
        )
        stated[f"{has_it} and not list_contains(?, fee_id)"] = (
            [fee_id for fee_id, status in known.items() if status == payment_status],
            payment_status,
            [fee_id for fee_id, status in known.items() if status != payment_status],
        )
    conditions = {predicate: value for predicate, value in stated.items() if value is not None}
    named = {"fee_id": fee_id, "invoice_id": invoice_id, "customer_id": customer_id}
    only = " and ".join(_among(column, [value]) for column, value in named.items() if value is not None) or "true"
    return _page(
        cursor,
        f"{_LINES.format(only=only)} select * from lines {_where(conditions)}",
        _ORDER_OF_LINES,
        [one for value in conditions.values() for one in (value if isinstance(value, tuple) else (value,))],
        page,
        per_page,
    )


def get_fee(cursor: duckdb.DuckDBPyConnection, fee_id: str) -> Row:
    """One line, issued or draft. Raises NotFound."""
    rows, _ = list_fees(cursor, fee_id=fee_id)
    if not rows:
        raise NotFound("fee", fee_id)
    return rows[0]


def fee_taxes(cursor: duckdb.DuckDBPyConnection, invoice_id: str) -> Rows:
    """The taxes of each line of an issued invoice."""
    own = _among("invoice_id", [invoice_id])
    return query_rows(cursor, f"select * from books.main.fee_taxes where {own} order by fee_id, tax_code")


def taxes_of_fees(cursor: duckdb.DuckDBPyConnection, fee_ids: Sequence[str]) -> Rows:
    """The taxes of issued fees."""
    return query_rows(
        cursor,
        f"select * from books.main.fee_taxes where {_among('fee_id', fee_ids)} order by fee_id, tax_code",
    )


def tiers_of_fees(cursor: duckdb.DuckDBPyConnection, fee_ids: Sequence[str]) -> Rows:
    """The steps that explain fees, issued or draft."""
    return _of_fees(cursor, "fee_tiers", "fct_invoice_line_tiers", fee_ids, "fee_id, position")


def presentation_units_of_fees(cursor: duckdb.DuckDBPyConnection, fee_ids: Sequence[str]) -> Rows:
    """The units of each presentation group of fees, issued or draft."""
    return _of_fees(
        cursor, "fee_presentation_units", "fct_invoice_line_presentation_units", fee_ids, "fee_id, presentation_key"
    )


def _of_fees(cursor: duckdb.DuckDBPyConnection, book: str, mart: str, fee_ids: Sequence[str], order: str) -> Rows:
    own = _among("fee_id", fee_ids)
    return query_rows(
        cursor,
        f"""select * from books.main.{book} where {own}
        union all by name
        select * from warehouse.marts.{mart} where {own} and fee_id not in (select fee_id from books.main.fees where {own})
        order by {order}""",
    )


def line_tiers(cursor: duckdb.DuckDBPyConnection, invoice_id: str) -> Rows:
    """The tiers (or package steps) that explain the lines of an invoice, by line and position; amounts in currency units."""
    return _of_invoice(cursor, "fee_tiers", "fct_invoice_line_tiers", invoice_id, "fee_id, position")


def line_presentation_units(cursor: duckdb.DuckDBPyConnection, invoice_id: str) -> Rows:
    """The units of each presentation group of the lines of an invoice, by line and group."""
    mart = "fct_invoice_line_presentation_units"
    return _of_invoice(cursor, "fee_presentation_units", mart, invoice_id, "fee_id, presentation_key")


def _of_invoice(cursor: duckdb.DuckDBPyConnection, book: str, mart: str, invoice_id: str, order: str) -> Rows:
    own = f"where {_among('invoice_id', [invoice_id])}"
    is_issued = cursor.execute(f"select 1 from books.main.invoices {own}").fetchone() is not None
    table = f"books.main.{book}" if is_issued else f"warehouse.marts.{mart}"
    return query_rows(cursor, f"select * from {table} {own} order by {order}")


def invoice_timezone(cursor: duckdb.DuckDBPyConnection, invoice_id: str) -> str:
    """The time zone in which the invoice's days begin. Raises NotFound."""
    found = query_rows(cursor, f"{invoices(cursor, _among('invoice_id', [invoice_id]))} select timezone from invoices")
    if not found:
        raise NotFound("invoice", invoice_id)
    return str(found[0]["timezone"])


def list_customers(cursor: duckdb.DuckDBPyConnection) -> Rows:
    """Every customer with how many subscriptions are active and, in `billed_amount_cents`, what was invoiced in the customer's currency."""
    return query_rows(
        cursor,
        f"""{invoices(cursor)}
        select customers.*, coalesce(active.subscriptions_count, 0) as active_subscriptions_count,
            coalesce(billed.invoices_count, 0) as invoices_count,
            coalesce(billed.billed_amount_cents, 0) as billed_amount_cents, coalesce(billed.due_amount_cents, 0) as due_amount_cents
        from warehouse.marts.dim_customers as customers
        left join (select customer_id, count(*) as subscriptions_count from warehouse.marts.dim_subscriptions where status = 'active' group by customer_id) as active
            using (customer_id)
        left join (
            select customer_id, currency, count(*) as invoices_count, cast(sum(total_amount_cents) as bigint) as billed_amount_cents,
                cast(sum(total_due_amount_cents) as bigint) as due_amount_cents
            from invoices where status = 'finalized' group by customer_id, currency
        ) as billed on customers.customer_id = billed.customer_id and customers.currency = billed.currency
        order by customers.name, customers.external_id""",
    )


def list_subscriptions(cursor: duckdb.DuckDBPyConnection, customer: str | None = None) -> Rows:
    """Subscriptions with their plan's code and name and, if given, of one customer (id or external id)."""
    where = "where ? in (customers.customer_id, customers.external_id)" if customer else ""
    return query_rows(
        cursor,
        f"""select subscriptions.*, plans.code as plan_code, plans.name as plan_name, customers.external_id as customer_external_id, customers.name as customer_name
        from warehouse.marts.dim_subscriptions as subscriptions
        inner join warehouse.marts.dim_customers as customers using (customer_id)
        left join warehouse.marts.dim_plans as plans using (plan_id)
        {where} order by customers.external_id, subscriptions.started_at""",
        [customer] if customer else [],
    )


def list_plans(cursor: duckdb.DuckDBPyConnection) -> Rows:
    """Every plan for all with how many charges and active subscriptions it has; those with terms of their own count too."""
    return query_rows(
        cursor,
        "select * from warehouse.marts.dim_plans where parent_id is null order by active_subscriptions_count desc, code",
    )


def wallet_balances(cursor: duckdb.DuckDBPyConnection, customer: str | None = None) -> Rows:
    """Wallets with their balance (minor units and credits) and, if given, of one customer (id or external id)."""
    where = "where ? in (customers.customer_id, customers.external_id)" if customer else ""
    return query_rows(
        cursor,
        f"""select wallets.*, customers.external_id as customer_external_id, customers.name as customer_name
        from warehouse.marts.fct_wallet_balances as wallets
        inner join warehouse.marts.dim_customers as customers using (customer_id)
        {where} order by customers.name, wallets.priority, wallets.created_at""",
        [customer] if customer else [],
    )


def coupon_uses(cursor: duckdb.DuckDBPyConnection, applied_coupon_ids: Sequence[str]) -> Rows:
    """The uses of applied coupons on issued invoices, newest first."""
    return query_rows(
        cursor,
        """select * from books.main.coupon_uses where applied_coupon_id in (select unnest(?))
        order by issued_at desc, invoice_id""",
        [list(applied_coupon_ids)],
    )


def exhausted_coupons(cursor: duckdb.DuckDBPyConnection) -> set[str]:
    """Ids of the applied coupons of which nothing was left at the published run."""
    if not lake.has_rows(cursor, "warehouse.marts.fct_applied_coupons"):
        return set()
    query = "select applied_coupon_id from warehouse.marts.fct_applied_coupons where exhausted_at is not null"
    return {row[0] for row in cursor.execute(query).fetchall()}


def wallet_movements(cursor: duckdb.DuckDBPyConnection, wallet_id: str) -> Rows:
    """What came into and went out of a wallet, oldest first, with the balance after each (minor units)."""
    return query_rows(
        cursor,
        "select * from warehouse.marts.fct_wallet_movements where wallet_id = ? order by moved_at, movement_type, wallet_movement_id",
        [wallet_id],
    )


def rule_top_ups(cursor: duckdb.DuckDBPyConnection, wallet_transaction_ids: Sequence[str]) -> Rows:
    """Those of the transactions that a rule made: rows of the books."""
    query = "select * from books.main.wallet_top_ups where list_contains(?, wallet_transaction_id)"
    return _gained_rows(cursor, query, [list(wallet_transaction_ids)])


def wallet_transaction_customer(cursor: duckdb.DuckDBPyConnection, wallet_transaction_id: str) -> str:
    """Id of the customer whose wallet moved, as the last run or the books know. Raises NotFound."""
    for query in (
        "select customer_id from warehouse.marts.fct_wallet_transactions where wallet_transaction_id = ?",
        "select customer_id from books.main.wallet_top_ups where wallet_transaction_id = ?",
        # What a wallet pays of an invoice is one transaction (`int_ledger__wallet_outflows`), under an id made of both.
        "select customer_id from books.main.wallet_uses where md5('wallet_invoiced|' || invoice_id || '|' || wallet_id) = replace(?, '-', '') limit 1",
    ):
        for row in _gained_rows(cursor, query, [wallet_transaction_id]):
            return str(row["customer_id"])
    raise NotFound("wallet_transaction", wallet_transaction_id)


def alert_values(cursor: duckdb.DuckDBPyConnection, alert_ids: Sequence[str]) -> dict[str, Row]:
    """Id -> the last look at an alert, of those that the published run had looked at."""
    query = "select * from warehouse.marts.fct_alert_values where list_contains(?, alert_id)"
    return {row["alert_id"]: row for row in _gained_rows(cursor, query, [list(alert_ids)])}


def usage_daily(cursor: duckdb.DuckDBPyConnection, *, external_subscription_ids: Sequence[str] | None = None) -> Rows:
    """Per UTC day and event code, over the given subscriptions (None for all): events, and the summed field where a metric sums one."""
    where = "" if external_subscription_ids is None else "where external_subscription_id in (select unnest(?))"
    return query_rows(
        cursor,
        f"""select usage_on, code, cast(sum(events_count) as bigint) as events_count, sum(units) as units
        from warehouse.marts.fct_usage_daily {where} group by usage_on, code order by usage_on, code""",
        [] if external_subscription_ids is None else [list(external_subscription_ids)],
    )


def revenue_by_month(cursor: duckdb.DuckDBPyConnection) -> Rows:
    """Per month of issuing date and currency, in minor units: what finalized invoices billed."""
    return query_rows(cursor, "select * from warehouse.marts.fct_revenue_by_month order by month_on, currency")


def ingestion_daily(cursor: duckdb.DuckDBPyConnection) -> Rows:
    """Per UTC day of arrival: accepted, duplicate and rejected rows."""
    return query_rows(cursor, "select * from warehouse.marts.fct_ingestion_daily order by received_on")


def rejections(cursor: duckdb.DuckDBPyConnection, *, page: int = 1, per_page: int = 50) -> tuple[Rows, int]:
    """(one page of refused rows, newest first, how many in all)."""
    return _page(
        cursor,
        "select * from warehouse.marts.fct_rejections",
        "received_at desc, landing_file, source, source_row",
        [],
        page,
        per_page,
    )


def reconciliation(cursor: duckdb.DuckDBPyConnection) -> Rows:
    """The conservation checks of the published run, from landing rows to postings (law 3)."""
    return query_rows(cursor, "select * from warehouse.marts.fct_reconciliation order by position")


def held_usage(cursor: duckdb.DuckDBPyConnection, customer_id: str | None = None) -> Rows:
    """Usage out of the domain of money, with the bill that it holds back (`bill_state` due: a bill that is held back now)."""
    if not lake.has_rows(cursor, "warehouse.marts.fct_held_usage"):
        return []
    where, arguments = ("where customer_id = ?", [customer_id]) if customer_id else ("", [])
    return query_rows(
        cursor, f"select * from warehouse.marts.fct_held_usage {where} order by horizon_at, usage_id", arguments
    )


def held_back(cursor: duckdb.DuckDBPyConnection, customer_id: str | None = None) -> Rows:
    """`held_usage` of the bills that would be issued now but for it."""
    return [row for row in held_usage(cursor, customer_id) if row["bill_state"] == "due"]


def set_aside_events(cursor: duckdb.DuckDBPyConnection, invoice_id: str) -> Rows:
    """The events of the periods of an issued invoice that commands set aside, by time; it counts none of them."""
    if not lake.has_rows(cursor, "warehouse.marts.fct_set_aside_events"):
        return []
    return query_rows(
        cursor,
        """select distinct events.* from warehouse.marts.fct_set_aside_events as events
        inner join books.main.invoice_subscriptions as billed
            on events.external_subscription_id = billed.external_subscription_id
            and events.timestamp >= billed.usage_from_at and events.timestamp < billed.usage_to_at
        where billed.invoice_id = ? order by events.timestamp, events.transaction_id""",
        [invoice_id],
    )


def adjusted_fees(cursor: duckdb.DuckDBPyConnection, invoice_id: str) -> dict[str, Row]:
    """Fee id -> what people said of it instead of what was computed, of the invoice's fees that were corrected, as of the last run."""
    if not lake.has_rows(cursor, "warehouse.marts.fct_adjusted_fees"):
        return {}
    rows = query_rows(cursor, "select * from warehouse.marts.fct_adjusted_fees where invoice_id = ?", [invoice_id])
    return {row["fee_id"]: row for row in rows}


def invoice_emails(cursor: duckdb.DuckDBPyConnection) -> Rows:
    """The issued invoices that go out by e-mail, oldest first."""
    if not lake.has_rows(cursor, "warehouse.marts.fct_invoice_emails"):
        return []
    return query_rows(cursor, "select * from warehouse.marts.fct_invoice_emails order by issued_at, number")


def event_states(cursor: duckdb.DuckDBPyConnection) -> Rows:
    """How many accepted events are in each state; every event is in one."""
    return query_rows(
        cursor, "select event_state, events_count from warehouse.ledger.int_ledger__event_states order by position"
    )


def columns(cursor: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Mart -> its columns in order, as the published version has them."""
    query = """select table_name, column_name from duckdb_columns()
        where database_name = 'warehouse' and schema_name = 'marts' order by table_name, column_index"""
    found: dict[str, list[str]] = {}
    for table, column in cursor.execute(query).fetchall():
        found.setdefault(table, []).append(column)
    return found


def _where(conditions: Mapping[str, Any], always: Sequence[str] = ()) -> str:
    predicates = [*always, *conditions]
    return "where " + " and ".join(predicates) if predicates else ""


def _page(
    cursor: duckdb.DuckDBPyConnection, query: str, order: str, arguments: list[Any], page: int, per_page: int
) -> tuple[Rows, int]:
    counted = cursor.execute(f"select count(*) from ({query})", arguments).fetchone()
    total = int(counted[0]) if counted else 0
    return query_rows(
        cursor, f"{query} order by {order} limit {int(per_page)} offset {(int(page) - 1) * int(per_page)}", arguments
    ), total


def _gained_rows(
    cursor: duckdb.DuckDBPyConnection, query: str, arguments: list[Any] | dict[str, Any] | None = None
) -> Rows:
    """`query_rows` of a table that books published before it was added do not have."""
    try:
        return query_rows(cursor, query, arguments)
    except duckdb.CatalogException:
        return []


def query_rows(
    cursor: duckdb.DuckDBPyConnection, query: str, arguments: list[Any] | dict[str, Any] | None = None
) -> Rows:
    """What a query of this module or its sisters answers, a dictionary for each row."""
    result = cursor.execute(query, arguments or [])
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
