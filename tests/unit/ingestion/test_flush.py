from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from core.clock import ManualClock
from ingestion import flush as flush_module
from ingestion.event import UsageEvent, to_micros
from ingestion.flush import drain, flush, pending_events
from ingestion.inbox import Inbox
from ingestion.landing import Landing


def events_named(*names: str) -> list[UsageEvent]:
    return [UsageEvent("sub", name, "tokens", None, "{}") for name in names]


def landed(landing: Landing) -> list[tuple[str, int]]:
    rows = [row for path in landing.files() for row in landing.read(path).to_pylist()]
    return [(row["transaction_id"], row["received_sequence"]) for row in rows]


def test_a_flush_moves_everything_in_order(inbox: Inbox, landing: Landing) -> None:
    inbox.append(events_named("a", "b"))
    inbox.append(events_named("c"))
    [path] = flush(inbox, landing)
    assert landed(landing) == [("a", 1), ("b", 2), ("c", 3)]
    assert inbox.committed(10) == []
    assert f"inbox-{inbox.id}-{1:015d}-{3:015d}" in path
    assert flush(inbox, landing) == []


def test_an_event_without_timestamp_happened_when_it_was_received(inbox: Inbox, landing: Landing) -> None:
    at = datetime(2023, 1, 2, 3, 4, 5, 6)
    inbox.append([*events_named("a"), UsageEvent("sub", "b", "tokens", to_micros(at), '{"n":1}', "2.5")])
    flush(inbox, landing)
    first, second = landing.read(landing.files()[0]).to_pylist()
    assert first["timestamp"] == first["received_at"] == datetime(2024, 3, 1, 12)
    assert second == {
        "external_subscription_id": "sub",
        "transaction_id": "b",
        "code": "tokens",
        "timestamp": at,
        "properties": '{"n":1}',
        "precise_total_amount_cents": "2.5",
        "received_at": datetime(2024, 3, 1, 12),
        "received_sequence": 2,
        "source": "http",
        "source_row": None,
    }


def test_each_day_of_receipt_has_its_own_file(inbox: Inbox, landing: Landing, clock: ManualClock) -> None:
    inbox.append(events_named("a"))
    clock.set(datetime(2024, 3, 2))
    inbox.append(events_named("b"))
    paths = flush(inbox, landing)
    assert [path.split("/")[1] for path in paths] == ["received_date=2024-03-01", "received_date=2024-03-02"]
    assert landed(landing) == [("a", 1), ("b", 2)]


@pytest.mark.parametrize("more", [(), ("c", "d")])
def test_a_crash_between_write_and_delete_lands_nothing_twice(
    inbox: Inbox, landing: Landing, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    inbox.append(events_named("a"))
    inbox.append(events_named("b"))

    def crash(last_sequence: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(inbox, "forget", crash)
        with pytest.raises(KeyboardInterrupt):
            flush(inbox, landing)
    assert len(inbox.committed(10)) == 2
    if more:
        inbox.append(events_named(*more))
    flush(inbox, landing)
    assert landed(landing) == [(name, sequence) for sequence, name in enumerate(("a", "b", *more), start=1)]
    assert inbox.committed(10) == []


def test_a_crash_before_the_rename_lands_all_of_it_later(
    inbox: Inbox, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.append(events_named("a"))

    def crash(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            flush(inbox, landing)
    assert landed(landing) == []
    flush(inbox, landing)
    assert landed(landing) == [("a", 1)]


def test_a_long_backlog_is_split_and_survives_a_crash_after_any_file(
    inbox: Inbox, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flush_module, "EVENTS_PER_FILE", 2)
    for name in "abcdef":
        inbox.append(events_named(name))
    forget, calls = inbox.forget, []

    def crash_at_second(last_sequence: int) -> None:
        calls.append(last_sequence)
        if len(calls) == 2:
            raise KeyboardInterrupt
        forget(last_sequence)

    with monkeypatch.context() as patch:
        patch.setattr(inbox, "forget", crash_at_second)
        with pytest.raises(KeyboardInterrupt):
            flush(inbox, landing)
    flush(inbox, landing)
    assert landed(landing) == [(name, sequence) for sequence, name in enumerate("abcdef", start=1)]
    assert len(landing.files()) == 3


def test_a_new_inbox_beside_an_old_landing_zone_loses_nothing(
    tmp_path: Path, inbox: Inbox, landing: Landing, clock: ManualClock
) -> None:
    inbox.append(events_named(*"abcdefgh"))
    flush(inbox, landing)
    fresh = Inbox(tmp_path / "other.sqlite", clock)
    fresh.append(events_named("new"))
    flush(fresh, landing)
    fresh.close()
    assert ("new", 1) in landed(landing)


def test_the_tail_is_what_is_not_flushed(inbox: Inbox, landing: Landing) -> None:
    inbox.append(events_named("a"))
    flush(inbox, landing)
    assert pending_events(inbox).num_rows == 0
    inbox.append(events_named("b"))
    assert pending_events(inbox)["transaction_id"].to_pylist() == ["b"]


def test_after_a_drain_nothing_gets_a_stamp_at_or_before_the_watermark(
    inbox: Inbox, landing: Landing, clock: ManualClock
) -> None:
    clock.set(datetime(2024, 5, 1))
    inbox.append(events_named("a"))
    clock.set(datetime(2024, 4, 1))
    watermark = drain(inbox, landing, clock)
    assert watermark >= datetime(2024, 5, 1)
    assert landed(landing) == [("a", 1)]
    clock.set(datetime(2020, 1, 1))
    assert inbox.append(events_named("b")).received_at > watermark
    with landing.lock() as writer:
        assert writer.stamp(clock) > watermark


def test_a_watermark_covers_stamps_of_files_that_are_ahead_of_the_clock(
    inbox: Inbox, landing: Landing, clock: ManualClock
) -> None:
    clock.set(datetime(2024, 6, 1))
    with landing.lock() as writer:
        ahead = writer.stamp(clock)
    clock.set(datetime(2024, 1, 1))
    assert drain(inbox, landing, clock) >= ahead


def test_a_flush_ends_although_events_keep_coming(
    inbox: Inbox, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget = inbox.forget

    def more_comes(last_sequence: int) -> None:
        inbox.append(events_named(f"after-{last_sequence}"))
        forget(last_sequence)

    inbox.append(events_named("a"))
    monkeypatch.setattr(inbox, "forget", more_comes)
    assert len(flush(inbox, landing)) == 1
    assert landed(landing) == [("a", 1)]
    assert pending_events(inbox)["transaction_id"].to_pylist() == ["after-1"]
