"""Reading: a connection on the last published pair of snapshots."""

from __future__ import annotations

import threading

import duckdb

from core import lake
from core.errors import TallystickError
from core.settings import Settings
from core.warehouse.publish import Published, published


class NothingPublished(TallystickError):
    """No run has published yet."""

    def __init__(self) -> None:
        super().__init__("nothing_published", "no run has published yet; start one with `tallystick run`")


class ReadWarehouse:
    """Read-only access at the published versions, for one process. `cursor()` follows each publication.

    A cursor has temporary tables of its own; close it after use. Safe to use from several threads. `threads`: of the
    engine; with one, small statements take half the time. All cores unless given.
    """

    def __init__(self, settings: Settings, *, threads: int | None = None) -> None:
        self._settings = settings
        self._threads = threads
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._pair: Published | None = None

    def published(self) -> Published | None:
        """The pair that a cursor opened now would read."""
        return published(self._settings.published)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor on `warehouse` and `books` as last published. Raises NothingPublished."""
        pair = self.published()
        if pair is None:
            raise NothingPublished
        with self._lock:
            if self._connection is None or pair != self._pair:
                connection = lake.connect()
                if self._threads is not None:
                    connection.execute(f"set threads = {self._threads}")
                lake.attach(
                    connection, lake.warehouse(self._settings), read_only=True, snapshot=pair.warehouse_snapshot
                )
                lake.attach(connection, lake.books(self._settings), read_only=True, snapshot=pair.books_snapshot)
                self._connection, self._pair = connection, pair
            return self._connection.cursor()
