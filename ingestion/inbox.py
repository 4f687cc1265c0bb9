"""The durable inbox: what is answered with 200 is in here, on disk, first.

SQLite in WAL mode with full sync. One row per request holds its events as one blob, and one group commit serves all
requests that wait. The stamp `received_at` is given inside the write transaction, under the write lock, so stamps and
sequences are in the order of commits over all processes; the last ones given are kept in the file, so that they
never go back, not even after a restart with an empty inbox or a clock that was set back.
"""

from __future__ import annotations

import asyncio
import queue
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
from filelock import FileLock

from core.clock import Clock
from core.errors import TallystickError
from ingestion.event import UsageEvent, to_instant, to_micros

LOCK_TIMEOUT_SECONDS = 60.0
LOCK_ATTEMPT_MILLISECONDS = 3
LOCK_ATTEMPTS = round(LOCK_TIMEOUT_SECONDS * 1000 / LOCK_ATTEMPT_MILLISECONDS)
REQUESTS_PER_COMMIT = 2_000
PAGES_PER_CHECKPOINT = 8_000

_SCHEMA = """
create table if not exists requests (
    first_sequence integer primary key,
    event_count integer not null,
    received_at integer not null,
    events blob not null
);
create table if not exists state (
    inbox_id text not null,
    last_received_at integer not null,
    last_sequence integer not null
);
"""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[UsageEvent]).decode


class InboxUnavailable(TallystickError):
    """The inbox could not store the events; none of them was acknowledged. Sending them again is safe."""

    def __init__(self, path: Path, cause: Exception) -> None:
        super().__init__(
            "inbox_unavailable",
            f"The inbox {path} could not be written: {cause}. Nothing was acknowledged. Check that the disk has room "
            "and that no other process holds the inbox, then send the events again.",
        )


class Receipt(msgspec.Struct, frozen=True):
    """What became of one request: its events took the sequences `first_sequence` ... + `event_count` - 1, in order."""

    received_at: datetime
    first_sequence: int
    event_count: int


class StoredRequest(msgspec.Struct, frozen=True):
    """One committed request that is not known to have landed yet."""

    first_sequence: int
    event_count: int
    received_at: datetime
    blob: bytes

    @property
    def last_sequence(self) -> int:
        """The sequence of its last event."""
        return self.first_sequence + self.event_count - 1

    def events(self) -> list[UsageEvent]:
        """Its events, in the order sent."""
        return _decode(self.blob)


class _Waiting(NamedTuple):
    """A request that waits for its commit: in a thread, or in an event loop."""

    blob: bytes
    event_count: int
    receipt: Future[Receipt] | asyncio.Future[Receipt]


