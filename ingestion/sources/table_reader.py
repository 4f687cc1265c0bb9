"""CSV and Parquet, by columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from ingestion.canonical import canonical
from ingestion.sources.location import SourceFile
from ingestion.sources.rows import ROWS_PER_CHUNK, BrokenRow, Chunk, ColumnRows, SetAside, shorten

CSV_BLOCK = 8 << 20


class CsvReader:
    """UTF-8, commas, double quotes, names in the first line. Every value is text; an empty one is no value."""

    names: Sequence[str] | None

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._broken: dict[int, BrokenRow] = {}
        self._names = self.names = self._read_names()
        self._row_count = self._read_through()

    def chunks(self) -> Iterator[Chunk]:
        """The records after the first line, counted from 1; blank lines do not count."""
        numbers = iter([number for number in range(1, self._row_count + 1) if number not in self._broken])
        for columns, count in _slices(self._open(lambda row: "skip"), self._columns):
            chunk_numbers = [next(numbers) for _ in range(count)]
            yield self._sound(chunk_numbers, columns)
        if self._broken:
            yield Chunk(ColumnRows([], {}), [self._broken[number] for number in sorted(self._broken)])

    def _columns(self, table: pa.Table) -> dict[str, list[Any]]:
        return {name: _texts(table.column(name)) for name in self._names}

    def _sound(self, numbers: list[int], columns: dict[str, list[Any]]) -> Chunk:
        """Set rows apart that are not UTF-8: their values are still bytes."""
        bad = {index for values in columns.values() for index, value in enumerate(values) if type(value) is bytes}
        if not bad:
            return Chunk(ColumnRows(numbers, columns), [])
        broken = [
            BrokenRow(numbers[index], "invalid_encoding", "the row is not UTF-8 text", _shown(columns, index))
            for index in sorted(bad)
        ]
        kept = [index for index in range(len(numbers)) if index not in bad]
        sound = {name: [values[index] for index in kept] for name, values in columns.items()}
        return Chunk(ColumnRows([numbers[index] for index in kept], sound), broken)

    def _read_names(self) -> list[str]:
        try:
            with self._file.open() as stream:
                stream.read(CSV_BLOCK).partition(b"\n")[0].decode()  # Arrow prints a traceback where it is no text
            with self._file.open() as stream, pacsv.open_csv(stream, parse_options=_parse("skip")) as reader:
                names = list(reader.schema.names)
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            raise SetAside("foreign_file", f"{self._file.name} is not CSV: {error}") from error
        if len(set(names)) < len(names):
            raise SetAside("foreign_file", f"{self._file.name} names a column twice in its first line")
        return names

    def _read_through(self) -> int:
        """Read all of it once, so that nothing lands of a file that cannot be read to its end. Returns the row count."""
        count = 0
        try:
            for batch in self._open(self._note_broken):
                count += batch.num_rows
        except pa.ArrowInvalid as error:
            raise SetAside("truncated_or_foreign_file", f"{self._file.name} cannot be read as CSV: {error}") from error
        count += len(self._broken)
        if self._has_open_end() and (count in self._broken or self._has_open_quote()):
            raise SetAside("truncated_file", f"{self._file.name} ends in the middle of a row; send it again, whole")
        return count

    def _note_broken(self, row: pacsv.InvalidRow) -> str:
        number = row.number - 1  # the first line, which holds the names, is counted by the parser
        message = f"the row has {row.actual_columns} columns, the first line names {row.expected_columns}"
        self._broken[number] = BrokenRow(number, "wrong_column_count", message, shorten(str(row.text)))
        return "skip"

    def _open(self, on_broken: Any) -> Iterator[pa.RecordBatch]:
        convert = pacsv.ConvertOptions(
            column_types={name: pa.binary() for name in self._names}, strings_can_be_null=False, check_utf8=False
        )
        read = pacsv.ReadOptions(use_threads=False, block_size=CSV_BLOCK)
        with self._file.open() as stream, pacsv.open_csv(stream, read, _parse(on_broken), convert) as reader:
            yield from reader

    def _has_open_end(self) -> bool:
        """Whether the last line has no end, which is usual, but also what a cut leaves."""
        with self._file.open() as stream:
            stream.seek(self._file.size - 1)
            return bool(stream.read(1) != b"\n")

    def _has_open_quote(self) -> bool:
        """Quotes come in pairs, doubled ones too; the parser does not mind a missing last one, a bill does."""
        with self._file.open() as stream:
            quotes = 0
            while block := stream.read(CSV_BLOCK):
                quotes += block.count(b'"')
        return quotes % 2 == 1


class ParquetReader:
    """Any Parquet file. Numbers keep their digits; binary floats get the shortest digits that name them."""

    names: Sequence[str] | None

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        try:
            with file.open() as stream:
                self.names = pq.read_schema(stream).names
            for _ in self._batches():  # read through, so that nothing lands of a file that is damaged further on
                pass
        except (pa.ArrowException, OSError) as error:
            raise SetAside("truncated_or_foreign_file", f"{file.name} is not whole Parquet: {error}") from error

    def chunks(self) -> Iterator[Chunk]:
        """The rows, counted from 1."""
        start = 1
        for columns, count in _slices(self._batches(), _parquet_columns):
            yield Chunk(ColumnRows(range(start, start + count), columns), [])
            start += count

    def _batches(self) -> Iterator[pa.RecordBatch]:
        with self._file.open() as stream:
            yield from pq.ParquetFile(stream).iter_batches(batch_size=ROWS_PER_CHUNK)


def _slices(batches: Iterator[pa.RecordBatch], columns_of: Any) -> Iterator[tuple[dict[str, list[Any]], int]]:
    """Columns of exactly ROWS_PER_CHUNK rows (the last ones fewer), whatever the sizes in which the file is read."""
    held: list[pa.RecordBatch] = []
    held_rows = 0
    for batch in batches:
        held.append(batch)
        held_rows += batch.num_rows
        while held_rows >= ROWS_PER_CHUNK:
            table = pa.Table.from_batches(held)
            yield columns_of(table.slice(0, ROWS_PER_CHUNK)), ROWS_PER_CHUNK
            held = table.slice(ROWS_PER_CHUNK).to_batches()
            held_rows -= ROWS_PER_CHUNK
    if held_rows:
        yield columns_of(pa.Table.from_batches(held)), held_rows


def _texts(column: pa.ChunkedArray) -> list[Any]:
    """Text values, None for empty ones; values that are not UTF-8 stay bytes."""
    try:
        values = column.cast(pa.string()).to_pylist()
    except pa.ArrowInvalid:
        values = [_text_or_bytes(value) for value in column.to_pylist()]
    return [value or None for value in values]


def _text_or_bytes(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _shown(columns: dict[str, list[Any]], index: int) -> str:
    return shorten(str({name: values[index] for name, values in columns.items()}))


def _parse(on_broken: Any) -> pacsv.ParseOptions:
    handler = (lambda row: on_broken) if isinstance(on_broken, str) else on_broken
    return pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=handler)


def _parquet_columns(table: pa.Table) -> dict[str, list[Any]]:
    return {name: _values(table.column(name)) for name in table.column_names}


def _values(column: pa.ChunkedArray) -> list[Any]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        utc = pc.cast(column, pa.timestamp("us", kind.tz), safe=False)
        return list(utc.cast(pa.timestamp("us")).to_pylist())
    if pa.types.is_map(kind):
        return list(column.to_pylist(maps_as_pydicts="strict"))
    values = list(column.to_pylist())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return [canonical(value) for value in values]
    return values
