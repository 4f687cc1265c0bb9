"""A reader in a process of its own, until its input is closed: python read_while_running.py HOME

Prints one JSON line per look: the published pair, whether what it reads is of one whole version, and whether the newest
version, which is not published and which no reader attaches, is whole at that moment.
"""

from __future__ import annotations

import json
import select
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from core import lake
from core.settings import Settings
from core.warehouse.connection import ReadWarehouse

# What a half-built version breaks: facts of this run under marts of the last, or books that the marts do not know.
QUESTIONS = (
    "select count(*) = 0 from warehouse.marts.fct_reconciliation where not is_held",
    "select count(*) = (select left_value from warehouse.marts.fct_reconciliation where check_name = 'raw events = accepted') from warehouse.raw.events",
    "select count(*) = (select count(*) from warehouse.marts.fct_invoices where status <> 'draft') from books.main.invoices",
)


def is_whole(cursor: Any) -> bool:
    """Whether every question is answered with yes."""
    return all(cursor.execute(question).fetchone()[0] for question in QUESTIONS)


def newest_is_whole(settings: Settings) -> bool:
    """The same of the newest versions of both lakes."""
    with closing(lake.connect()) as connection:
        try:
            lake.attach(connection, lake.warehouse(settings), read_only=True)
            lake.attach(connection, lake.books(settings), read_only=True)
            return is_whole(connection)
        except duckdb.Error:
            return False


def main(home: Path) -> None:
    settings = Settings(home=home)
    reader = ReadWarehouse(settings)
    is_last = False
    while not is_last:
        is_last = bool(select.select([sys.stdin], [], [], 0.4)[0])
        with closing(reader.cursor()) as cursor:
            whole = is_whole(cursor)
        pair = reader.published()
        assert pair is not None
        seen = {"warehouse": pair.warehouse_snapshot, "whole": whole, "newest_whole": newest_is_whole(settings)}
        print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