class Inbox:
    """The inbox in the file `path`. Several processes and threads may append to one file at the same time."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._committer: threading.Thread | None = None
        self._starting = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=LOCK_TIMEOUT_SECONDS), self._connection() as connection:
            connection.execute("pragma journal_mode = wal")
            connection.executescript(_SCHEMA)
            if connection.execute("select count(*) from state").fetchone() == (0,):
                connection.execute("insert into state values (?, 0, 0)", (secrets.token_hex(6),))
            self.id: str = connection.execute("select inbox_id from state").fetchone()[0]

    def append(self, events: Sequence[UsageEvent]) -> Receipt:
        """Store one request's events; returns when they are on disk.

        Raises InboxUnavailable when they could not be stored, and then none of them is.
        """
        receipt: Future[Receipt] = Future()
        self._submit(events, receipt)
        return receipt.result()

    async def append_async(self, events: Sequence[UsageEvent]) -> Receipt:
        """`append` for an event loop: others run while this request waits for the group commit."""
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._submit(events, receipt)
        return await receipt

    def committed(self, event_limit: int) -> list[StoredRequest]:
        """The oldest requests, in order of receipt, up to about `event_limit` events (at least one request)."""
        requests: list[StoredRequest] = []
        with self._connection() as connection:
            query = "select first_sequence, event_count, received_at, events from requests order by first_sequence"
            for first, count, received_at, blob in connection.execute(query):
                requests.append(StoredRequest(first, count, to_instant(received_at), blob))
                event_limit -= count
                if event_limit <= 0:
                    break
        return requests

    def last_sequence(self) -> int:
        """The last sequence given, 0 before the first."""
        with self._connection() as connection:
            last: int = connection.execute("select last_sequence from state").fetchone()[0]
            return last

    def forget(self, last_sequence: int) -> None:
        """Delete the requests up to and including that sequence: they have landed."""
        with self._connection() as connection, _transaction(connection):
            connection.execute("delete from requests where first_sequence <= ?", (last_sequence,))

    def fence(self, at_least: datetime) -> datetime:
        """An instant W >= `at_least` such that each event stamped at or before W is committed, and later ones get
        stamps after W. Waits for the writer that holds the lock, even when that one is paused between stamp and commit.
        """
        try:
            with self._connection() as connection, _transaction(connection):
                last = connection.execute("select last_received_at from state").fetchone()[0]
                watermark = max(to_micros(at_least), last)
                connection.execute("update state set last_received_at = ?", (watermark,))
        except sqlite3.Error as error:
            raise InboxUnavailable(self.path, error) from error
        return to_instant(watermark)

    def close(self) -> None:
        """Commit what waits, then stop. The inbox may be used again afterwards."""
        with self._starting:
            if self._committer:
                self._waiting.put(None)
                self._committer.join()
                self._committer = None

    def _submit(self, events: Sequence[UsageEvent], receipt: Future[Receipt] | asyncio.Future[Receipt]) -> None:
        if not events:
            raise ValueError("a request must hold at least one event")
        waiting = _Waiting(_encode(events), len(events), receipt)
        with self._starting:  # so that nothing is queued behind the end of work
            if self._committer is None:
                self._committer = threading.Thread(target=self._commit_forever, name="inbox", daemon=True)
                self._committer.start()
            self._waiting.put(waiting)

    def _commit_forever(self) -> None:
        with closing(_connect(self.path)) as connection:
            while first := self._waiting.get():
                group, closing_down = self._group(first)
                self._commit(connection, group)
                if closing_down:
                    return

    def _group(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """Everything that waits by now, and whether the end of work was among it."""
        group = [first]
        while len(group) < REQUESTS_PER_COMMIT:
            try:
                waiting = self._waiting.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return group, True
            group.append(waiting)
        return group, False

    def _commit(self, connection: sqlite3.Connection, group: list[_Waiting]) -> None:
        """Stamp and store the group in one transaction, then tell each request what became of it."""
        try:
            with _transaction(connection):
                receipts = self._stamp_and_insert(connection, group)
        except Exception as error:  # whatever it was, those who wait must hear of it
            _tell(group, [InboxUnavailable(self.path, error) for _ in group])
            return
        _tell(group, receipts)

    def _stamp_and_insert(self, connection: sqlite3.Connection, group: list[_Waiting]) -> list[Receipt]:
        last_stamp, last_sequence = connection.execute("select last_received_at, last_sequence from state").fetchone()
        stamp = max(to_micros(self._clock.now()), last_stamp + 1)
        sequence = last_sequence + 1
        rows = []
        receipts = []
        for waiting in group:
            rows.append((sequence, waiting.event_count, stamp, waiting.blob))
            receipts.append(Receipt(to_instant(stamp), sequence, waiting.event_count))
            sequence += waiting.event_count
            stamp += 1
        connection.executemany("insert into requests values (?, ?, ?, ?)", rows)
        connection.execute("update state set last_received_at = ?, last_sequence = ?", (stamp - 1, sequence - 1))
        return receipts

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(_connect(self.path)) as connection:
            yield connection


def _tell(group: Sequence[_Waiting], outcomes: Sequence[Receipt | InboxUnavailable]) -> None:
    """Wake whoever waits: an event loop once for all its requests, because waking one costs as much as a small request."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Receipt], Receipt | InboxUnavailable]]] = {}
    for waiting, outcome in zip(group, outcomes, strict=True):
        if isinstance(waiting.receipt, Future):
            if waiting.receipt.set_running_or_notify_cancel():
                _settle(waiting.receipt, outcome)
        else:
            by_loop.setdefault(waiting.receipt.get_loop(), []).append((waiting.receipt, outcome))
    for loop, told in by_loop.items():
        with suppress(RuntimeError):  # a loop that has closed waits for nothing
            loop.call_soon_threadsafe(_settle_all, told)


def _settle_all(told: Sequence[tuple[asyncio.Future[Receipt], Receipt | InboxUnavailable]]) -> None:
    for receipt, outcome in told:
        if not receipt.done():  # its request may have been cancelled
            _settle(receipt, outcome)


def _settle(receipt: Future[Receipt] | asyncio.Future[Receipt], outcome: Receipt | InboxUnavailable) -> None:
    if isinstance(outcome, InboxUnavailable):
        receipt.set_exception(outcome)
    else:
        receipt.set_result(outcome)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None)
    connection.execute("pragma synchronous = full")
    connection.execute(f"pragma wal_autocheckpoint = {PAGES_PER_CHECKPOINT}")
    return connection


def _begin(connection: sqlite3.Connection) -> None:
    """Take the write lock. SQLite's own waiting sleeps ever longer, up to 100 ms, and starves beside busy writers; so
    it waits briefly here, and often."""
    connection.execute(f"pragma busy_timeout = {LOCK_ATTEMPT_MILLISECONDS}")
    for _ in range(LOCK_ATTEMPTS):
        try:
            connection.execute("begin immediate")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
    raise sqlite3.OperationalError(f"another process holds the write lock for more than {LOCK_TIMEOUT_SECONDS:.0f} s")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction that holds the write lock from its beginning to its commit, which syncs."""
    _begin(connection)
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
