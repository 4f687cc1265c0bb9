"""Golden rating cases through the project's own SQL: one test per case, all cases of a kind in one run of the graph."""

from __future__ import annotations

import json
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.warehouse.pricing_graph import PricingGraph
from tests.golden import rating_facts
from tests.support import facts as given_facts

CASES = Path(__file__).parent / "cases" / "rating.yaml"
TARGETS = ["int_billing__fees", "int_rating__charge_tiers"]
OTHER_FEES = [
    "int_billing__subscription_fees",
    "int_billing__one_off_fees",
    "int_billing__credit_fees",
    "int_billing__unissued_invoices",
]
MODES = {"half_up": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}


@cache
def cases_in_scope() -> dict[str, dict[str, Any]]:
    document = yaml.safe_load(CASES.read_text())
    return {case["id"]: case for case in document["cases"] if rating_facts.is_in_scope(case)}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[dict[str, Any]]]:
    """Window charge -> its fees (with tiers), from two runs: given quantities, and given events."""
    graph = PricingGraph.load()
    cases = list(cases_in_scope().values())
    priced = [case for case in cases if case["kind"] == "charge_model"]
    metered = [case for case in cases if case["kind"] != "charge_model"]
    outcomes: dict[str, list[dict[str, Any]]] = {}
    for facts in (rating_facts.charge_model_facts(priced), rating_facts.metered_facts(metered)):
        connection = given_facts.open_connection()
        relations = given_facts.give_all(connection, graph, TARGETS, facts, empty=OTHER_FEES)
        graph.run(connection, TARGETS, relations)
        charges = {row["usage_id"]: row for row in given_facts.rows_of(connection, "int_rating__charges")}
        tiers: dict[str, list[dict[str, Any]]] = {}
        for row in sorted(given_facts.rows_of(connection, "int_rating__charge_tiers"), key=lambda row: row["position"]):
            tiers.setdefault(row["usage_id"], []).append(row)
        for fee in given_facts.rows_of(connection, "int_billing__fees"):
            rated = charges[fee["fee_id"]] | fee | {"tiers": tiers.get(fee["fee_id"], [])}
            outcomes.setdefault(rated["window_charge_id"], []).append(rated)
    return outcomes


def assert_field(case: dict[str, Any], field: str, expected: Any, actual: Any) -> None:
    comparison = case.get("compare", {}).get(field)
    if comparison:
        step = Decimal(1).scaleb(-comparison["round"])
        actual = actual.quantize(step, MODES[comparison["mode"]])
    assert Decimal(str(actual)) == Decimal(str(expected)), f"{case['id']}: {field} is {actual}, expected {expected}"


def assert_fee(case: dict[str, Any], expected: dict[str, Any], fee: dict[str, Any]) -> None:
    for field in ("amount", "unit_amount", "amount_cents", "events_count"):
        if field in expected:
            assert_field(case, field, expected[field], fee[field])
    if "units" in expected:
        assert_field(case, "units", expected["units"], fee["total_aggregated_units"])
    ranges = (expected.get("amount_details") or {}).get("graduated_ranges")
    for tier, walked in zip(ranges or [], fee["tiers"], strict=bool(ranges)):
        assert_field(case, "from_value", tier["from_value"], walked["from_value"])
        assert_field(case, "units", tier["units"], walked["units"])
        assert_field(case, "total_with_flat_amount", tier["total_with_flat_amount"], walked["amount"])


def bucket_of(case_id: str, expected: dict[str, Any]) -> tuple[str | None, str | None]:
    grouped_by = expected.get("grouped_by")
    key = json.dumps(grouped_by, separators=(",", ":")) if grouped_by else None
    return (f"{case_id}/{expected['filter']}" if expected.get("filter") else None), key


@pytest.mark.parametrize("case_id", cases_in_scope())
def test_rating_case(case_id: str, outcomes: dict[str, list[dict[str, Any]]]) -> None:
    case = cases_in_scope()[case_id]
    expected = case["expected"]
    for index, checkpoint in enumerate(expected.get("checkpoints", [])):
        (fee,) = outcomes[f"{case_id}#{index}"]
        assert_fee(case, checkpoint, fee)
    if "checkpoints" in expected:
        return
    fees = outcomes[case_id]
    used = {(fee["charge_filter_id"], fee["group_key"]): fee for fee in fees}
    for part in expected.get("groups", []) + expected.get("buckets", []):
        assert_fee(case, part, used[bucket_of(case_id, part)])
    if "groups" not in expected and "buckets" not in expected:
        (fee,) = [
            fee
            for fee in fees
            if fee["charge_filter_id"] == (f"{case_id}/matching" if "matching_filters" in case["inputs"] else None)
        ]
        assert_fee(case, expected, fee)


def test_scope_holds_at_least_twenty_cases() -> None:
    assert len(cases_in_scope()) >= 20
