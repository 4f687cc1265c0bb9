"""Keeps compiled SQL inside the subset that DuckDB and Spark share (the Spark reference, section 6.2).

sqlglot parses each compiled model; a rule names a construct that the two engines read differently, and what to write
instead. What one engine alone can do stands in a dispatched macro with a body for each, so some constructs are found in
DuckDB's compiled SQL that no model wrote: those are allowed only where a `default__` body holds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlglot
from sqlglot import exp

MACRO = re.compile(r"{%-?\s*macro\s+(\w+)\s*\(")
DISPATCHED = re.compile(r"adapter\.dispatch\('(\w+)'")
CLOCKS = (exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime, exp.CurrentDatetime, exp.CurrentTimestampLTZ)
NESTED = (exp.Array, exp.Struct, exp.Map, exp.Unnest, exp.Explode, exp.Bracket, exp.Lambda, exp.ArrayAgg)
DOUBLES = {exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT}
FORBIDDEN_FUNCTIONS = {
    "now": "pass the instant as a fact",
    "today": "pass the date as a fact",
    "generate_series": "use whole_numbers()",
    "regexp_replace": "DuckDB replaces the first match and Spark every match: dispatch it",
    "strftime": "formats differ: dispatch it",
    "list": "keep arrays out of models: explode them to rows",
    "arg_max": "use row_number()",
    "arg_min": "use row_number()",
    "hash": "engines hash differently: use md5()",
    "sha256": "engines name it differently: use md5()",
    "round_even": "money rounds half away from zero",
    "random": "the same facts must give the same rows",
}
RUNNING_FRAMES = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue)
# In text and not in the tree, where sqlglot no longer tells them from what is allowed.
FORBIDDEN_TEXT = {
    r"::": "'::': write cast(x as type)",
    r"\bas\s+(varchar|text)\b": "cast to varchar or text: write string",
    r"\bas\s+(double|float|real)\b": "cast to a binary number: money and quantities are decimal",
    r"\bgroup\s+by\s+all\b": "group by all: name the columns",
    r"\bdistinct\s+on\b": "distinct on: use row_number()",
    r"\basof\s+join\b": "ASOF join: join on a half-open range",
    r"\bunion\s+(all\s+)?by\s+name\b": "union by name: list the columns",
    r"\*\s+(exclude|replace)\b": "* exclude: list the columns",
    r"\btimestamp\s+'[^']*[+-]\d\d(:\d\d)?'": "timestamp literal with an offset: DuckDB drops the offset",
}


@dataclass(frozen=True)
class Violation:
    """One construct outside the subset: where, and what to write instead."""

    model: str
    message: str

    def __str__(self) -> str:
        return f"{self.model}: {self.message}"


def violations(model: str, sql: str) -> list[Violation]:
    """What in the compiled `sql` of `model` is outside the subset. Empty when it is portable."""
    bare = _without_comments_and_texts(sql)
    found = [message for pattern, message in FORBIDDEN_TEXT.items() if re.search(pattern, bare, re.IGNORECASE)]
    found += [
        f"{name}(): {advice}"
        for name, advice in FORBIDDEN_FUNCTIONS.items()
        if re.search(rf"\b{name}\s*\(", bare, re.IGNORECASE)
    ]
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for rule in (_nodes, _identifiers, _windows, _subqueries):
        found += rule(tree)
    return [Violation(model, message) for message in dict.fromkeys(found)]


def macros_without_a_twin(files: Iterable[Path]) -> list[str]:
    """Dispatched macros that lack a body for DuckDB (`default__`) or for Spark (`spark__`)."""
    text = "\n".join(path.read_text() for path in files)
    defined = set(MACRO.findall(text))
    dispatched = set(DISPATCHED.findall(text)) | {
        name.removeprefix("default__") for name in defined if name.startswith("default__")
    }
    return sorted(body for name in dispatched for body in (f"default__{name}", f"spark__{name}") if body not in defined)


def engine_words_outside_dispatch(files: Iterable[Path]) -> list[str]:
    """Uses in SQL sources of what only DuckDB has (hugeint, //, timezone(), range() …) outside of a `default__` macro."""
    only_duckdb = re.compile(
        r"\bhugeint\b|//|\b(timezone|to_months|to_hours|make_timestamp|epoch_us|regexp_full_match|json_extract_string|string_agg|range)\s*\("
    )
    found = []
    for path in files:
        text = re.sub(r"{#.*?#}|--[^\n]*", "", path.read_text(), flags=re.DOTALL)
        text = re.sub(r"{%-?\s*macro\s+default__.*?endmacro", "", text, flags=re.DOTALL)
        # spark's own range() is the table function of the same name; Jinja's range is no SQL.
        text = re.sub(r"{%-?\s*(macro\s+spark__.*?endmacro|for\s.*?%})", "", text, flags=re.DOTALL)
        found += [f"{path.name}: {match.group().strip()}" for match in only_duckdb.finditer(text)]
    return found


def _nodes(tree: exp.Expr) -> Iterator[str]:
    rules: list[tuple[tuple[type[exp.Expr], ...], str]] = [
        ((exp.Qualify,), "QUALIFY: use a row_number() subquery"),
        (CLOCKS, "reads the clock: as_of is a fact"),
        (NESTED, "array, struct, map or unnest: keep what repeats in rows"),
        ((exp.Filter,), "aggregate filter: write count(case when … then 1 end)"),
        ((exp.Greatest, exp.Least), "greatest or least: nulls differ, write case"),
        ((exp.Avg,), "avg: gives a binary number, divide with div_round()"),
        ((exp.Pivot,), "pivot: write case expressions"),
    ]
    for kinds, message in rules:
        if tree.find(*kinds):
            yield message
    for division in tree.find_all(exp.Div):
        if not _counts_periods(division):
            yield f"'/' gives a binary number, divide with div_round(): {division.sql(dialect='duckdb')[:80]}"
    if any(cast.to.this in DOUBLES for cast in tree.find_all(exp.Cast)):
        yield "cast to a binary number: money and quantities are decimal"
    for group in tree.find_all(exp.Group):
        if any(isinstance(item, exp.Literal) for item in group.expressions):
            yield "group by position: name the columns"


def _counts_periods(division: exp.Div) -> bool:
    """An upper bound on the number of periods, in days or months: no money, and only compared."""
    named = division.find_ancestor(exp.Alias)
    return named is not None and named.alias == "periods_at_most"


def _identifiers(tree: exp.Expr) -> Iterator[str]:
    for identifier in tree.find_all(exp.Identifier):
        in_relation = isinstance(identifier.parent, exp.Table) and identifier.arg_key in {"this", "db", "catalog"}
        if identifier.args.get("quoted") and not in_relation:
            yield f'quoted identifier "{identifier.name}": a text on Spark'


def _windows(tree: exp.Expr) -> Iterator[str]:
    for window in tree.find_all(exp.Window):
        function = window.this.this if isinstance(window.this, (exp.IgnoreNulls, exp.RespectNulls)) else window.this
        if window.args.get("order") and not isinstance(function, RUNNING_FRAMES) and not window.args.get("spec"):
            yield f"running window without 'rows unbounded preceding': {window.sql(dialect='duckdb')[:80]}"


def _subqueries(tree: exp.Expr) -> Iterator[str]:
    if any(node.find(exp.Select) for node in tree.find_all(exp.Exists, exp.In)):
        yield "subquery in a predicate: write a join"
    for subquery in tree.find_all(exp.Subquery):
        if not isinstance(subquery.parent, (exp.From, exp.Join, exp.CTE, exp.Union, exp.With)):
            yield "scalar subquery: write a join"


def _without_comments_and_texts(sql: str) -> str:
    return re.sub(r"--[^\n]*|/\*.*?\*/", " ", re.sub(r"(?<!timestamp )'(?:[^']|'')*'", "''", sql), flags=re.DOTALL)
