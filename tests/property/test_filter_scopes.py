"""Routing in SQL against the reference's set exclusion: where that counts every event once, both give the same buckets."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating import routing
from tests.support import filter_scopes

CHARGES = 150
DECLARED = {"region": ["eu", "us", "asia"], "model": ["small", "large"], "tier": ["1", "2"]}


def drawn_case(number: int, random: Random) -> dict[str, Any]:
    """A case of kind `filter_scope` with filters that were drawn, duplicates and wildcards among them."""
    named = []
    for place in range(random.randrange(1, 5)):
        keys = random.sample(list(DECLARED), random.randrange(1, 4))
        values = {key: [filter_scopes.ALL] if random.random() < 0.2 else random.sample(DECLARED[key], random.randrange(1, len(DECLARED[key]) + 1)) for key in keys}
        named.append({"name": f"f{place}", "values": random.choice(named)["values"] if named and random.random() < 0.1 else values})
    return {"id": f"drawn-{number}", "kind": "filter_scope", "inputs": {"metric_filters": DECLARED, "charge_filters": named}}


@cache
def routed() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The cases, and where their events went; one run of the graph."""
    random = Random(7)
    cases = [drawn_case(number, random) for number in range(CHARGES)]
    return cases, routing.run(PricingGraph.load(), cases)


def test_routing_is_set_exclusion_wherever_that_counts_once() -> None:
    compared = 0
    cases, outcome = routed()
    for case in cases:
        named = [(row["name"], row["values"]) for row in case["inputs"]["charge_filters"]]
        if not filter_scopes.partition(named, DECLARED):
            continue
        compared += len(named) > 1
        for properties, name in outcome[case["id"]]:
            assert filter_scopes.takers(named, DECLARED, properties) == ([name] if name else []), (named, properties)
    assert compared > CHARGES / 5


def test_an_event_of_overlapping_filters_is_in_one_of_those_that_match_it() -> None:
    overlapping = 0
    cases, outcome = routed()
    for case in cases:
        spelled = filter_scopes.spelled([(row["name"], row["values"]) for row in case["inputs"]["charge_filters"]], DECLARED)
        for properties, name in outcome[case["id"]]:
            matching = [other for other, values in spelled if filter_scopes.meets(properties, values)]
            overlapping += len(matching) > 1
            assert name in (matching or [None]), (spelled, properties, name)
    assert overlapping > 1000
