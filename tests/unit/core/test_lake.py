"""What a lake needs is made when it is missing, also in a lake that an earlier version made."""

from __future__ import annotations

from pathlib import Path

from core import lake
from core.books import store
from core.books.tables import TABLES
from core.settings import Settings


def test_a_table_gains_the_columns_that_it_lacks_and_keeps_its_rows(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.warehouse_data.mkdir()
    connection = lake.connect()
    lake.attach(connection, lake.warehouse(settings))
    lake.ensure_tables(connection, "warehouse", {"main.t": {"order": "bigint"}})
    connection.execute("insert into warehouse.main.t values (1)")
    for _ in range(2):
        lake.ensure_tables(connection, "warehouse", {"main.t": {"order": "bigint", "rate": "decimal(38, 12)"}})
    assert connection.execute("select * from warehouse.main.t").fetchall() == [(1, None)]


def test_books_of_an_earlier_version_gain_new_columns(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    store.create(settings)
    column = list(TABLES["fees"])[-1]
    connection = lake.connect()
    lake.attach(connection, lake.books(settings))
    connection.execute(f"alter table books.main.fees drop column {column}")
    connection.close()
    store.create(settings)
    connection = lake.connect()
    lake.attach(connection, lake.books(settings), read_only=True)
    assert {row[0] for row in connection.execute("describe books.main.fees").fetchall()} == TABLES["fees"].keys()


def test_a_home_folder_may_be_moved(tmp_path: Path) -> None:
    store.create(Settings(home=tmp_path / "old"))
    with_row = lake.connect()
    lake.attach(with_row, lake.books(Settings(home=tmp_path / "old")))
    with_row.execute("create table books.main.kept as select range as n from range(5)")
    with_row.close()
    (tmp_path / "old").rename(tmp_path / "new")
    connection = lake.connect()
    lake.attach(connection, lake.books(Settings(home=tmp_path / "new")), read_only=True)
    assert connection.execute("select count(*) from books.main.kept").fetchone() == (5,)
