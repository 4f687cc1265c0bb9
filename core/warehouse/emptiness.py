"""Which models have no rows because others have none, read from their SQL.

One customer has few kinds of charges, so most models of the pricing graph find nothing to do; planning their SQL is then
all that they cost. A rule says of a query when it surely yields nothing. It is careful: what it does not understand may
have rows. A rule is `["none", relation, condition]` (the relation has no rows that fulfil the condition, or none at all
where the condition is null), `["any", rules]` or `["all", rules]`; `["any", []]` is never true.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

Rule = Any
NEVER: Rule = ["any", []]
ALWAYS: Rule = ["all", []]
# What a condition may be made of to be asked of its relation alone, before the query is planned.
PLAIN = (
    exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In,
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null,
)  # fmt: skip
GROUPING_SETS = (exp.GroupingSets, exp.Cube, exp.Rollup, exp.Tuple)


@dataclass(frozen=True)
class _Source:
    """What a query reads by a name: when it has no rows, and which names in it are columns of the rule's relation itself."""

    rule: Rule
    passes: Callable[[str], bool]


def rule_of(sql: str) -> Rule:
    """When the query `sql` surely has no rows, by the quoted names of the relations that it reads."""
    return _query(sqlglot.parse_one(sql, dialect="duckdb"), {}).rule


def holds(rule: Rule, has_none: Callable[[str, str | None], bool]) -> bool:
    """Whether the rule is fulfilled; `has_none` says whether a relation has no rows that fulfil a condition, or none."""
    kind, *parts = rule
    if kind == "none":
        relation, condition = parts
        return has_none(relation, condition)
    return (any if kind == "any" else all)(holds(each, has_none) for each in parts[0])


def only_filters(sql: str) -> bool:
    """Whether the query groups and orders nothing, so that to ask for a few of its rows does not compute them all."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    return tree.find(exp.Group, exp.Window, exp.Distinct, exp.SetOperation) is None


def _query(tree: exp.Expr, outer: Mapping[str, _Source]) -> _Source:
    known = dict(outer)
    clause: Any = tree.args.get("with_")
    for cte in clause.expressions if clause else []:
        # The own name of a recursive one stands for its earlier rows: without a first there is no second.
        inner = {**known, cte.alias: _of_no_column(ALWAYS)} if clause.recursive else known
        known[cte.alias] = _query(cte.this, inner)
    if isinstance(tree, exp.Subquery):
        return _query(tree.this, known)
    if isinstance(tree, exp.Union):
        return _of_no_column(["all", [_query(tree.left, known).rule, _query(tree.right, known).rule]])
    if isinstance(tree, exp.Except):
        return _of_no_column(_query(tree.left, known).rule)
    if not isinstance(tree, exp.Select) or tree.args.get("from_") is None or _has_a_row_of_nothing(tree):
        return _of_no_column(NEVER)
    source = _relation(tree.args["from_"].this, known)
    if not tree.args.get("joins"):
        return _Source(_where(tree, source), lambda name: _selects(tree, name) and source.passes(name))
    rule = source.rule
    for join in tree.args["joins"]:
        joined = _relation(join.this, known).rule
        if join.side == "LEFT" or join.kind == "ANTI":
            continue
        if join.side == "RIGHT":
            rule = joined
        elif join.side == "FULL":
            rule = ["all", [rule, joined]]
        else:
            rule = ["any", [rule, joined]]
    return _of_no_column(rule)


def _of_no_column(rule: Rule) -> _Source:
    return _Source(rule, lambda name: False)


def _relation(source: exp.Expr, known: Mapping[str, _Source]) -> _Source:
    if isinstance(source, exp.Subquery):
        return _query(source, known)
    if not isinstance(source, exp.Table) or not isinstance(source.this, exp.Identifier):
        return _of_no_column(NEVER)  # a function that makes rows
    if not source.db:
        return known.get(source.name, _of_no_column(NEVER))
    return _Source(["none", ".".join(f'"{part.name}"' for part in source.parts), None], lambda name: True)


def _selects(select: exp.Select, name: str) -> bool:
    """Whether what the query calls `name` is what its one source calls so."""
    plain = (item for item in select.expressions if isinstance(item, exp.Column | exp.Star))
    is_there = any(isinstance(item, exp.Star) or item.name == name for item in plain)
    return is_there and all(item.alias != name for item in select.expressions if isinstance(item, exp.Alias))


def _where(select: exp.Select, source: _Source) -> Rule:
    """The rule of a query of one source, with the conditions that its relation can be asked for."""
    where, rule = select.args.get("where"), source.rule
    if where is None or rule[0] != "none" or rule[2] is not None:
        return rule
    named = {item.alias for item in select.expressions if isinstance(item, exp.Alias)}
    parts = where.this.flatten() if isinstance(where.this, exp.And) else [where.this]
    asked = [part.sql(dialect="duckdb") for part in parts if _is_plain(part, named, source)]
    return ["none", rule[1], " and ".join(f"({part})" for part in asked) or None]


def _is_plain(condition: exp.Expr, named: Collection[str], source: _Source) -> bool:
    """Whether it speaks of the relation's own columns: a name that the query, or one before it, gives may hide one."""
    return all(isinstance(node, PLAIN) for node in condition.walk()) and not any(
        column.name in named or column.table or not source.passes(column.name)
        for column in condition.find_all(exp.Column)
    )


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
