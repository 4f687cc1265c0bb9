"""Whatever way events come in, and however often: each identity counts once, and the first one received wins (law 4)."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Context, Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.clock import ManualClock
from ingestion.event import UsageEvent, to_micros
from ingestion.flush import drain, flush
from ingestion.inbox import Inbox
from ingestion.instant import EARLIEST, LATEST, unix_micros
from ingestion.landing import Landing
from ingestion.sources.files import ingest_paths
from ingestion.validate import Refusal, parse_batch, parse_event

Record = dict[str, Any]
START = datetime(2024, 3, 1, 23, 59, 59, 999_000)  # so that a day ends while events come in

records = st.builds(
    lambda subscription, transaction, n: {
        "external_subscription_id": subscription,
        "transaction_id": transaction,
        "code": "tokens",
        "timestamp": "1700000000.5",
        "properties": json.dumps({"n": n}),
    },
    st.sampled_from(["s1", "s2"]),
    st.sampled_from([f"t{i}" for i in range(8)]),
    st.integers(0, 10**6),
)
deliveries = st.lists(
    st.tuples(st.sampled_from(["http", "jsonl", "csv", "parquet"]), st.lists(records, min_size=1, max_size=6)),
    min_size=1,
    max_size=6,
)


@contextmanager
def workshop() -> Iterator[tuple[Path, ManualClock]]:
    with tempfile.TemporaryDirectory() as home:
        yield Path(home), ManualClock(START)


def identity(record: Record) -> tuple[str, str]:
    return record["external_subscription_id"], record["transaction_id"]


def first_of_each(rows: list[Record]) -> dict[tuple[str, str], str]:
    """The reference: in the order received, the first row of an identity wins."""
    winners: dict[tuple[str, str], str] = {}
    for row in rows:
        winners.setdefault(identity(row), json.dumps(json.loads(row["properties"])))
    return winners


def in_order_of_receipt(landing: Landing) -> list[Record]:
    rows = [row for path in landing.files() for row in landing.read(path).to_pylist()]
    return sorted(rows, key=lambda row: (row["received_at"], row["received_sequence"], row["source"]))


def write_file(path: Path, rows: list[Record]) -> None:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".csv":
        lines = [list(rows[0]), *(list(row.values()) for row in rows)]
        path.write_text("".join(",".join(map(quoted, line)) + "\n" for line in lines))
    else:
        path.write_text("".join(json.dumps(row | {"properties": json.loads(row["properties"])}) + "\n" for row in rows))


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def send(inbox: Inbox, rows: list[Record]) -> None:
    body = {"events": [row | {"properties": json.loads(row["properties"])} for row in rows]}
    events = parse_batch(json.dumps(body).encode())
    assert not isinstance(events, Refusal)
    inbox.append(events)


@settings(max_examples=40, deadline=None)
@given(deliveries, st.integers(0, 2**32), st.data())
def test_duplicated_shuffled_and_retried_deliveries_count_once(
    sent: list[tuple[str, list[Record]]], seed: int, data: st.DataObject
) -> None:
    chance = random.Random(seed)
    retried = sent + [chance.choice(sent) for _ in range(data.draw(st.integers(0, 3)))]
    received: list[Record] = []
    with workshop() as (home, clock):
        landing = Landing(home / "landing")
        inbox = Inbox(home / "inbox.sqlite", clock)
        taken: set[int] = set()
        for road, rows in retried:
            clock.advance(timedelta(microseconds=200))
            number = sent.index((road, rows))
            if road == "http":
                send(inbox, rows)
                received += rows
            else:
                path = home / f"{number}.{road}"
                write_file(path, rows)  # a retry writes the same file again, at another time
                ingest_paths([path], landing, clock)
                received += [] if number in taken else rows
                taken.add(number)
            if chance.random() < 0.3:
                flush(inbox, landing)
        drain(inbox, landing, clock)
        inbox.close()
        landed = in_order_of_receipt(landing)
        assert first_of_each(landed) == first_of_each(received)
        assert sorted(map(identity, landed)) == sorted(map(identity, received))


@settings(max_examples=25, deadline=None)
@given(st.lists(records, min_size=1, max_size=20), st.integers(1, 4), st.integers(0, 2**32))
def test_how_a_delivery_is_split_and_ordered_does_not_change_what_is_accepted(
    rows: list[Record], parts: int, seed: int
) -> None:
    chance = random.Random(seed)
    shuffled = chance.sample(rows, len(rows))
    with workshop() as (home, clock):
        landing = Landing(home / "landing")
        for part in range(parts):
            if piece := shuffled[part::parts]:
                write_file(home / f"{part}.{chance.choice(['jsonl', 'csv', 'parquet'])}", piece)
        (home / "drop").mkdir()
        for path in home.glob("?.*"):
            path.rename(home / "drop" / path.name)
        ingest_paths([home / "drop"], landing, clock)
        ingest_paths([home / "drop"], landing, clock)
        landed = in_order_of_receipt(landing)
        assert sorted(map(identity, landed)) == sorted(map(identity, rows))
        assert set(first_of_each(landed)) == {identity(row) for row in rows}


class Crash(BaseException):
    """The process dies here."""


def crash(*_: object) -> None:
    raise Crash


def crashing(home: Path, action: Callable[[Inbox, Landing], object], point: str, clock: ManualClock) -> None:
    """Run the action in a fresh process's place, and die at that point of it, if it comes there."""
    inbox = Inbox(home / "inbox.sqlite", clock)
    try:
        with patch(point, crash):
            action(inbox, Landing(home / "landing"))
    except Crash:
        pass
    finally:
        inbox.close()


