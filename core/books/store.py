"""The books on disk: created once, appended to under a lock, never changed (law 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from core import lake
from core.books.tables import TABLES
from core.errors import TallystickError
from core.locks import Locked, exclusive
from core.settings import Settings

LOCK_TIMEOUT_SECONDS = 600.0


class BooksBusy(TallystickError):
    """Somebody else is issuing."""

    def __init__(self, seconds: float) -> None:
        super().__init__("books_busy", f"the books were locked for {seconds:g} s by another issue; try again")


def create(settings: Settings) -> None:
    """Creates the tables of the books that are missing, and the columns that they have gained since. Idempotent."""
    settings.books_data.mkdir(parents=True, exist_ok=True)
    connection = lake.connect()
    try:
        lake.attach(connection, lake.books(settings))
        lake.ensure_tables(connection, "books", {f"main.{name}": columns for name, columns in TABLES.items()})
    finally:
        connection.close()


@contextmanager
def lock(settings: Settings, timeout: float = LOCK_TIMEOUT_SECONDS) -> Iterator[None]:
    """Holds the books against every other issue: see core.locks. Raises BooksBusy after `timeout` seconds."""
    try:
        with exclusive(settings, "books", timeout):
            yield
    except Locked as error:
        raise BooksBusy(timeout) from error


def append(settings: Settings, tables: Mapping[str, pa.Table], bundle: Sequence[Mapping[str, Any]]) -> int:
    """Appends what was settled, whole or not at all, and the SQL that priced it. Returns the books' new snapshot.

    Hold `lock` from before the settlement read the books until this returns. Raises ValueError when an invoice is
    already in the books.
    """
    connection = lake.connect()
    try:
        lake.attach(connection, lake.books(settings))
        connection.execute("begin")
        _refuse_repeats(connection, tables["invoices"])
        for name, table in tables.items():
            _insert(connection, name, table)
        if (
            bundle
            and not connection.execute(
                "select 1 from books.main.sql_bundles where sql_bundle_id = ? limit 1", [bundle[0]["sql_bundle_id"]]
            ).fetchone()
        ):
            _insert(connection, "sql_bundles", pa.Table.from_pylist([dict(row) for row in bundle]))
        connection.execute("commit")
        return lake.last_snapshot(connection, lake.books(settings))
    finally:
        connection.close()


def _insert(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    if not table.num_rows:
        return
    columns = ", ".join(TABLES[name])
    connection.register("arriving", table)
    connection.execute(f"insert into books.main.{name} ({columns}) select {columns} from arriving")
    connection.unregister("arriving")


def _refuse_repeats(connection: duckdb.DuckDBPyConnection, invoices: pa.Table) -> None:
    connection.register("arriving", invoices)
    row = connection.execute(
        "select invoice_id from arriving where invoice_id in (select invoice_id from books.main.invoices) limit 1"
    ).fetchone()
    connection.unregister("arriving")
    if row:
        raise ValueError(f"invoice {row[0]} is already in the books; the settlement read them without holding the lock")
