"""Exact money: amounts, currencies, roundings and splits."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money.allocation import allocate
from core.money.amount import Money
from core.money.currency import exponent, exponents, is_currency
from core.money.rounding import div_round, round_ceil, round_floor, round_half_away

decimals = st.decimals(min_value=-(10**25), max_value=10**25, places=12)


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (1, 2, 1),
        (-1, 2, -1),
        (1, -2, -1),
        (3, 2, 2),
        (1, 3, 0),
        (2, 3, 1),
        (-7, 2, -4),
        (0, 5, 0),
        (10**40 + 1, 2, 5 * 10**39 + 1),
    ],
)
def test_div_round_goes_half_away_from_zero(numerator: int, denominator: int, expected: int) -> None:
    assert div_round(numerator, denominator) == expected


def test_dividing_by_zero_is_refused() -> None:
    with pytest.raises(ZeroDivisionError, match="cannot divide 3"):
        div_round(3, 0)


@given(st.integers(-(10**37), 10**37), st.integers(1, 10**18))
def test_div_round_is_the_nearest_integer(numerator: int, denominator: int) -> None:
    error = Fraction(numerator, denominator) - div_round(numerator, denominator)
    assert abs(error) <= Fraction(1, 2)
    if abs(error) == Fraction(1, 2):
        assert abs(div_round(numerator, denominator)) > abs(Fraction(numerator, denominator))
    assert div_round(-numerator, denominator) == -div_round(numerator, denominator)


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        ("2.5", 0, "3"),
        ("-2.5", 0, "-3"),
        ("1.005", 2, "1.01"),
        ("15", -1, "20"),
        ("-14.999", -1, "-10"),
        ("0.5", 0, "1"),
    ],
)
def test_half_a_unit_rounds_away_from_zero(value: str, places: int, expected: str) -> None:
    assert round_half_away(Decimal(value), places) == Decimal(expected)


def test_ceil_and_floor_at_places() -> None:
    assert (round_ceil(Decimal("1.000001"), 5), round_ceil(Decimal("-1.29"), 1)) == (
        Decimal("1.00001"),
        Decimal("-1.2"),
    )
    assert (round_floor(Decimal("14.284449"), 5), round_floor(Decimal(-11), -1)) == (
        Decimal("14.28444"),
        Decimal(-20),
    )


@given(decimals, st.integers(-3, 12))
def test_the_three_roundings_agree_with_each_other(value: Decimal, places: int) -> None:
    low, near, high = round_floor(value, places), round_half_away(value, places), round_ceil(value, places)
    assert low <= value <= high
    assert near in (low, high)
    scale = 10**12
    step = Fraction(10) ** -places
    assert Fraction(near) == div_round(int(Fraction(value) * scale), int(step * scale)) * step


def test_exponents_come_from_the_seed() -> None:
    assert (exponent("EUR"), exponent("JPY"), exponent("KWD")) == (2, 0, 3)
    assert len(exponents()) > 150 and set(exponents().values()) == {0, 2, 3}
    assert is_currency("USD") and not is_currency("usd") and not is_currency(None)
    with pytest.raises(ValueError, match="'XXX' is not a known currency"):
        exponent("XXX")


def test_money_is_rounded_at_the_currencys_own_exponent() -> None:
    assert Money.rounded(Decimal("12.345"), "EUR") == Money(1235, "EUR")
    assert Money.rounded(Decimal("-12.5"), "JPY") == Money(-13, "JPY")
    assert Money.rounded(Decimal("0.0005"), "KWD").amount == Decimal("0.001")
    assert str(Money(1230, "EUR")) == "12.30 EUR"


@pytest.mark.parametrize("cents", [1.0, True, "1", Decimal(1), None])
def test_money_refuses_what_is_not_whole(cents: object) -> None:
    with pytest.raises(TypeError, match="whole minor units"):
        Money(cents, "EUR")  # type: ignore[arg-type]


def test_money_refuses_floats_and_mixed_currencies() -> None:
    with pytest.raises(TypeError, match="Decimal"):
        Money.rounded(1.5, "EUR")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="currencies differ"):
        Money(1, "EUR") + Money(1, "USD")
    with pytest.raises(ValueError, match="currencies differ"):
        _ = Money(1, "EUR") < Money(1, "USD")
    with pytest.raises(TypeError):
        Money(1, "EUR") + 1  # type: ignore[operator]
    with pytest.raises(ValueError, match="XXX"):
        Money(1, "XXX")


def test_money_adds_within_a_currency() -> None:
    assert Money(1, "EUR") + Money(2, "EUR") - Money(4, "EUR") == -Money(1, "EUR")
    assert Money(1, "EUR") < Money(2, "EUR") <= Money(2, "EUR")


def test_largest_remainder_gives_the_odd_cents_to_the_largest_rests() -> None:
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(-100, [1, 1, 1]) == [-34, -33, -33]
    assert allocate(10, [Decimal("0.1"), Decimal("0.25"), Decimal("0.65")]) == [1, 3, 6]
    assert allocate(5, [0, 1]) == [0, 5]
    assert allocate(0, [0, 0]) == [0, 0]


@pytest.mark.parametrize(("total", "weights"), [(1, [0, 0]), (1, []), (1, [2, -1])])
def test_a_split_that_cannot_add_up_is_refused(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        allocate(total, weights)


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(0, 10**12), min_size=1, max_size=20).filter(any))
def test_the_parts_sum_to_the_whole_and_none_is_off_by_a_unit(total: int, weights: list[int]) -> None:
    parts = allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1
