"""Expressions over events: every rounding and every bound at its edge, and what is said of an event without a value."""

from __future__ import annotations

import json

import pytest

from core.warehouse.expressions import EventFacts, Expressions, Failure

ENGINE = Expressions()
TINY = "0.000000000000000001"
BIG = "99999999999999999999"


def outcome(expression: str, **properties: object) -> str:
    """The value, or the fault."""
    (found,) = ENGINE.evaluate(expression, [EventFacts("seats", 1_700_000_000, json.dumps(properties))])
    return found.fault if isinstance(found, Failure) else found


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        # A product and a quotient have 18 decimals, half away from zero.
        ("0.000000001 * 0.0000000005 * 1000000", "0.000000000001"),
        ("-0.000000001 * 0.0000000005 * 1000000", "-0.000000000001"),
        ("-0.000000001 * -0.0000000005 * 1000000", "0.000000000001"),
        ("0.000000001 * 0.000000000499999999 * 1000000", "0"),
        (f"{TINY} / 2 * 1000000", "0.000000000001"),
        (f"-{TINY} / 2 * 1000000", "-0.000000000001"),
        (f"{TINY} / -2 * 1000000", "-0.000000000001"),
        (f"{TINY} / 2.000000000000000001 * 1000000", "0"),
        (f"{TINY} / 1.999999999999999999 * 1000000", "0.000000000001"),
        ("2 / 3 * 1000000", "666666.666666666667"),
        ("1 / 0.03 * 1000000", "33333333.333333333333"),
        ("1 / 0.000000003 / 1000000", "333.333333333333"),
        ("1 / 0.000000000000003 / 1000000000", "333333.333333333333"),
        ("123456.789 * 98765.4321", "12193263111.2635269"),
        # A result is written with 12 decimals, half away from zero.
        ("0.0000000000005", "0.000000000001"),
        ("0.000000000000499999", "0"),
        ("-0.0000000000005", "-0.000000000001"),
        ("10 * 10", "100"),
        ("5.0", "5"),
        # Rounding functions.
        ("round(0.5)", "1"),
        ("round(-0.5)", "-1"),
        ("round(0.499999999999999999)", "0"),
        ("round(0.05, 1)", "0.1"),
        ("round(-0.049999999999999999, 1)", "0"),
        ("round(150, -2)", "200"),
        ("ceil(1.000000000000000001)", "2"),
        ("ceil(-1.9)", "-1"),
        ("ceil(2)", "2"),
        ("ceil(101, -2)", "200"),
        ("floor(1.999999999999999999)", "1"),
        ("floor(-1.000000000000000001)", "-2"),
        ("floor(-2)", "-2"),
        ("floor(199, -2)", "100"),
        (f"round({TINY}, 18) * 1000000", "0.000000000001"),
        ("ceil(1, -18)", "1000000000000000000"),
        ("round(1, 19)", "digits_out_of_range"),
        ("round(1, -19)", "digits_out_of_range"),
        ("round(1, 0.5)", "digits_out_of_range"),
        # 20 digits before the point.
        (f"{BIG} + 0.999999", f"{BIG}.999999"),
        (f"{BIG}.999999999999999999 + {TINY}", "out_of_range"),
        (f"-{BIG}.999999999999999999 - {TINY}", "out_of_range"),
        (f"{BIG} + {BIG}", "out_of_range"),
        (f"{BIG} * 2", "out_of_range"),
        (f"{BIG} * {BIG}", "out_of_range"),
        ("10000000000 * 9999999999.999999999", "99999999999999999990"),
        ("10000000000 * 10000000000", "out_of_range"),
        (f"{BIG} / 0.5", "out_of_range"),
        (f"1 / {TINY}", "1000000000000000000"),
        (f"100 / {TINY}", "out_of_range"),
        # A divisor with more than 12 decimals is below 10^14.
        (f"{BIG} / 99999999999999.9999999999999", "1000000"),
        (f"{BIG} / 100000000000000.0000000000001", "out_of_range"),
        (f"{BIG} / 100000000000000.000000000001", "1000000"),
        (f"{BIG} / {BIG}", "1"),
        ("1 / 0", "division_by_zero"),
        ("1 - 2 - 3", "-4"),
        ("8 / 4 / 2", "1"),
        ("1 + 2 * 3 - (1 + 2) * 3", "-2"),
        ("least(3, -1, 2)", "-1"),
        ("greatest(3, -1, 2)", "3"),
        ("event.timestamp / 2", "850000000"),
        (r"concat(':a \ ? $1 x', 1)", r":a \ ? $1 x1"),
        ("concat(event.code, '-', 1.50, '-', -0)", "seats-1.5-0"),
    ],
)  # fmt: skip
def test_a_value(expression: str, value: str) -> None:
    assert outcome(expression) == value


@pytest.mark.parametrize(
    ("sent", "as_number", "as_it_is"),
    [
        (7, "7", "7"),
        ("007.50", "7.5", "7.5"),
        ("-0.5", "-0.5", "-0.5"),
        ("-0", "0", "0"),
        ("test", "expected_decimal", "test"),
        ("1e3", "expected_decimal", "1e3"),
        (".5", "expected_decimal", ".5"),
        ("", "expected_decimal", ""),
        (True, "expected_decimal", "true"),
        (None, "missing_variable", "missing_variable"),
        (BIG, BIG, BIG),
        ("100000000000000000000", "out_of_range", "100000000000000000000"),
        ("-100000000000000000000", "out_of_range", "-100000000000000000000"),
        ("99999999999999999999.9999999999999999995", "out_of_range", "99999999999999999999.9999999999999999995"),
    ],
)
def test_a_property_is_a_number_where_its_text_is_one(sent: object, as_number: str, as_it_is: str) -> None:
    assert outcome("event.properties.value + 0", value=sent) == as_number
    assert outcome("event.properties.value", value=sent) == as_it_is
    expected = as_it_is if as_it_is == "missing_variable" else f"<{as_it_is}>"
    assert outcome("concat('<', event.properties.value, '>')", value=sent) == expected


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("0.0000000000000000005", "0.000000000001"),
        ("0.00000000000000000049", "0"),
        ("-0.0000000000000000005", "-0.000000000001"),
    ],
)
def test_a_property_is_read_with_eighteen_decimals(sent: str, kept: str) -> None:
    assert outcome("event.properties.value * 1000000", value=sent) == kept


def test_the_first_fault_is_told_with_its_place() -> None:
    (failure,) = ENGINE.evaluate("1 / event.properties.units", [EventFacts("c", 0, '{"units":"two"}')])
    assert failure == Failure(
        "expected_decimal",
        "expression '1 / event.properties.units', position 5: event.properties.units is 'two', not a number; "
        "send digits such as '12.5'",
    )
    (failure,) = ENGINE.evaluate("1 / (2 - event.properties.units)", [EventFacts("c", 0, '{"units":2}')])
    assert isinstance(failure, Failure) and failure.fault == "division_by_zero"
    assert "position 3: a division by zero" in failure.message


def test_one_bad_event_does_not_touch_the_others() -> None:
    events = [
        EventFacts("c", 0, json.dumps(properties))
        for properties in ({"n": 1}, {}, {"n": BIG}, {"n": "x"}, {"n": 0}, {"n": -2})
    ]
    found = [
        one.fault if isinstance(one, Failure) else one
        for one in ENGINE.evaluate(f"{BIG} / event.properties.n * 2", events)
    ]
    assert found == [
        "out_of_range",
        "missing_variable",
        "2",
        "expected_decimal",
        "division_by_zero",
        "-99999999999999999999",
    ]
    assert ENGINE.evaluate("1", []) == []
