"""When something may fall due next: the moments after a run's horizon at which its tables may change though no fact arrives.

A wide net on purpose: a moment at which nothing happens costs a run, and one that is missed would leave what readers see old
until the next. No bill depends on either, since it is computed as of its own moment (law 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import duckdb

from core.clock import MICROSECOND
from core.lake import Lake

COMPUTED = ("metering", "billing", "ledger")
"""Layers whose tables hold instants that are no facts: ends of periods, of trials and of grace, and what rules will do."""
ZONES = (
    "select timezone from warehouse.raw.customers",
    "select timezone from warehouse.raw.billing_entities",
    "select timezone from books.main.invoices",
)
"""Where a day may begin for somebody: customers and sellers, and where an invoice was issued to, which says when it is overdue."""


Instant = tuple[str, str, str]
"""(schema, table, column) of the warehouse that hold instants."""


def next_moment(connection: duckdb.DuckDBPyConnection, as_of: datetime, instants: Iterable[Instant]) -> datetime:
    """The first moment after `as_of` (naive UTC) at which anything built as of then may change; both lakes are attached.

    It is the next tick of a schedule, the next local midnight of anybody, or the next instant that a fact or a computed table
    names: of `instants`, which are those of `instants_after`, or more.
    """
    return min(_moments(connection, as_of, instants))


def instants_after(connection: duckdb.DuckDBPyConnection, warehouse: Lake, as_of: datetime) -> list[Instant]:
    """Where facts and computed tables may hold an instant after `as_of`; the run's own horizon is none.

    DuckLake knows the greatest value that a column has ever had; to ask each of 500 columns instead costs 10 s.
    """
    of = f"__ducklake_metadata_{warehouse.alias}.{'main' if warehouse.is_embedded else warehouse.alias}.ducklake"
    return connection.execute(
        f"""select schemas.schema_name, tables.table_name, columns.column_name
        from {of}_table_column_stats as stats
        inner join {of}_column as columns on stats.table_id = columns.table_id and stats.column_id = columns.column_id
        inner join {of}_table as tables on stats.table_id = tables.table_id
        inner join {of}_schema as schemas on tables.schema_id = schemas.schema_id
        where columns.end_snapshot is null and tables.end_snapshot is null and schemas.end_snapshot is null
            and columns.column_type = 'timestamp' and try_cast(stats.max_value as timestamp) > $as_of
            and schemas.schema_name in ('raw', {", ".join(f"'{layer}'" for layer in COMPUTED)}) and tables.table_name <> 'run_horizon'""",
        {"as_of": as_of},
    ).fetchall()


def _moments(connection: duckdb.DuckDBPyConnection, as_of: datetime, instants: Iterable[Instant]) -> Iterator[datetime]:
    yield from _ticks(connection, as_of)
    yield from _midnights(connection, as_of)
    for schema, table, column in instants:
        # A draft on hold falls due a microsecond after any `as_of`, whatever that is.
        after = as_of + MICROSECOND if schema in COMPUTED else as_of
        row = connection.execute(
            f'select min("{column}") from warehouse."{schema}"."{table}" where "{column}" > ?', [after]
        ).fetchone()
        if row and row[0] is not None:
            yield row[0]


def _ticks(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> Iterator[datetime]:
    """The next tick of each schedule of everyone; those of a test clock come with its readings, and listed ones are facts."""
    regular = connection.execute(
        "select distinct first_at, every_seconds from warehouse.raw.schedules "
        "where test_clock_id is null and every_seconds is not null and (valid_to is null or valid_to > ?)",
        [as_of],
    ).fetchall()
    for first_at, every_seconds in regular:
        every = timedelta(seconds=every_seconds)
        yield first_at + every * max(0, (as_of - first_at) // every + 1)


def _midnights(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> Iterator[datetime]:
    local = "timezone(zone, timezone('UTC', cast($as_of as timestamp)))"
    row = connection.execute(
        f"""select min(timezone('UTC', timezone(zone, cast(cast({local} as date) + 1 as timestamp))))
        from (select 'UTC' as zone union {" union ".join(ZONES)}) where zone is not null""",
        {"as_of": as_of},
    ).fetchone()
    assert row is not None
    yield row[0]
