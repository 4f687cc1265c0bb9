"""Evaluates expressions of metrics over events: the one road for the API, for files and for trying one out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import duckdb
import pyarrow as pa

from core.domain.expressions import DECIMALS, INTEGER_DIGITS, is_property, parse, position_of
from core.warehouse.expression_sql import expression_sql

_EXPRESSIONS_KEPT = 1_000
_SHOWN = 60


class EventFacts(NamedTuple):
    """What an expression may read. `seconds` is the event's time, whole seconds since the epoch; `properties` JSON text."""

    code: str
    seconds: int
    properties: str


class Failure(NamedTuple):
    """Why an event has no value: `fault` for machines, `message` says where and what to do."""

    fault: str
    message: str


class Expressions:
    """Evaluates on an in-memory DuckDB of its own. Safe to use from several threads."""

    def __init__(self) -> None:
        # Queries are short and planning is most of them: more threads cost more than they give.
        self._connection = duckdb.connect(config={"threads": 1})

    def evaluate(self, expression: str, events: Sequence[EventFacts]) -> list[str | Failure]:
        """The value of each event as text, or why it has none. Raises InvalidExpression."""
        query = _query(expression)
        with self._connection.cursor() as cursor:
            cursor.register("events", _table(events))
            rows = cursor.execute(query).fetchall()
        found: list[str | Failure] = [""] * len(events)
        for position, fault, value in rows:
            found[position] = value if fault is None else _failure(expression, fault, events[position])
        return found


@lru_cache(maxsize=_EXPRESSIONS_KEPT)
def _query(expression: str) -> str:
    return expression_sql(parse(expression))


def _table(events: Sequence[EventFacts]) -> pa.Table:
    codes, seconds, properties = zip(*events, strict=True) if events else ((), (), ())
    return pa.table(
        {
            "position": pa.array(range(len(events)), pa.int64()),
            "code": pa.array(codes, pa.string()),
            "seconds": pa.array(seconds, pa.int64()),
            "properties": pa.array(properties, pa.string()),
        }
    )


def _failure(expression: str, found: str, event: EventFacts) -> Failure:
    fault, _, position = found.partition("@")
    name = next(
        (
            f"event.properties.{node.name}"
            for node in parse(expression).walk()
            if is_property(node) and position_of(node) == int(position)
        ),
        "",
    )
    told = {
        "missing_variable": f"the event has no {name}; send it",
        "expected_decimal": f"{name} is {_shown(event, name)}, not a number; send digits such as '12.5'",
        "division_by_zero": "a division by zero; send a divisor that is not zero",
        "digits_out_of_range": f"the number of digits is not a whole number from -{DECIMALS} to {DECIMALS}; send one that is",
        "out_of_range": f"{name or 'the result'} has more than {INTEGER_DIGITS} digits before the point, or the divisor 32 or more in all; send smaller numbers",
    }[fault]
    return Failure(fault, f"expression {expression!r}, position {position}: {told}")


def _shown(event: EventFacts, name: str) -> str:
    text = repr(json.loads(event.properties).get(name.rpartition(".")[2]))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
