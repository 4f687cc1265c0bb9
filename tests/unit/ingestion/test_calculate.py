"""Computed properties on their way in: files give the same values as the API, and refused rows say why."""

from __future__ import annotations

import json
from pathlib import Path

from core.clock import ManualClock
from core.domain.expressions import Calculation
from core.warehouse.expressions import Expressions
from ingestion.calculate import Calculator
from ingestion.landing import Landing
from ingestion.sources.files import adopt_foreign, ingest_paths
from ingestion.sources.mapping import read_mapping

GIGABYTES = {"storage": Calculation("gigabytes", "event.properties.bytes / 1000000000")}
ROWS = [
    {"transaction_id": "t1", "external_subscription_id": "s", "code": "storage", "timestamp": 1, "properties": {"bytes": 5}},
    {"transaction_id": "t2", "external_subscription_id": "s", "code": "storage", "timestamp": 1, "properties": {"bytes": "?"}},
    {"transaction_id": "t3", "external_subscription_id": "s", "code": "calls", "timestamp": 1, "properties": {"bytes": "?"}},
    {"transaction_id": "t4", "external_subscription_id": "s", "code": "storage", "timestamp": "?", "properties": {"bytes": 5}},
]  # fmt: skip


def calculator(clock: ManualClock, calculations: dict[str, Calculation] = GIGABYTES) -> Calculator:
    return Calculator(calculations, clock, Expressions())


def landed(landing: Landing) -> dict[str, object]:
    rows = [row for path in landing.files() for row in landing.read(path).to_pylist()]
    return {row["transaction_id"]: json.loads(row["properties"]).get("gigabytes") for row in rows}


def rejected(landing: Landing) -> list[dict[str, object]]:
    return [row for path in landing.files("rejections") for row in landing.read(path).to_pylist()]


def test_rows_of_a_file_are_computed_or_refused(tmp_path: Path, landing: Landing, clock: ManualClock) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    [report] = ingest_paths([tmp_path / "a.jsonl"], landing, clock, calculator=calculator(clock))
    assert (report.landed, report.rejected) == (2, 2)
    assert landed(landing) == {"t1": "0.000000005", "t3": None}
    bad, untimed = rejected(landing)
    assert (bad["source"], bad["source_row"], bad["reason"], bad["field"]) == (
        "a.jsonl",
        2,
        "invalid_expression",
        "expression",
    )
    assert "event.properties.bytes is '?', not a number" in str(bad["message"])
    assert (untimed["source_row"], untimed["reason"]) == (4, "invalid_format")


def test_a_row_of_two_events_lands_whole_or_not_at_all(tmp_path: Path, landing: Landing, clock: ManualClock) -> None:
    mapping = b"""
        external_subscription_id: account
        events:
          - {code: {constant: storage}, transaction_id: {template: "{row}-a"}, properties: {bytes: bytes}}
          - {code: {constant: calls}, transaction_id: {template: "{row}-b"}}
    """
    (tmp_path / "a.csv").write_text("account,bytes\ns,1000000000\ns,many\n")
    ingest_paths([tmp_path / "a.csv"], landing, clock, read_mapping(mapping, "m.yaml"), calculator=calculator(clock))
    assert landed(landing) == {"1-a": "1", "1-b": None}
    assert [row["source_row"] for row in rejected(landing)] == [2]


def test_foreign_files_in_the_landing_zone_are_computed_too(landing: Landing, clock: ManualClock) -> None:
    path = Path(landing.root) / "events" / "theirs.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(ROWS[0]))
    adopt_foreign(landing, clock, calculator=calculator(clock))
    assert landed(landing) == {"t1": "0.000000005"}


def test_a_file_that_was_taken_in_keeps_its_values(tmp_path: Path, landing: Landing, clock: ManualClock) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(ROWS[0]))
    ingest_paths([tmp_path / "a.jsonl"], landing, clock, calculator=calculator(clock))
    other = calculator(clock, {"storage": Calculation("gigabytes", "1")})
    [again] = ingest_paths([tmp_path / "a.jsonl"], landing, clock, calculator=other)
    assert again.already_ingested and landed(landing) == {"t1": "0.000000005"}


def test_half_a_file_under_another_expression_lands_anew(tmp_path: Path, landing: Landing, clock: ManualClock) -> None:
    """A crash between a part's events and the note: the part that landed may hold a row that is refused by now."""
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    ingest_paths([tmp_path / "a.jsonl"], landing, clock)
    for note in (Path(landing.root) / "ingested").iterdir():
        note.unlink()
    [again] = ingest_paths([tmp_path / "a.jsonl"], landing, clock, calculator=calculator(clock))
    assert (again.landed, again.rejected) == (2, 2)


def test_what_no_metric_computes_is_untouched(clock: ManualClock) -> None:
    nothing = calculator(clock, {})
    assert nothing.digest == "" and not nothing.concerns([])
