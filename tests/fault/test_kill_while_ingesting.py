"""Real processes, really killed: what was acknowledged is in the landing zone once, and nothing is there twice."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pytest

from core.clock import SystemClock
from ingestion.flush import drain
from ingestion.inbox import Inbox
from ingestion.landing import Landing
from ingestion.sources import json_reader, table_reader
from ingestion.sources.files import ingest_paths

CHILDREN = Path(__file__).parent / "children"
ROUNDS = 50
SEED = 20240229


def start(script: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(CHILDREN / script), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)


def output_of(child: subprocess.Popen[bytes]) -> IO[bytes]:
    assert child.stdout is not None
    return child.stdout


def rows_of(landing: Landing) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pa.concat_tables([landing.read(path) for path in landing.files()]).to_pylist()
    return rows


def files_in(landing: Landing) -> int:
    """How many files of either kind are there."""
    return len(landing.files("events")) + len(landing.files("rejections"))


def serve_and_kill(home: Path, turn: int, chance: random.Random) -> list[str]:
    """One or two servers on one inbox, killed at a random point of their work; returns what they had answered."""
    servers = [start("serve_inbox.py", home, f"{turn}{name}") for name in "ab"[: chance.randint(1, 2)]]
    answers = [output_of(server).readline() for server in servers]
    time.sleep(chance.uniform(0, 0.06))
    for server in servers:
        server.kill()
    for server in servers:
        answers += output_of(server).readlines()
        output_of(server).close()
        server.wait()
    return [answer.decode().strip() for answer in answers if answer.endswith(b"\n")]


def test_every_acknowledged_event_lands_exactly_once(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    acknowledged = [answer for turn in range(ROUNDS) for answer in serve_and_kill(tmp_path, turn, chance)]
    assert len(acknowledged) > ROUNDS

    landing = Landing(tmp_path / "landing")
    inbox = Inbox(tmp_path / "inbox.sqlite", SystemClock())
    watermark = drain(inbox, landing, SystemClock())
    assert inbox.committed(1) == []

    rows = rows_of(landing)
    transactions = [row["transaction_id"] for row in rows]
    landed = set(transactions)
    assert len(landed) == len(transactions), "an event landed twice"
    for answer in acknowledged:
        request, size = answer.split()
        assert all(f"{request}/{size}/{i}" in landed for i in range(int(size))), f"{answer} was answered and is lost"
    for transaction in transactions:  # answered or not, a request is stored whole or not at all
        request, size, _ = transaction.split("/")
        assert all(f"{request}/{size}/{i}" in landed for i in range(int(size)))

    by_sequence = sorted(rows, key=lambda row: row["received_sequence"])
    assert [row["received_sequence"] for row in by_sequence] == list(range(1, len(rows) + 1)), "a sequence is lost"
    stamps = [stamp for stamp, _ in itertools.groupby(by_sequence, key=lambda row: row["received_at"])]
    requests = [name for name, _ in itertools.groupby(row["transaction_id"].rpartition("/")[0] for row in by_sequence)]
    assert len(stamps) == len(requests)
    assert all(earlier < later for earlier, later in itertools.pairwise(stamps))
    assert stamps[-1] <= watermark


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_killed_file_ingestion_is_finished_by_the_next_attempt(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    for file in range(3):
        path = drop / f"{file}.{suffix}"
        write_events(path, [f"{file}-{row}" if row % 50 else "" for row in range(1, 401)])
    chance = random.Random(SEED)
    landing = Landing(tmp_path / "landing")
    for _ in range(8):
        granted = chance.randint(1, 6)
        written = files_in(landing)
        child = start("ingest_files.py", drop, tmp_path / "landing")
        assert child.stdin is not None
        child.stdin.write(b"." * granted)
        while files_in(landing) < written + granted - 1:
            assert child.poll() is None, "it ended by itself"
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.01))
        child.kill()
        child.wait()
        child.stdin.close()
        output_of(child).close()
    monkeypatch.setattr(json_reader, "ROWS_PER_CHUNK", 40)
    monkeypatch.setattr(table_reader, "ROWS_PER_CHUNK", 40)
    assert 0 < len(landing.files()) < 30, "the attempts were to leave something done and something to do"
    ingest_paths([drop], landing, SystemClock())
    expected = [f"{file}-{row}" for file in range(3) for row in range(1, 401) if row % 50]
    assert sorted(row["transaction_id"] for row in rows_of(landing)) == sorted(expected)
    refused = [row for path in landing.files("rejections") for row in landing.read(path).to_pylist()]
    assert sorted((row["source"], row["source_row"]) for row in refused) == [
        (f"{file}.{suffix}", row) for file in range(3) for row in range(50, 401, 50)
    ]


def write_events(path: Path, transactions: list[str]) -> None:
    if path.suffix == ".csv":
        lines = ["external_subscription_id,transaction_id,code", *(f"sub,{name},tokens" for name in transactions)]
    else:
        records = ({"external_subscription_id": "sub", "transaction_id": n, "code": "tokens"} for n in transactions)
        lines = [json.dumps(record) for record in records]
    path.write_text("\n".join(lines) + "\n")
