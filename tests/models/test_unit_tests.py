"""Every dbt unit test through the pricing graph, for the quick loop; `-k MODEL` runs those of one model."""

from __future__ import annotations

import duckdb
import pytest

from core.warehouse.pricing_graph import PricingGraph
from tests.support import unit_tests
from tests.support.facts import open_connection


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return open_connection()


@pytest.fixture(scope="module")
def graph() -> PricingGraph:
    return PricingGraph.load()


@pytest.mark.parametrize("test", unit_tests.unit_tests(), ids=lambda test: f"{test.model}-{test.name}")
def test_unit_test(connection: duckdb.DuckDBPyConnection, graph: PricingGraph, test: unit_tests.UnitTest) -> None:
    actual, expected = unit_tests.run(connection, graph, test)
    assert actual == expected


@pytest.mark.parametrize("test", unit_tests.unit_tests(), ids=lambda test: test.name)
def test_expected_rows_have_one_shape(test: unit_tests.UnitTest) -> None:
    """dbt refuses rows that name different columns, minutes later; here they would be nulls."""
    assert len({frozenset(row) for row in test.expected}) <= 1


@pytest.mark.parametrize("test", unit_tests.unit_tests(), ids=lambda test: test.name)
def test_every_input_is_given(graph: PricingGraph, test: unit_tests.UnitTest) -> None:
    """dbt refuses a test that leaves out something that its model reads, minutes later; here it would be empty."""
    read = [*graph.plan([test.model], test.given), *graph.inputs([test.model], test.given)]
    assert {node.name for node in read} - {test.model} - test.given.keys() == set()
