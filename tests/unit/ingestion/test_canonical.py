from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ingestion.canonical import canonical, json_text, may_hold_long_integer, plain_number


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("0.10", "0.10"),
        ("1e-7", "0.0000001"),
        ("1E+2", "100"),
        ("-1.50e1", "-15.0"),
        ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
        ("1e999999999", "1e999999999"),
    ],
)
def test_a_number_keeps_its_digits_and_loses_its_exponent(written: str, kept: str) -> None:
    assert plain_number(written) == kept


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"n": 999_999_999_999_999_999}, '{"n":999999999999999999}'),
        ({"n": 1_000_000_000_000_000_000}, '{"n":"1000000000000000000"}'),
        ({"n": -1_000_000_000_000_000_000}, '{"n":"-1000000000000000000"}'),
        ({"n": [10**30, {"deep": 10**30}]}, f'{{"n":["{10**30}",{{"deep":"{10**30}"}}]}}'),
        ({"n": 0.1}, '{"n":"0.1"}'),
        ({"n": 1e-7}, '{"n":"0.0000001"}'),
        ({"n": Decimal("0.10")}, '{"n":"0.10"}'),
        ({"n": True, "m": None, "s": "é"}, '{"n":true,"m":null,"s":"é"}'),
        ({"on": date(2024, 2, 29)}, '{"on":"2024-02-29"}'),
        ({1: "a"}, '{"1":"a"}'),
    ],
)
def test_only_integers_of_at_most_18_digits_stay_numbers(value: object, text: str) -> None:
    assert json_text(canonical(value)) == text


def test_a_long_integer_is_noticed_and_a_short_one_is_not() -> None:
    assert may_hold_long_integer(b'{"n":1234567890123456789}')
    assert not may_hold_long_integer(b'{"n":123456789012345678,"m":123456789012345678}')
