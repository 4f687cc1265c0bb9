"""A bill never depends on when the job ran (law 1): no model, macro or rule reads the clock."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from core.warehouse.dbt_project import PROJECT_DIR

ROOT = Path(__file__).resolve().parents[2]
SQL = sorted([*(PROJECT_DIR / "models").rglob("*.sql"), *(PROJECT_DIR / "macros").rglob("*.sql"), *(PROJECT_DIR / "tests").rglob("*.sql")])
CLOCK_IN_SQL = re.compile(r"\b(now|today|get_current_time\w*|current_(timestamp|date|time|localtime\w*))\b|run_started_at|modules\.datetime", re.IGNORECASE)
CLOCK_IN_PYTHON = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
RULES = ("core/money", "core/domain", "core/catalog", "core/warehouse", "core/books", "core/billing")


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_sql_does_not_read_the_clock(path: Path) -> None:
    text = re.sub(r"{#.*?#}|--[^\n]*", "", path.read_text(), flags=re.DOTALL)
    assert CLOCK_IN_SQL.search(text) is None


def test_only_the_clock_reads_the_time_in_core() -> None:
    found = [str(path.relative_to(ROOT)) for folder in RULES for path in (ROOT / folder).rglob("*.py") if _reads_clock(path.read_text())]
    assert found == []


def test_a_clock_in_python_is_found() -> None:
    assert _reads_clock("from datetime import datetime\nx = datetime.now()")
    assert not _reads_clock("x = clock.now()")


def test_a_clock_in_sql_is_found() -> None:
    assert CLOCK_IN_SQL.search("select NOW()")
    assert not CLOCK_IN_SQL.search("select known_at, timestamp")


def _reads_clock(source: str) -> bool:
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return any(isinstance(call.value, ast.Name) and (call.value.id, call.attr) in CLOCK_IN_PYTHON for call in calls)
