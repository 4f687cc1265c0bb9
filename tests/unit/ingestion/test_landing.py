from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from core.clock import ManualClock
from ingestion import landing as landing_module
from ingestion.event import UsageEvent
from ingestion.landing import EVENT_SCHEMA, REJECTION_SCHEMA, Landing, LandingBusy, is_landing_name, key_of
from ingestion.tables import RejectedRow, event_table, rejection_table

SOURCES = Path(__file__).parents[3] / "dbt_project/models/staging/_raw__sources.yml"


def one_row(event: UsageEvent) -> pa.Table:
    return event_table([event], [1], [1], ["http"], [None])


@pytest.mark.parametrize(("table", "schema"), [("events", EVENT_SCHEMA), ("rejections", REJECTION_SCHEMA)])
def test_the_columns_are_those_that_the_sql_reads(table: str, schema: pa.Schema) -> None:
    sources = {source["name"]: source for source in yaml.safe_load(SOURCES.read_text())["sources"]}
    tables = {entry["name"]: entry["columns"] for entry in sources["landing"]["tables"]}
    expected = [(column["name"], column["data_type"]) for column in tables[table] if column["name"] != "landing_file"]
    words = {pa.string(): "varchar", pa.int64(): "bigint", pa.timestamp("us"): "timestamp"}
    assert [(field.name, words[field.type]) for field in schema] == expected


def test_a_file_lands_whole_with_our_mark_and_nothing_else_is_left(landing: Landing, event: UsageEvent) -> None:
    with landing.lock() as writer:
        path = writer.write("events", datetime(2024, 3, 1, 12, 0, 0, 5), "inbox-a-1-1", one_row(event))
    assert path == "events/received_date=2024-03-01/20240301120000000005-inbox-a-1-1.parquet"
    assert landing.files() == [path]
    assert landing.read(path).to_pylist() == one_row(event).to_pylist()
    metadata = pq.read_metadata(f"{landing.root}/{path}")
    assert metadata.metadata[b"tallystick.writer"] == b"1"
    assert metadata.row_group(0).column(0).compression == "ZSTD"
    assert [name for name in Path(landing.root).iterdir() if name.name.startswith(".incoming")] == []


def test_rejections_land_apart(landing: Landing) -> None:
    at = datetime(2024, 3, 1)
    table = rejection_table([RejectedRow(3, "invalid_format", "timestamp", "no", "x")], "a.csv", at)
    with landing.lock() as writer:
        path = writer.write("rejections", at, "file-a-0", table)
    assert landing.files("rejections") == [path]
    assert landing.files("events") == []
    assert landing.read(path).to_pylist()[0]["source_row"] == 3


def test_names_sort_by_receipt_over_days_and_sources(landing: Landing, event: UsageEvent) -> None:
    stamps = [
        datetime(2024, 3, 1, 23, 59, 59, 999999),
        datetime(2024, 3, 2),
        datetime(2024, 12, 1),
        datetime(2025, 1, 1),
    ]
    keys = ["inbox-b-1-1", "file-a-0", "inbox-a-1-1", "file-0-0"]
    with landing.lock() as writer:
        written = [writer.write("events", at, key, one_row(event)) for at, key in zip(stamps, keys, strict=True)]
    assert landing.files() == written
    assert landing.files_of_day("events", "2024-03-02") == [written[1]]
    assert [key_of(path) for path in written] == keys


def test_files_of_others_are_not_listed(landing: Landing) -> None:
    folder = Path(landing.root) / "events/received_date=2024-03-01"
    folder.mkdir(parents=True)
    (folder / "part-0.parquet").write_bytes(b"x")
    (folder / "01HQXYZ.parquet").write_bytes(b"x")
    assert landing.files() == []
    assert not is_landing_name("events/part-0.parquet")
    with pytest.raises(ValueError, match="not the name"):
        key_of("part-0.parquet")


def test_a_crash_while_writing_leaves_no_file(
    landing: Landing, event: UsageEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(descriptor: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, landing.lock() as writer:
        patch.setattr("os.fsync", crash)
        with pytest.raises(KeyboardInterrupt):
            writer.write("events", datetime(2024, 3, 1), "inbox-a-1-1", one_row(event))
    assert landing.everything("events") == []


def test_stamps_increase_over_restarts_and_clocks_set_back(landing: Landing, clock: ManualClock) -> None:
    with landing.lock() as writer:
        first = writer.stamp(clock)
    clock.set(datetime(2020, 1, 1))
    with Landing(landing.root).lock() as writer:
        assert writer.last_stamp() == first
        assert writer.stamp(clock) > first


def test_only_one_writes(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing_module, "LOCK_TIMEOUT_SECONDS", 0.05)
    other = Landing(landing.root)
    with landing.lock(), pytest.raises(LandingBusy), other.lock():
        pass
    with other.lock():
        pass


def test_a_bucket_needs_a_local_lock(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lock_path"):
        Landing(tmp_path.as_uri())
