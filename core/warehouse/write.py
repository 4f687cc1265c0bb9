"""The one writer of the warehouse: loads facts into the raw schema. Only the run may hold it (pool of one in Dagster).

Everything raw comes in here: landing files with their registration in one transaction, the catalog's export, and the
horizon of the run. dbt builds the rest on top.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from core import lake
from core.errors import TallystickError
from core.locks import Locked, exclusive
from core.settings import Settings
from core.warehouse.pricing_graph import Node, PricingGraph

EVENT_COLUMNS = (
    "external_subscription_id", "transaction_id", "code", "timestamp", "properties", "precise_total_amount_cents", "received_at",
    "received_sequence", "source", "source_row",
)  # fmt: skip
IDENTITY_HASH = "hash(external_subscription_id, transaction_id)"
SORTED_ROWS = 2_000_000
ROW_GROUP = 40_960
"""A third of what DuckDB writes by default: a look at one subscription's events unpacks whole row groups."""
REJECTION_COLUMNS = ("source", "source_row", "reason", "field", "message", "content", "received_at")


RUN_LOCK_SECONDS = 3600.0


class HorizonRefused(TallystickError):
    """A run cannot settle to that instant."""

    def __init__(self, as_of: datetime, reason: str) -> None:
        super().__init__("horizon_refused", f"--as-of {as_of} (UTC) is refused: {reason}")


