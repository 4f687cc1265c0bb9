"""Cases of a user's own function over events: their fold is restated as units that add up and the SQL charge `storage_zones`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating import metered
from tests.golden.rating.facts import Case, Facts, no_prices, prices, superseding
from tests.golden.rating.fees import assert_field, assert_known
from tests.support.facts import give_all, open_connection, rows_of

EVER = datetime(9999, 1, 1)
TARGETS = ["int_rating__charges", "int_rating__charge_tiers"]
METRIC = {"aggregation_type": "sum_agg", "field_name": "value"}
FIELDS = {"units": "units", "events_count": "events_count", "custom_amount": "amount"}


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> its one charge, rated."""
    facts = facts_of(cases)
    metered.load_events(facts)
    connection = open_connection()
    empty = ["int_metering__fixed_charge_quantities"]
    graph.run(connection, TARGETS, give_all(connection, graph, TARGETS, facts, empty=empty))
    return {
        case["id"]: [row for row in rows_of(connection, "int_rating__charges") if row["charge_id"] == case["id"]]
        for case in cases
    }


def check(case: Case, outcome: list[dict[str, Any]]) -> None:
    """Raises AssertionError where a listed field differs."""
    (charge,) = outcome
    assert_known(case, case["expected"], set(FIELDS))
    for field in FIELDS.keys() & case["expected"].keys():
        assert_field(case, field, case["expected"][field], charge[FIELDS[field]])


def facts_of(cases: list[Case]) -> Facts:
    """One window and one charge per case, with the parameters exploded as the catalog exports them."""
    facts = no_prices() | {"stg_catalog__charge_parameters": [], "landing.events": []}
    for case in cases:
        inputs = case["inputs"]
        metered.charge(case["id"], METRIC, {"charge_model": "custom"}, facts)
        metered.usage_window(case["id"], case["id"], inputs["period"], EVER, facts)
        metered.events(case, inputs["events"], facts)
        terms = {"sql_charge": "storage_zones", "custom_properties": inputs["custom_properties"]}
        prices(case["id"], None, terms, facts)
    superseding(facts, EVER)
    return facts
