from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.clock import ManualClock
from ingestion.landing import Landing
from ingestion.sources import json_reader, rows, table_reader
from ingestion.sources.files import FileReport, adopt_foreign, ingest_paths
from ingestion.sources.location import SourceFile, SourceNotFound, UnreadableSource
from ingestion.sources.mapping import parse_mapping

HEADER = "external_subscription_id,transaction_id,code,timestamp,properties\n"


NAMED_BY_FILE = {
    "external_subscription_id": {"constant": "s"},
    "transaction_id": {"template": "{file}-{row}"},
    "code": {"constant": "c"},
    "properties": {"n": "n"},
}


def line(number: int, **changes: Any) -> dict[str, Any]:
    return {"external_subscription_id": "s", "transaction_id": f"t{number}", "code": "c", "timestamp": 5} | changes


def jsonl(*records: Any) -> bytes:
    return b"".join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in records)


def landed(landing: Landing) -> list[dict[str, Any]]:
    return [row for path in landing.files() for row in landing.read(path).to_pylist()]


def rejected(landing: Landing) -> list[tuple[str, int | None, str, str | None]]:
    found = [row for path in landing.files("rejections") for row in landing.read(path).to_pylist()]
    return [(row["source"], row["source_row"], row["reason"], row["field"]) for row in found]


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (rows, json_reader, table_reader):
        monkeypatch.setattr(module, "ROWS_PER_CHUNK", 2)


def test_json_lines_land_and_bad_lines_are_rejected(drop: Path, landing: Landing, clock: ManualClock) -> None:
    (drop / "a.jsonl").write_bytes(
        b"\xef\xbb\xbf"
        + jsonl(line(1, properties={"n": 1}), b"nonsense", b"", line(4, code=""), b"[1]", b"\xff\xfe", line(7))
    )
    [report] = ingest_paths([drop], landing, clock)
    assert report == FileReport("a.jsonl", 6, 2, 4)
    assert [(row["transaction_id"], row["source"], row["source_row"]) for row in landed(landing)] == [
        ("t1", "a.jsonl", 1),
        ("t7", "a.jsonl", 7),
    ]
    assert sorted(rejected(landing), key=lambda row: row[1] or 0) == [
        ("a.jsonl", 2, "not_json", None),
        ("a.jsonl", 4, "value_is_mandatory", "code"),
        ("a.jsonl", 5, "not_json", None),
        ("a.jsonl", 6, "not_json", None),
    ]


def test_numbers_in_json_lines_keep_their_digits(drop: Path, landing: Landing, clock: ManualClock) -> None:
    (drop / "a.jsonl").write_text(
        '{"external_subscription_id":"s","transaction_id":"t","code":"c","timestamp":9007199254.740993,'
        '"properties":{"f":0.10,"l":12345678901234567890}}\n'
    )
    ingest_paths([drop], landing, clock)
    [row] = landed(landing)
    assert row["properties"] == '{"f":"0.10","l":"12345678901234567890"}'
    assert row["timestamp"] == datetime(2255, 6, 5, 23, 47, 34, 740993)


@pytest.mark.usefixtures("small_chunks")
def test_csv_lands_and_bad_rows_are_rejected_with_their_number(
    drop: Path, landing: Landing, clock: ManualClock
) -> None:
    (drop / "a.csv").write_bytes(
        HEADER.encode()
        + b's,t1,c,1.5,"{""n"": 0.10}"\n'
        + b"s,t2,c\n"
        + b"s,t3,c,yesterday,\n"
        + b"\n"
        + b's,"t\n4",c,,\n'
        + b"s,t\xff5,c,1,\n"
        + b"s,t6,c,1,\n"
        + b"s,,c,1,\n"
    )
    [report] = ingest_paths([drop], landing, clock)
    assert report == FileReport("a.csv", 7, 3, 4)
    rows = landed(landing)
    assert [(row["transaction_id"], row["source_row"]) for row in rows] == [("t1", 1), ("t\n4", 4), ("t6", 6)]
    assert rows[0]["properties"] == '{"n":"0.10"}'
    assert rows[1]["timestamp"] == rows[1]["received_at"]
    assert sorted(rejected(landing), key=lambda row: row[1] or 0) == [
        ("a.csv", 2, "wrong_column_count", None),
        ("a.csv", 3, "invalid_format", "timestamp"),
        ("a.csv", 5, "invalid_encoding", None),
        ("a.csv", 7, "value_is_mandatory", "transaction_id"),
    ]


