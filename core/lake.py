"""The two lakes as DuckDB attaches them: where each is, and how to open it.

A lake is Parquet files and a catalog database: SQLite when embedded, Postgres when served. Both `core.warehouse` and
`core.books` open theirs through this module, and dbt's profile takes the same locations from the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import duckdb
import duckdb_extensions
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core.settings import Settings

BUSY_TIMEOUT_MS = 30_000
MEMORY_LIMIT = "3GB"


class Asked(Protocol):
    """A connection to the engine, or what keeps plans on one."""

    def execute(self, query: str) -> duckdb.DuckDBPyConnection:
        """Runs a query."""


@dataclass(frozen=True)
class Lake:
    """One lake: its alias in SQL, DuckLake's location of its catalog, and the folder of its Parquet files."""

    alias: str
    location: str
    data_path: str

    @property
    def is_embedded(self) -> bool:
        """Whether the catalog is a SQLite file, which takes one writing thread."""
        return self.location.startswith("ducklake:sqlite:")


def warehouse(settings: Settings) -> Lake:
    """The lake that can be deleted and rebuilt."""
    return Lake(
        "warehouse", _location(settings, settings.warehouse_catalog, "warehouse"), _folder(settings.warehouse_data)
    )


def books(settings: Settings) -> Lake:
    """The lake that holds what was issued."""
    return Lake("books", _location(settings, settings.books_catalog, "books"), _folder(settings.books_data))


def connect() -> duckdb.DuckDBPyConnection:
    """A new in-memory DuckDB that can attach lakes, counts time in UTC and keeps within the memory limit."""
    _import_extensions()
    connection = connect_alone()
    for name in ("ducklake", "sqlite_scanner"):
        connection.execute(f"load {name}")
    return connection


def connect_alone() -> duckdb.DuckDBPyConnection:
    """As `connect`, without what attaches lakes, which takes a tenth of a second to load."""
    connection = duckdb.connect()
    connection.execute(
        f"set TimeZone = 'UTC'; set memory_limit = '{MEMORY_LIMIT}'; set preserve_insertion_order = false"
    )
    return connection


def attach(
    connection: duckdb.DuckDBPyConnection, lake: Lake, *, read_only: bool = False, snapshot: int | None = None
) -> None:
    """Attaches the lake under its alias, for writing or read-only, at its newest version or at a snapshot."""
    # DuckLake keeps the absolute path of its first attach; ours wins, so that a folder may be moved or copied.
    options = [f"data_path {_literal(lake.data_path)}", "override_data_path true"]
    if lake.alias == "warehouse":
        # Else DuckLake adds a table to its catalog for each table ever made, and each statement reads their names.
        options.append("data_inlining_row_limit 0")
    if lake.is_embedded:
        options += ["meta_journal_mode 'WAL'", f"meta_busy_timeout {BUSY_TIMEOUT_MS}"]
    else:
        connection.execute("load postgres_scanner")
        options.append(f"metadata_schema {_literal(lake.alias)}")
    if read_only:
        options.append("read_only")
    if snapshot is not None:
        options.append(f"snapshot_version {snapshot}")
    connection.execute(f"attach {_literal(lake.location)} as {lake.alias} ({', '.join(options)})")


def ensure_tables(connection: duckdb.DuckDBPyConnection, alias: str, tables: Mapping[str, Mapping[str, str]]) -> None:
    """Creates the tables (`schema.table` -> column -> type) that an attached lake lacks, and adds the columns that they lack."""
    found: dict[str, set[str]] = {}
    query = "select schema_name || '.' || table_name, column_name from duckdb_columns() where database_name = ?"
    for table, column in connection.execute(query, [alias]).fetchall():
        found.setdefault(table, set()).add(column)
    for table, columns in tables.items():
        relation = ".".join(_quoted(part) for part in (alias, *table.split(".")))
        if table not in found:
            declared = ", ".join(f"{_quoted(column)} {data_type}" for column, data_type in columns.items())
            connection.execute(f"create table {relation} ({declared})")
            continue
        for column in columns.keys() - found[table]:
            connection.execute(f"alter table {relation} add column {_quoted(column)} {columns[column]}")


def has_rows(connection: Asked, relation: str) -> bool:
    """Whether the table of an attached lake has any rows; none if there is no such table.

    DuckLake lists its tables in a tenth of a second; to be asked for one of them takes it some milliseconds.
    """
    try:
        return connection.execute(f"select 1 from {relation} limit 1").fetchone() is not None
    except duckdb.CatalogException:
        return False


def filled_tables(connection: Asked, alias: str) -> set[str]:
    """The tables of an attached lake that hold rows, by DuckLake's own count, which a deletion does not lower.

    One question for all: `has_rows` of an empty table costs tens of milliseconds, since DuckLake asks for the statistics of
    every column. A database in memory that stands in for a lake counts its rows itself.
    """
    metadata = f"__ducklake_metadata_{alias}"
    try:
        found = connection.execute(
            f"""select table_name from {metadata}.ducklake_table inner join {metadata}.ducklake_table_stats using (table_id)
            where end_snapshot is null and record_count > 0"""
        )
    except duckdb.CatalogException:
        found = connection.execute(
            f"select table_name from duckdb_tables() where database_name = {_literal(alias)} and estimated_size > 0"
        )
    return {name for (name,) in found.fetchall()}


def last_snapshot(connection: duckdb.DuckDBPyConnection, lake: Lake) -> int:
    """The newest version of an attached lake."""
    row = connection.execute(f"select max(snapshot_id) from ducklake_snapshots({_literal(lake.alias)})").fetchone()
    return int(row[0]) if row else 0


@cache
def _import_extensions() -> None:
    for name in ("ducklake", "sqlite_scanner", "postgres_scanner"):
        duckdb_extensions.import_extension(name)


def _location(settings: Settings, catalog: Path, alias: str) -> str:
    if not settings.lake_catalog_url:
        return f"ducklake:sqlite:{catalog}"
    return "ducklake:postgres:" + make_conninfo("", **conninfo_to_dict(settings.lake_catalog_url))


def _folder(path: Path) -> str:
    return f"{path}/"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
