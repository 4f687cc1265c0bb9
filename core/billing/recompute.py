"""Every issued invoice once more, from events, catalog history, its cutoff and the SQL that it was billed with.

A customer's invoices stand in a queue, and a later one depends on the earlier (what is left of coupons and wallets,
numbers). So they are recomputed in waves: the n-th wave takes, for every customer at once, the n-th stretch of
consecutive invoices that were priced by the same SQL, on top of the books as they were before that stretch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from core.books.tables import TABLES
from core.errors import TallystickError
from core.warehouse.dbt_project import PROJECT_DIR
from core.warehouse.pricing_graph import PricingGraph, quoted, temporary
from core.warehouse.settlement import STAGED, base_models, settle

HORIZONS = "int_metering__horizons"
RECOMPUTED = STAGED
"""Tables of the books that hold rows of what was settled."""
DOCUMENT = {
    "standalone_fees": "fee_id",
    "postings": "transaction_id",
    "credit_notes": "credit_note_id",
    "credit_note_items": "credit_note_id",
    "credit_note_taxes": "credit_note_id",
    "credit_note_voids": "credit_note_void_id",
    "invoice_voids": "invoice_void_id",
    "wallet_returns": "invoice_void_id",
    "wallet_top_ups": "wallet_transaction_id",
    "payment_requests": "payment_request_id",
    "payment_request_invoices": "payment_request_id",
} | dict.fromkeys(("fees", "fee_tiers", "fee_presentation_units", "fee_taxes"), "coalesce(invoice_id, fee_id)")
"""Table -> the invoice that a row belongs to, or the fee that is not invoiced, the credit note, the void of either, what a rule put into a wallet, or a payment request; `invoice_id` unless said here."""


class BundleMissing(TallystickError):
    """The books do not hold the SQL that priced some invoices."""

    def __init__(self, bundle_id: str | None) -> None:
        super().__init__(
            "bundle_missing",
            f"The books hold no SQL bundle {bundle_id}, so its invoices cannot be recomputed. Restore the books from a backup.",
        )


@dataclass(frozen=True)
class Wave:
    """The stretches of one rank that one bundle priced. `invoices` is how many the books hold, with fees that have none."""

    rank: int
    sql_bundle_id: str
    invoices: int


def waves(connection: duckdb.DuckDBPyConnection, graph: PricingGraph, facts: Mapping[str, str]) -> Iterator[Wave]:
    """Recomputes wave by wave; at each the tables `temp.main.recomputed_<table>` and `temp.main.issued_<table>` hold both halves.

    `connection` has the books attached. `facts` maps the sources `catalog.*` and `landing.*` to relations.
    Raises BundleMissing.
    """
    # Gaps and islands: the difference of both ranks is constant along a stretch of one bundle.
    connection.execute(
        """create or replace temp table stretches as
        with documents as (
            select invoice_id as document_id, customer_id, issued_at, coalesce(customer_sequence, 0) as sequence, sql_bundle_id from books.main.invoices
            union all
            select fee_id, customer_id, issued_at, 0, sql_bundle_id from books.main.standalone_fees
            union all
            select credit_note_id, customer_id, issued_at, 0, sql_bundle_id from books.main.credit_notes
            union all
            select credit_note_void_id, customer_id, issued_at, 0, sql_bundle_id from books.main.credit_note_voids
            union all
            select invoice_void_id, customer_id, issued_at, 0, sql_bundle_id from books.main.invoice_voids
            union all
            select wallet_transaction_id, customer_id, topped_up_at, 0, sql_bundle_id from books.main.wallet_top_ups
            union all
            select payment_request_id, customer_id, requested_at, 0, sql_bundle_id from books.main.payment_requests
        ),
        ranked as (
            select document_id, customer_id, issued_at, sql_bundle_id,
                row_number() over (partition by customer_id order by issued_at, sequence, document_id) as place,
                lag(sql_bundle_id) over (partition by customer_id order by issued_at, sequence, document_id) as previous
            from documents
        )
        select *, sum(case when previous is not distinct from sql_bundle_id then 0 else 1 end) over (partition by customer_id order by place) as stretch
        from ranked"""
    )
    listed = connection.execute(
        "select stretch, sql_bundle_id, count(*) from stretches group by all order by all"
    ).fetchall()
    graphs: dict[str, PricingGraph] = {}
    for rank, bundle_id, count in listed:
        wave = Wave(int(rank), bundle_id, int(count))
        if bundle_id not in graphs:
            graphs[bundle_id] = _graph_of(connection, bundle_id, graph)
        _recompute(connection, graphs[bundle_id], facts, wave)
        yield wave


def _recompute(
    connection: duckdb.DuckDBPyConnection, graph: PricingGraph, facts: Mapping[str, str], wave: Wave
) -> None:
    connection.execute(
        f"create or replace temp table {quoted(HORIZONS)} as select customer_id, max(issued_at) as as_of from stretches where stretch = ? and sql_bundle_id = ? group by all",
        [wave.rank, wave.sql_bundle_id],
    )
    own = f"select stretches.document_id from stretches inner join {temporary(HORIZONS)} using (customer_id) where stretch"
    relations = {name: relation for name, relation in facts.items() if graph.has(name)}
    for name in TABLES:
        if name in RECOMPUTED:
            source = f"select * from books.main.{name} where {DOCUMENT.get(name, 'invoice_id')} in"
            connection.execute(
                f"create or replace temp table {quoted(f'earlier_{name}')} as {source} ({own} < {wave.rank})"
            )
            connection.execute(
                f"create or replace temp table {quoted(f'issued_{name}')} as {source} ({own} = {wave.rank})"
            )
            relations[f"books.{name}"] = temporary(f"earlier_{name}")
    for node in graph.seeds:
        connection.execute(
            f"create or replace temp table {quoted(node.name)} as select * from read_csv(?)",
            [str(PROJECT_DIR / "seeds" / f"{node.name}.csv")],
        )
        relations[node.name] = temporary(node.name)
    relations[HORIZONS] = temporary(HORIZONS)
    models = [name for name in base_models(graph) if name != HORIZONS]
    ran = graph.run(connection, models, relations)
    settled = settle(connection, graph, relations | ran)
    for name, relation in settled.relations.items():
        _keep(connection, f"recomputed_{name}", relation)


def _graph_of(connection: duckdb.DuckDBPyConnection, bundle_id: str, current: PricingGraph) -> PricingGraph:
    cursor = connection.execute(
        "select name, relation, sql, position from books.main.sql_bundles where sql_bundle_id = ? order by position",
        [bundle_id],
    )
    rows: list[dict[str, Any]] = [
        dict(zip(("name", "relation", "sql", "position"), row, strict=True)) for row in cursor.fetchall()
    ]
    if not rows:
        raise BundleMissing(bundle_id)
    known = {row["name"] for row in rows}
    # A bundle lists what its models read; settlement also fills tables of the books that no model of it reads.
    unread = [node for source in ("books", "settlement") for node in current.sources(source) if node.name not in known]
    rows += [
        {"name": node.name, "relation": node.relation, "sql": None, "position": len(rows) + place}
        for place, node in enumerate(unread, 1)
    ]
    return PricingGraph.from_bundle(rows, current)


def _keep(connection: duckdb.DuckDBPyConnection, name: str, relation: str) -> None:
    connection.execute(f"create or replace temp table {quoted(name)} as select * from {relation}")


def give_events(connection: duckdb.DuckDBPyConnection, columns: Sequence[str], tail: Sequence[pa.Table]) -> str:
    """The warehouse's events with those of the tail that it does not hold yet, as one relation."""
    listed = ", ".join(quoted(column) for column in columns)
    connection.execute(
        f"create or replace temp table fresh_events as select {listed} from warehouse.raw.events limit 0"
    )
    for table in tail:
        connection.register("tail", table)
        connection.execute("insert into fresh_events by name select * from tail")
        connection.unregister("tail")
    connection.execute(
        f"""create or replace temp view every_event as
        select {listed} from warehouse.raw.events
        union all by name
        select {listed} from (
            select *, row_number() over (partition by external_subscription_id, transaction_id order by received_at, received_sequence) as place from fresh_events
        ) as ordered
        where place = 1 and not exists (
            select 1 from warehouse.raw.events as loaded
            where loaded.external_subscription_id = ordered.external_subscription_id and loaded.transaction_id = ordered.transaction_id
        )"""
    )
    return "temp.main.every_event" if any(table.num_rows for table in tail) else "warehouse.raw.events"
