"""Fees as the real SQL gives them for a set of facts, and how a case's expectation is compared with one."""

from __future__ import annotations

import json
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from api.schemas.amount_details import amount_details
from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.facts import Case, Facts, Outcome
from tests.support import facts as given_facts

TARGETS = [
    "int_billing__fees",
    "int_billing__fee_pricing_units",
    "int_billing__fee_units",
    "int_billing__charge_totals",
    "int_rating__charges",
    "int_rating__charge_tiers",
]
OTHER_FEES = [
    "int_billing__advance_fees",
    "int_billing__subscription_fees",
    "int_billing__one_off_fees",
    "int_billing__credit_fees",
    "int_billing__unissued_invoices",
]
FIXED_CHARGES = ["int_billing__fixed_charge_fees", "int_metering__fixed_charge_quantities"]
FIELDS = (
    "amount",
    "unit_amount",
    "amount_cents",
    "pricing_unit_amount_cents",
    "units",
    "total_aggregated_units",
    "events_count",
)
"""What a case may list of a fee, beside its details."""
TOTALS = ("units", "amount", "amount_cents")
"""What it may list of a charge with several fees."""
PLACE = {"filter", "grouped_by", "groups", "buckets", "at", "context", "period", "upgraded"}
"""What tells where the fee is."""
MODES = {"half_up": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}


def fees_of(graph: PricingGraph, facts: Facts) -> dict[str, Outcome]:
    """Window charge -> its fees, each with what rating said of it and its tiers; one run of the graph over all facts."""
    connection = given_facts.open_connection()
    relations = given_facts.give_all(connection, graph, TARGETS, facts, empty=[*OTHER_FEES, *FIXED_CHARGES])
    graph.run(connection, TARGETS, relations)
    charges = {row["usage_id"]: row for row in given_facts.rows_of(connection, "int_rating__charges")}
    units = {
        row["fee_id"]: row["total_aggregated_units"]
        for row in given_facts.rows_of(connection, "int_billing__fee_units")
    }
    tiers: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(given_facts.rows_of(connection, "int_rating__charge_tiers"), key=lambda row: row["position"]):
        tiers.setdefault(row["usage_id"], []).append(row)
    in_units = {row["fee_id"]: row for row in given_facts.rows_of(connection, "int_billing__fee_pricing_units")}
    totals = {row["window_charge_id"]: row for row in given_facts.rows_of(connection, "int_billing__charge_totals")}
    fees: dict[str, Outcome] = {}
    for fee in given_facts.rows_of(connection, "int_billing__fees"):
        rated = charges.get(fee["true_up_parent_fee_id"] or fee["fee_id"], {}) | fee
        rated["pricing_unit_amount_cents"] = in_units.get(fee["fee_id"], {}).get("amount_cents")
        rated["charge_total"] = totals[rated["window_charge_id"]]
        rated["total_aggregated_units"] = units.get(fee["true_up_parent_fee_id"] or fee["fee_id"])
        steps = tiers.get(fee["fee_id"], [])
        details = amount_details(rated["charge_model"], rated["total_aggregated_units"], steps)
        rated["amount_details"] = as_answered(details)
        rated["steps"] = steps
        fees.setdefault(rated["window_charge_id"], []).append(rated)
    return fees


def as_answered(details: dict[str, Any]) -> Any:
    """The details as a client reads them, numbers exact."""
    return json.loads(msgspec.json.encode(details), parse_float=Decimal)


def assert_known(case: Case, expected: Case, known: set[str]) -> None:
    """Nothing that a case lists goes by unread."""
    assert expected.keys() <= known, f"{case['id']}: nothing compares {', '.join(sorted(expected.keys() - known))}"


