"""The loader is killed at random points; every landed event is in the warehouse exactly once afterwards (law 4)."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from core import lake
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.write import open_for_writing
from ingestion.event import UsageEvent
from ingestion.landing import Landing
from ingestion.tables import event_table

ROUNDS = 12
FILES = 24
CHILD = "tests.fault.children.load_warehouse"


def land(settings: Settings, seed: int) -> set[str]:
    """Files whose events repeat each other within and across files; returns the identities."""
    draw = random.Random(seed)
    landing, identities = Landing(settings.landing), set()
    for number in range(FILES):
        received = datetime(2026, 1, 1) + timedelta(minutes=number)
        micros = int((received - datetime(1970, 1, 1)).total_seconds() * 1_000_000)
        names = [f"t{draw.randrange(FILES * 150)}" for _ in range(200)]
        events = [UsageEvent("s1", name, "calls", micros, f'{{"file":{number}}}', None) for name in names]
        table = event_table(
            events, [micros] * 200, [number * 200 + row for row in range(200)], ["http"] * 200, [None] * 200
        )
        with landing.lock() as writer:
            writer.write("events", received, f"file-kill-{seed}-{number}", table)
        identities |= set(names)
    return identities


def test_a_killed_loader_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.warehouse_data.mkdir(parents=True)
    identities = land(settings, 5)
    graph, draw = PricingGraph.load(), random.Random(11)
    with open_for_writing(settings, graph) as warehouse:
        warehouse.create()
    killed = 0
    for _ in range(ROUNDS):
        child = subprocess.Popen([sys.executable, "-m", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdout.readline() == "loading\n"
        time.sleep(draw.uniform(0.05, 0.9))
        child.kill()
        killed += child.wait() != 0
    assert killed, "no attempt was stopped in the middle"
    subprocess.run([sys.executable, "-m", CHILD, str(tmp_path)], check=True, capture_output=True)
    connection = lake.connect()
    lake.attach(connection, lake.warehouse(settings), read_only=True)
    rows = connection.execute("select transaction_id, properties from warehouse.raw.events").fetchall()
    assert sorted(name for name, _ in rows) == sorted(identities)
    counted = connection.execute(
        "select sum(row_count), sum(accepted_count), sum(duplicate_count) from warehouse.raw.landing_files"
    ).fetchone()
    assert counted == (FILES * 200, len(identities), FILES * 200 - len(identities))
    first = connection.execute(
        "select count(*) from warehouse.raw.events where received_at <> (select min(received_at) from read_parquet(?) as landed"
        " where landed.transaction_id = events.transaction_id)",
        [str(settings.landing / "events" / "*" / "*.parquet")],
    ).fetchone()
    assert first == (0,), "the first one received wins"
