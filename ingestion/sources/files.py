"""Files of others -> the landing zone. What has landed of a file is named after its content, so it lands once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

import msgspec
import pyarrow as pa

from core.clock import Clock
from ingestion.calculate import Calculator
from ingestion.event import UsageEvent, to_micros
from ingestion.landing import Kind, Landing, LandingWriter, is_landing_name, key_of
from ingestion.sources.json_reader import JsonLinesReader, JsonReader
from ingestion.sources.location import SourceFile, find_files, source_file
from ingestion.sources.mapping import EventsMapping, MappingError, default_mapping, read_mapping
from ingestion.sources.rows import Chunk, Reader, SetAside
from ingestion.sources.table_reader import CsvReader, ParquetReader
from ingestion.tables import RejectedRow, event_table, rejection_table
from ingestion.validate import Rejection, Verdict

Progress = Callable[[str, int], None]
"""Called with the file's name and how many of its rows are done."""

FIRST_FILE_SEQUENCE = 1 << 40
"""Sequences of file rows begin far above the inbox's: should both roads give the same stamp, they are still in order."""

SUFFIXES = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
    ".json": "json",
}


class FileReport(msgspec.Struct, frozen=True):
    """What became of one file. `landed` counts events and `rejected` rows, both those written by this call only."""

    file: str
    rows: int
    landed: int
    rejected: int
    set_aside_reason: str | None = None
    already_ingested: bool = False


def ingest_paths(
    paths: Sequence[str | Path],
    landing: Landing,
    clock: Clock,
    mapping: EventsMapping | None = None,
    progress: Progress | None = None,
    calculator: Calculator | None = None,
) -> list[FileReport]:
    """Take in the files at these paths and URLs: Parquet, CSV, JSON Lines, JSON, and CloudEvents in the last two.

    A row lands whole or is refused whole into `rejections`; a file that cannot be read to its end is set aside whole, as
    one rejection without a row. Without a `mapping`, a file in a given folder follows the `_mapping.yaml` of the nearest
    folder around it, and each field is in the column of its own name where there is none. A file (name, size, content) is taken in once per mapping, however often it is offered
    and wherever the last attempt stopped; calling this on each tick over a drop folder watches it. The `calculator` fills
    in what expressions of metrics compute; a row without a value is refused.
    Raises SourceNotFound.
    """
    return _ingest(find_files(paths), landing, clock, mapping, progress, calculator)


def adopt_foreign(
    landing: Landing, clock: Clock, progress: Progress | None = None, calculator: Calculator | None = None
) -> list[FileReport]:
    """Take in the files that somebody put directly under landing/events. They stay where they are, unread by others.

    Their own `received_at`, if any, is not believed: what we learn, we stamp.
    """
    infos = [
        landing.filesystem.get_file_info(f"{landing.root}/{path}")
        for path in landing.everything("events")
        if not is_landing_name(path)
    ]
    files = (source_file(landing.filesystem, info, info.path[len(landing.root) + 1 :]) for info in infos)
    return _ingest(files, landing, clock, default_mapping(), progress, calculator)


def _ingest(
    files: Iterable[SourceFile],
    landing: Landing,
    clock: Clock,
    mapping: EventsMapping | None,
    progress: Progress | None,
    calculator: Calculator | None,
) -> list[FileReport]:
    with landing.files_lock():
        landed: dict[Kind, set[str]] = {}
        return [
            _FileIngestion(file, landing, clock, mapping or _mapping_around(file), landed, progress, calculator).run()
            for file in files
        ]


def _mapping_around(file: SourceFile) -> EventsMapping:
    """The mapping that the file's folder asks for. A bad one concerns only the files that it is meant for."""
    if file.mapping_path is None:
        return default_mapping()
    with file.filesystem.open_input_file(file.mapping_path) as stream:
        text = bytes(stream.read())
    try:
        return read_mapping(text, file.mapping_path)
    except MappingError as error:
        return EventsMapping((), frozenset(), _digest(text.hex()), fault=error.message)


