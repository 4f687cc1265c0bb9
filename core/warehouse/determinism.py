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
    "current_localtime",
    "current_localtimestamp",
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
# Sums of binary numbers depend on the order of the rows in their last digits.
_BINARY_SUMS = {"avg", "mean", "favg", "fsum", "kahan_sum", "sumkahan", "product", "entropy", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp"}  # fmt: skip
_DOUBLES = {exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT}
_ZONED = {exp.DataType.Type.TIMESTAMPTZ, exp.DataType.Type.TIMESTAMPLTZ, exp.DataType.Type.TIMETZ}
_READS_ZONE = {"to_timestamp", "make_timestamptz"}
_SHARED = {
    "sql_metric", "window_charge_id", "charge_filter_id", "group_key", "from_at", "to_at", "timezone", "external_subscription_id",
    "timestamp", "is_before_window", "properties", "field_text", "field_value",
    "sql_charge", "charge_id", "currency", "horizon_at", "change_quantity", "units", "full_units", "total_aggregated_units", "events_count",
}  # fmt: skip
"""Columns of what such a model reads that several rows may have in common: in an order, they alone leave ties."""
_BUCKET = {"window_charge_id", "charge_filter_id", "group_key"}
_WITHIN = {"event_number": _BUCKET, "transaction_id": {"window_charge_id"}}
"""What no two rows share within a bucket, or within a window charge alone: between those it leaves ties. A `usage_id` is a bucket too."""
_head = re.compile(r"\w+").match


def violations(model: str, sql: str, relations: Collection[str]) -> list[Violation]:
    """What in the compiled `sql` may differ from run to run. `relations` are the ones that dbt knows it to read."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    found = [*_functions(tree), *_numbers(tree), *_windows(tree), *_choices(tree), *_relations(tree, relations)]
    return [Violation(model, message) for message in dict.fromkeys(found)]


def _functions(tree: exp.Expr) -> Iterator[str]:
    shared = _shared_columns(tree)
    for node in tree.find_all(exp.Func):
        if isinstance(node.parent, exp.Table):
            continue
        name = _name(node)
        promises = _promises().get(name, set())
        stated = promises - {None}
        reads_clock = name == "age" and not node.args.get("expression") and len(node.expressions) < 2
        if name in _READS_SESSION or reads_clock or (stated and stated <= _CHANGING):
            yield f"{name}() differs from run to run: pass what it says as a fact"
        elif name in _READS_SETTINGS or name in _READS_ZONE:
            yield f"{name}() reads the machine: pass what it says as a fact"
        elif name in _TIES:
            yield f"{name}() picks any of several rows: use row_number() with an order that has no ties"
        elif name in _GUESSES:
            yield f"{name}() is an estimate: compute it exactly"
        elif name in _LISTS and not _is_ordered(node, shared):
            yield f"{name}() without an order that has no ties: add event_number, or what else no two rows share"
        elif name in _LISTS and (within := _between_buckets(_order_of(node), _kept_apart_by(node), shared)):
            yield _ties_between(name, within)
        elif isinstance(node, exp.Array) and node.find(exp.Select):
            yield "array() of a query has the order of its rows: use list() with an order that has no ties"
        elif isinstance(node, exp.Anonymous) and promises <= {None}:
            yield f"{name}() is a macro of DuckDB's or unknown to it: write what it stands for"


def _is_ordered(listing: exp.Expr, shared: set[str]) -> bool:
    """Whether no two rows may change places in the list, or only such that give the same."""
    keys = _order_of(listing)
    return listing.find(exp.Order) is not None and (not keys <= shared or _columns(listing) <= keys)


def _order_of(listing: exp.Expr) -> set[str]:
    """The columns in whose order a list is; none if it has no order."""
    order = listing.find(exp.Order)
    return {column for key in order.expressions for column in _columns(key)} if order is not None else set()


def _between_buckets(order: set[str], keys: set[str], shared: set[str]) -> str | None:
    """The column in whose order alone rows stand, where other buckets have it too and `keys` do not keep them apart."""
    telling = order - shared
    if telling - _WITHIN.keys() or "usage_id" in keys or any(_WITHIN[name] <= order | keys for name in telling):
        return None
    return min(telling, default=None)


def _ties_between(name: str, within: str) -> str:
    keys = ", ".join(sorted(_WITHIN[within]))
    return f"{name}() in the order of {within}, which other buckets have too: partition or group by {keys} (of a charge, by usage_id)"


def _kept_apart_by(node: exp.Expr) -> set[str]:
    """The columns of the window's partition or of the query's groups."""
    window, select = node.find_ancestor(exp.Window), node.find_ancestor(exp.Select)
    if window is not None:
        return {column for key in window.args.get("partition_by") or [] for column in _columns(key)}
    group = select.args.get("group") if select is not None else None
    return _columns(group) if group is not None else set()


def _numbers(tree: exp.Expr) -> Iterator[str]:
    if tree.find(exp.Div):
        yield "/ gives a binary number: divide with div_round()"
    for number in tree.find_all(exp.Literal):
        if not number.is_string and "e" in number.this.lower():
            yield f"{number.this} is a binary number: write its digits out"
    for function in tree.find_all(exp.Func, exp.Pow):
        name = "power" if isinstance(function, exp.Pow) else _name(function)
        if name in _BINARY_SUMS or (name in _binary() and isinstance(function, exp.AggFunc)):
            yield f"{name}() adds binary numbers, where the order of rows shows: use sum() and div_round()"
        elif name in _binary() and not _is_made_exact(function):
            yield f"{name}() gives a binary number: make a decimal of it with quantity() before anything else"
    for cast in tree.find_all(exp.Cast):
        if cast.to.this in _DOUBLES:
            yield "a binary number: in sums of them the order of rows shows; use quantity()"
        elif cast.to.this in _ZONED:
            yield "an instant with a time zone reads the machine's: timestamps are UTC, and `timezone` is the customer's"


def _is_made_exact(function: exp.Expr) -> bool:
    """Whether what a function gives becomes a decimal or a whole number row by row, before rows meet in a sum."""
    node = function.parent
    while node is not None and not isinstance(node, exp.AggFunc | exp.Window | exp.Alias | exp.Select):
        if isinstance(node, exp.Cast) and node.to.this not in _DOUBLES:
            return True
        node = node.parent
    return False


def _windows(tree: exp.Expr) -> Iterator[str]:
    shared = _shared_columns(tree)
    for window in tree.find_all(exp.Window):
        name, order, frame = _name(window.this), window.args.get("order"), window.args.get("spec")
        if name not in _NEED_ORDER and (frame is None or frame.args.get("kind", "").upper() != "ROWS"):
            continue
        if not order:
            yield f"{name}() over an unordered window: add `order by` with an order that has no ties"
        elif within := _between_buckets(_columns(order), _kept_apart_by(window.this), shared):
            yield _ties_between(name, within)
        elif _columns(order) <= shared:
            yield f"{name}() in an order with ties ({order.sql(dialect='duckdb').removeprefix('ORDER BY ')}): add event_number, or what else no two rows share"


def _shared_columns(tree: exp.Expr) -> set[str]:
    """Names of columns that several rows may have in common: those of the input, and what is computed of them alone, row by row."""
    definitions: dict[str, set[str] | None] = {}
    for alias in tree.find_all(exp.Alias):
        across_rows = alias.this.find(exp.Window, exp.AggFunc, exp.Subquery) is not None
        seen = definitions.setdefault(alias.alias.lower(), set())
        definitions[alias.alias.lower()] = None if across_rows or seen is None else seen | _columns(alias.this)
    shared = set(_SHARED)
    while (
        added := {name for name, columns in definitions.items() if columns is not None and columns <= shared} - shared
    ):
        shared |= added
    return shared - {name for name, columns in definitions.items() if columns is None}


def _columns(tree: exp.Expr) -> set[str]:
    return {column.name.lower() for column in tree.find_all(exp.Column)}


def _choices(tree: exp.Expr) -> Iterator[str]:
    if tree.find(exp.Limit, exp.Fetch, exp.Offset):
        yield "limit: which rows are left depends on their order; use row_number() and a condition"
    if tree.find(exp.TableSample):
        yield "a sample differs from run to run"
    if any(node.args.get("on") for node in tree.find_all(exp.Distinct)):
        yield "distinct on: use row_number() with an order that has no ties"
    if any(join.args.get("method") in {"ASOF", "POSITIONAL"} for join in tree.find_all(exp.Join)):
        yield "asof or positional join: which row is met depends on their order; join on keys"
    if "rowid" in _columns(tree):
        yield "rowid says where the engine put a row: use event_number"


def _relations(tree: exp.Expr, relations: Collection[str]) -> Iterator[str]:
    # A name such as 'usage.csv' is a file wherever no expression of that name is in sight.
    named = {_bare(cte.alias) for cte in tree.find_all(exp.CTE) if re.fullmatch(r"\w+", cte.alias)}
    known = {_bare(relation) for relation in relations} | named
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
def _binary() -> frozenset[str]:
    """The functions of which DuckDB gives nothing but binary numbers."""
    query = """
        select lower(function_name) from duckdb_functions()
        where function_type in ('scalar', 'aggregate') and stability = 'CONSISTENT'
        group by 1 having bool_and(return_type in ('DOUBLE', 'FLOAT'))
    """
    return frozenset(name for (name,) in duckdb.connect().execute(query).fetchall())


@cache
def _promises() -> dict[str, set[str | None]]:
    """Function name -> what DuckDB says of its overloads; None for a macro or a table function."""
    rows = duckdb.connect().execute("select lower(function_name), stability from duckdb_functions()").fetchall()
    found: dict[str, set[str | None]] = {}
    for name, stability in rows:
        found.setdefault(name, set()).add(stability)
    return found
