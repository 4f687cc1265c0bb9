"""Law 5: the SQL macros and `core.money.rounding` round alike, and no column of any model is a binary float."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb
import jinja2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.money import rounding
from core.warehouse.dbt_project import PROJECT_DIR
from core.warehouse.pricing_graph import PricingGraph
from tests.support.facts import give_all, open_connection

ADAPTER = "default"  # the bodies that DuckDB runs; Spark's are named spark__
ROWS = 60
BATCHES = settings(max_examples=60, deadline=None)


class Macros:
    """The project's money macros, rendered by jinja2 alone: `adapter.dispatch` picks the default body, `return` prints."""

    def __init__(self) -> None:
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
        environment.globals |= {"adapter": self, "return": str}
        # One template of all files: there macros see each other, as they do in dbt.
        text = "".join(path.read_text() for path in sorted((PROJECT_DIR / "macros" / "money").glob("*.sql")))
        self._module = environment.from_string(text).module

    def dispatch(self, name: str, package: str) -> Any:
        """The body of a dispatched macro."""
        assert package == "tallystick"
        return getattr(self._module, f"{ADAPTER}__{name}")

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: str(getattr(self._module, name)(*arguments)).strip()


@cache
def macros() -> Macros:
    return Macros()


@cache
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def by_sql(expression: str, rows: list[tuple[Any, ...]], types: tuple[str, ...]) -> list[Any]:
    """The expression over columns a, b, ... of these rows, each given as text and cast to its type; in order."""
    names = "abcd"[: len(types)]
    listed = ", ".join("(" + ", ".join([str(place), *(f"'{value}'" for value in row)]) + ")" for place, row in enumerate(rows))
    cast = ", ".join(f"cast({name} as {data_type}) as {name}" for name, data_type in zip(names, types, strict=True))
    query = f"with given as (select place, {cast} from (values {listed}) as t(place, {', '.join(names)})) select {expression} from given order by place"
    return [row[0] for row in connection().execute(query).fetchall()]


def decimals(places: int, most: int) -> st.SearchStrategy[Decimal]:
    """Decimals of up to `places`, often exactly at a half of some place, of both signs."""
    plain = st.integers(-most * 10**places, most * 10**places).map(lambda number: Decimal(number).scaleb(-places))
    halves = st.builds(
        lambda whole, place, nudge: Decimal(2 * whole + 1) / 2 * Decimal(10) ** -place + nudge * Decimal(1).scaleb(-places),
        st.integers(-1000, 1000), st.integers(0, places - 1), st.sampled_from((-1, 0, 1)),
    )  # fmt: skip
    return st.one_of(plain, halves)


