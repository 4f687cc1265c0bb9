"""What a run does to the lake's tables and views: rows are replaced, and nothing is made anew that is as declared."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core import lake
from core.warehouse.dbt_project import PROJECT_DIR

PROJECT = """
name: small
version: "1.0"
profile: small
models: {small: {+materialized: table, +contract: {enforced: true}}}
"""
PROFILE = """
small:
  target: duckdb
  outputs:
    duckdb:
      type: duckdb
      path: ":memory:"
      database: warehouse
      schema: main
      extensions: [ducklake, sqlite_scanner]
      attach: [{{path: "ducklake:sqlite:{folder}/lake.sqlite", alias: warehouse, is_ducklake: true, options: {{data_path: "{folder}/lake/"}}}}]
"""
MODELS = """
version: 2
models:
  - name: prices
    columns: [{{name: code, data_type: varchar}}, {{name: amount, data_type: "{amount}"}}]
  - name: dear_prices
    config: {{materialized: {kind}}}
    columns: [{{name: code, data_type: varchar}}, {{name: amount, data_type: "{amount}"}}]
"""
AMOUNT = "decimal(38,2)"
Build = Callable[..., None]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Builds a project of a table and a view on it in a lake of its own, with the materializations of ours."""
    lake.connect().close()  # puts the extensions in their place
    (tmp_path / "models").mkdir()
    shutil.copytree(PROJECT_DIR / "macros" / "materializations", tmp_path / "macros")
    (tmp_path / "dbt_project.yml").write_text(PROJECT)
    (tmp_path / "profiles.yml").write_text(PROFILE.format(folder=tmp_path))

    def run(*, rows: str, amount: str = AMOUNT, declared: str = "", least: int = 0, kind: str = "view", fails: bool = False) -> None:
        models = tmp_path / "models"
        (models / "prices.sql").write_text(f"select code, cast(amount as {amount}) as amount from (values {rows}) as given(code, amount)")
        (models / "dear_prices.sql").write_text(f"select code, amount from {{{{ ref('prices') }}}} where amount > {least}")
        (models / "models.yml").write_text(MODELS.format(amount=declared or amount, kind=kind))
        command = [str(Path(sys.executable).with_name("dbt")), "build", "--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}, check=False)
        assert (done.returncode != 0) is fails, done.stdout

    return run


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    connection = lake.connect()
    connection.execute(f"attach 'ducklake:sqlite:{folder}/lake.sqlite' as warehouse (read_only)")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def made(folder: Path) -> dict[str, int]:
    """Name -> the number that the lake gave the table or view when it was made."""
    with closing(sqlite3.connect(folder / "lake.sqlite")) as catalog:
        return dict(
            catalog.execute(
                """select table_name, table_id from ducklake_table where end_snapshot is null
                union all select view_name, view_id from ducklake_view where end_snapshot is null"""
            ).fetchall()
        )


def test_rows_are_replaced_and_nothing_is_made_anew(build: Build, tmp_path: Path) -> None:
    build(rows="('a', 1), ('b', 2)")
    first = made(tmp_path)
    assert set(first) == {"prices", "dear_prices"}
    build(rows="('c', 3)")
    assert made(tmp_path) == first
    assert rows(tmp_path, "select code, amount::varchar from warehouse.main.dear_prices") == [("c", "3.00")]


def test_a_view_is_made_anew_when_its_sql_changes(build: Build, tmp_path: Path) -> None:
    build(rows="('a', 1), ('b', 2)")
    first = made(tmp_path)
    build(rows="('a', 1), ('b', 2)", least=1)
    assert made(tmp_path)["dear_prices"] != first["dear_prices"]
    assert made(tmp_path)["prices"] == first["prices"]
    assert rows(tmp_path, "select code from warehouse.main.dear_prices") == [("b",)]


def test_both_are_made_anew_when_the_declared_columns_change(build: Build, tmp_path: Path) -> None:
    build(rows="('a', 1)")
    first = made(tmp_path)
    build(rows="('a', 1)", amount="decimal(38,4)")
    assert not made(tmp_path).items() & first.items()
    assert rows(tmp_path, "select amount::varchar from warehouse.main.dear_prices") == [("1.0000",)]


def test_what_breaks_its_contract_leaves_the_rows_as_they_were(build: Build, tmp_path: Path) -> None:
    build(rows="('a', 1)")
    build(rows="('b', 2)", declared="decimal(38,4)", fails=True)
    assert rows(tmp_path, "select code from warehouse.main.prices") == [("a",)]


def test_a_table_may_become_a_view_and_a_view_a_table(build: Build, tmp_path: Path) -> None:
    for number, kind in enumerate(("view", "table", "view"), start=1):
        build(rows=f"('a', {number})", kind=kind)
        assert rows(tmp_path, "select amount::varchar from warehouse.main.dear_prices") == [(f"{number}.00",)]
        kinds = {"table": "duckdb_tables", "view": "duckdb_views"}
        assert rows(tmp_path, f"select count(*) from {kinds[kind]}() where database_name = 'warehouse' and {kind}_name = 'dear_prices'") == [(1,)]
