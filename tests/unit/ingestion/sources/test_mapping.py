from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ingestion
from ingestion.event import UsageEvent
from ingestion.sources.mapping import MappingError, load_mapping, parse_mapping, read_mapping
from ingestion.sources.rows import ColumnRows, RecordRows

IDENTITY = {"external_subscription_id": "account", "transaction_id": "id", "code": {"constant": "tokens"}}
ROWS = ColumnRows(
    [1, 2], {"account": ["a", "b"], "id": ["x", None], "in": ["3", None], "at": ["2024-03-01 00:00", "5"]}
)


def events(content: Any, rows: Any = ROWS) -> list[Any]:
    [event] = parse_mapping(content).events
    return event.events(rows, "f.csv")


def test_columns_constants_and_templates() -> None:
    content = IDENTITY | {"transaction_id": {"template": "{file}:{row}:{account}"}, "properties": {"n": "in"}}
    assert events(content) == [
        UsageEvent("a", "f.csv:1:a", "tokens", None, '{"n":"3"}'),
        UsageEvent("b", "f.csv:2:b", "tokens", None, "{}"),
    ]


def test_a_template_without_a_value_has_no_value() -> None:
    _, second = events(IDENTITY | {"transaction_id": {"template": "t-{id}"}})
    assert [fault.reason for fault in second] == ["value_is_mandatory"]


def test_braces_in_a_template_are_doubled() -> None:
    assert events(IDENTITY | {"transaction_id": {"template": "{{{row}}}"}})[0].transaction_id == "{1}"


def test_iso_times() -> None:
    content = IDENTITY | {"transaction_id": {"template": "{row}"}, "timestamp": {"column": "at", "format": "iso"}}
    first, second = events(content)
    assert first.timestamp == 1_709_251_200_000_000
    assert [fault.field for fault in second] == ["timestamp"]


def test_properties_may_be_json_text() -> None:
    rows = ColumnRows(
        [1, 2, 3],
        {"account": ["a"] * 3, "id": ["1", "2", "3"], "p": ['{"n":0.10,"k":12345678901234567890}', "[1]", "{"]},
    )
    good, array, broken = events(IDENTITY | {"properties": "p"}, rows)
    assert good.properties == '{"n":"0.10","k":"12345678901234567890"}'
    assert [fault.field for fault in [*array, *broken]] == ["properties", "properties"]


def test_a_dotted_column_reaches_into_json() -> None:
    rows = RecordRows([1, 2], [{"account": "a", "id": "x", "data": {"n": 1}}, {"account": "a", "id": "y", "data.n": 2}])
    first, second = events(IDENTITY | {"properties": {"n": "data.n"}}, rows)
    assert (first.properties, second.properties) == ('{"n":1}', '{"n":2}')


def test_several_events_share_what_stands_above_them() -> None:
    mapping = parse_mapping(
        {
            "external_subscription_id": "account",
            "events": [
                {"code": {"constant": "in"}, "transaction_id": {"template": "{row}-in"}},
                {"code": {"constant": "out"}, "transaction_id": {"template": "{row}-out"}},
            ],
        }
    )
    made = [event.events(ROWS, "f")[0] for event in mapping.events]
    assert [(event.code, event.transaction_id) for event in made] == [("in", "1-in"), ("out", "1-out")]  # type: ignore[union-attr]
    assert mapping.columns == {"account"}


def test_the_mapping_in_the_readme_works() -> None:
    readme = Path(ingestion.__file__).with_name("README.md").read_text(encoding="utf-8")
    mapping = read_mapping(readme.partition("```yaml\n")[2].partition("```")[0].encode(), "README.md")
    rows = ColumnRows(
        [1],
        {
            "account": ["a"],
            "TIMESTAMP": ["1970-01-01 00:00:01.5"],
            "ContextTokens": ["3"],
            "GeneratedTokens": ["4"],
        },
    )
    assert [event.events(rows, "f.csv")[0] for event in mapping.events] == [
        UsageEvent("a", "f.csv-1-input", "input_tokens", 1_500_000, '{"model":"gpt-4","tokens":"3"}'),
        UsageEvent("a", "f.csv-1-output", "output_tokens", 1_500_000, '{"model":"gpt-4","tokens":"4"}'),
    ]
    assert mapping.columns == {"account", "TIMESTAMP", "ContextTokens", "GeneratedTokens"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "YAML object"),
        ([], "YAML object"),
        (IDENTITY | {"colour": "x"}, "colour"),
        ({"code": "c"}, "external_subscription_id"),
        (IDENTITY | {"code": {"literal": "x"}}, "code of the mapping"),
        (IDENTITY | {"code": 5}, "constant"),
        (IDENTITY | {"transaction_id": {"template": "{id.__class__}"}}, "column names only"),
        (IDENTITY | {"transaction_id": {"template": "{id!r}"}}, "column names only"),
        (IDENTITY | {"transaction_id": {"template": "{}"}}, "column names only"),
        (IDENTITY | {"transaction_id": {"template": "{id"}}, "cannot be read"),
        (IDENTITY | {"timestamp": {"column": "at", "format": "epoch"}}, "epoch"),
        (IDENTITY | {"properties": {"n": ["in"]}}, "properties.n"),
        (IDENTITY | {"events": []}, "events"),
        (IDENTITY | {"events": [{}, {"code": {"constant": "other"}}]}, "same transaction_id"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_readably(content: Any, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        parse_mapping(content)


def test_the_digest_follows_the_content() -> None:
    assert parse_mapping(IDENTITY).digest == parse_mapping(dict(reversed(IDENTITY.items()))).digest
    assert parse_mapping(IDENTITY).digest != parse_mapping(IDENTITY | {"code": "c"}).digest


def test_a_mapping_file(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("external_subscription_id: a\ntransaction_id: b\ncode: c\n")
    assert load_mapping(path).columns == {"a", "b", "c"}
    path.write_text("a: [")
    with pytest.raises(MappingError, match="cannot be read"):
        load_mapping(path)
    with pytest.raises(MappingError, match="cannot be read"):
        load_mapping(tmp_path / "absent.yaml")