def assert_field(case: Case, field: str, expected: Any, actual: Any) -> None:
    """Equal as exact decimals, after the rounding that the case asks for."""
    comparison = case.get("compare", {}).get(field)
    if comparison:
        step = Decimal(1).scaleb(-comparison["round"])
        actual = actual.quantize(step, MODES[comparison["mode"]])
    assert Decimal(str(actual)) == Decimal(str(expected)), f"{case['id']}: {field} is {actual}, expected {expected}"


def assert_fee(case: Case, expected: Case, fee: dict[str, Any]) -> None:
    """What the case lists of a fee, its tiers included; a case of our own may list our `steps` too."""
    assert_known(case, expected, {*FIELDS, *PLACE, "amount_details", "steps"})
    for field in FIELDS:
        if field in expected:
            assert_field(case, field, expected[field], fee[field])
    if "amount_details" in expected:
        assert_details(case, expected["amount_details"], fee["amount_details"])
    if "steps" in expected:
        assert_steps(case, expected["steps"], fee["steps"])


def assert_steps(case: Case, expected: list[Case], actual: Outcome) -> None:
    """Every step that explains the fee, whole: what is not listed of one is null."""
    listed = [
        {name: value if name == "step_kind" else Decimal(value) for name, value in step.items()} for step in expected
    ]
    found = [
        {name: value for name, value in step.items() if name != "usage_id" and value is not None} for step in actual
    ]
    assert found == listed, f"{case['id']}: {found}, expected {listed}"


def assert_details(case: Case, expected: Any, actual: Any) -> None:
    """What the case lists of the details as the API shows them; lists have the same length, nothing is expected of nothing."""
    if isinstance(expected, list):
        assert len(expected) == len(actual), f"{case['id']}: {len(actual)} tiers, expected {len(expected)}"
        for listed, found in zip(expected, actual, strict=True):
            assert_details(case, listed, found)
    elif isinstance(expected, dict):
        assert expected or not actual, f"{case['id']}: there should be no details, not {actual}"
        for name, value in expected.items():
            assert_details(case, value, actual[name])
    elif expected is None or actual is None:
        assert expected is actual, f"{case['id']}: {actual}, expected {expected}"
    else:
        assert Decimal(str(actual)) == Decimal(str(expected)), f"{case['id']}: {actual}, expected {expected}"


def bucket_of(case: Case, expected: Case) -> tuple[str | None, str | None]:
    """(filter, group key) of a part of the expectation, as `facts` names them."""
    grouped_by = expected.get("grouped_by")
    key = json.dumps(grouped_by, separators=(",", ":")) if grouped_by else None
    return (f"{case['id']}/{expected['filter']}" if expected.get("filter") else None), key


def assert_totals(case: Case, expected: Case, fees: Outcome) -> None:
    """What the case lists of a charge as a whole, whose fees are those of its buckets or groups."""
    assert_known(case, expected, {*TOTALS, *PLACE})
    for field in TOTALS:
        if field in expected:
            assert_field(case, field, expected[field], fees[0]["charge_total"][field])


def assert_fees(case: Case, fees: Outcome) -> None:
    """The fees of a case's one window: part by part where the case lists groups or buckets."""
    expected = case["expected"]
    assert fees is not None, f"{case['id']}: it has no fee; usage out of the domain is set aside (README of rating)"
    used = {(fee["charge_filter_id"], fee["group_key"]): fee for fee in fees}
    assert len(used) == len(fees), f"{case['id']}: a bucket has two fees"
    parts = expected.get("groups", []) + expected.get("buckets", [])
    for part in parts:
        if part.get("set_aside"):
            assert bucket_of(case, part) not in used, f"{case['id']}: {used[bucket_of(case, part)]}"
        else:
            assert_fee(case, part, used[bucket_of(case, part)])
    if parts or len(case["inputs"].get("groups", [])) > 1:
        assert_totals(case, expected, fees)
    else:
        looked_at = f"{case['id']}/matching" if "matching_filters" in case["inputs"] else None
        (fee,) = [fee for fee in fees if fee["charge_filter_id"] == looked_at]
        assert_fee(case, expected, fee)
