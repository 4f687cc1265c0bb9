"""A writer that stands still between its stamp and its commit is waited for; no watermark passes it (law 1)."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from core.clock import SystemClock
from ingestion.event import UsageEvent
from ingestion.flush import drain
from ingestion.inbox import Inbox
from ingestion.landing import Landing

CHILD = Path(__file__).parent / "children" / "pause_at_stamp.py"


class Drain(threading.Thread):
    """A drain on its way in another thread."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        self._inbox = Inbox(home / "inbox.sqlite", SystemClock())
        self._landing = Landing(home / "landing")
        self.watermark: datetime | None = None
        self.start()

    def run(self) -> None:
        self.watermark = drain(self._inbox, self._landing, SystemClock())

    def is_waiting(self) -> bool:
        self.join(timeout=0.7)
        return self.is_alive()

    def result(self) -> datetime:
        self.join(timeout=30)
        assert self.watermark is not None
        return self.watermark


@contextmanager
def paused_writer(home: Path, road: str) -> Iterator[subprocess.Popen[bytes]]:
    if road == "ingest":
        (home / "a.csv").write_text("external_subscription_id,transaction_id,code\nsub,paused,tokens\n")
        arguments = [road, str(home / "landing"), str(home / "a.csv")]
    else:
        arguments = [road, str(home / "inbox.sqlite")]
    child = subprocess.Popen(
        [sys.executable, str(CHILD), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    assert child.stdout is not None and child.stdin is not None
    try:
        assert child.stdout.readline() == b"stamped\n"
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
        child.stdin.close()


def landed(home: Path) -> dict[str, datetime]:
    landing = Landing(home / "landing")
    rows = [row for path in landing.files() for row in landing.read(path).to_pylist()]
    return {row["transaction_id"]: row["received_at"] for row in rows}


@pytest.mark.parametrize("road", ["append", "ingest"])
def test_a_paused_writer_is_waited_for_and_counted(tmp_path: Path, road: str) -> None:
    with paused_writer(tmp_path, road) as writer:
        draining = Drain(tmp_path)
        assert draining.is_waiting(), "the drain went past a writer that holds a stamp"
        assert writer.stdin is not None and writer.stdout is not None
        writer.stdin.write(b"go on\n")
        watermark = draining.result()
        assert writer.stdout.readline() == b"200\n"
    assert landed(tmp_path)["paused"] <= watermark


@pytest.mark.parametrize("road", ["append", "ingest"])
def test_a_paused_writer_that_dies_leaves_nothing_and_blocks_nobody(tmp_path: Path, road: str) -> None:
    with paused_writer(tmp_path, road) as writer:
        draining = Drain(tmp_path)
        assert draining.is_waiting()
        writer.kill()
        watermark = draining.result()
    assert landed(tmp_path) == {}
    inbox = Inbox(tmp_path / "inbox.sqlite", SystemClock())
    assert inbox.append([UsageEvent("sub", "next", "tokens", None, "{}")]).received_at > watermark
    inbox.close()


def test_whatever_is_stamped_at_or_before_a_watermark_has_landed_by_then(tmp_path: Path) -> None:
    """Writers and drains race for a while; then each event's stamp is compared with what each drain saw landed."""
    stop = threading.Event()
    inboxes = [Inbox(tmp_path / "inbox.sqlite", SystemClock()) for _ in range(3)]

    def append_until_stopped(number: int) -> None:
        count = 0
        while not stop.is_set():
            inboxes[number].append([UsageEvent("sub", f"{number}-{count}", "tokens", None, "{}")])
            count += 1

    writers = [threading.Thread(target=append_until_stopped, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    seen: list[tuple[datetime, set[str]]] = []
    landing = Landing(tmp_path / "landing")
    for _ in range(15):
        watermark = drain(inboxes[0], landing, SystemClock())
        seen.append((watermark, {name for name, at in landed(tmp_path).items() if at <= watermark}))
    stop.set()
    for writer in writers:
        writer.join()
    drain(inboxes[0], landing, SystemClock())
    for inbox in inboxes:
        inbox.close()
    everything = landed(tmp_path)
    for watermark, names in seen:
        assert names == {name for name, at in everything.items() if at <= watermark}
    assert len(everything) > 15
