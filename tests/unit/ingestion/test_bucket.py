"""The same roads with buckets at both ends, against a simulated S3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.fs as pafs
import pytest
from moto.server import ThreadedMotoServer

from core.clock import ManualClock
from ingestion.event import UsageEvent
from ingestion.flush import drain, flush
from ingestion.inbox import Inbox
from ingestion.landing import Landing
from ingestion.sources.files import ingest_paths


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The options of a URL into a bucket of this test's own, after its path."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    filesystem = pafs.S3FileSystem(endpoint_override=endpoint, scheme="http", allow_bucket_creation=True)
    filesystem.create_dir(tmp_path.name.replace("_", "-"))
    return f"s3://{tmp_path.name.replace('_', '-')}/{{}}?endpoint_override={endpoint}&scheme=http&region=us-east-1"


def test_events_and_files_land_in_a_bucket_once(bucket: str, tmp_path: Path, inbox: Inbox, clock: ManualClock) -> None:
    landing = Landing(bucket.format("landing"), lock_path=tmp_path / "landing.lock")
    assert landing.files() == []
    inbox.append([UsageEvent("s", "t1", "c", None, "{}")])
    flush(inbox, landing)

    record = {"external_subscription_id": "s", "transaction_id": "t2", "code": "c"}
    filesystem, root = pafs.FileSystem.from_uri(bucket.format("drop"))
    with filesystem.open_output_stream(f"{root}/day/a.jsonl") as stream:
        stream.write(json.dumps(record).encode() + b"\n" + b"{}\n")
    [report] = ingest_paths([bucket.format("drop")], landing, clock)
    assert (report.file, report.landed, report.rejected) == ("day/a.jsonl", 1, 1)
    assert ingest_paths([bucket.format("drop")], landing, clock)[0].already_ingested

    watermark = drain(inbox, landing, clock)
    rows = [row for path in landing.files() for row in landing.read(path).to_pylist()]
    assert sorted((row["transaction_id"], row["source"]) for row in rows) == [("t1", "http"), ("t2", "day/a.jsonl")]
    assert all(row["received_at"] <= watermark for row in rows)
    assert len(landing.files("rejections")) == 1
