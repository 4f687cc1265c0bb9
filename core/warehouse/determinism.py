"""Whether a model's SQL gives the same rows for the same facts, whenever and in whatever order it runs (law 1).

For models that others write (SQL metrics and SQL charges). What a function promises is asked of DuckDB itself, so a
function that it gains later is judged too; what depends on the order of rows is a list of names here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache

import duckdb
import sqlglot
from sqlglot import exp

from core.warehouse.sql_lint import Violation

_CHANGING = {"VOLATILE", "CONSISTENT_WITHIN_QUERY"}
# The standard's functions without parentheses, which DuckDB does not list.
_READS_SESSION = {
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "current_user",
    "session_user",
    "user",
    "current_role",
}
_READS_SETTINGS = {"current_setting", "getenv", "getvariable", "version", "which_secret"}
_TIES = {"any_value", "arbitrary", "first", "last", "mode", "arg_max", "arg_min", "argmax", "argmin", "max_by", "min_by", "arg_max_null", "arg_min_null"}  # fmt: skip
_GUESSES = {"approx_count_distinct", "approx_quantile", "approx_top_k", "reservoir_quantile"}
_LISTS = {"list", "array_agg", "string_agg", "group_concat", "listagg"}
_NEED_ORDER = {"row_number", "lag", "lead", "first_value", "last_value", "nth_value", "ntile"}
_ROWS_OF_NUMBERS = {"range", "generate_series"}
_head = re.compile(r"\w+").match


def violations(model: str, sql: str, relations: Collection[str]) -> list[Violation]:
    """What in the compiled `sql` may differ from run to run. `relations` are the ones that dbt knows it to read."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    found = [*_functions(tree), *_windows(tree), *_choices(tree), *_relations(tree, relations)]
    return [Violation(model, message) for message in dict.fromkeys(found)]


def _functions(tree: exp.Expr) -> Iterator[str]:
    for node in tree.find_all(exp.Func):
        if isinstance(node.parent, exp.Table):
            continue
        name = _name(node)
        promises = _promises().get(name, set())
        if name in _READS_SESSION or (promises and promises <= _CHANGING):
            yield f"{name}() differs from run to run: pass what it says as a fact"
        elif name in _READS_SETTINGS:
            yield f"{name}() reads the machine: pass what it says as a fact"
        elif name in _TIES:
            yield f"{name}() picks any of several rows: use row_number() with an order that has no ties"
        elif name in _GUESSES:
            yield f"{name}() is an estimate: compute it exactly"
        elif name in _LISTS and not node.find(exp.Order):
            yield f"{name}() without an order: add one that has no ties"
        elif isinstance(node, exp.Anonymous) and promises <= {None}:
            yield f"{name}() is a macro of DuckDB's or unknown to it: write what it stands for"


def _windows(tree: exp.Expr) -> Iterator[str]:
    for window in tree.find_all(exp.Window):
        name = _name(window.this)
        if name in _NEED_ORDER and not window.args.get("order"):
            yield f"{name}() over an unordered window: add `order by` with an order that has no ties"


def _choices(tree: exp.Expr) -> Iterator[str]:
    if tree.find(exp.Limit, exp.Fetch, exp.Offset):
        yield "limit: which rows are left depends on their order; use row_number() and a condition"
    if tree.find(exp.TableSample):
        yield "a sample differs from run to run"
    if any(node.args.get("on") for node in tree.find_all(exp.Distinct)):
        yield "distinct on: use row_number() with an order that has no ties"


def _relations(tree: exp.Expr, relations: Collection[str]) -> Iterator[str]:
    known = {_bare(relation) for relation in relations} | {_bare(cte.alias) for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Func):
            if _name(table.this) not in _ROWS_OF_NUMBERS:
                yield f"{_name(table.this)}() reads what no run records: use ref()"
        elif _bare(table.sql(dialect="duckdb", comments=False).split(" AS ")[0]) not in known:
            yield f"reads {table.sql(dialect='duckdb')}, which dbt does not know: use ref()"


def _name(function: exp.Expr) -> str:
    head = _head(function.sql(dialect="duckdb"))
    return head.group().lower() if head else ""


def _bare(relation: str) -> str:
    return relation.replace('"', "").lower()


@cache
def _promises() -> dict[str, set[str | None]]:
    """Function name -> what DuckDB says of its overloads; None for a macro or a table function."""
    rows = duckdb.connect().execute("select lower(function_name), stability from duckdb_functions()").fetchall()
    found: dict[str, set[str | None]] = {}
    for name, stability in rows:
        found.setdefault(name, set()).add(stability)
    return found
