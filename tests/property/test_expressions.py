"""Expressions of metrics: the compiled SQL gives the exact value of any expression, or the fault, and never another digit."""

from __future__ import annotations

import json

from hypothesis import given, settings

from core.warehouse.expressions import EventFacts, Expressions, Failure
from tests.support.expression_oracle import Node, NoValue, Properties, events, nodes, written

ENGINE = Expressions()


def expected(node: Node, properties: Properties) -> str:
    try:
        return written(node.value(properties))
    except NoValue as fault:
        return f"fault: {fault}"


@settings(max_examples=400, deadline=None)
@given(node=nodes(), sent=events())
def test_the_sql_of_an_expression_is_exact(node: Node, sent: list[Properties]) -> None:
    found = ENGINE.evaluate(node.text, [EventFacts("code", 0, json.dumps(properties)) for properties in sent])
    for properties, outcome in zip(sent, found, strict=True):
        given = f"fault: {outcome.fault}" if isinstance(outcome, Failure) else outcome
        assert given == expected(node, properties), (node.text, properties)
