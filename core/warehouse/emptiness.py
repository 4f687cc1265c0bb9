"""Which models have no rows because others have none, read from their SQL.

One customer has few kinds of charges, so most models of the pricing graph find nothing to do; planning their SQL is then
all that they cost. A rule says of a query when it surely yields nothing. It is careful: what it does not understand may
have rows. A rule is a relation's name, `["any", rules]` or `["all", rules]`; `["any", []]` is never true.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

Rule = Any
NEVER: Rule = ["any", []]
ALWAYS: Rule = ["all", []]
GROUPING_SETS = (exp.GroupingSets, exp.Cube, exp.Rollup, exp.Tuple)


def rule_of(sql: str) -> Rule:
    """When the query `sql` surely has no rows, by the quoted names of the relations that it reads."""
    return _query(sqlglot.parse_one(sql, dialect="duckdb"), {})


def holds(rule: Rule, empty: Collection[str]) -> bool:
    """Whether the rule is fulfilled when the relations `empty` have no rows."""
    if isinstance(rule, str):
        return rule in empty
    kind, rules = rule
    return (any if kind == "any" else all)(holds(each, empty) for each in rules)


def _query(tree: exp.Expr, outer: Mapping[str, Rule]) -> Rule:
    known = dict(outer)
    clause: Any = tree.args.get("with_")
    for cte in clause.expressions if clause else []:
        # The own name of a recursive one stands for its earlier rows: without a first there is no second.
        known[cte.alias] = _query(cte.this, {**known, cte.alias: ALWAYS} if clause.recursive else known)
    if isinstance(tree, exp.Subquery):
        return _query(tree.this, known)
    if isinstance(tree, exp.Union):
        return ["all", [_query(tree.left, known), _query(tree.right, known)]]
    if isinstance(tree, exp.Except):
        return _query(tree.left, known)
    if not isinstance(tree, exp.Select) or tree.args.get("from_") is None or _has_a_row_of_nothing(tree):
        return NEVER
    rule = _relation(tree.args["from_"].this, known)
    for join in tree.args.get("joins") or []:
        joined = _relation(join.this, known)
        if join.side == "LEFT" or join.kind == "ANTI":
            continue
        if join.side == "RIGHT":
            rule = joined
        elif join.side == "FULL":
            rule = ["all", [rule, joined]]
        else:
            rule = ["any", [rule, joined]]
    return rule


def _relation(source: exp.Expr, known: Mapping[str, Rule]) -> Rule:
    if isinstance(source, exp.Subquery):
        return _query(source, known)
    if not isinstance(source, exp.Table) or not isinstance(source.this, exp.Identifier):
        return NEVER  # a function that makes rows
    if not source.db:
        return known.get(source.name, NEVER)
    return ".".join(f'"{part.name}"' for part in source.parts)


def _has_a_row_of_nothing(select: exp.Select) -> bool:
    """Whether it may aggregate without groups, or over an empty grouping set, which gives a row of no rows."""
    group = select.args.get("group")
    if group is not None:
        plain = group.expressions and {name for name, value in group.args.items() if value} == {"expressions"}
        return not plain or any(isinstance(each, GROUPING_SETS) for each in group.expressions)
    return any(
        _is_aggregate(function) and not isinstance(_outside_of_filters(function), exp.Window)
        for part in [*select.expressions, select.args.get("having"), select.args.get("qualify")]
        if part is not None
        for function in part.find_all(exp.Func)
    )


def _outside_of_filters(function: exp.Expr) -> exp.Expr | None:
    parent = function.parent
    while isinstance(parent, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        parent = parent.parent
    return parent


def _is_aggregate(function: exp.Func) -> bool:
    names = (
        {function.name.lower()}
        if isinstance(function, exp.Anonymous)
        else {name.lower() for name in function.sql_names()}
    )
    return isinstance(function, exp.AggFunc) or bool(names & _aggregates())


@cache
def _aggregates() -> frozenset[str]:
    with duckdb.connect() as connection:
        query = "select distinct function_name from duckdb_functions() where function_type = 'aggregate'"
        return frozenset(row[0] for row in connection.execute(query).fetchall())
