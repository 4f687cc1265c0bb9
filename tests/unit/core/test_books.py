"""The books' tables: created once, and older ones are given the columns that have been added since."""

from __future__ import annotations

from pathlib import Path

from core import lake
from core.books import store
from core.books.tables import TABLES
from core.settings import Settings


def columns(settings: Settings, table: str) -> dict[str, str]:
    connection = lake.connect()
    lake.attach(connection, lake.books(settings), read_only=True)
    return {name: kind for name, kind, *_ in connection.execute(f"describe books.main.{table}").fetchall()}


def test_older_books_get_the_columns_that_they_lack(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    store.create(settings)
    connection = lake.connect()
    lake.attach(connection, lake.books(settings))
    connection.execute("insert into books.main.fee_tiers (fee_id, amount) values ('f', 1.5)")
    connection.execute("alter table books.main.fee_tiers drop column step_kind")
    connection.execute("alter table books.main.fee_tiers drop column flat_count")
    connection.close()
    assert "step_kind" not in columns(settings, "fee_tiers")

    store.create(settings)

    assert columns(settings, "fee_tiers").keys() == TABLES["fee_tiers"].keys()
    connection = lake.connect()
    lake.attach(connection, lake.books(settings), read_only=True)
    assert connection.execute("select fee_id, step_kind from books.main.fee_tiers").fetchall() == [("f", None)]