def many(row: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(row, min_size=1, max_size=ROWS)


@BATCHES
@given(many(st.tuples(st.one_of(st.integers(-(10**18), 10**18), st.integers(-50, 50)), st.one_of(st.integers(1, 10**15), st.integers(1, 12)))))
def test_div_round(rows: list[tuple[int, int]]) -> None:
    assert by_sql(macros().div_round("a", "b"), rows, ("decimal(38, 0)", "decimal(38, 0)")) == [rounding.div_round(*row) for row in rows]


@BATCHES
@given(many(st.tuples(st.one_of(st.integers(-(10**18), 10**18), st.integers(-50, 50)), st.one_of(st.integers(1, 10**15), st.integers(1, 12)))))
def test_div_ceil(rows: list[tuple[int, int]]) -> None:
    assert by_sql(macros().div_ceil("a", "b"), rows, ("hugeint", "hugeint")) == [-(-numerator // divisor) for numerator, divisor in rows]


@BATCHES
@given(many(st.tuples(decimals(15, 10**9), st.sampled_from((0, 2, 3)))))
def test_round_money(rows: list[tuple[Decimal, int]]) -> None:
    given_rows = [(amount, 10**exponent) for amount, exponent in rows]
    expected = [int(rounding.scaled(rounding.round_half_away(amount, exponent), exponent)) for amount, exponent in rows]
    assert by_sql(macros().round_money("a", "b"), given_rows, ("decimal(38, 15)", "bigint")) == expected


@BATCHES
@given(many(decimals(5, 10**9)))
def test_round_cents(amounts: list[Decimal]) -> None:
    expected = [int(rounding.round_half_away(amount, 0)) for amount in amounts]
    assert by_sql(macros().round_cents("a"), [(amount,) for amount in amounts], ("decimal(38, 5)",)) == expected


@BATCHES
@given(many(st.tuples(decimals(12, 10**9), st.sampled_from(("round", "ceil", "floor")), st.integers(-6, 11))))
def test_round_quantity(rows: list[tuple[Decimal, str, int]]) -> None:
    twins = {"round": rounding.round_half_away, "ceil": rounding.round_ceil, "floor": rounding.round_floor}
    actual = by_sql(macros().round_quantity("a", "b", f"({macros().rounding_step('c')})"), rows, ("decimal(38, 12)", "varchar", "bigint"))
    assert actual == [twins[function](quantity, precision) for quantity, function, precision in rows]


@BATCHES
@given(many(st.tuples(decimals(12, 10**6), decimals(12, 10**5))))
def test_times(rows: list[tuple[Decimal, Decimal]]) -> None:
    exact = [int(rounding.scaled(left, 12)) * int(rounding.scaled(right, 12)) for left, right in rows]
    expected = [rounding.scaled(Decimal(rounding.div_round(product, 10**9)), -15) for product in exact]
    assert by_sql(macros().times("a", "b"), rows, ("decimal(38, 12)", "decimal(38, 12)")) == expected


@BATCHES
@given(many(st.tuples(decimals(15, 10**6), decimals(12, 10**6))))
@example([(Decimal("55.935685772431685"), Decimal("3E-12"))])  # 29 digits: more than Decimal's default context keeps
def test_unit_price(rows: list[tuple[Decimal, Decimal]]) -> None:
    def twin(amount: Decimal, units: Decimal) -> Decimal:
        if units == 0:
            return Decimal(0)
        quotient = rounding.div_round(int(rounding.scaled(amount, 15)) * 10**12, int(rounding.scaled(units, 12)))
        return rounding.scaled(Decimal(quotient), -15)

    assert by_sql(macros().unit_price("a", "b"), rows, ("decimal(38, 15)", "decimal(38, 12)")) == [twin(*row) for row in rows]


FACTORS = st.one_of(
    st.tuples(decimals(12, 10**6), decimals(12, 10**7)),
    st.tuples(decimals(12, 10**13), decimals(12, 9)),
    # Products that are a tie at the 16th decimal, or one step of the last decimal from it.
    st.builds(lambda odd, nudge: (odd + nudge, Decimal("0.000000000001")), st.integers(-(10**6), 10**6).map(lambda n: Decimal(2 * n + 1).scaleb(-4) * 5), st.sampled_from((Decimal(0), Decimal("1E-12"), Decimal("-1E-12")))),
)  # fmt: skip


def product(left: Decimal, right: Decimal) -> Decimal:
    exact = int(rounding.scaled(left, 12)) * int(rounding.scaled(right, 12))
    return rounding.scaled(Decimal(rounding.div_round(exact, 10**9)), -15)


def quotient(dividend: Decimal, divisor: Decimal, places: int) -> Decimal:
    if divisor == 0:
        return Decimal(0)
    sign = -1 if divisor < 0 else 1
    shifted = sign * int(rounding.scaled(dividend, 15)) * 10 ** (places - 3)
    return rounding.scaled(Decimal(rounding.div_round(shifted, sign * int(rounding.scaled(divisor, 12)))), -places)


@BATCHES
@given(many(FACTORS))
@example([(Decimal("999999.999999"), Decimal("999999.999999999")), (Decimal("-13"), Decimal("4694.05365"))])
@example([(Decimal("99999999999999.999999999999"), Decimal(1)), (Decimal("-9999999999999.999999999999"), Decimal("1.000000000001"))])
def test_a_product_of_any_size_is_rounded_exactly(rows: list[tuple[Decimal, Decimal]]) -> None:
    assert by_sql(macros().times("a", "b"), rows, ("decimal(38, 12)", "decimal(38, 12)")) == [product(*row) for row in rows]


@BATCHES
@given(many(st.tuples(st.one_of(decimals(15, 10**6), decimals(15, 10**11)), st.one_of(decimals(12, 10**6), decimals(12, 10**13), decimals(12, 1)))), st.sampled_from((12, 15)))
def test_a_unit_price_of_any_size_is_rounded_exactly(rows: list[tuple[Decimal, Decimal]], places: int) -> None:
    within = [row for row in rows if abs(quotient(*row, places)) < 10**14]  # the domain (rating README)
    if within:
        assert by_sql(macros().unit_price("a", "b", places), within, ("decimal(38, 15)", "decimal(38, 12)")) == [quotient(*row, places) for row in within]


@BATCHES
@given(many(st.tuples(decimals(15, 10**13), st.integers(0, 4).map(lambda exponent: 10**exponent))))
def test_from_minor_units(rows: list[tuple[Decimal, int]]) -> None:
    assert by_sql(macros().from_minor_units("a", "b"), rows, ("decimal(38, 15)", "bigint")) == [quotient(cents, Decimal(units), 15) for cents, units in rows]


SPOILED = {"9": "as decimal(18, 9)", "6": "as decimal(18, 6)", "3": "as decimal(18, 3)"}


@pytest.mark.parametrize("places", SPOILED)
def test_a_narrow_factor_that_loses_digits_would_be_seen(places: str) -> None:
    """Negative control: the values tell a narrow type that is one digit too short."""
    decimals_of_both = ((6, 9), (12, 3), (6, 12), (12, 9), (12, 6), (7, 9), (6, 10), (12, 4))
    rows = [(Decimal(number).scaleb(-left), Decimal(number).scaleb(-right)) for number in range(1, 5000, 7) for left, right in decimals_of_both]
    call, exact = macros().times("a", "b"), [product(*row) for row in rows]
    assert by_sql(call, rows, ("decimal(38, 12)", "decimal(38, 12)")) == exact
    shorter = re.sub(rf"cast\(try_cast\((\w) as decimal\(18, 12\)\) as decimal\(18, {places}\)\) = \w", r"\1 = \1", call)
    assert shorter != call
    assert by_sql(shorter, rows, ("decimal(38, 12)", "decimal(38, 12)")) != exact


@BATCHES
@given(many(st.tuples(decimals(15, 999), st.integers(-999_999, 999_999).map(Decimal))), st.sampled_from((12, 15)))
@example([(Decimal("0.5"), Decimal(3)), (Decimal("-0.000000000000005"), Decimal(2)), (Decimal("999.999999999999999"), Decimal(-1)), (Decimal("1000"), Decimal(7))], 15)
@example([(Decimal(amount), Decimal(7)) for amount in ("999.999999", "999.9999995", "999.999999499999999", "0.000001", "0.0000005", "12.3456785")], 15)
def test_a_short_unit_price(rows: list[tuple[Decimal, Decimal]], places: int) -> None:
    assert by_sql(macros().unit_price("a", "b", places), rows, ("decimal(38, 15)", "decimal(38, 12)")) == [quotient(*row, places) for row in rows]


def test_half_even_would_be_seen() -> None:
    """Negative control: the drawn values tell half away from zero and half even apart."""
    assert by_sql("round_even(a, 0)", [(Decimal("2.5"),)], ("decimal(38, 5)",)) != [rounding.round_half_away(Decimal("2.5"), 0)]


def columns_of_every_model() -> dict[tuple[str, str], str]:
    """(model, column) -> its type, after the whole graph has run over nothing."""
    graph = PricingGraph.load()
    names = [node.name for node in graph.models()]
    lake = open_connection()
    graph.run(lake, names, give_all(lake, graph, names, {}))
    rows = lake.execute("select table_name, column_name, data_type from duckdb_columns() where database_name = 'temp'").fetchall()
    return {(table, column): data_type for table, column, data_type in rows if table in names}


@pytest.fixture(scope="module")
def column_types() -> dict[tuple[str, str], str]:
    return columns_of_every_model()


def test_no_column_is_a_binary_float(column_types: dict[tuple[str, str], str]) -> None:
    assert {model for model, _ in column_types} == {node.name for node in PricingGraph.load().models()}
    assert not {name: data_type for name, data_type in column_types.items() if data_type in ("DOUBLE", "FLOAT")}


def test_settled_amounts_are_whole_minor_units(column_types: dict[tuple[str, str], str]) -> None:
    settled = {name: data_type for name, data_type in column_types.items() if name[1].endswith("amount_cents") and "precise" not in name[1]}
    assert len(settled) > 50
    assert set(settled.values()) == {"BIGINT"}, {name: data_type for name, data_type in settled.items() if data_type != "BIGINT"}
