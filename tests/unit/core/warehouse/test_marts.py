"""The questions that readers ask, over marts that the real SQL made of a world that the real settlement billed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import duckdb
import pytest

from core.catalog.engine import reading
from core.catalog.export import export
from core.errors import NotFound
from core.warehouse import finance, marts
from core.warehouse.finance import MonthFilter
from core.warehouse.line_events import line_events
from core.warehouse.marts import InvoiceFilter
from core.warehouse.pricing_graph import PricingGraph, quoted
from tests.golden.cases_option import shared_cases
from tests.golden.invoicing_timeline import Timeline
from tests.support.facts import give_all, open_connection
from tests.support.world import World

CASES = (
    "wallet-priority-two-unrestricted",
    "coupon-two-fixed",
    "wallet-cap-mixed-zero-fees",
    "period-weekly-calendar-bogota",
)
READ = ("fct_reconciliation", "fct_invoices", "fct_invoice_lines", "fct_invoice_line_tiers", "fct_invoice_line_presentation_units", "fct_revenue_by_month", "fct_receivables_aging", "fct_deferred_revenue", "fct_mrr", "fct_mrr_movements", "dim_customers", "dim_plans", "dim_subscriptions",
        "fct_applied_coupons", "fct_wallet_movements", "fct_wallet_balances", "fct_usage_daily", "fct_ingestion_daily", "fct_rejections", "fct_ledger_entries", "int_ledger__event_states")  # fmt: skip


def landing_of(world: World) -> dict[str, list[dict[str, Any]]]:
    """Registration of one file with the world's events, two duplicates, and one row that was refused."""
    now = world.wall.now()
    file = {
        "landing_file": "events/received_date=2030-01-01/a.parquet",
        "row_count": len(world.events) + 2,
        "accepted_count": len(world.events),
        "duplicate_count": 2,
        "loaded_at": now,
    }
    refused = {
        "landing_file": "rejections/received_date=2030-01-02/b.parquet",
        "row_count": 1,
        "accepted_count": 0,
        "duplicate_count": 0,
        "loaded_at": now,
    }
    row = {
        "source": "x.csv",
        "source_row": 7,
        "reason": "invalid",
        "message": "no code",
        "received_at": datetime(2030, 1, 2, 5),
        "landing_file": refused["landing_file"],
    }
    return {
        "landing.landing_files": [file, refused],
        "landing.rejections": [row],
        "landing.events": world.events,
        "landing.run_horizon": [{"as_of": now, "watermark": now}],
    }