def test_one_row_may_give_two_events_and_lands_whole_or_not_at_all(
    drop: Path, landing: Landing, clock: ManualClock
) -> None:
    (drop / "code.csv").write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\nlast week,1,2\n"
    )
    mapping = parse_mapping(
        {
            "external_subscription_id": {"constant": "sub_code"},
            "timestamp": {"column": "TIMESTAMP", "format": "iso"},
            "events": [
                {
                    "code": {"constant": "input_tokens"},
                    "transaction_id": {"template": "code-{row}-in"},
                    "properties": {"value": "ContextTokens"},
                },
                {
                    "code": {"constant": "output_tokens"},
                    "transaction_id": {"template": "code-{row}-out"},
                    "properties": {"value": "GeneratedTokens"},
                },
            ],
        }
    )
    [report] = ingest_paths([drop / "code.csv"], landing, clock, mapping)
    assert (report.rows, report.landed, report.rejected) == (2, 2, 1)
    first, second = landed(landing)
    assert (first["transaction_id"], first["properties"]) == ("code-1-in", '{"value":"4808"}')
    assert (second["code"], second["properties"]) == ("output_tokens", '{"value":"10"}')
    assert first["timestamp"] == datetime(2023, 11, 16, 18, 17, 3, 979960)
    assert [first["received_sequence"], second["received_sequence"]] == [1 << 40, (1 << 40) + 1]
    assert rejected(landing) == [("code.csv", 2, "invalid_format", "timestamp")]


def test_parquet_types_keep_their_digits(drop: Path, landing: Landing, clock: ManualClock) -> None:
    table = pa.table(
        {
            "external_subscription_id": ["s"],
            "transaction_id": pa.array([7], pa.int64()),
            "code": pa.array(["c"]).dictionary_encode(),
            "timestamp": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns", "Europe/Paris")),
            "properties": pa.array(
                [{"i": 2**62, "f": 0.1, "d": Decimal("1.10"), "on": date(2024, 2, 29), "none": None}],
                pa.struct(
                    [("i", pa.int64()), ("f", pa.float64()), ("d", pa.decimal128(30, 2)), ("on", pa.date32()),
                     ("none", pa.string())]
                ),
            ),
            "precise_total_amount_cents": pa.array([Decimal("12.340")], pa.decimal128(20, 3)),
            "received_at": [datetime(1999, 1, 1)],
        }
    )  # fmt: skip
    pq.write_table(table, drop / "a.parquet")
    ingest_paths([drop], landing, clock)
    [row] = landed(landing)
    assert row["transaction_id"] == "7"
    assert row["timestamp"] == datetime.fromtimestamp(1_700_000_000, UTC).replace(tzinfo=None, microsecond=123456)
    assert row["properties"] == f'{{"i":"{2**62}","f":"0.1","d":"1.10","on":"2024-02-29","none":null}}'
    assert row["precise_total_amount_cents"] == "12.340"
    assert row["received_at"] == datetime(2024, 3, 1, 12)


def test_parquet_maps_and_float_times(drop: Path, landing: Landing, clock: ManualClock) -> None:
    columns = {
        "external_subscription_id": ["s", "s"],
        "transaction_id": ["a", "b"],
        "code": ["c", "c"],
        "timestamp": [1700000000.5, float("nan")],
        "properties": pa.array([[("n", "1")], None], pa.map_(pa.string(), pa.string())),
    }
    pq.write_table(pa.table(columns), drop / "a.parquet")
    ingest_paths([drop], landing, clock)
    [row] = landed(landing)
    assert row["properties"] == '{"n":"1"}'
    assert row["timestamp"].microsecond == 500_000
    assert rejected(landing) == [("a.parquet", 2, "invalid_format", "timestamp")]


