from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from ingestion import inbox as inbox_module
from ingestion.event import UsageEvent
from ingestion.inbox import Inbox, InboxUnavailable

MICROSECOND = timedelta(microseconds=1)


def test_what_is_appended_is_committed_with_stamp_and_sequences(inbox: Inbox, event: UsageEvent) -> None:
    receipt = inbox.append([event, event])
    assert (receipt.received_at, receipt.first_sequence, receipt.event_count) == (datetime(2024, 3, 1, 12), 1, 2)
    [stored] = inbox.committed(10)
    assert stored.events() == [event, event]
    assert (stored.received_at, stored.first_sequence, stored.last_sequence) == (receipt.received_at, 1, 2)


def test_stamps_increase_although_the_clock_stands_still_or_goes_back(
    inbox: Inbox, event: UsageEvent, clock: ManualClock
) -> None:
    first = inbox.append([event]).received_at
    assert inbox.append([event]).received_at == first + MICROSECOND
    clock.set(datetime(2020, 1, 1))
    assert inbox.append([event]).received_at == first + 2 * MICROSECOND


def test_stamps_and_sequences_go_on_after_a_restart_with_an_empty_inbox(
    inbox: Inbox, event: UsageEvent, clock: ManualClock
) -> None:
    last = inbox.append([event] * 3)
    inbox.forget(3)
    inbox.close()
    clock.set(datetime(2020, 1, 1))
    again = Inbox(inbox.path, clock)
    receipt = again.append([event])
    again.close()
    assert receipt.received_at > last.received_at
    assert receipt.first_sequence == 4
    assert again.id == inbox.id


def test_after_a_fence_every_stamp_is_later(inbox: Inbox, event: UsageEvent, clock: ManualClock) -> None:
    before = inbox.append([event]).received_at
    watermark = inbox.fence(at_least=datetime(2020, 1, 1))
    assert watermark >= before
    ahead = inbox.fence(at_least=datetime(2030, 1, 1))
    assert ahead == datetime(2030, 1, 1)
    assert inbox.append([event]).received_at == ahead + MICROSECOND


def test_committed_stops_after_the_limit_but_gives_at_least_one_request(inbox: Inbox, event: UsageEvent) -> None:
    for _ in range(3):
        inbox.append([event] * 10)
    assert [request.first_sequence for request in inbox.committed(1)] == [1]
    assert [request.first_sequence for request in inbox.committed(20)] == [1, 11]
    inbox.forget(10)
    assert [request.first_sequence for request in inbox.committed(100)] == [11, 21]


def test_two_inboxes_on_one_file_never_give_the_same_stamp_or_sequence(
    inbox: Inbox, event: UsageEvent, clock: ManualClock
) -> None:
    other = Inbox(inbox.path, clock)
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda i: (inbox, other)[i % 2].append([event] * 2), range(200)))
    other.close()
    assert len({receipt.received_at for receipt in receipts}) == 200
    assert sorted(receipt.first_sequence for receipt in receipts) == list(range(1, 400, 2))
    by_sequence = sorted(receipts, key=lambda receipt: receipt.first_sequence)
    assert by_sequence == sorted(receipts, key=lambda receipt: receipt.received_at)


def test_waiting_requests_share_a_commit_and_each_gets_its_own_stamp(inbox: Inbox, event: UsageEvent) -> None:
    async def many() -> set[datetime]:
        receipts = await asyncio.gather(*(inbox.append_async([event]) for _ in range(50)))
        return {receipt.received_at for receipt in receipts}

    assert len(asyncio.run(many())) == 50
    assert len(inbox.committed(1000)) == 50


def test_a_request_must_hold_events(inbox: Inbox) -> None:
    with pytest.raises(ValueError, match="at least one"):
        inbox.append([])


def test_who_waits_hears_of_a_failed_write_and_nothing_of_it_is_stored(
    inbox: Inbox, event: UsageEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> datetime:
        raise sqlite3.OperationalError("disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(inbox._clock, "now", fail)
        with pytest.raises(InboxUnavailable, match="disk is full"):
            inbox.append([event])
    assert inbox.committed(10) == []
    assert inbox.append([event]).first_sequence == 1


def test_the_file_syncs_each_commit(inbox: Inbox, tmp_path: Path) -> None:
    with inbox._connection() as connection:
        assert connection.execute("pragma synchronous").fetchone() == (2,)
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)


def test_a_lock_held_for_too_long_is_an_error_that_tells_who_waits(
    inbox: Inbox, event: UsageEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "LOCK_ATTEMPTS", 3)
    with inbox._connection() as holder:
        holder.execute("begin immediate")
        with pytest.raises(InboxUnavailable, match="write lock"):
            inbox.append([event])
        with pytest.raises(InboxUnavailable, match="write lock"):
            inbox.fence(datetime(2024, 1, 1))
        holder.execute("rollback")
    assert inbox.append([event]).first_sequence == 1
