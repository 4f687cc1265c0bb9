"""No model joins by comparing every row with every row: what takes milliseconds in a test would take hours on a whole book.

DuckDB runs a left join whose condition is more than comparisons between the two sides (an `or`, a condition on one side alone) as a
nested loop, whatever equalities stand beside it.
"""

from __future__ import annotations

from core.warehouse.pricing_graph import PricingGraph, temporary
from tests.support.facts import give_all, open_connection

NESTED_LOOP = "BLOCKWISE_NL_JOIN"


def explained(sql: str, names: dict[str, str]) -> str:
    for relation, temporary_relation in names.items():
        sql = sql.replace(relation, temporary_relation)
    return sql


def test_no_model_joins_by_a_nested_loop() -> None:
    graph = PricingGraph.load()
    models = [node.name for node in graph.models()]
    connection = open_connection()
    given = give_all(connection, graph, models, {})
    graph.run(connection, models, given)
    names = {graph.node(name).relation: relation for name, relation in given.items()}
    names |= {node.relation: temporary(node.name) for node in graph.models()}
    found = {
        node.name
        for node in graph.models()
        if NESTED_LOOP in connection.execute(f"explain {explained(node.sql or '', names)}").fetchall()[0][1]
    }
    assert found == set(), "write the join's condition as comparisons between its two sides (known_at does)"


def test_an_alternative_in_a_left_join_would_be_seen() -> None:
    """Negative control: the engine still plans it so."""
    connection = open_connection()
    connection.execute("create table t as select 1 as a, 2 as b")
    plan = connection.execute("explain select * from t left join t as u on t.a = u.a and (u.b is null or t.b < u.b)").fetchall()
    assert NESTED_LOOP in plan[0][1]
