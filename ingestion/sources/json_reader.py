"""JSON Lines and JSON documents of events or CloudEvents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from ingestion.canonical import plain_number
from ingestion.sources import cloudevents
from ingestion.sources.location import BLOCK, SourceFile
from ingestion.sources.rows import ROWS_PER_CHUNK, BrokenRow, Chunk, RecordRows, SetAside, shorten

LONGEST_LAST_LINE = 8 * BLOCK
LINES_TRIED = 1_000

_decode = msgspec.json.Decoder(float_hook=plain_number).decode


class JsonLinesReader:
    """One record per line. `as_is` leaves CloudEvents to a mapping."""

    names: Sequence[str] | None = None

    def __init__(self, file: SourceFile, as_is: bool) -> None:
        self._file = file
        self._as_is = as_is
        _refuse_cut_off(file)
        first = [_decoded(line) for line in islice(_lines(file), LINES_TRIED) if line.strip()]
        if first and not any(isinstance(record, dict) for record in first):
            raise SetAside(
                "foreign_file", f"{file.name} does not begin with JSON objects, one per line; is it JSON Lines?"
            )

    def chunks(self) -> Iterator[Chunk]:
        """The lines, counted from 1; blank ones count but are no rows."""
        lines = enumerate(_lines(self._file), start=1)
        while batch := list(islice(lines, ROWS_PER_CHUNK)):
            yield _chunk(((number, _decoded(line), line) for number, line in batch if line.strip()), self._as_is)


class JsonReader:
    """A document: one record, an array of records, or Lago's `{"events": [...]}`. It is read whole into memory."""

    names: Sequence[str] | None = None

    def __init__(self, file: SourceFile, as_is: bool) -> None:
        self._as_is = as_is
        with file.open() as stream:
            content = _decoded(stream.read())
        if isinstance(content, Exception):
            raise SetAside("truncated_or_foreign_file", f"{file.name} is not a whole JSON document: {content}")
        self._records = _records_of(content)

    def chunks(self) -> Iterator[Chunk]:
        """The records, counted from 1."""
        records = enumerate(self._records, start=1)
        while batch := list(islice(records, ROWS_PER_CHUNK)):
            yield _chunk(((number, record, b"") for number, record in batch), self._as_is)


def _records_of(content: Any) -> list[Any]:
    if isinstance(content, list):
        return content
    if isinstance(content, dict) and isinstance(content.get("events"), list):
        return list(content["events"])
    if isinstance(content, dict) and isinstance(content.get("event"), dict):
        return [content["event"]]
    return [content]


def _chunk(numbered: Iterator[tuple[int, Any, bytes]], as_is: bool) -> Chunk:
    numbers: list[int] = []
    records: list[Any] = []
    broken: list[BrokenRow] = []
    for number, record, line in numbered:
        if not isinstance(record, dict):
            why = f"the line is not JSON: {record}" if isinstance(record, Exception) else "it must be a JSON object"
            shown = line.decode(errors="replace") if line else str(record)
            broken.append(BrokenRow(number, "not_json", why, shorten(shown)))
            continue
        if not as_is and cloudevents.is_cloud_event(record):
            if fault := cloudevents.fault_of(record):
                broken.append(BrokenRow(number, "invalid_cloud_event", fault, shorten(str(record))))
                continue
            record = cloudevents.as_record(record)
        numbers.append(number)
        records.append(record)
    return Chunk(RecordRows(numbers, records), broken)


def _decoded(text: bytes) -> Any:
    """The value, or the exception that says why there is none."""
    try:
        return _decode(text)
    except (ValueError, RecursionError) as error:
        return error


def _lines(file: SourceFile) -> Iterator[bytes]:
    """The file's lines without their ends and without a byte order mark."""
    with file.filesystem.open_input_stream(file.path, compression=None, buffer_size=BLOCK) as stream:
        rest = b""
        first = True
        while block := stream.read(BLOCK):
            if first:
                block, first = block.removeprefix(b"\xef\xbb\xbf"), False
            *lines, rest = (rest + block).split(b"\n")
            yield from lines
        if rest:
            yield rest


def _refuse_cut_off(file: SourceFile) -> None:
    """A last line that has no end and is not JSON: the file was cut off while it was written or sent."""
    with file.open() as stream:
        start = max(0, file.size - LONGEST_LAST_LINE)
        stream.seek(start)
        tail = stream.read()
    last = tail.rpartition(b"\n")[2]
    if last.strip() and isinstance(_decoded(last.removeprefix(b"\xef\xbb\xbf")), Exception) and b"\n" in tail:
        raise SetAside("truncated_file", f"{file.name} ends in the middle of a line; send it again, whole")