def cloud_event(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/llm",
        "type": "tokens",
        "subject": "sub_1",
        "time": "2024-02-29T12:00:00.25Z",
        "data": {"n": 3},
    } | changes


@pytest.mark.parametrize("shape", ["single", "array", "lines"])
def test_cloud_events(drop: Path, landing: Landing, clock: ManualClock, shape: str) -> None:
    if shape == "single":
        (drop / "a.json").write_text(json.dumps(cloud_event(1), indent=2))
    elif shape == "array":
        (drop / "a.json").write_text(json.dumps([cloud_event(1)]))
    else:
        (drop / "a.jsonl").write_bytes(jsonl(cloud_event(1)))
    ingest_paths([drop], landing, clock)
    [row] = landed(landing)
    assert (row["external_subscription_id"], row["transaction_id"], row["code"]) == ("sub_1", "/llm#e1", "tokens")
    assert row["timestamp"] == datetime(2024, 2, 29, 12, 0, 0, 250000)
    assert row["properties"] == '{"n":3}'


def test_cloud_events_before_1970_and_without_time(drop: Path, landing: Landing, clock: ManualClock) -> None:
    (drop / "a.jsonl").write_bytes(jsonl(cloud_event(1, time="1969-12-31T23:59:58.75Z"), cloud_event(2, time=None)))
    ingest_paths([drop], landing, clock)
    assert [row["timestamp"] for row in landed(landing)] == [
        datetime(1969, 12, 31, 23, 59, 58, 750000),
        datetime(2024, 3, 1, 12),
    ]


@pytest.mark.parametrize(
    "changes",
    [{"specversion": "0.3"}, {"subject": None}, {"id": ""}, {"time": "noon"}, {"data_base64": "aGk="}, {"type": 5}],
)
def test_cloud_events_with_a_fault_are_rejected(
    drop: Path, landing: Landing, clock: ManualClock, changes: dict[str, Any]
) -> None:
    (drop / "a.json").write_text(json.dumps([cloud_event(1), cloud_event(2, **changes)]))
    [report] = ingest_paths([drop], landing, clock)
    assert (report.landed, report.rejected) == (1, 1)
    assert rejected(landing) == [("a.json", 2, "invalid_cloud_event", None)]


def test_json_documents_of_lago_events(drop: Path, landing: Landing, clock: ManualClock) -> None:
    (drop / "a.json").write_text(json.dumps({"events": [line(1), 5]}))
    (drop / "b.json").write_text(json.dumps({"event": line(2)}))
    assert [report.landed for report in ingest_paths([drop], landing, clock)] == [1, 1]
    assert rejected(landing) == [("a.json", 2, "not_json", None)]


def whole_parquet(drop: Path) -> bytes:
    pq.write_table(pa.table({name: ["x"] * 1000 for name in HEADER.strip().split(",")}), drop / "tmp.parquet")
    content = (drop / "tmp.parquet").read_bytes()
    (drop / "tmp.parquet").unlink()
    return content


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.parquet", b"PAR1 no", "truncated_or_foreign_file"),
        ("a.jsonl", jsonl(line(1)) + b'{"external_subs', "truncated_file"),
        ("a.jsonl", b"\x89PNG\x00\n\x00\n", "foreign_file"),
        ("a.jsonl", b'{"half": ', "foreign_file"),
        ("a.json", json.dumps([line(1), line(2)]).encode()[:-20], "truncated_or_foreign_file"),
        ("a.csv", (HEADER + "s,t1,c,1,\ns,t2").encode(), "truncated_file"),
        ("a.csv", (HEADER + 's,t1,c,1,"{""n"": 1').encode(), "truncated_file"),
        ("a.csv", b"a,b\n1,2\n", "missing_column"),
        ("a.csv", b"a,a\n1,2\n", "foreign_file"),
        ("a.csv", b"\xff\xfe\x00\x01\n", "foreign_file"),
        ("a.jsonl", b"", "empty_file"),
        ("a.xlsx", b"PK", "unknown_format"),
    ],
)
def test_a_truncated_or_foreign_file_is_set_aside_whole_and_stays(
    drop: Path, landing: Landing, clock: ManualClock, name: str, content: bytes, reason: str
) -> None:
    (drop / name).write_bytes(content)
    [report] = ingest_paths([drop], landing, clock)
    assert report == FileReport(name, 0, 0, 1, reason)
    assert landed(landing) == []
    assert rejected(landing) == [(name, None, reason, None)]
    assert (drop / name).read_bytes() == content
    [again] = ingest_paths([drop], landing, clock)
    assert again.already_ingested
    assert len(rejected(landing)) == 1


