"""Between a run's horizon and the next moment nothing changes: a run just before that moment builds the same tables, row for row.

Drawn worlds are taken off their test clocks, so that a run's `as_of` is what moves them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from core.warehouse.dbt_project import PROJECT_DIR
from core.warehouse.moments import Instant, next_moment
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.settlement import base_models, settle
from tests.property.playing import Player
from tests.property.worlds import BEGINS_AT, ENDS_AT, HOUR, MICROSECOND, draw
from tests.support.facts import open_connection, seed
from tests.support.world import World

SEEDS = (3, 11)
AROUND = (-HOUR - MICROSECOND, -MICROSECOND, timedelta(minutes=1))
"""Looks beside the instants at which bills change hands: before, at and after."""


class Lakes:
    """Both lakes in memory, with every model built where dbt would build it."""

    def __init__(self, graph: PricingGraph, facts: dict[str, pa.Table], as_of: datetime) -> None:
        self.graph = graph
        self.connection = open_connection()
        driven = {path.stem for path in (PROJECT_DIR / "models").glob("*/settlement/**/*.sql")}
        self.models = [node for node in graph.plan(node.name for node in graph.models()) if node.name not in driven]
        self.connection.execute("attach ':memory:' as warehouse; attach ':memory:' as books")
        for schema in ("raw", "settlement", "staging", "metering", "rating", "billing", "ledger", "marts"):
            self.connection.execute(f"create schema warehouse.{schema}")
        for source in ("catalog", "landing", "books", "settlement"):
            for node in graph.sources(source):
                self.connection.execute(f"create table {node.relation} ({node.declared})")
                if node.name in facts and facts[node.name].num_rows:
                    self.connection.register("arriving", facts[node.name])
                    self.connection.execute(f"insert into {node.relation} by name select * from arriving")
        for node in graph.seeds:
            self.connection.execute(f"create table {node.relation} as select * from {seed(self.connection, graph, node.name)}")
        self._forget_what_comes_after(as_of)

    def _forget_what_comes_after(self, as_of: datetime) -> None:
        """Nobody has told yet what a run as of then could not know, and nobody lives on a test clock."""
        do = self.connection.execute
        do("""update warehouse.raw.events set received_at = (
            select max(clocks.reading) from warehouse.raw.test_clocks as clocks where clocks.recorded_at <= events.received_at)""")
        do("delete from warehouse.raw.events where received_at > ?", [as_of])
        for node in self.graph.sources("catalog"):
            do(f"delete from {node.relation} where valid_from > ?", [as_of])
            do(f"update {node.relation} set valid_to = null where valid_to > ?", [as_of])
            if "test_clock_id" in (node.columns or {}):
                do(f"update {node.relation} set test_clock_id = null")
        do("delete from warehouse.raw.test_clocks")

    def run(self, as_of: datetime) -> dict[str, list[tuple[Any, ...]]]:
        """A run up to `as_of`: what every table then holds, with that instant and the next one named for what they are."""
        self.connection.execute("delete from warehouse.raw.run_horizon")
        self.connection.execute("insert into warehouse.raw.run_horizon values ($1, $1)", [as_of])
        self._build()
        relations = {name: self.graph.node(name).relation for name in base_models(self.graph)}
        sources = [*self.graph.sources("books"), *self.graph.sources("catalog"), *self.graph.seeds]
        settled = settle(self.connection, self.graph, relations | {node.name: node.relation for node in sources})
        for name, relation in settled.relations.items():
            self.connection.execute(f"insert into books.main.{name} by name select * from {relation}")
        self._build()
        named = {as_of: "as_of", as_of + MICROSECOND: "soon"}
        names = {node.name: node.relation for node in self.models if not node.is_view}
        names |= {f"books.{name}": f"books.main.{name}" for name in settled.relations}
        return {name: sorted(self._rows(relation, named), key=repr) for name, relation in names.items()}

    def instants(self) -> list[Instant]:
        """Of every table of facts and every computed one."""
        return self.connection.execute(
            """select schema_name, table_name, column_name from duckdb_columns()
            where database_name = 'warehouse' and data_type = 'TIMESTAMP' and schema_name in ('raw', 'metering', 'billing', 'ledger') and table_name <> 'run_horizon'"""
        ).fetchall()

    def _build(self) -> None:
        for node in self.models:
            self.connection.execute(f"create or replace {'view' if node.is_view else 'table'} {node.relation} as {node.sql}")

    def _rows(self, relation: str, named: dict[datetime, str]) -> Iterator[tuple[Any, ...]]:
        for row in self.connection.execute(f"select * from {relation}").fetchall():
            yield tuple(named.get(value, value) if isinstance(value, datetime) else value for value in row)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, pa.Table]]:
    """What was ever recorded in each world, which lives alone."""
    graph = PricingGraph.load()
    facts = {}
    for number in SEEDS:
        world = World(tmp_path_factory.mktemp("world"), graph)
        Player(world, draw(number)).play_until(ENDS_AT)
        facts[number] = world.facts()
    return facts


def bounds(connection: duckdb.DuckDBPyConnection) -> list[datetime]:
    """When something happens by itself: bills fall due, periods, trials and days end."""
    rows = connection.execute(
        """select distinct due_at from warehouse.metering.int_metering__due_moments where due_at > $1 and due_at < $2
        union select distinct period_ends_at from warehouse.metering.int_metering__service_periods where period_ends_at > $1 and period_ends_at < $2
        order by 1""",
        [BEGINS_AT, ENDS_AT],
    )
    return [row[0] for row in rows.fetchall()]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("number", SEEDS)
def test_nothing_changes_before_the_next_moment(worlds: dict[int, dict[str, pa.Table]], number: int) -> None:
    graph, facts = PricingGraph.load(), worlds[number]
    lakes = Lakes(graph, facts, ENDS_AT)
    lakes.run(ENDS_AT)
    found = bounds(lakes.connection)
    lakes.connection.close()
    changed = 0
    for place, around in enumerate(AROUND):
        as_of = found[len(found) * (place + 1) // (len(AROUND) + 2)] + around
        lakes = Lakes(graph, facts, as_of)
        built = lakes.run(as_of)
        moment = next_moment(lakes.connection, as_of, lakes.instants())
        assert as_of < moment <= as_of + timedelta(days=1)
        before = moment - 2 * MICROSECOND  # so that what falls due "soon" is none of what falls due then
        if before > as_of:
            again = lakes.run(before)
            different = [name for name, rows in built.items() if again[name] != rows]
            assert not different, f"as of {as_of} and just before {moment}: {different}"
        changed += lakes.run(moment) != built
        lakes.connection.close()
    assert changed, "not one of the moments brought anything"
