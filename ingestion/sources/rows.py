"""What a reader yields: rows of a file by columns, and the rows that could not be read at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from core.errors import TallystickError
from ingestion.canonical import canonical, json_text

ROWS_PER_CHUNK = 100_000
CONTENT_SHOWN = 500


class SetAside(TallystickError):
    """The file as a whole cannot be taken in: it is cut off, foreign, or lacks what the mapping names."""


class BrokenRow(NamedTuple):
    """A row that has no readable columns. `number` counts the records of the file from 1."""

    number: int
    reason: str
    message: str
    content: str


class Rows(Protocol):
    """A chunk of readable rows. The chunks of a file hold the same rows each time it is read."""

    numbers: Sequence[int]

    def column(self, name: str) -> Sequence[Any]:
        """The values of a column in the order of `numbers`; None where a row has no value."""
        ...

    def shown(self, index: int) -> str:
        """The row at that index as text for a human, shortened."""
        ...


class Chunk(NamedTuple):
    """At most ROWS_PER_CHUNK records of a file."""

    rows: Rows
    broken: Sequence[BrokenRow]


class Reader(Protocol):
    """A file that was found to be whole. `names` are its columns, None when each row has its own."""

    names: Sequence[str] | None

    def chunks(self) -> Iterator[Chunk]:
        """The file from its beginning."""
        ...


class ColumnRows:
    """Rows that were read column by column (CSV, Parquet)."""

    def __init__(self, numbers: Sequence[int], columns: Mapping[str, Sequence[Any]]) -> None:
        self.numbers = numbers
        self._columns = columns

    def column(self, name: str) -> Sequence[Any]:
        """The values of a column."""
        values = self._columns.get(name)
        return [None] * len(self.numbers) if values is None else values

    def shown(self, index: int) -> str:
        """The row as JSON text."""
        return shorten(json_text({name: canonical(values[index]) for name, values in self._columns.items()}))


class RecordRows:
    """Rows that are JSON objects. A column may be a dotted path into nested objects, as `data.tokens`."""

    def __init__(self, numbers: Sequence[int], records: Sequence[Mapping[str, Any]]) -> None:
        self.numbers = numbers
        self._records = records

    def column(self, name: str) -> Sequence[Any]:
        """The values found under that name or path."""
        if "." not in name:
            return [record.get(name) for record in self._records]
        path = name.split(".")
        return [record[name] if name in record else _walk(record, path) for record in self._records]

    def shown(self, index: int) -> str:
        """The record as JSON text."""
        return shorten(json_text(canonical(self._records[index])))


def _walk(record: Any, path: Sequence[str]) -> Any:
    for step in path:
        if not isinstance(record, Mapping):
            return None
        record = record.get(step)
    return record


def shorten(text: str) -> str:
    """At most CONTENT_SHOWN characters."""
    return text if len(text) <= CONTENT_SHOWN else text[: CONTENT_SHOWN - 1] + "…"
