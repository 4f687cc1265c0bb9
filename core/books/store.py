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


def append(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, str],
    bundle: Sequence[Mapping[str, Any]],
) -> int:
    """Appends what was settled, whole or not at all, and the SQL that priced it. Returns the books' new snapshot.

    `relations` gives the relation on `connection` of the new rows of each table; where the connection has the books
    attached, they are attached for writing instead. Hold `lock` from before the settlement read the books until this
    returns, and close `connection` if this raises: nothing is then in the books. Raises ValueError when an invoice is
    already in the books.
    """
    connection.execute("detach database if exists books")
    lake.attach(connection, lake.books(settings))
    connection.execute("begin")
    _refuse_repeats(connection, relations["invoices"])
    for name, relation in relations.items():
        _insert(connection, name, relation)
    if (
        bundle
        and not connection.execute(
            "select 1 from books.main.sql_bundles where sql_bundle_id = ? limit 1", [bundle[0]["sql_bundle_id"]]
        ).fetchone()
    ):
        connection.register("arriving", pa.Table.from_pylist([dict(row) for row in bundle]))
        _insert(connection, "sql_bundles", "arriving")
    connection.execute("commit")
    return lake.last_snapshot(connection, lake.books(settings))


def _insert(connection: duckdb.DuckDBPyConnection, name: str, relation: str) -> None:
    if connection.execute(f"select 1 from {relation} limit 1").fetchone() is not None:
        columns = ", ".join(TABLES[name])
        connection.execute(f"insert into books.main.{name} ({columns}) select {columns} from {relation}")


def _refuse_repeats(connection: duckdb.DuckDBPyConnection, invoices: str) -> None:
    row = connection.execute(
        f"select invoice_id from {invoices} where invoice_id in (select invoice_id from books.main.invoices) limit 1"
    ).fetchone()
    if row:
        raise ValueError(f"invoice {row[0]} is already in the books; the settlement read them without holding the lock")
