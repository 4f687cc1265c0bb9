"""A backup taken while clients send and the flusher lands holds what it must, and comes back as a working installation."""

from __future__ import annotations

import json
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

from core import lake
from core.backup import backup, restore
from core.clock import SystemClock
from core.settings import Settings
from ingestion.event import UsageEvent
from ingestion.flush import flush, pending_events
from ingestion.inbox import Inbox
from ingestion.landing import Landing
from tests.support.demo_home import copy_of, demo_home, tallystick


class BusyWriter:
    """Sends events and lands them, as fast as it can, until it is stopped."""

    def __init__(self, settings: Settings) -> None:
        self.acknowledged: list[str] = []
        self._stopping = threading.Event()
        self._inbox = Inbox(settings.inbox, SystemClock())
        self._landing = Landing(settings.landing)
        self._threads = [threading.Thread(target=self._send), threading.Thread(target=self._flush)]

    def __enter__(self) -> BusyWriter:
        for thread in self._threads:
            thread.start()
        while len(self.acknowledged) < 20:
            self._stopping.wait(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._inbox.close()

    def _send(self) -> None:
        while not self._stopping.is_set():
            transaction_id = f"busy-{len(self.acknowledged)}"
            self._inbox.append([UsageEvent("nobody", transaction_id, "input_tokens", None, '{"tokens":1}')])
            self.acknowledged.append(transaction_id)

    def _flush(self) -> None:
        while not self._stopping.wait(0.02):
            flush(self._inbox, self._landing)


def held(settings: Settings) -> Counter[str]:
    """Transaction ids of busy events after everything has landed, with how often each is there."""
    landing = Landing(settings.landing)
    with closing(Inbox(settings.inbox, SystemClock())) as inbox:
        flush(inbox, landing)
        assert pending_events(inbox).num_rows == 0
    files = landing.files("events")
    ids = [transaction_id for path in files for transaction_id in landing.read(path)["transaction_id"].to_pylist()]
    return Counter(transaction_id for transaction_id in ids if transaction_id.startswith("busy-"))


def books(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.books(settings), read_only=True)
        tables = [
            row[0]
            for row in connection.execute(
                "select table_name from duckdb_tables() where database_name = 'books'"
            ).fetchall()
        ]
        return {
            table: connection.execute(f"select * from books.main.{table} order by all").fetchall() for table in tables
        }


def test_backup_while_events_arrive_restores_to_an_installation_that_verifies(tmp_path: Path) -> None:
    original = copy_of(demo_home(), tmp_path / "original")
    with BusyWriter(original) as writer:
        before = list(writer.acknowledged)
        report = backup(original, tmp_path / "backup", SystemClock(), Landing(original.landing).lock())
        during = list(writer.acknowledged)
    assert report.files > 3
    assert len(during) > len(before), "nothing arrived during the backup, so the test shows nothing"

    restored = Settings(home=tmp_path / "restored")
    result = tallystick(restored.home, "restore", str(tmp_path / "backup"), "--json")
    assert result.returncode == 0, result.stderr
    counts = held(restored)
    assert set(before) <= set(counts)
    assert max(counts.values()) == 1
    assert books(restored) == books(original)

    ran = tallystick(restored.home, "run", "--json")
    assert ran.returncode == 0, ran.stderr
    verified = tallystick(restored.home, "verify", "--json")
    assert verified.returncode == 0, verified.stdout
    assert json.loads(verified.stdout)["invoices"] >= len(books(original)["invoices"]) > 100


def test_restored_books_do_not_point_at_the_originals(tmp_path: Path) -> None:
    """DuckLake keeps an absolute path; a restored catalog that still named the old folder would read and write there."""
    original = copy_of(demo_home(), tmp_path / "original")
    backup(original, tmp_path / "backup", SystemClock(), Landing(original.landing).lock())
    before = books(original)
    original.home.rename(tmp_path / "gone")
    restored = Settings(home=tmp_path / "restored")
    restore(restored, tmp_path / "backup")
    assert books(restored) == before
