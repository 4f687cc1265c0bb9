from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from core.warehouse.kept_plans import KeptPlans, engine_for_kept_plans, has_rows, hold, make_table

QUERIES = {
    "condition": "select number, name from facts where name is not null and number > 5",
    "missing": "select number, name from facts where name is null",
    "groups": "select number, max(name) as name from facts group by number",
    "join": "select facts.number, others.name from facts inner join others on facts.number = others.number",
    "range": "select facts.number, others.name from facts inner join others on facts.number >= others.number and facts.number < others.number + 2",
    "window": "select number, cast(row_number() over (partition by number order by name) as varchar) as name from facts",
    "anti": "select number, name from facts where not exists (select 1 from others where others.number = facts.number)",
}
WORLDS: list[list[tuple[int | None, str | None]]] = [
    [],
    [(1, "x"), (2, None)],
    [(number, "y") for number in range(1000, 1300)],
    [(-7, None), (None, "z"), (6, "a"), (6, "b")],
]
DECLARED = '"number" integer, "name" varchar'


@pytest.fixture
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        engine_for_kept_plans(connection)
        yield connection


def answers(connection: duckdb.DuckDBPyConnection | KeptPlans, world: list[tuple[int | None, str | None]]) -> object:
    rows = pa.table(
        {
            "number": pa.array([row[0] for row in world], pa.int32()),
            "name": pa.array([row[1] for row in world], pa.string()),
        }
    )
    for name, table in (("facts", rows), ("others", rows.slice(1))):
        source = hold(connection, f"given.{name}", DECLARED, table)
        make_table(connection, name, f"select * from {source}", is_kept=True)
    found = {}
    for name, query in QUERIES.items():
        count = make_table(connection, name, query, is_kept=True)
        found[name] = sorted(map(str, connection.execute(f'select * from temp.main."{name}"').fetchall()))
        assert count == len(found[name])
    return found, has_rows(connection, "select 1 from facts where number > 5")


@pytest.mark.parametrize("first", range(len(WORLDS)))
def test_a_plan_holds_for_other_rows_than_it_was_made_for(engine: duckdb.DuckDBPyConnection, first: int) -> None:
    plans = KeptPlans(engine.cursor())
    for world in [WORLDS[first]] * 3 + WORLDS:
        with plans.request():
            kept = answers(plans, world)
        assert kept == answers(engine.cursor(), world)


def test_a_request_leaves_no_rows_even_when_it_fails(engine: duckdb.DuckDBPyConnection) -> None:
    plans = KeptPlans(engine.cursor())
    for _ in range(3):
        with plans.request():
            answers(plans, WORLDS[1])
    with pytest.raises(ZeroDivisionError), plans.request():
        answers(plans, WORLDS[1])
        raise ZeroDivisionError
    with plans.request():
        assert not has_rows(plans, "select 1 from facts")


def test_a_table_that_is_made_twice_holds_the_last_rows(engine: duckdb.DuckDBPyConnection) -> None:
    plans = KeptPlans(engine.cursor())
    for _ in range(3):
        with plans.request():
            make_table(plans, "numbers", "select 1 as number", is_kept=True)
            make_table(plans, "numbers", "select ? as number", [2])
            assert plans.execute("select * from numbers").fetchall() == [(2,)]


def test_a_plan_that_was_made_over_a_table_without_rows_finds_them_later(engine: duckdb.DuckDBPyConnection) -> None:
    plans = KeptPlans(engine.cursor())
    query = "select number from facts where name is not null and number > 0"
    for _ in range(2):
        with plans.request():
            answers(plans, WORLDS[1])
            make_table(plans, "named", query, is_kept=True)
    for world in ([], WORLDS[1]):
        with plans.request():
            if world:
                answers(plans, world)
            assert make_table(plans, "named", query, is_kept=True) == len([name for _, name in world if name])
            assert has_rows(plans, query) == bool(world)
