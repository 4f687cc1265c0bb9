"""From the columns of somebody's file to the fields of events. The grammar is in ingestion/README.md."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Formatter
from typing import Any

import msgspec
import yaml

from core.errors import TallystickError
from ingestion.canonical import plain_number
from ingestion.event import UsageEvent, WireEvent, to_micros
from ingestion.instant import iso_micros, unix_micros
from ingestion.sources.rows import Rows
from ingestion.validate import Rejection, validate_event

FIELDS = ("external_subscription_id", "transaction_id", "code", "timestamp", "properties", "precise_total_amount_cents")
MANDATORY = ("external_subscription_id", "transaction_id", "code")

_decode_json = msgspec.json.Decoder(float_hook=plain_number).decode


class MappingError(TallystickError):
    """The mapping cannot be understood; the message says where and what to write."""

    def __init__(self, message: str) -> None:
        super().__init__("invalid_mapping", message)


@dataclass(frozen=True)
class Column:
    """The value of a column."""

    name: str


@dataclass(frozen=True)
class Constant:
    """The same value for each row."""

    value: Any


@dataclass(frozen=True)
class Template:
    """Text with {row}, {file} (the whole path of the file) or {column} in it."""

    text: str
    names: tuple[str, ...]


Spec = Column | Constant | Template


@dataclass(frozen=True)
class EventMapping:
    """How one event is made of a row."""

    fields: Mapping[str, Spec]
    properties: Mapping[str, Spec] | Spec | None
    read_time: Callable[[Any], int | None]

    def events(self, rows: Rows, file: str) -> list[UsageEvent | list[Rejection]]:
        """For each row its event, or what is wrong with it."""
        count = len(rows.numbers)
        absent: Sequence[Any] = [None] * count
        given = {name: resolve(spec, rows, file) for name, spec in self.fields.items()}
        wires = map(
            WireEvent,
            given.get("transaction_id", absent),
            given.get("external_subscription_id", absent),
            given.get("code", absent),
            given.get("timestamp", absent),
            self._properties(rows, file),
            given.get("precise_total_amount_cents", absent),
        )
        return [validate_event(wire, True, self.read_time) for wire in wires]

    def _properties(self, rows: Rows, file: str) -> Sequence[Any]:
        if self.properties is None:
            return [None] * len(rows.numbers)
        if not isinstance(self.properties, Mapping):
            return [_read_object(value) for value in resolve(self.properties, rows, file)]
        names = list(self.properties)
        columns = [resolve(spec, rows, file) for spec in self.properties.values()]
        return [
            {name: value for name, value in zip(names, values, strict=True) if value is not None}
            for values in zip(*columns, strict=True)
        ]


@dataclass(frozen=True)
class EventsMapping:
    """How the events of a row are made: one or several. `columns` are those that a file must have.

    `digest` names the mapping: a file is taken in once per mapping, so that a wrong one can be corrected. `fault` says why
    the mapping of a folder cannot be used; its files are then set aside.
    """

    events: tuple[EventMapping, ...]
    columns: frozenset[str]
    digest: str
    fault: str | None = None


def load_mapping(path: Path) -> EventsMapping:
    """The mapping in a YAML file. Raises MappingError."""
    try:
        return read_mapping(path.read_bytes(), str(path))
    except OSError as error:
        raise MappingError(f"The mapping {path} cannot be read: {error}") from error


def read_mapping(text: bytes, name: str) -> EventsMapping:
    """The mapping in this YAML text, which came from `name`. Raises MappingError."""
    try:
        content = yaml.safe_load(text)
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise MappingError(f"The mapping {name} cannot be read: {error}") from error
    return parse_mapping(content)


def parse_mapping(content: Any) -> EventsMapping:
    """The mapping that this YAML content describes. Raises MappingError."""
    if not isinstance(content, dict):
        raise MappingError("A mapping is a YAML object of field and column, such as `transaction_id: request_id`.")
    shared = {name: value for name, value in content.items() if name != "events"}
    entries = content.get("events", [{}])
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise MappingError("`events` of a mapping is a list with one entry of fields per event.")
    merged = [_merged(shared, entry) for entry in entries]
    transactions = [json.dumps(entry.get("transaction_id"), default=str) for entry in merged]
    if len(set(transactions)) < len(transactions):
        raise MappingError(
            "Two events of a row would get the same transaction_id, and the second one would be dropped as a duplicate: "
            "write a transaction_id in each entry of `events`, such as {template: '{request_id}-input'}."
        )
    columns: set[str] = set()
    events = tuple(_event_mapping(entry, columns) for entry in merged)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
    return EventsMapping(events, frozenset(columns), digest)


def default_mapping() -> EventsMapping:
    """Each field in the column of its own name; timestamps are Unix seconds, or a Parquet timestamp."""
    fields: dict[str, Spec] = {name: Column(name) for name in FIELDS if name != "properties"}
    event = EventMapping(fields, Column("properties"), read_unix)
    return EventsMapping((event,), frozenset(MANDATORY), "default")


def resolve(spec: Spec, rows: Rows, file: str) -> Sequence[Any]:
    """The values that the spec yields for the rows; None where a column that it needs has no value."""
    if isinstance(spec, Column):
        return rows.column(spec.name)
    if isinstance(spec, Constant):
        return [spec.value] * len(rows.numbers)
    known: dict[str, Sequence[Any]] = {"row": rows.numbers, "file": [file] * len(rows.numbers)}
    parts = [known[name] if name in known else rows.column(name) for name in spec.names]
    if not parts:
        return [spec.text.format()] * len(rows.numbers)
    return [
        None if None in values else spec.text.format(**dict(zip(spec.names, values, strict=True)))
        for values in zip(*parts, strict=True)
    ]


def read_unix(value: Any) -> int | None:
    """Unix seconds, or what Parquet holds as a timestamp."""
    return to_micros(value) if isinstance(value, datetime) else unix_micros(value)


def _merged(shared: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry's fields over the shared ones; its properties beside the shared ones."""
    both = {**shared, **entry}
    common, own = shared.get("properties"), entry.get("properties")
    if isinstance(common, dict) and isinstance(own, dict):
        both["properties"] = {**common, **own}
    return both


