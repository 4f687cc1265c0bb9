"""The proof: law 3 over the lake, then every issued invoice recomputed and compared with the books, column by column."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import parquet

from core import lake
from core.billing.recompute import DOCUMENT, RECOMPUTED, give_events, waves
from core.books.tables import TABLES
from core.settings import Settings
from core.warehouse.connection import NothingPublished
from core.warehouse.pricing_graph import PricingGraph, quoted
from core.warehouse.publish import published

KEYS = {
    "invoices": ("invoice_id",),
    "invoice_subscriptions": (
        "invoice_id",
        "subscription_id",
        "invoicing_reason",
        # One invoice may bill several periods of a subscription: those that had ended when it was recorded.
        "fee_from_at",
        "usage_from_at",
    ),
    "fees": ("fee_id", "invoice_id"),
    "standalone_fees": ("fee_id",),
    "fee_tiers": ("fee_id", "invoice_id", "position"),
    "fee_presentation_units": ("fee_id", "invoice_id", "presentation_key"),
    "fee_taxes": ("fee_id", "invoice_id", "tax_id"),
    "invoice_taxes": ("invoice_id", "tax_id"),
    "coupon_uses": ("invoice_id", "applied_coupon_id"),
    "wallet_uses": ("invoice_id", "wallet_use_id"),
    "wallet_use_fees": ("invoice_id", "wallet_use_id", "fee_id"),
    "credit_notes": ("credit_note_id",),
    "credit_note_items": ("credit_note_item_id",),
    "credit_note_taxes": ("credit_note_id", "tax_id"),
    "credit_note_uses": ("invoice_id", "credit_note_use_id"),
    "credit_note_voids": ("credit_note_void_id",),
    "invoice_voids": ("invoice_void_id",),
    "wallet_returns": ("wallet_return_id",),
    "wallet_top_ups": ("wallet_transaction_id",),
    "payment_requests": ("payment_request_id",),
    "payment_request_invoices": ("payment_request_id", "invoice_id"),
    "postings": ("posting_id", "invoice_id"),
}
"""Table -> what identifies a row, first something that is never null."""
# Where an invoice stands among those of other customers is checked by `_sequences`, and the hash by `_bundles`.
NOT_COMPARED = {"invoices": {"entity_sequence", "number", "sql_bundle_id"}, "standalone_fees": {"sql_bundle_id"}, "credit_notes": {"sql_bundle_id"}, "credit_note_voids": {"sql_bundle_id"}, "invoice_voids": {"sql_bundle_id"}, "wallet_top_ups": {"sql_bundle_id"}, "payment_requests": {"sql_bundle_id"}}
# A number may end with the entity's sequence (which wave-by-wave recomputation starts anew) or with the customer's.
SAME_NUMBER = """(issued.number is not distinct from recomputed.number or (
    regexp_replace(issued.number, '[0-9]+$', '') = regexp_replace(recomputed.number, '[0-9]+$', '')
    and try_cast(regexp_extract(issued.number, '([0-9]+)$', 1) as bigint) = issued.entity_sequence
    and try_cast(regexp_extract(recomputed.number, '([0-9]+)$', 1) as bigint) = recomputed.entity_sequence))"""
SHOWN_PER_TABLE = 20

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Difference:
    """One thing that does not agree. `where` names the check or the table of the books, `what` says it for a human."""

    where: str
    what: str
    invoice_id: str | None = None


@dataclass(frozen=True)
class VerifyReport:
    """`invoices` and `lines` of the books were recomputed; `checks` are the checks of law 3. `differences` lists at most 20 per table and wave, and says how many more there are."""

    invoices: int
    lines: int
    checks: int
    differences: tuple[Difference, ...]
    set_aside: int = 0
    """Events that commands left out of all bills."""

    @property
    def holds(self) -> bool:
        """Whether everything agrees, and there was something to compare."""
        return self.invoices > 0 and not self.differences


def verify(
    settings: Settings,
    graph: PricingGraph,
    catalog: Callable[[], Mapping[str, pa.Table]],
    tail: Callable[[], Sequence[pa.Table]],
    progress: Progress | None = None,
) -> VerifyReport:
    """Verifies the installation as it stands now, also while it works. Changes nothing.

    `catalog` exports all versions and `tail` the landing rows that no run has loaded; both are asked after the books were
    fixed at a version, so that they hold whatever the books rest on. Raises NothingPublished before the first run.
    """
    pair = published(settings.published)
    if pair is None:
        raise NothingPublished
    say = progress or (lambda _: None)
    connection = lake.connect()
    try:
        lake.attach(connection, lake.books(settings), read_only=True)
        snapshot = lake.last_snapshot(connection, lake.books(settings))
        connection.execute("detach books")
        lake.attach(connection, lake.books(settings), read_only=True, snapshot=snapshot)
        tables = catalog()
        fresh = tail()
        lake.attach(connection, lake.warehouse(settings), read_only=True)
        say("law 3: everything received is accounted for")
        differences = [*_conservation(connection, pair.warehouse_snapshot), *_landing(connection, settings.landing)]
        checks = _count(connection, f"warehouse.marts.fct_reconciliation at (version => {pair.warehouse_snapshot})")
        differences += [*_bundles(connection), *_vanished(connection, pair.books_snapshot), *_orphans(connection)]
        differences += _sequences(connection, tables["customers"])
        facts = _facts(connection, graph, tables, fresh)
        differences += _set_aside(connection, facts)
        invoices = lines = 0
        for wave in waves(connection, graph, facts):
            invoices += wave.invoices
            lines += _count(connection, "temp.main.issued_fees")
            say(f"recomputed {invoices:,} invoices, {lines:,} lines")
            differences += _compared(connection)
        return VerifyReport(invoices, lines, checks, tuple(differences), tables["set_aside_events"].num_rows)
    finally:
        connection.close()


def _facts(
    connection: duckdb.DuckDBPyConnection,
    graph: PricingGraph,
    catalog: Mapping[str, pa.Table],
    tail: Sequence[pa.Table],
) -> dict[str, str]:
    facts = {node.name: node.relation for node in graph.sources("landing")}
    facts["landing.events"] = give_events(connection, list(graph.node("landing.events").columns or {}), tail)
    for name, table in catalog.items():
        connection.register(f"catalog.{name}", table)
        facts[f"catalog.{name}"] = quoted(f"catalog.{name}")
    return facts


def _conservation(connection: duckdb.DuckDBPyConnection, snapshot: int) -> Iterator[Difference]:
    """The checks that the published run kept (law 3)."""
    query = f"select check_name, left_value, right_value from warehouse.marts.fct_reconciliation at (version => {snapshot}) where not is_held"
    for name, left, right in connection.execute(query).fetchall():
        yield Difference("law 3", f"{name}: {left} against {right}")


def _landing(connection: duckdb.DuckDBPyConnection, landing: Path) -> Iterator[Difference]:
    """What was loaded is still what landed: file by file, rows of the file and events of the warehouse."""
    query = """
        select files.landing_file, files.accepted_count, coalesce(events.held, 0)
        from warehouse.raw.landing_files as files
        left join (select landing_file, count(*) as held from warehouse.raw.events group by landing_file) as events using (landing_file)
        where files.accepted_count <> coalesce(events.held, 0) order by 1"""
    for name, accepted, held in connection.execute(query).fetchall():
        yield Difference("law 3", f"{name}: {accepted} events were accepted and the warehouse holds {held}")
    registered = dict(connection.execute("select landing_file, row_count from warehouse.raw.landing_files").fetchall())
    missing = sorted(name for name in registered if not (landing / name).is_file())
    for name in missing:
        yield Difference("law 3", f"{name} was loaded and is gone from the landing zone")
    for name in sorted(registered.keys() - set(missing)):
        try:
            rows = parquet.read_metadata(landing / name).num_rows
        except (pa.ArrowException, OSError) as error:
            yield Difference("law 3", f"{name} was loaded and cannot be read any more: {error}")
            continue
        if rows != registered[name]:
            yield Difference("law 3", f"{name} holds {rows} rows and {registered[name]} were loaded")


def _set_aside(connection: duckdb.DuckDBPyConnection, facts: Mapping[str, str]) -> Iterator[Difference]:
    """What a command set aside has been received. That no bill holds it is seen by computing the bills without it."""
    query = f"""
        select commands.external_subscription_id, commands.transaction_id from {facts["catalog.set_aside_events"]} as commands
        left join {facts["landing.events"]} as events using (external_subscription_id, transaction_id)
        where events.transaction_id is null order by all"""
    for subscription, transaction in connection.execute(query).fetchall():
        yield Difference("law 3", f"event {transaction} of {subscription} was set aside and is in no landing file")


def _bundles(connection: duckdb.DuckDBPyConnection) -> Iterator[Difference]:
    """The SQL kept in the books is the SQL that its hash names."""
    digests: dict[str, hashlib._Hash] = {}
    for bundle_id, name, sql in connection.execute(
        "select sql_bundle_id, name, sql from books.main.sql_bundles order by sql_bundle_id, position"
    ).fetchall():
        digests.setdefault(bundle_id, hashlib.sha256()).update(f"{name}\x00{sql or ''}\x00".encode())
    for bundle_id, digest in digests.items():
        if digest.hexdigest()[:32] != bundle_id:
            yield Difference("sql_bundles", f"the SQL of bundle {bundle_id} has been changed since it priced invoices")


def _vanished(connection: duckdb.DuckDBPyConnection, snapshot: int) -> Iterator[Difference]:
    """What the last run published is still in the books: nothing else would notice that the newest documents are gone."""
    for table in ("invoices", "standalone_fees", "credit_notes", "credit_note_voids", "invoice_voids", "payment_requests"):
        (key,) = KEYS[table]
        query = f"select {key} from books.main.{table} at (version => {snapshot}) except select {key} from books.main.{table} order by 1"
        try:
            vanished = connection.execute(query).fetchall()
        except duckdb.CatalogException:  # a table that the books have gained since
            continue
        for (document_id,) in vanished:
            yield Difference(table, f"{document_id} was published, and the books do not hold it any more", document_id)


def _orphans(connection: duckdb.DuckDBPyConnection) -> Iterator[Difference]:
    """Rows of the books that belong to nothing that was issued, which no recomputation would meet."""
    for table in RECOMPUTED[1:]:
        document = DOCUMENT.get(table, "invoice_id")
        query = f"""select distinct {document} as document_id from books.main.{table} where document_id not in (
            select invoice_id from books.main.invoices union all select fee_id from books.main.standalone_fees
            union all select credit_note_id from books.main.credit_notes
            union all select credit_note_void_id from books.main.credit_note_voids
            union all select invoice_void_id from books.main.invoice_voids
            union all select wallet_transaction_id from books.main.wallet_top_ups
            union all select payment_request_id from books.main.payment_requests)"""
        for (document_id,) in connection.execute(query).fetchall():
            yield Difference(
                table,
                f"{table} has rows of {document_id}, which the books hold neither as an invoice nor as a fee without one, a credit note or the void of either",
                document_id,
            )


def _sequences(connection: duckdb.DuckDBPyConnection, customers: pa.Table) -> Iterator[Difference]:
    """Numbers have no gap and no repeat, per customer and per entity (customers on a test clock count apart)."""
    connection.register("known_customers", customers)
    clocks = "select id as customer_id, coalesce(max(test_clock_id), '') as clock from known_customers group by all"
    invoices = f"(select * from books.main.invoices left join ({clocks}) using (customer_id) where status <> 'closed')"
    for owner, column in (
        ("customer_id, billing_entity_id", "customer_sequence"),
        ("billing_entity_id, clock", "entity_sequence"),
    ):
        query = f"""
            select concat_ws(' ', {owner}), count(*), count(distinct {column}), min({column}), max({column}) from {invoices}
            group by {owner} having min({column}) <> 1 or max({column}) <> count(*) or count(distinct {column}) <> count(*)"""
        for who, count, distinct, first, last in connection.execute(query).fetchall():
            yield Difference(
                "invoices",
                f"{column} of {who.strip()}: {count} invoices hold {distinct} numbers from {first} to {last}",
            )
    connection.unregister("known_customers")


def _compared(connection: duckdb.DuckDBPyConnection) -> Iterator[Difference]:
    """Both halves of a wave, table by table and column by column."""
    for table in RECOMPUTED:
        yield from _compared_table(connection, table)


def _compared_table(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[Difference]:
    keys = KEYS[table]
    join = " and ".join(f"issued.{key} is not distinct from recomputed.{key}" for key in keys)
    columns = [name for name in TABLES[table] if name not in keys and name not in NOT_COMPARED.get(table, set())]
    differs = {name: f"issued.{name} is distinct from recomputed.{name}" for name in columns}
    if table == "invoices":
        differs["number"] = f"not {SAME_NUMBER}"
    absent = f"issued.{keys[0]} is null or recomputed.{keys[0]} is null"
    where = " or ".join([absent, *differs.values()])
    shown = ", ".join(f"{condition}, issued.{name}, recomputed.{name}" for name, condition in differs.items())
    identity = ", ".join(f"coalesce(issued.{key}, recomputed.{key})" for key in keys)
    both = f"temp.main.issued_{table} as issued full join temp.main.recomputed_{table} as recomputed on {join}"
    rows = connection.execute(
        f"select count(*) over (), issued.{keys[0]} is null, recomputed.{keys[0]} is null, {identity}, {shown} from {both} where {where} order by {identity} limit {SHOWN_PER_TABLE}"
    ).fetchall()
    for _, is_absent, is_extra, *rest in rows:
        key, values = rest[: len(keys)], rest[len(keys) :]
        named = ", ".join(f"{name} {value}" for name, value in zip(keys, key, strict=True) if value is not None)
        document = dict(zip(keys, key, strict=True)).get("invoice_id") or key[0]
        if is_absent:
            yield Difference(table, f"{table} ({named}): the books lack this row, which the facts give", document)
        elif is_extra:
            yield Difference(
                table, f"{table} ({named}): the books hold this row, which the facts do not give", document
            )
        else:
            triples = zip(differs, values[0::3], values[1::3], values[2::3], strict=True)
            told = "; ".join(
                f"{name} is {issued} in the books and {again} recomputed"
                for name, differing, issued, again in triples
                if differing
            )
            yield Difference(table, f"{table} ({named}): {told}", document)
    if rows and rows[0][0] > len(rows):
        yield Difference(table, f"{table}: {rows[0][0] - len(rows):,} more rows differ")
    keys_listed = ", ".join(keys)
    repeated = f"select {keys_listed} from temp.main.issued_{table} group by {keys_listed} having count(*) > 1 limit {SHOWN_PER_TABLE}"
    for again in connection.execute(repeated).fetchall():
        yield Difference(
            table, f"{table} ({', '.join(map(str, again))}): the books hold this row more than once", again[0]
        )


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0
