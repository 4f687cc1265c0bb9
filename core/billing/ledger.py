"""Reading what was billed: the warehouse as last published, beside the books as they are now.

A command's invoice is in the books before any run publishes them, and its caller asks for it at once; so, unlike
`ReadWarehouse`, this reads the books at their newest. They are append-only, which is why that is safe: what the
published marts hold is in them, and `core.warehouse.marts` adds what the marts have not seen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from core import lake
from core.billing.told import told
from core.catalog.engine import Engine
from core.clock import Clock
from core.settings import Settings
from core.warehouse.kept_plans import KeptPlans, engine_for_kept_plans
from core.warehouse.pricing_graph import PricingGraph, quoted
from core.warehouse.publish import Published, published

Cursor = Any
"""A DuckDB cursor; only core knows the library."""


class Ledger:
    """One connection per process that follows each publication. Safe to use from several threads."""

    def __init__(self, settings: Settings, engine: Engine, clock: Clock, graph: Callable[[], PricingGraph]) -> None:
        self._settings = settings
        self._engine = engine
        self._clock = clock
        self._graph = graph
        self._lock = threading.Lock()
        self._connection: Any = None
        self._pair: Published | None = None
        self._idle: list[KeptPlans] = []
        self._loaded: tuple[Published | None, frozenset[str]] = (None, frozenset())

    def has_published(self) -> bool:
        """Whether a run has published a warehouse."""
        return self.published() is not None

    def published(self) -> Published | None:
        """What the last run published."""
        return published(self._settings.published)

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        """A cursor on `warehouse` and `books`, with temporary tables of its own; invoices are as of now (`marts.TOLD`)."""
        with self._lock:
            cursor = self._followed().cursor()
            run_at = self._pair.as_of if self._pair else datetime.min
        try:
            for name, table in told(self._engine, run_at, self._clock.now()).items():
                cursor.register(name, table)
            yield cursor
        finally:
            cursor.close()

    def books_snapshot(self, cursor: Cursor) -> int:
        """The newest version of the books, on a `cursor`."""
        return lake.last_snapshot(cursor, lake.books(self._settings))

    @contextmanager
    def computing(self) -> Iterator[KeptPlans]:
        """As `cursor`, for models: their plans stay with it, and the next request takes it up."""
        with self._lock:
            connection = self._followed()
            plans = self._idle.pop() if self._idle else KeptPlans(connection.cursor())
        is_done = False
        try:
            with plans.request():
                yield plans
            is_done = True
        finally:
            with self._lock:
                if is_done and connection is self._connection and not plans.is_full:
                    self._idle.append(plans)
                else:
                    plans.close()

    def _followed(self) -> Any:
        """The connection on what is published now."""
        pair = published(self._settings.published)
        if self._connection is None or pair != self._pair:
            self._connection, self._pair, self._idle = self._open(pair), pair, []
        return self._connection

    def loaded_files(self) -> tuple[str, frozenset[str]]:
        """(the last day that the published run looked at, the landing files of that day and later that it loaded)."""
        pair = published(self._settings.published)
        if pair is None:
            return "", frozenset()
        first_day = f"{pair.as_of:%Y-%m-%d}"
        if self._loaded[0] != pair:
            source = self._graph().node("landing.landing_files").relation
            with self.cursor() as cursor:
                rows = cursor.execute(
                    f"select landing_file from {source} where landing_file >= ?", [f"events/received_date={first_day}"]
                ).fetchall()
            self._loaded = (pair, frozenset(row[0] for row in rows))
        return first_day, self._loaded[1]

    def events(self) -> str | None:
        """The relation of the events that the published run loaded; None before the first."""
        return self._graph().node("landing.events").relation if self.has_published() else None

    def event(self, transaction_id: str) -> dict[str, Any] | None:
        """The first received event of this transaction id that the published warehouse holds."""
        source = self.events()
        if source is None:
            return None
        with self.cursor() as cursor:
            result = cursor.execute(
                f"select * from {source} where transaction_id = ? order by received_at, received_sequence limit 1",
                [transaction_id],
            )
            names = [column[0] for column in result.description]
            row = result.fetchone()
        return None if row is None else dict(zip(names, row, strict=True))

    def _open(self, pair: Published | None) -> Any:
        connection = lake.connect()
        # Requests are many and each is small: on one thread its statements take half the time.
        connection.execute("set threads = 1")
        engine_for_kept_plans(connection)
        lake.attach(connection, lake.books(self._settings), read_only=True)
        if pair is None:
            self._stand_in(connection)
        else:
            lake.attach(connection, lake.warehouse(self._settings), read_only=True, snapshot=pair.warehouse_snapshot)
        return connection

    def _stand_in(self, connection: Any) -> None:
        """Before the first run there are no marts: empty ones, so that what commands issued can be read."""
        connection.execute("attach ':memory:' as warehouse; create schema warehouse.marts")
        for node in self._graph().models("marts"):
            columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in (node.columns or {}).items())
            connection.execute(f"create table warehouse.marts.{quoted(node.name)} ({columns})")
