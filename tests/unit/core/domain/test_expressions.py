"""The grammar of expressions: what is taken, and where what is not taken goes wrong."""

from __future__ import annotations

import pytest

from core.domain.expressions import MOST_NESTED, MOST_OPERATIONS, InvalidExpression, parse


@pytest.mark.parametrize(
    "text",
    [
        "1", "1.50", "  1  +  2 ", "-1", "- 1", "1--1", "1 - -1", "-(1)", "''", "'a b'", "event.code", "event.timestamp", "event.properties.a_1",
        "round(1)", "ROUND (1, 2)", "Ceil(1)", "concat('a')", "least(1,2,3)", "-event.properties.a * -2", "(" * MOST_NESTED + "1" + ")" * MOST_NESTED,
        "1" + "+1" * MOST_OPERATIONS, "99999999999999999999.999999999999999999", "round(1, -event.properties.places)",
    ],
)  # fmt: skip
def test_taken(text: str) -> None:
    parse(text)


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("", 1, "ends too early"),
        ("1+", 3, "ends too early"),
        ("1.1.1", 4, "unexpected '.1'"),
        ("1.", 2, "unexpected '.'"),
        (".5", 1, "unexpected '.5'"),
        ("1e3", 2, "unexpected 'e3'"),
        ("--1", 2, "unexpected '-1'"),
        ("+1", 1, "unexpected '+1'"),
        ("1 2", 3, "expected an operator or the end"),
        ("1\t+ 2", 2, "unexpected '\\t+ 2'"),
        ("(1", 3, "expected an operator or ')'"),
        ("1)", 2, "unexpected ')'"),
        ("1 + 'a", 5, "the text has no end"),
        ("'it''s'", 5, "unexpected"),
        ("round", 6, "expected '(' after round"),
        ("rOUND(1)", 1, "no function 'rOUND'"),
        ("abs(1)", 1, "no function 'abs'"),
        ("round(1, 2, 3)", 1, "given 3 arguments"),
        ("concat()", 8, "unexpected ')'"),
        ("least(1,)", 9, "unexpected ')'"),
        ("event", 6, "expected a point and code, timestamp or properties"),
        ("Event.code", 1, "no function 'Event'"),
        ("event.name", 1, "no field 'name'"),
        ("event. code", 6, "expected a point"),
        ("event.properties", 17, "the name of a property"),
        ("event.properties._a", 17, "a letter first"),
        ("event.properties.a.b", 19, "unexpected '.b'"),
        ("event.properties.é", 17, "a letter first"),
        ("100000000000000000000", 1, "too many digits"),
        ("0.0000000000000000001", 1, "too many digits"),
        ("1 + 'a'", 5, "a text stands where a number is needed"),
        ("2 * (3 + event.code)", 10, "a text stands where"),
        ("-concat(1)", 2, "a text stands where"),
        ("round(1, 'a')", 10, "a text stands where"),
        ("least('a')", 7, "a text stands where"),
        ("(" * (MOST_NESTED + 1) + "1" + ")" * (MOST_NESTED + 1), MOST_NESTED + 1, "parentheses are open"),
        ("1" + "+1" * (MOST_OPERATIONS + 1), 2 * MOST_OPERATIONS + 2, "operations"),
    ],
)  # fmt: skip
def test_refused_with_its_position(text: str, position: int, problem: str) -> None:
    with pytest.raises(InvalidExpression) as refused:
        parse(text)
    assert refused.value.position == position
    assert problem in refused.value.message
    assert refused.value.message.startswith(f"expression, position {position}: ")