class _FileIngestion:
    """One file on its way. `landed` holds the keys in the landing zone, read when the first file needs them."""

    def __init__(
        self,
        file: SourceFile,
        landing: Landing,
        clock: Clock,
        mapping: EventsMapping,
        landed: dict[Kind, set[str]],
        progress: Progress | None,
        calculator: Calculator | None,
    ) -> None:
        self._file = file
        self._landing = landing
        self._clock = clock
        self._mapping = mapping
        self._landed = landed
        self._progress = progress
        self._calculator = calculator
        self._key = ""
        self._counts: dict[Kind, int] = {"events": 0, "rejections": 0}

    def run(self) -> FileReport:
        file = self._file
        seen = _digest(file.place, str(file.size), str(file.modified_ns), self._mapping.digest)
        note = f"ingested/{seen}.json"
        if earlier := self._landing.read_bytes(note):
            report = msgspec.json.decode(earlier, type=FileReport)
            return msgspec.structs.replace(report, landed=0, rejected=0, already_ingested=True)
        try:
            reader = self._open()
        except OSError as error:
            return FileReport(file.name, 0, 0, 0, f"unreadable: {error}")  # no note: it may be readable next time
        report = self._land_whole(reader) if isinstance(reader, SetAside) else self._land_rows(reader)
        if not file.has_changed():
            with self._landing.lock():
                self._landing.put(note, msgspec.json.encode(report))
        return report

    def _open(self) -> Reader | SetAside:
        file = self._file
        # What has landed of a file was computed by one set of expressions; under another it lands anew, as repeats.
        computed = [self._calculator.digest] if self._calculator and self._calculator.digest else []
        self._key = _digest(file.name, str(file.size), file.content_digest(), self._mapping.digest, *computed)
        if not self._landed:
            self._landed.update(
                {"events": _keys(self._landing, "events"), "rejections": _keys(self._landing, "rejections")}
            )
        try:
            return _open(file, self._mapping)
        except SetAside as why:
            return why

    def _land_whole(self, why: SetAside) -> FileReport:
        self._land("whole", 0, [], [], [RejectedRow(None, why.code, None, why.message, "")])
        return self._report(0, why.code)

    def _land_rows(self, reader: Reader) -> FileReport:
        file = self._file
        rows = 0
        for index, chunk in enumerate(reader.chunks()):
            if file.has_changed():
                return self._report(rows, "changed_while_read")
            rows += len(chunk.rows.numbers) + len(chunk.broken)
            events, source_rows, rejections = _events_of(chunk, self._mapping, file.place, self._calculator)
            self._land(f"{index:06d}", rows, events, source_rows, rejections)
        return self._report(rows, None)

    def _land(
        self,
        part: str,
        rows: int,
        events: Sequence[UsageEvent],
        source_rows: Sequence[int],
        rejections: Sequence[RejectedRow],
    ) -> None:
        """Write what is not there yet of one part of the file: stamp and rename both happen under the lock."""
        key = f"file-{self._key}-{part}"
        with self._landing.lock() as writer:
            if events and key not in self._landed["events"]:
                self._land_events(writer, key, events, source_rows)
            if rejections and key not in self._landed["rejections"]:
                received_at = writer.stamp(self._clock)
                table = rejection_table(rejections, self._file.name, received_at)
                self._write(writer, "rejections", received_at, key, table)
        if self._progress:
            self._progress(self._file.name, rows)

    def _land_events(
        self, writer: LandingWriter, key: str, events: Sequence[UsageEvent], source_rows: Sequence[int]
    ) -> None:
        received_at = writer.stamp(self._clock)
        count = len(events)
        received = [to_micros(received_at)] * count
        sequences = range(FIRST_FILE_SEQUENCE, FIRST_FILE_SEQUENCE + count)
        table = event_table(events, received, sequences, [self._file.name] * count, source_rows)
        self._write(writer, "events", received_at, key, table)

    def _write(self, writer: LandingWriter, kind: Kind, received_at: datetime, key: str, table: pa.Table) -> None:
        writer.write(kind, received_at, key, table)
        self._landed[kind].add(key)
        self._counts[kind] += table.num_rows

    def _report(self, rows: int, set_aside_reason: str | None) -> FileReport:
        landed, rejected = self._counts["events"], self._counts["rejections"]
        already = not landed and not rejected and (rows > 0 or set_aside_reason is not None)
        return FileReport(self._file.name, rows, landed, rejected, set_aside_reason, already)


def _open(file: SourceFile, mapping: EventsMapping) -> Reader:
    """A reader for the file that can be read to its end. Raises SetAside."""
    if mapping.fault:
        raise SetAside("invalid_mapping", f"{file.name} was not read: {mapping.fault}")
    if file.size == 0:
        raise SetAside("empty_file", f"{file.name} is empty; if it was cut off, send it again")
    as_is = mapping.digest != default_mapping().digest
    match SUFFIXES.get(PurePosixPath(file.name).suffix.lower()):
        case "parquet":
            reader: Reader = ParquetReader(file)
        case "csv":
            reader = CsvReader(file)
        case "json_lines":
            reader = JsonLinesReader(file, as_is)
        case "json":
            reader = JsonReader(file, as_is)
        case _:
            raise SetAside("unknown_format", f"{file.name} is none of {', '.join(SUFFIXES)}; name it after its format")
    if reader.names is not None and (missing := sorted(mapping.columns - set(reader.names))):
        raise SetAside(
            "missing_column",
            f"{file.name} has no column {missing[0]!r}, only {', '.join(reader.names)}; give a mapping that names them",
        )
    return reader


def _events_of(
    chunk: Chunk, mapping: EventsMapping, place: str, calculator: Calculator | None
) -> tuple[list[UsageEvent], list[int], list[RejectedRow]]:
    """The chunk's events with the row that each comes from, and its refused rows. A row lands whole or not at all."""
    events: list[UsageEvent] = []
    source_rows: list[int] = []
    rejected = [RejectedRow(row.number, row.reason, None, row.message, row.content) for row in chunk.broken]
    per_event: list[Sequence[Verdict]] = [event.events(chunk.rows, place) for event in mapping.events]
    if calculator:
        per_event = [calculator.complete(verdicts) for verdicts in per_event]
    for index, (number, verdicts) in enumerate(zip(chunk.rows.numbers, zip(*per_event, strict=True), strict=True)):
        good = [verdict for verdict in verdicts if isinstance(verdict, UsageEvent)]
        if len(good) == len(verdicts):
            events.extend(good)
            source_rows.extend([number] * len(good))
        else:
            faults = [fault for verdict in verdicts if not isinstance(verdict, UsageEvent) for fault in verdict]
            rejected.append(_rejected(number, faults, chunk.rows.shown(index)))
    return events, source_rows, rejected


def _rejected(number: int, faults: Sequence[Rejection], content: str) -> RejectedRow:
    messages = "; ".join(dict.fromkeys(fault.message for fault in faults))
    return RejectedRow(number, faults[0].reason, faults[0].field, messages, content)


def _keys(landing: Landing, kind: Kind) -> set[str]:
    return {key_of(path) for path in landing.files(kind)}


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
