"""Imports go down only, as the contracts of .importlinter say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DUCKDB_HOMES = ("core/warehouse/", "core/books/", "core/billing/", "core/lake.py")


def test_imports_go_down_only() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--config", ".importlinter", "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_sqlalchemy_is_known_to_the_catalog_only() -> None:
    assert _importers("sqlalchemy", "core", allowed=("core/catalog/",)) == []


def test_duckdb_is_known_to_the_lakes_only() -> None:
    assert _importers("duckdb", "core", allowed=DUCKDB_HOMES) == []


def test_nobody_imports_the_dbt_project() -> None:
    for package in ("core", "ingestion", "orchestration", "api", "app", "cli"):
        assert _importers("dbt_project", package, allowed=()) == []


def _importers(module: str, package: str, allowed: tuple[str, ...]) -> list[str]:
    statement = re.compile(rf"^\s*(?:import|from)\s+{module}\b", re.MULTILINE)
    files = [str(path.relative_to(ROOT)) for path in (ROOT / package).rglob("*.py") if statement.search(path.read_text())]
    return sorted(file for file in files if not file.startswith(allowed or ("-",)))