def test_a_file_that_was_truncated_lands_when_it_comes_whole(drop: Path, landing: Landing, clock: ManualClock) -> None:
    whole = jsonl(line(1), line(2))
    (drop / "a.jsonl").write_bytes(whole[:-10])
    assert ingest_paths([drop], landing, clock)[0].set_aside_reason == "truncated_file"
    (drop / "a.jsonl").write_bytes(whole)
    assert ingest_paths([drop], landing, clock)[0].landed == 2


def test_parquet_cut_in_the_middle_is_set_aside(drop: Path, landing: Landing, clock: ManualClock) -> None:
    content = whole_parquet(drop)
    (drop / "a.parquet").write_bytes(content[: len(content) // 2])
    assert ingest_paths([drop], landing, clock)[0].set_aside_reason == "truncated_or_foreign_file"


def test_one_bad_file_does_not_stop_the_others(drop: Path, landing: Landing, clock: ManualClock) -> None:
    (drop / "a.parquet").write_bytes(b"no")
    (drop / "sub").mkdir()
    (drop / "sub/b.jsonl").write_bytes(jsonl(line(1)))
    reports = ingest_paths([drop], landing, clock)
    assert [(report.file, report.landed) for report in reports] == [("a.parquet", 0), ("sub/b.jsonl", 1)]


def test_the_same_file_is_never_ingested_twice(drop: Path, landing: Landing, clock: ManualClock) -> None:
    (drop / "a.jsonl").write_bytes(jsonl(line(1), line(2, code="")))
    assert ingest_paths([drop], landing, clock)[0].landed == 1
    shutil.copy(drop / "a.jsonl", drop.parent / "a.jsonl")  # same name and content, another place and time
    for again in [drop, drop / "a.jsonl", drop.parent / "a.jsonl"]:
        [report] = ingest_paths([again], landing, clock)
        assert (report.landed, report.rejected, report.already_ingested) == (0, 0, True)
    assert len(landed(landing)) == 1
    assert len(rejected(landing)) == 1


def test_a_corrected_mapping_takes_the_file_in_again(drop: Path, landing: Landing, clock: ManualClock) -> None:
    (drop / "a.csv").write_text("who,id\ns,1\n")
    assert ingest_paths([drop], landing, clock)[0].set_aside_reason == "missing_column"
    mapping = parse_mapping({"external_subscription_id": "who", "transaction_id": "id", "code": {"constant": "c"}})
    assert ingest_paths([drop], landing, clock, mapping)[0].landed == 1


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("crash_at", [1, 2, 3, 4])
def test_a_crash_in_the_middle_of_a_file_is_finished_by_the_next_attempt(
    drop: Path, landing: Landing, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, suffix: str, crash_at: int
) -> None:
    records = [line(number, timestamp="5" if number != 4 else "never") for number in range(1, 8)]
    if suffix == "jsonl":
        (drop / "a.jsonl").write_bytes(jsonl(*records))
    elif suffix == "csv":
        text = "".join(",".join(map(str, record.values())) + ",\n" for record in records)
        (drop / "a.csv").write_text(HEADER + text)
    else:
        pq.write_table(pa.Table.from_pylist(records), drop / "a.parquet")
    replace, calls = Path.replace, []

    def crash(self: Path, target: Path) -> Path:
        if target.suffix == ".parquet":
            calls.append(target)
        if len(calls) == crash_at:
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            ingest_paths([drop], landing, clock)
    ingest_paths([drop], landing, clock)
    assert [row["source_row"] for row in landed(landing)] == [1, 2, 3, 5, 6, 7]
    assert rejected(landing) == [(f"a.{suffix}", 4, "invalid_format", "timestamp")]
    assert ingest_paths([drop], landing, clock)[0].already_ingested


def test_unfinished_and_hidden_files_in_a_folder_are_left_alone(
    drop: Path, landing: Landing, clock: ManualClock
) -> None:
    for name in (".a.jsonl", "_b.jsonl", "c.jsonl.tmp", "d.jsonl.part"):
        (drop / name).write_bytes(jsonl(line(1)))
    assert ingest_paths([drop], landing, clock) == []


def test_a_file_offered_twice_in_one_call_lands_once(drop: Path, landing: Landing, clock: ManualClock) -> None:
    for folder in ("x", "y"):
        (drop / folder).mkdir()
        (drop / folder / "a.jsonl").write_bytes(jsonl(line(1), line(2, code="")))
    first, second = ingest_paths([drop / "x/a.jsonl", drop / "y/a.jsonl"], landing, clock)
    assert (first.landed, second.landed, second.rejected, second.already_ingested) == (1, 0, 0, True)
    assert len(landed(landing)) == len(rejected(landing)) == 1


def test_a_folder_brings_its_own_mapping_and_a_bad_one_concerns_only_its_files(
    drop: Path, landing: Landing, clock: ManualClock
) -> None:
    for folder in ("mapped/deep", "bad"):
        (drop / folder).mkdir(parents=True)
        (drop / folder / "a.csv").write_text("who,id\ns,1\n")
    (drop / "mapped/_mapping.yaml").write_text(
        "external_subscription_id: who\ntransaction_id: id\ncode: {constant: c}\n"
    )
    (drop / "bad/_mapping.yaml").write_text("code: [")
    (drop / "plain.jsonl").write_bytes(jsonl(line(1)))
    reports = ingest_paths([drop], landing, clock)
    assert [(report.file, report.landed, report.set_aside_reason) for report in reports] == [
        ("bad/a.csv", 0, "invalid_mapping"),
        ("mapped/deep/a.csv", 1, None),
        ("plain.jsonl", 1, None),
    ]
    (drop / "bad/_mapping.yaml").write_bytes((drop / "mapped/_mapping.yaml").read_bytes())
    assert [report.landed for report in ingest_paths([drop], landing, clock)] == [1, 0, 0]


def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_time(
    drop: Path, landing: Landing, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (drop / "a.jsonl").write_bytes(jsonl(line(1)))
    with monkeypatch.context() as patch:
        patch.setattr(SourceFile, "has_changed", lambda self: True)
        assert ingest_paths([drop], landing, clock)[0].set_aside_reason == "changed_while_read"
    assert landed(landing) == []
    assert rejected(landing) == []
    assert ingest_paths([drop], landing, clock)[0].landed == 1


def test_an_unreadable_file_is_tried_again(
    drop: Path, landing: Landing, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: SourceFile) -> str:
        raise PermissionError("not yours")

    (drop / "a.jsonl").write_bytes(jsonl(line(1)))
    with monkeypatch.context() as patch:
        patch.setattr(SourceFile, "content_digest", refuse)
        assert ingest_paths([drop], landing, clock)[0].set_aside_reason == "unreadable: not yours"
    assert ingest_paths([drop], landing, clock)[0].landed == 1


def test_a_picture_named_csv_is_set_aside_without_a_traceback(
    drop: Path, landing: Landing, clock: ManualClock, capfd: pytest.CaptureFixture[str]
) -> None:
    (drop / "a.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\xff" * 50)
    [report] = ingest_paths([drop], landing, clock)
    assert report.set_aside_reason == "foreign_file"
    assert capfd.readouterr().err == ""


def test_a_bad_time_is_told_in_the_form_that_the_mapping_asks_for(
    drop: Path, landing: Landing, clock: ManualClock
) -> None:
    (drop / "a.jsonl").write_bytes(jsonl({"n": 1, "at": "yesterday"}))
    mapping = parse_mapping(NAMED_BY_FILE | {"timestamp": {"column": "at", "format": "iso"}})
    ingest_paths([drop], landing, clock, mapping)
    [path] = landing.files("rejections")
    assert "send 2026-01-31T12:00:00Z" in landing.read(path)["message"][0].as_py()


def test_a_file_with_several_names_lands_once(drop: Path, landing: Landing, clock: ManualClock) -> None:
    (drop / "real").mkdir()
    (drop / "real" / "u.jsonl").write_bytes(jsonl({"n": 1}))
    (drop / "latest").symlink_to("real")
    (drop / "loop").symlink_to(".")
    mapping = parse_mapping(NAMED_BY_FILE)
    reports = [*ingest_paths([drop], landing, clock, mapping), *ingest_paths([drop / "real"], landing, clock, mapping)]
    assert [report.landed for report in reports] == [1, 0]
    assert len(landed(landing)) == 1


def test_files_of_one_name_in_different_folders_are_different_usage(
    drop: Path, landing: Landing, clock: ManualClock
) -> None:
    for folder in ("jan", "feb"):
        (drop / folder).mkdir()
        (drop / folder / "u.jsonl").write_bytes(jsonl({"n": folder}))
        ingest_paths([drop / folder / "u.jsonl"], landing, clock, parse_mapping(NAMED_BY_FILE))
    assert len({row["transaction_id"] for row in landed(landing)}) == 2


@pytest.mark.parametrize("location", ["http://localhost:1/x.csv", "/dev/null"])
def test_what_is_no_file_is_told_in_a_sentence(location: str, landing: Landing, clock: ManualClock) -> None:
    with pytest.raises(UnreadableSource, match=location):
        ingest_paths([location], landing, clock)


def test_an_absent_path_is_an_error(drop: Path, landing: Landing, clock: ManualClock) -> None:
    with pytest.raises(SourceNotFound, match="no file or folder"):
        ingest_paths([drop / "absent.csv"], landing, clock)


def test_foreign_parquet_in_the_landing_zone_is_adopted_once(landing: Landing, clock: ManualClock) -> None:
    folder = Path(landing.root) / "events/received_date=2024-01-01"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist([line(1), line(2)]), folder / "01HQXYZ.parquet")
    (folder / "broken.parquet").write_bytes(b"PAR1")
    good, broken = adopt_foreign(landing, clock)
    assert (good.landed, good.file) == (2, "events/received_date=2024-01-01/01HQXYZ.parquet")
    assert broken.set_aside_reason == "truncated_or_foreign_file"
    assert [row["received_at"] for row in landed(landing)] == [datetime(2024, 3, 1, 12)] * 2
    assert all(report.already_ingested for report in adopt_foreign(landing, clock))
    assert len(landed(landing)) == 2


def test_progress_is_told(drop: Path, landing: Landing, clock: ManualClock) -> None:
    (drop / "a.jsonl").write_bytes(jsonl(line(1), line(2)))
    told: list[tuple[str, int]] = []
    ingest_paths([drop], landing, clock, progress=lambda file, rows: told.append((file, rows)))
    assert told == [("a.jsonl", 2)]


def test_a_row_with_an_id_that_is_too_long_is_rejected(drop: Path, landing: Landing, clock: ManualClock) -> None:
    (drop / "a.jsonl").write_bytes(jsonl(line(1, transaction_id="t" * 255), line(2, transaction_id="t" * 256)))
    assert ingest_paths([drop], landing, clock) == [FileReport("a.jsonl", 2, 1, 1)]
    assert rejected(landing) == [("a.jsonl", 2, "value_is_too_long", "transaction_id")]
