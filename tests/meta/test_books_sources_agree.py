"""The books' tables in Python and the sources that SQL reads are the same, column for column."""

from __future__ import annotations

import yaml

from core.books.tables import TABLES
from core.warehouse.dbt_project import PROJECT_DIR


def test_sources_have_the_columns_of_the_books() -> None:
    document = yaml.safe_load((PROJECT_DIR / "models" / "staging" / "books" / "_books__sources.yml").read_text())
    (source,) = document["sources"]
    listed = {table["name"]: [(column["name"], column["data_type"].upper()) for column in table["columns"]] for table in source["tables"]}
    # Bundles are read by verify, by name; no model reads them.
    expected = {name: list(columns.items()) for name, columns in TABLES.items() if name in listed or name != "sql_bundles"}
    assert listed == expected
