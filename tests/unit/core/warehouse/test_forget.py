"""Versions that nobody reads any more are dropped with their files; the kept ones still answer."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from core import lake
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.write import open_for_writing


def numbers(settings: Settings, snapshot: int) -> list[int]:
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.warehouse(settings), read_only=True, snapshot=snapshot)
        return [row[0] for row in connection.execute("select n from warehouse.raw.numbers order by n").fetchall()]


def test_only_what_is_kept_and_the_newest_stay(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with open_for_writing(settings, PricingGraph.load()) as warehouse:
        connection = warehouse.connection
        connection.execute("create schema warehouse.raw")
        versions = []
        for n in range(6):
            connection.execute(
                f"create or replace table warehouse.raw.numbers as select range as n from range({1000 * n}, {1000 * n + 3})"
            )
            versions.append(lake.last_snapshot(connection, lake.warehouse(settings)))
        before = set(settings.warehouse_data.rglob("*.parquet"))
        warehouse.forget(keep=[versions[1]])
        left = {
            row[0] for row in connection.execute("select snapshot_id from ducklake_snapshots('warehouse')").fetchall()
        }
        after = set(settings.warehouse_data.rglob("*.parquet"))
        warehouse.forget(keep=[versions[1]])  # nothing is left to drop
    assert left == {versions[1], versions[5]}
    assert len(before) == 6 and len(after) == 2
    assert numbers(settings, versions[1]) == [1000, 1001, 1002]
    assert numbers(settings, versions[5]) == [5000, 5001, 5002]
    with pytest.raises(duckdb.Error):
        numbers(settings, versions[3])