def build(
    world: World, landing: dict[str, list[dict[str, Any]]], graph: PricingGraph, drop: str | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection with `warehouse` and `books` as a run leaves them; `drop` is a statement run on the books before the marts are built."""
    settlement, _ = world.settle()
    connection = open_connection()
    relations = give_all(connection, graph, READ, landing)
    with reading(world.engine) as catalog:
        tables = {f"catalog.{name}": table for name, table in export(catalog).items()}
    tables |= {f"books.{name}": table for name, table in settlement.tables.items()}
    for alias in ("warehouse", "books"):
        connection.execute(f"attach ':memory:' as {alias}")
    for layer in ("raw", "marts", "ledger"):
        connection.execute(f"create schema warehouse.{layer}")
    for name, table in tables.items():
        connection.register("arriving", table)
        if name.startswith("books."):
            connection.execute(f"create table books.main.{name.removeprefix('books.')} as select * from arriving")
        if name in relations:
            connection.execute(f"insert into {relations[name]} by name select * from arriving")
        connection.unregister("arriving")
    if drop:
        connection.execute(drop.format(**{name.replace(".", "_"): relation for name, relation in relations.items()}))
    graph.run(connection, READ, relations)
    for name in READ:
        connection.execute(
            f"create table warehouse.{graph.node(name).layer}.{name} as select * from temp.main.{quoted(name)}"
        )
    for node in [*graph.sources("catalog"), *graph.sources("landing")]:
        if node.name in relations:
            connection.execute(f"create table {node.relation} as select * from {relations[node.name]}")
    return connection


@pytest.fixture(scope="module")
def graph() -> PricingGraph:
    return PricingGraph.load()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, graph: PricingGraph) -> World:
    world = World(tmp_path_factory.mktemp("marts"), graph)
    cases = shared_cases("invoicing")
    for case_id in CASES:
        Timeline(world, cases[case_id]).play()
    return world


@pytest.fixture(scope="module")
def cursor(world: World, graph: PricingGraph) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = build(world, landing_of(world), graph)
    yield connection
    connection.close()


def test_every_issued_invoice_is_listed_once_newest_first(cursor: duckdb.DuckDBPyConnection) -> None:
    rows, total = marts.list_invoices(cursor, per_page=1000)
    issued = [row for row in rows if row["status"] == "finalized"]
    books = cursor.execute("select count(*) from books.main.invoices where status = 'finalized'").fetchone()
    assert books is not None and len(issued) == books[0] > 0
    assert len({row["invoice_id"] for row in rows}) == len(rows) == total
    assert [row["issued_at"] for row in rows] == sorted((row["issued_at"] for row in rows), reverse=True)


def test_coupons_that_are_used_up_are_told_with_their_uses(cursor: duckdb.DuckDBPyConnection) -> None:
    exhausted = marts.exhausted_coupons(cursor)
    assert sorted(use["amount_cents"] for use in marts.coupon_uses(cursor, list(exhausted))) == [10, 20]


def test_pages_do_not_overlap_and_miss_nothing(cursor: duckdb.DuckDBPyConnection) -> None:
    _, total = marts.list_invoices(cursor)
    pages = [marts.list_invoices(cursor, page=page, per_page=2)[0] for page in range(1, total // 2 + 2)]
    ids = [row["invoice_id"] for page in pages for row in page]
    assert len(ids) == len(set(ids)) == total


def test_filters_narrow_and_totals_follow(cursor: duckdb.DuckDBPyConnection) -> None:
    rows, _ = marts.list_invoices(cursor, per_page=1000)
    first = rows[0]
    for wanted in (
        InvoiceFilter(customer=first["customer_id"]),
        InvoiceFilter(customer=first["customer_external_id"]),
        InvoiceFilter(payment_status="succeeded"),
        InvoiceFilter(currency="EUR"),
        InvoiceFilter(issuing_date_from=first["issuing_date"], issuing_date_to=first["issuing_date"]),
    ):
        found, total = marts.list_invoices(cursor, wanted, per_page=1000)
        assert 0 < total < len(rows)
        totals = marts.invoice_totals(cursor, wanted)
        assert sum(row["invoices_count"] + row["drafts_count"] for row in totals) == total
        for of_drafts, column in ((False, "total_amount_cents"), (True, "drafts_amount_cents")):
            amounts = [row["total_amount_cents"] for row in found if (row["status"] == "draft") == of_drafts]
            assert sum(row[column] for row in totals) == sum(amounts)
    assert marts.list_invoices(cursor, InvoiceFilter(issuing_date_from=date(2100, 1, 1))) == ([], 0)


def test_an_invoice_comes_with_all_that_explains_it_by_id_and_by_number(cursor: duckdb.DuckDBPyConnection) -> None:
    (key,) = cursor.execute(
        "select invoice_id from books.main.wallet_uses order by amount_cents desc limit 1"
    ).fetchone() or ("",)
    invoice = marts.get_invoice(cursor, key)
    assert invoice == marts.get_invoice(cursor, invoice["number"])
    assert sum(fee["amount_cents"] for fee in invoice["fees"]) == invoice["fees_amount_cents"]
    assert sum(use["amount_cents"] for use in invoice["wallet_uses"]) == invoice["prepaid_credit_amount_cents"] > 0
    assert invoice["subscriptions"] and invoice["sql_bundle_id"]
    with pytest.raises(NotFound):
        marts.get_invoice(cursor, "nothing")


def test_an_invoice_issued_after_the_marts_were_built_is_seen_at_once(cursor: duckdb.DuckDBPyConnection) -> None:
    total = marts.list_invoices(cursor)[1]
    cursor.execute("begin")
    try:
        cursor.execute(
            "insert into books.main.invoices by name select * replace ('fresh' as invoice_id, 'F-1' as number) from books.main.invoices where total_amount_cents > 0 limit 1"
        )
        assert marts.list_invoices(cursor)[1] == total + 1
        fresh = marts.get_invoice(cursor, "F-1")
        assert fresh["payment_status"] == "pending" and fresh["total_due_amount_cents"] == fresh["total_amount_cents"]
    finally:
        cursor.execute("rollback")


def test_the_events_of_a_line_are_as_many_as_were_billed(
    cursor: duckdb.DuckDBPyConnection, graph: PricingGraph
) -> None:
    fees, _ = marts.list_fees(cursor, fee_type="charge", per_page=1000)
    used = [fee for fee in fees if fee["events_count"]]
    assert used
    for fee in used:
        events, total = line_events(cursor, fee["fee_id"], graph=graph)
        assert total == len(events) == fee["events_count"]
        assert all(fee["from_at"] <= event["timestamp"] < fee["to_at"] for event in events)


def test_a_line_that_no_usage_made_has_no_events(cursor: duckdb.DuckDBPyConnection) -> None:
    fees, _ = marts.list_fees(cursor, fee_type="subscription")
    assert line_events(cursor, fees[0]["fee_id"]) == ([], 0)


def test_a_wallet_balance_is_where_its_movements_end(cursor: duckdb.DuckDBPyConnection) -> None:
    wallets = marts.wallet_balances(cursor)
    assert any(wallet["used_amount_cents"] for wallet in wallets)
    for wallet in wallets:
        movements = marts.wallet_movements(cursor, wallet["wallet_id"])
        assert (
            movements[-1]["balance_cents"]
            == wallet["balance_cents"]
            == wallet["inflow_amount_cents"] - wallet["used_amount_cents"]
        )


def test_everything_received_is_accounted_for(cursor: duckdb.DuckDBPyConnection, world: World) -> None:
    checks = {row["check_name"]: row for row in marts.reconciliation(cursor)}
    assert all(row["is_held"] for row in checks.values()), checks
    assert checks["accepted = sum of event states"]["left_value"] == len(world.events)
    assert sum(row["events_count"] for row in marts.event_states(cursor)) == len(world.events)
    assert sum(row["events_count"] for row in marts.usage_daily(cursor)) == len(world.events)
    assert [
        (row["accepted_count"], row["duplicate_count"], row["rejected_count"]) for row in marts.ingestion_daily(cursor)
    ] == [(len(world.events), 2, 0), (0, 0, 1)]
    assert marts.rejections(cursor)[0][0]["source_row"] == 7


def test_revenue_is_the_sum_of_issued_invoices(cursor: duckdb.DuckDBPyConnection) -> None:
    (wanted,) = cursor.execute(
        "select sum(sub_total_excluding_taxes_amount_cents) from books.main.invoices where status = 'finalized'"
    ).fetchone() or (0,)
    assert (
        sum(row["revenue_amount_cents"] + row["credits_sold_amount_cents"] for row in marts.revenue_by_month(cursor))
        == wanted
    )


def test_people_and_plans_are_listed(cursor: duckdb.DuckDBPyConnection) -> None:
    customers = marts.list_customers(cursor)
    assert len({row["customer_id"] for row in customers}) == len(customers) == len(CASES)
    assert sum(row["active_subscriptions_count"] for row in marts.list_plans(cursor)) == sum(
        row["active_subscriptions_count"] for row in customers
    )
    assert len(marts.list_subscriptions(cursor, customers[0]["external_id"])) >= 1


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("delete from {books_fees} where fee_id = (select min(fee_id) from {books_fees} where amount_cents > 0)", "invoice fees = sum of lines"),
        ("update {books_invoices} set total_amount_cents = total_amount_cents + 1 where invoice_id = (select max(invoice_id) from {books_invoices})", "sub total with taxes - credits = total"),
        ("delete from {books_postings} where posting_id = (select min(posting_id) from {books_postings})", "postings sum to zero"),
        ("delete from {books_wallet_uses} where wallet_use_id = (select min(wallet_use_id) from {books_wallet_uses})", "invoice credits = wallet uses"),
        ("delete from {landing_events} where transaction_id = (select min(transaction_id) from {landing_events})", "raw events = accepted"),
    ],
)  # fmt: skip
def test_a_fault_breaks_its_check(world: World, graph: PricingGraph, fault: str, check: str) -> None:
    connection = build(world, landing_of(world), graph, fault)
    assert check in [row["check_name"] for row in marts.reconciliation(connection) if not row["is_held"]]
    connection.close()


@contextmanager
def told(cursor: duckdb.DuckDBPyConnection, now: datetime, clocks: dict[str, datetime]) -> Iterator[None]:
    """The cursor as of now: nothing was paid since the run."""
    rows = {"told_now": [(now,)], "told_clocks": list(clocks.items())}
    for name, columns in marts.TOLD.items():
        cursor.execute(f"create or replace temp table {name} ({', '.join(map(' '.join, columns.items()))})")
        for row in rows.get(name, []):
            cursor.execute(f"insert into {name} values ({', '.join('?' * len(row))})", row)
    yield
    for name in marts.TOLD:
        cursor.execute(f"drop table {name}")


def test_what_is_owed_and_earned_ties_to_the_books(cursor: duckdb.DuckDBPyConnection) -> None:
    owed, earned = cursor.execute(
        """select sum(amount_cents) filter (where account = 'receivables'), -sum(amount_cents) filter (where account in ('revenue', 'coupon_discounts'))
        from warehouse.ledger.fct_ledger_entries"""
    ).fetchone() or (None, None)
    assert sum(row["total_due_amount_cents"] for row in finance.receivables_by_age(cursor)) == owed > 0
    months = finance.deferred_revenue(cursor)
    assert sum(row["recognized_amount_cents"] for row in months) == earned > 0
    assert any(row["closing_deferred_amount_cents"] or row["closing_unbilled_amount_cents"] for row in months)
    rows, _ = marts.list_invoices(cursor, InvoiceFilter(status="finalized"), per_page=1000)
    gross = finance.gross_revenue(cursor)
    assert sum(month["amount_cents"] for month in gross) == sum(row["total_amount_cents"] for row in rows)
    collected = finance.invoice_collection(cursor)
    assert sum(month["invoices_count"] for month in collected) == len(rows)
    said = {row["invoice_id"] for row in rows if row["payment_overdue"]}
    read_at = {row["customer_id"]: row["as_of"] for row in marts.query_rows(cursor, "select customer_id, as_of from warehouse.marts.dim_customers")}
    with told(cursor, datetime(2000, 1, 1), read_at):  # the same rule, asked at the horizons of the marts
        again, _ = marts.list_invoices(cursor, InvoiceFilter(payment_overdue=True), per_page=1000)
    assert {row["invoice_id"] for row in again} == said != set()
    with told(cursor, datetime(2100, 1, 1), {}):
        overdue = finance.overdue_balance(cursor)
    with told(cursor, datetime(2000, 1, 1), {}):
        assert finance.overdue_balance(cursor) == []
    assert sum(month["amount_cents"] for month in overdue) == owed
    assert len([key for month in overdue for key in month["invoice_ids"]]) == len(
        [row for row in rows if row["total_due_amount_cents"]]
    )
    charges, _ = marts.list_fees(cursor, fee_type="charge", per_page=1000)
    issued = sum(fee["amount_cents"] for fee in charges if not fee["is_draft"])
    assert sum(month["amount_cents"] for month in finance.invoiced_usage(cursor)) == issued > 0


def test_recurring_revenue_is_where_its_movements_end(cursor: duckdb.DuckDBPyConnection) -> None:
    # Each customer of this world has a clock of its own, so their last months differ.
    ends: dict[str, int] = {}
    for customer in marts.list_customers(cursor):
        for month in finance.mrr(cursor, MonthFilter(customer_id=customer["customer_id"])):
            ends[customer["customer_id"] + month["currency"]] = month["amount_cents"]
    moved = [row["change_mrr_amount_cents"] for row in finance.mrr_movements(cursor)]
    assert sum(moved) == sum(ends.values()) > 0


def test_months_are_narrowed(cursor: duckdb.DuckDBPyConnection) -> None:
    for ask in (finance.mrr, finance.gross_revenue, finance.invoice_collection, finance.invoiced_usage):
        every = ask(cursor)
        last = max(row["month_on"] for row in every)
        assert {row["month_on"] for row in ask(cursor, MonthFilter(since=last))} == {last}
        assert {row["currency"] for row in ask(cursor, MonthFilter(currency="EUR"))} == {"EUR"}
        assert (
            ask(cursor, MonthFilter(customer_id="nobody")) == ask(cursor, MonthFilter(billing_entity_id="nobody")) == []
        )
        for row in every:
            assert row["month_on"].day == 1
