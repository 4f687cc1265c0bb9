"""`tallystick run` where nothing is new: it builds nothing, until something is, and never believes a run that was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core import lake
from core.clock import SystemClock
from core.settings import Settings
from core.warehouse.last_run import last_run
from core.warehouse.moments import Instant, instants_after, next_moment
from core.warehouse.publish import published
from ingestion.event import UsageEvent, to_micros
from ingestion.inbox import Inbox
from tests.e2e.installed_world import books
from tests.support.demo_home import copy_of, demo_home, environment, tallystick


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """The demo's company, billed by a complete run."""
    return copy_of(demo_home(), tmp_path / "home")


def run(settings: Settings) -> dict[str, Any]:
    """A run up to where the last one settled, so that no moment passes while the test runs."""
    record = last_run(settings.last_run)
    as_of = ("--as-of", record.as_of.isoformat()) if record else ()
    ran = tallystick(settings.home, "run", "--json", *as_of, timeout=1200)
    assert ran.returncode == 0, ran.stderr
    report: dict[str, Any] = json.loads(ran.stdout)
    return report


@pytest.mark.timeout(1800)
def test_the_second_run_builds_nothing(home: Settings) -> None:
    before, issued = home.published.read_bytes(), books(home)
    pair = published(home.published)
    assert pair is not None
    report = run(home)
    assert report["nothing_new_since"] == report["as_of"] == pair.as_of.isoformat()
    assert list(report["seconds"]) == ["raw_facts"]
    assert home.published.read_bytes() == before and books(home) == issued
    told = tallystick(home.home, "run", "--as-of", pair.as_of.isoformat())
    assert "Nothing is new since the run as of" in told.stdout


@pytest.mark.timeout(1800)
def test_a_killed_run_is_done_again_whole(home: Settings) -> None:
    """The event that it had loaded is no news to the next run, which has to build all the same."""
    with closing(Inbox(home.inbox, SystemClock())) as inbox:
        inbox.append([UsageEvent("late", "late", "api_calls", to_micros(SystemClock().now()), "{}")])
    child = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "run"],
        env=environment(home.home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + 300
    while last_run(home.last_run) is not None:  # until it has begun to build
        assert child.poll() is None and time.monotonic() < until
        time.sleep(0.1)
    time.sleep(3)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    again = run(home)
    assert again["nothing_new_since"] is None and again["events_accepted"] == 0
    assert "published__snapshots" in again["seconds"]
    record = last_run(home.last_run)
    assert record is not None and record.has_issued
    assert run(home)["nothing_new_since"] == again["as_of"]


def test_what_the_lake_says_of_its_columns_leaves_no_instant_out(home: Settings) -> None:
    """Asking every column of every table finds the same moments as asking those of which DuckLake says that they reach so far."""
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.warehouse(home), read_only=True)
        lake.attach(connection, lake.books(home), read_only=True)
        every: list[Instant] = connection.execute(
            """select schema_name, table_name, column_name from duckdb_columns() inner join duckdb_tables() using (database_name, schema_name, table_name)
            where database_name = 'warehouse' and data_type = 'TIMESTAMP' and schema_name in ('raw', 'metering', 'billing', 'ledger')
                and table_name <> 'run_horizon' and estimated_size > 0"""
        ).fetchall()
        named = [
            (connection.execute(f'select max("{column}") from warehouse."{schema}"."{table}"').fetchone(), (schema, table, column))
            for schema, table, column in every
        ]
        reached = sorted({row[0] for row, _ in named if row and row[0] is not None})
        for as_of in reached[:: max(1, len(reached) // 8)]:
            kept = instants_after(connection, lake.warehouse(home), as_of)
            assert {instant for row, instant in named if row and row[0] is not None and row[0] > as_of} <= set(kept)
            assert next_moment(connection, as_of, kept) == next_moment(connection, as_of, every)
