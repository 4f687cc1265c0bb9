"""Plans that are kept from one request to the next.

Most of the time of a request for one customer went into planning the SQL of some sixty models, always the same text. Here
their tables stay on the connection, empty between requests, and each statement that fills one is prepared: a request runs in
a transaction that is rolled back, so a table's definition never changes and DuckDB plans no statement twice.

A plan that is kept must hold for other rows than it was made for. DuckDB derives plans from the statistics of the tables
(an empty one, and a condition is dropped as never fulfilled), so `engine_for_kept_plans` turns that off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

MOST_PLANS = 1000
"""Statements that one connection keeps; past it `is_full` says to begin with a new one."""


def engine_for_kept_plans(connection: duckdb.DuckDBPyConnection) -> None:
    """Sets the engine of `connection`, and of all its cursors, to make plans that do not rest on the rows they were made for."""
    connection.execute("set disabled_optimizers = 'statistics_propagation'")


class KeptPlans:
    """A cursor on an engine of `engine_for_kept_plans`, for one request at a time. Not safe to share between threads."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._plans: dict[str, str] = {}
        self._tables: set[str] = set()
        self._filled: set[str] = set()

    @property
    def is_full(self) -> bool:
        """Whether it holds so many plans that a new one should take its place."""
        return len(self._plans) > MOST_PLANS

    @contextmanager
    def request(self) -> Iterator[None]:
        """A transaction over which tables are filled and read; at its end they are empty."""
        self._filled.clear()
        self._cursor.execute("begin")
        try:
            yield
            definitions = self._new_definitions()
        finally:
            self._cursor.execute("rollback")
        if definitions:
            self._define(definitions)

    def execute(self, query: str, parameters: Any = None) -> duckdb.DuckDBPyConnection:
        """Runs a query whose plan is not kept."""
        return self._cursor.execute(query, parameters)

    def has_rows(self, query: str) -> bool:
        """Whether a query has any; its plan is kept."""
        if self._filled <= self._tables:
            query = f"execute {self._planned(query)}"
        return self._cursor.execute(query).fetchone() is not None

    def fill(self, name: str, query: str, parameters: Any = None, *, is_kept: bool = False) -> int:
        """Makes `query` the temporary table `name`; the number of its rows.

        With `is_kept` the plan is kept by its text, so it must read no table of a lake, whose files a plan names.
        """
        table = self._emptied(name)
        if name not in self._tables:
            return _count(self._cursor.execute(f"create temp table {table} as {query}", parameters))
        statement = f"insert into {table} {query}"
        if is_kept:
            return _count(self._cursor.execute(f"execute {self._planned(statement)}"))
        return _count(self._cursor.execute(statement, parameters))

    def hold(self, name: str, declared: str, given: pa.Table) -> None:
        """Makes the rows of `given` the temporary table `name` with the `declared` columns."""
        table = self._emptied(name)
        if name not in self._tables:
            self._cursor.execute(f"create temp table {table} ({declared})")
        # The engine finds `given` by its name in this function.
        self._cursor.execute(f"insert into {table} by name select * from given")

    def close(self) -> None:
        """Lets go of its tables and plans."""
        self._cursor.close()

    def _emptied(self, name: str) -> str:
        """The table of this name, without rows of this request."""
        table = f'temp.main."{name}"'
        if name in self._filled:
            self._cursor.execute(f"{'delete from' if name in self._tables else 'drop table'} {table}")
        self._filled.add(name)
        return table

    def _new_definitions(self) -> list[tuple[str, str]]:
        if self._filled <= self._tables:
            return []
        query = "select table_name, sql from duckdb_tables() where temporary"
        return [row for row in self._cursor.execute(query).fetchall() if row[0] not in self._tables]

    def _define(self, definitions: Sequence[tuple[str, str]]) -> None:
        for name, definition in definitions:
            self._cursor.execute(definition)
            self._tables.add(name)
        # A change of definitions outdates every plan, and one that `execute` has to make again is not kept.
        for plan in self._plans.values():
            self._cursor.execute(f"deallocate {plan}")
        self._plans.clear()

    def _planned(self, statement: str) -> str:
        if statement not in self._plans:
            name = f"plan_{len(self._plans)}"
            self._cursor.execute(f"prepare {name} as {statement}")
            self._plans[statement] = name
        return self._plans[statement]


Connection = duckdb.DuckDBPyConnection | KeptPlans
"""What models run on: a connection of any kind, or one that keeps its plans."""


def make_table(connection: Connection, name: str, query: str, parameters: Any = None, *, is_kept: bool = False) -> int:
    """Makes `query` the temporary table `name`, anew; the number of its rows. `is_kept` as in `KeptPlans.fill`."""
    if isinstance(connection, KeptPlans):
        return connection.fill(name, query, parameters, is_kept=is_kept)
    return _count(connection.execute(f'create or replace temp table "{name}" as {query}', parameters))


def hold(connection: Connection, name: str, declared: str, given: pa.Table) -> str:
    """What to read the rows of `given` from, with the `declared` columns."""
    if isinstance(connection, KeptPlans):
        connection.hold(name, declared, given)
        return f'temp.main."{name}"'
    connection.register(name, given)
    return f'"{name}"'


def has_rows(connection: Connection, query: str) -> bool:
    """Whether a query has any rows."""
    if isinstance(connection, KeptPlans):
        return connection.has_rows(query)
    return connection.execute(query).fetchone() is not None


def _count(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row else 0
