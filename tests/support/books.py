"""Books in memory: runs appended one after the other, and the rows in which two of them differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from core.billing import gates
from core.billing.recompute import DOCUMENT
from core.warehouse.settlement import DOCUMENTS, Settled

Books = Mapping[str, pa.Table]


@dataclass(frozen=True)
class Settlement:
    """What a run settled, in memory: a table per table of the books."""

    tables: Books
    passes: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing was due."""
        return not any(self.tables[name].num_rows for name in DOCUMENTS)


def fetched(settled: Settled) -> Settlement:
    """What stands settled on a connection, in memory."""
    tables = {
        name: settled.connection.execute(f"select * from {relation}").to_arrow_table()
        for name, relation in settled.relations.items()
    }
    return Settlement(tables, settled.passes)


def refuse_unless_conserved(settlement: Settlement) -> None:
    """The gates of an issue."""
    with duckdb.connect() as connection:
        for name, table in settlement.tables.items():
            connection.register(f"new_{name}", table)
        gates.refuse_unless_conserved(connection, {name: f"new_{name}" for name in settlement.tables})


def append(books: Books, settlement: Settlement) -> Books:
    """The books with what a run settled."""
    return {
        name: pa.concat_tables([books[name], table.select(books[name].column_names)]) if name in books else table
        for name, table in settlement.tables.items()
    }


def differences(left: Books, right: Books) -> list[tuple[str, str, dict[str, Any]]]:
    """(table, side, row) for every row, with all its columns, that one of the two has and the other has not, as often."""
    assert left.keys() == right.keys()
    found = []
    with duckdb.connect() as connection:
        for name in left:
            connection.register("l", left[name])
            connection.register("r", right[name].select(left[name].column_names))
            for side, query in (("left", "from l except all from r"), ("right", "from r except all from l")):
                cursor = connection.execute(f"select * from ({query}) order by all")
                columns = [column[0] for column in cursor.description or []]
                found += [(name, side, dict(zip(columns, row, strict=True))) for row in cursor.fetchall()]
    return found


def rows_where(books: Books, condition: str) -> Books:
    """Of every table the rows of the invoices, and of the fees without one, that meet a condition on both."""
    with duckdb.connect() as connection:
        for name in DOCUMENTS:
            connection.register(name, books[name])
        kept_ids = f"select invoice_id from invoices where {condition} union all select fee_id from standalone_fees where {condition} union all select credit_note_id from credit_notes where {condition} union all select credit_note_void_id from credit_note_voids where {condition} union all select invoice_void_id from invoice_voids where {condition}"
        kept = {}
        for name, table in books.items():
            connection.register("rows", table)
            kept[name] = connection.execute(
                f"select * from rows where {DOCUMENT.get(name, 'invoice_id')} in ({kept_ids})"
            ).to_arrow_table()
    return kept