steps = st.sampled_from(
    ["append", "flush", "drain", "die before rename", "die before delete", "next day", "clock back"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, min_size=1, max_size=14))
def test_no_order_of_appends_flushes_and_crashes_loses_or_repeats_an_event(story: list[str]) -> None:
    with workshop() as (home, clock):
        appended = 0
        watermark = datetime.min
        for step in story:
            inbox, landing = Inbox(home / "inbox.sqlite", clock), Landing(home / "landing")
            if step == "append":
                receipt = inbox.append([UsageEvent("s", f"{appended + i}", "c", None, "{}") for i in range(2)])
                assert receipt.received_at > watermark
                appended += 2
            elif step == "flush":
                flush(inbox, landing)
            elif step == "drain":
                watermark = max(watermark, drain(inbox, landing, clock))
            elif step == "die before rename":
                crashing(home, flush, "pathlib.Path.replace", clock)
            elif step == "die before delete":
                crashing(home, flush, "ingestion.inbox.Inbox.forget", clock)
            else:
                clock.advance(timedelta(days=1 if step == "next day" else -2))
            inbox.close()
        inbox = Inbox(home / "inbox.sqlite", clock)
        landing = Landing(home / "landing")
        drain(inbox, landing, clock)
        inbox.close()
        landed = in_order_of_receipt(landing)
        assert [row["transaction_id"] for row in landed] == [str(i) for i in range(appended)]
        assert [row["received_sequence"] for row in landed] == list(range(1, appended + 1))


number_texts = st.from_regex(r"\A-?(0|[1-9][0-9]{0,39})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?\Z")


def event_with(text: str, amount: str) -> UsageEvent | Refusal:
    body = (
        '{"event":{"transaction_id":"t","external_subscription_id":"s","code":"c","properties":'
        f'{{"n":{text},"deep":[{{"n":{text}}}]}},"precise_total_amount_cents":{amount}}}}}'
    )
    return parse_event(body.encode())


@example("0.000000000E-92")  # more than a hundred places, drawn once in many runs
@given(number_texts)
def test_an_amount_keeps_its_digits_or_is_refused(text: str) -> None:
    event = event_with("0", text)
    if abs(Decimal(text)) >= 10**15:
        assert isinstance(event, Refusal)
        assert event.error_details == {"precise_total_amount_cents": ["invalid_format"]}
    else:
        assert isinstance(event, UsageEvent)
        assert Decimal(event.precise_total_amount_cents or "") == Decimal(text)


@given(number_texts)
def test_a_number_in_properties_keeps_its_value_and_its_digits(text: str) -> None:
    event = event_with(text, "null")
    assert isinstance(event, UsageEvent)
    properties = json.loads(event.properties, parse_float=lambda text: f"float {text}")
    kept = properties["n"]
    assert properties["deep"] == [{"n": kept}]
    assert Decimal(kept) == Decimal(text)
    if "." in text or "e" in text.lower():
        assert isinstance(kept, str)
    else:
        assert isinstance(kept, int if len(text.lstrip("-")) <= 18 else str)
    if isinstance(kept, str):
        assert "e" not in kept.lower()
        assert kept == text or "e" in text.lower()


@given(st.from_regex(r"\A-?[0-9]{1,12}(\.[0-9]{0,30})?\Z"))
def test_a_timestamp_is_exact_to_the_microsecond_and_cut_off_beyond(text: str) -> None:
    exact = Context(prec=60).multiply(Decimal(text), Decimal(1_000_000))
    micros = int(exact.to_integral_value(rounding=ROUND_FLOOR))
    assert unix_micros(text) == (micros if EARLIEST <= micros <= LATEST else None)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))
def test_every_microsecond_survives_the_wire(at: datetime) -> None:
    micros = to_micros(at)
    sign, seconds, fraction = "-" if micros < 0 else "", *divmod(abs(micros), 1_000_000)
    body = f'{{"event":{{"transaction_id":"t","external_subscription_id":"s","code":"c","timestamp":{sign}{seconds}.{fraction:06d}}}}}'
    event = parse_event(body.encode())
    assert isinstance(event, UsageEvent) and event.timestamp == micros