class WarehouseBusy(TallystickError):
    """Another run writes the warehouse."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            "warehouse_busy",
            f"another run has held the warehouse for more than {seconds:g} s; wait until it has ended, or stop it",
        )


@dataclass(frozen=True)
class Loaded:
    """What became of the rows of some landing files."""

    files: int
    rows: int
    accepted: int
    duplicates: int


class WriteWarehouse:
    """A writing connection to the warehouse. Use it from `open_for_writing`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, graph: PricingGraph) -> None:
        self.connection = connection
        self.graph = graph

    def create(self) -> None:
        """Creates schemas, source tables and their columns that are missing. Idempotent."""
        for schema in ("raw", "settlement", "staging", "metering", "rating", "billing", "ledger", "marts"):
            self.connection.execute(f"create schema if not exists warehouse.{schema}")
        sources = [node for source in ("catalog", "landing", "settlement") for node in self.graph.sources(source)]
        tables = {f"{node.layer}.{_table(node)}": node.columns or {} for node in sources}
        lake.ensure_tables(self.connection, "warehouse", tables)
        self.connection.execute(
            f"call warehouse.set_option('parquet_row_group_size', {ROW_GROUP}, schema => 'raw', table_name => 'events')"
        )

    def forget(self, keep: Collection[int]) -> None:
        """Drops every version but the newest and those to `keep`, with the files that only they used.

        Without it each run adds some hundreds of versions, and every statement reads the catalog of all of them.
        """
        versions = {
            row[0]
            for row in self.connection.execute("select snapshot_id from ducklake_snapshots('warehouse')").fetchall()
        }
        # DuckLake itself refuses to drop the newest one.
        past = sorted(versions - {max(versions), *keep})
        if past:
            self.connection.execute(f"call ducklake_expire_snapshots('warehouse', versions => {past})")
            self.connection.execute("call ducklake_cleanup_old_files('warehouse', cleanup_all => true)")

    def registered_files(self) -> set[str]:
        """Names of the landing files that have been loaded."""
        return {
            row[0] for row in self.connection.execute("select landing_file from warehouse.raw.landing_files").fetchall()
        }

    def load_events(self, root: Path, names: Sequence[str], loaded_at: datetime) -> Loaded:
        """Loads event files below `root` and registers them, in one transaction. A file is loaded once.

        Of several events with one identity (external_subscription_id, transaction_id) the first received stays, over
        all files ever loaded (law 4). Suspects are found by hash and then compared exactly. SORTED_ROWS rows at a time
        are sorted by subscription and time, which bounds the memory of a load of any size.
        """
        registered = self.registered_files()
        new = [name for name in names if name not in registered]
        if not new:
            return Loaded(0, 0, 0, 0)
        connection = self.connection
        files = [str(root / name) for name in new]
        prefix = len(str(root)) + 2
        source = f"select {', '.join(EVENT_COLUMNS)}, substr(filename, {prefix}) as landing_file from read_parquet(?, filename = true)"
        self._settle_suspects(files, source)
        connection.execute("begin")
        try:
            for part in self._parts(files):
                connection.execute(
                    f"""insert into warehouse.raw.events by name
                    select * from (
                        {source} where {IDENTITY_HASH} not in (select h from suspects)
                        union all by name select * from settled_suspects where landing_file in (select substr(unnest(?), {prefix}))
                    ) order by external_subscription_id, timestamp""",
                    [part, part],
                )
            connection.execute(
                f"""insert into warehouse.raw.landing_files by name
                select counted.landing_file, counted.row_count, coalesce(kept.accepted_count, 0) as accepted_count,
                    counted.row_count - coalesce(kept.accepted_count, 0) as duplicate_count, cast(? as timestamp) as loaded_at
                from (select substr(file_name, {prefix}) as landing_file, num_rows as row_count from parquet_file_metadata(?)) as counted
                left join (
                    select landing_file, count(*) as accepted_count from (
                        select landing_file from ({source}) where {IDENTITY_HASH} not in (select h from suspects)
                        union all select landing_file from settled_suspects
                    ) group by landing_file
                ) as kept on counted.landing_file = kept.landing_file""",
                [loaded_at, files, files],
            )
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise
        row = connection.execute(
            "select count(*), sum(row_count), sum(accepted_count), sum(duplicate_count) from warehouse.raw.landing_files where landing_file in (select unnest(?))",
            [new],
        ).fetchone()
        assert row is not None
        return Loaded(int(row[0]), int(row[1]), int(row[2]), int(row[3]))

    def _settle_suspects(self, files: Sequence[str], source: str) -> None:
        """Leaves `suspects`, the hashes that more than one event has, and `settled_suspects`, the rows of theirs that stay."""
        connection = self.connection
        connection.execute(
            f"create or replace temp table new_keys as select {IDENTITY_HASH} as h, count(*) as n from read_parquet(?) group by h",
            [files],
        )
        connection.execute(
            f"create or replace temp table suspects as select h from new_keys where n > 1 union "
            f"select {IDENTITY_HASH} as h from warehouse.raw.events where {IDENTITY_HASH} in (select h from new_keys)"
        )
        connection.execute("drop table new_keys")
        connection.execute(
            f"""create or replace temp table settled_suspects as
            select {", ".join(EVENT_COLUMNS)}, landing_file from (
                select *, row_number() over (
                    partition by external_subscription_id, transaction_id order by received_at, received_sequence, landing_file
                ) as place
                from ({source} where {IDENTITY_HASH} in (select h from suspects)) as suspected
            ) as placed
            where place = 1 and (external_subscription_id, transaction_id) not in (
                select (external_subscription_id, transaction_id) from warehouse.raw.events where {IDENTITY_HASH} in (select h from suspects)
            )""",
            [files],
        )

    def _parts(self, files: Sequence[str]) -> list[list[str]]:
        """The files in their order, in parts of about SORTED_ROWS rows."""
        parts: list[list[str]] = []
        rows = SORTED_ROWS
        for file, count in self.connection.execute(
            "select file_name, num_rows from parquet_file_metadata(?) order by file_name", [files]
        ).fetchall():
            if rows >= SORTED_ROWS:
                parts.append([])
                rows = 0
            parts[-1].append(file)
            rows += count
        return parts

    def load_rejections(self, root: Path, names: Sequence[str], loaded_at: datetime) -> int:
        """Loads rejection files and registers them, in one transaction; returns how many rows were refused."""
        registered = self.registered_files()
        new = [name for name in names if name not in registered]
        if not new:
            return 0
        files = [str(root / name) for name in new]
        prefix = len(str(root)) + 2
        self.connection.execute("begin")
        try:
            self.connection.execute(
                f"insert into warehouse.raw.rejections by name select {', '.join(REJECTION_COLUMNS)}, substr(filename, {prefix}) as landing_file "
                "from read_parquet(?, filename = true)",
                [files],
            )
            self.connection.execute(
                f"insert into warehouse.raw.landing_files by name select substr(file_name, {prefix}) as landing_file, num_rows as row_count, "
                "0 as accepted_count, 0 as duplicate_count, cast(? as timestamp) as loaded_at from parquet_file_metadata(?)",
                [loaded_at, files],
            )
            self.connection.execute("commit")
        except BaseException:
            self.connection.execute("rollback")
            raise
        row = self.connection.execute(
            "select count(*) from warehouse.raw.rejections where landing_file in (select unnest(?))", [new]
        ).fetchone()
        return int(row[0]) if row else 0

    def load_catalog(self, tables: Mapping[str, pa.Table]) -> None:
        """Replaces the catalog's raw tables with an export (all versions), in one transaction."""
        self.connection.execute("begin")
        try:
            for name, table in tables.items():
                node = self.graph.node(f"catalog.{name}")
                self.connection.execute(f"delete from {node.relation}")
                if table.num_rows:
                    self.connection.register("arriving", table)
                    self.connection.execute(f"insert into {node.relation} by name select * from arriving")
                    self.connection.unregister("arriving")
            self.connection.execute("commit")
        except BaseException:
            self.connection.execute("rollback")
            raise

    def set_horizon(self, as_of: datetime, watermark: datetime) -> None:
        """How far this run may settle.

        Raises HorizonRefused above the watermark, since facts could still arrive before `as_of` (law 1), and below the
        horizon of an earlier run, since what that one settled stands in the books.
        """
        if as_of > watermark:
            raise HorizonRefused(as_of, f"facts may still arrive before it; the latest is {watermark}")
        settled = self.connection.execute("select max(as_of) from warehouse.raw.run_horizon").fetchone()
        if settled and settled[0] and as_of < settled[0]:
            raise HorizonRefused(as_of, f"an earlier run settled to {settled[0]}, and what it issued stands")
        self.connection.execute("delete from warehouse.raw.run_horizon")
        self.connection.execute("insert into warehouse.raw.run_horizon values (?, ?)", [as_of, watermark])


@contextmanager
def run_lock(settings: Settings, timeout: float = RUN_LOCK_SECONDS) -> Iterator[None]:
    """Holds the warehouse for one whole run, so that the steps of two runs never mix: what is published is of one run.

    Raises WarehouseBusy after `timeout` seconds.
    """
    try:
        with exclusive(settings, "warehouse", timeout):
            yield
    except Locked as error:
        raise WarehouseBusy(timeout) from error


@contextmanager
def open_for_writing(settings: Settings, graph: PricingGraph) -> Iterator[WriteWarehouse]:
    """The warehouse, attached for writing."""
    connection = lake.connect()
    try:
        lake.attach(connection, lake.warehouse(settings))
        yield WriteWarehouse(connection, graph)
    finally:
        connection.close()


def _table(node: Node) -> str:
    return node.relation.split(".")[-1].strip('"')