def _event_mapping(entry: Mapping[str, Any], columns: set[str]) -> EventMapping:
    """One event's mapping; adds the columns that it needs to `columns`."""
    if unknown := sorted(set(map(str, entry)) - set(FIELDS)):
        raise MappingError(f"A mapping has no field {unknown[0]!r}. The fields are {', '.join(FIELDS)}, and `events`.")
    if missing := [name for name in MANDATORY if entry.get(name) is None]:
        raise MappingError(f"The mapping does not say where {missing[0]} comes from; each event needs one.")
    fields: dict[str, Spec] = {}
    read_time: Callable[[Any], int | None] = read_unix
    for name, value in entry.items():
        if name == "timestamp" and isinstance(value, dict) and "format" in value:
            read_time = _time_reader(value["format"])
            value = {key: item for key, item in value.items() if key != "format"}
        if name != "properties":
            fields[name] = _spec(name, value, columns)
    return EventMapping(fields, _properties_spec(entry.get("properties"), columns), read_time)


def _properties_spec(value: Any, columns: set[str]) -> Mapping[str, Spec] | Spec | None:
    if value is None:
        return None
    if isinstance(value, dict):
        return {str(key): _spec(f"properties.{key}", item, columns) for key, item in value.items()} or None
    return _spec("properties", value, columns)


def _spec(field: str, value: Any, columns: set[str]) -> Spec:
    if isinstance(value, str):
        value = {"column": value}
    if isinstance(value, dict) and len(value) == 1:
        kind, content = next(iter(value.items()))
        if kind == "constant":
            return Constant(content)
        if kind == "column" and isinstance(content, str):
            columns.add(content)
            return Column(content)
        if kind == "template" and isinstance(content, str):
            return _template(field, content, columns)
    raise MappingError(
        f"{field} of the mapping is {value!r}; write a column name, or one of {{column: NAME}}, {{constant: VALUE}}, "
        "{template: 'TEXT-{row}'}."
    )


def _template(field: str, text: str, columns: set[str]) -> Template:
    try:
        parts = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise MappingError(f"The template of {field}, {text!r}, cannot be read: {error}.") from error
    for name, spec, conversion in parts:
        if not name or spec or conversion or any(mark in name for mark in ".[]") or name.isdigit():
            raise MappingError(f"The template of {field}, {text!r}, may hold {{row}}, {{file}} and column names only.")
    names = tuple(dict.fromkeys(name for name, _, _ in parts))
    columns.update(name for name in names if name not in ("row", "file"))
    return Template(text, names)


def _time_reader(name: Any) -> Callable[[Any], int | None]:
    if name == "iso":
        return iso_micros
    if name == "unix":
        return read_unix
    raise MappingError(f"The timestamp format {name!r} is unknown; write `iso` or `unix`.")


def _read_object(value: Any) -> Any:
    """Properties given as JSON text are decoded; what is no object is left for validation to refuse."""
    if not isinstance(value, str):
        return value
    try:
        return _decode_json(value)
    except (ValueError, RecursionError):
        return value
