"""Connections to the catalog's database, SQLite or Postgres, and the one write lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

Engine = sa.Engine
Connection = sa.Connection
"""Connections to a catalog; only the catalog knows the library."""
# Any constant will do; it names the catalog's writer lock among the advisory locks of the database.
_WRITER_LOCK = 7_260_111
_BUSY_TIMEOUT_MS = 60_000


def connect(url: str) -> sa.Engine:
    """An engine for the catalog at `url` (sqlite:///path or postgresql://...). Creates the folder of an SQLite file."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"))
    raise ValueError(f"the catalog lives in SQLite or Postgres, not {parsed.get_backend_name()}; correct the URL")


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that holds the catalog's write lock from its first statement to its commit.

    Stamps are only safe under this lock: whoever holds it is the only one that can commit (law 1).
    """
    with engine.connect().execution_options(catalog_writer=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITER_LOCK)))
        yield connection


UNAVAILABLE: tuple[type[Exception], ...] = (sa.exc.OperationalError, sa.exc.InterfaceError)
"""What SQLAlchemy raises while the database is down, locked or out of space (and, of SQLite, also when a table is not there)."""


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A read-only transaction in which all queries see the same commits."""
    options: dict[str, Any] = {}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def _sqlite(url: sa.URL) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError("the catalog must be a file, because several connections share it; give sqlite:///path")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # None stops the driver from starting transactions of its own, so that ours can be IMMEDIATE.
        connection.isolation_level = None
        # The timeout comes first: switching to WAL takes a lock that another process may hold.
        for pragma in (f"busy_timeout={_BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writer = connection.get_execution_options().get("catalog_writer")
        # A deferred transaction that turns into a writer can fail with "database is locked" and has already read.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine
