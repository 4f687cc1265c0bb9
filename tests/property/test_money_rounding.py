"""Law 5: the SQL macros and `core.money.rounding` round alike, and no column of any model is a binary float."""

from __future__ import annotations

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


@BATCHES
@given(many(st.tuples(st.one_of(decimals(12, 10**13), decimals(12, 10**3)).map(abs), st.one_of(st.integers(1, 12), st.integers(1, 10**12)))))
@example([(Decimal("299.999999999999"), 100), (Decimal(300), 100), (Decimal("300.000000000001"), 100), (Decimal(0), 7)])
def test_whole_packages(rows: list[tuple[Decimal, int]]) -> None:
    expected = [-(-int(rounding.scaled(units, 12)) // (size * 10**12)) for units, size in rows]
    assert by_sql(macros().whole_packages("a", "b"), rows, ("decimal(38, 12)", "bigint")) == expected


SPOILED = {"units": "* 1.0001", "steps": "* 1.00000000000001", "above": "+ 0.3", "nothing": "* 0"}


@pytest.mark.parametrize("how", SPOILED)
def test_no_guess_changes_a_digit(how: str) -> None:
    """Whatever the engine's binary numbers say: a wrong guess is not proven."""
    rows = [(Decimal(number).scaleb(-9), Decimal(number % 97 + 1).scaleb(-places)) for number in range(1, 10**11, 123_456_789) for places in (0, 5, 12)]
    for call, twin in (
        (macros().times("a", "b"), product),
        (macros().unit_price("a", "b"), lambda a, b: quotient(a, b, 15)),
        (macros().whole_packages("a", "cast(ceil(b) as bigint)"), lambda a, b: -(-int(a.scaleb(9)) // (-(-int(b.scaleb(12)) // 10**12) * 10**9))),
    ):
        spoiled = call.replace(", 'avg')", f", 'avg') {SPOILED[how]}").replace("/ list_aggregate([b], 'avg') * 0", "/ list_aggregate([b], 'avg')")
        assert spoiled != call
        assert by_sql(spoiled, rows, ("decimal(38, 12)", "decimal(38, 12)")) == [twin(*row) for row in rows]


def test_a_proof_that_lets_a_tie_through_would_be_seen() -> None:
    """Negative control: half a step away is not near enough."""
    rows = [(Decimal(number).scaleb(-4), Decimal("5E-12")) for number in range(1, 200, 2)]
    call, exact = macros().times("a", "b"), [product(*row) for row in rows]
    assert by_sql(call, rows, ("decimal(38, 12)", "decimal(38, 12)")) == exact
    assert by_sql(call.replace("< cast('0.", "<= cast('0."), rows, ("decimal(38, 12)", "decimal(38, 12)")) != exact


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
