"""Kind `pay_in_advance_fees`: the case gives events, and metering, rating and billing make a fee of each."""

from __future__ import annotations

from api.schemas.amount_details import event_amount_details
from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.advance_facts import charge_of, in_advance, no_advance_facts
from tests.golden.rating.facts import Case, Outcome
from tests.golden.rating.fees import OTHER_FEES, as_answered, assert_details, assert_field, assert_known
from tests.support import facts as given_facts

TARGETS = ["int_billing__fees", "int_billing__fee_steps"]
FIELDS = ("units", "amount_cents", "unit_amount", "events_count")
NOT_IN_ADVANCE = [
    "int_billing__usage_fees",
    "int_billing__charge_true_ups",
    "int_metering__fixed_charge_quantities",
    *(name for name in OTHER_FEES if name != "int_billing__advance_fees"),
]


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Outcome]:
    """Case id -> the fees of its events, each with its details. A case that is `alone` has no other beside it, of whose metrics it could live."""
    alone = [case for case in cases if case["inputs"].get("alone")]
    together = [case for case in cases if case not in alone]
    return {
        name: fees
        for listed in (together, *([case] for case in alone))
        if listed
        for name, fees in fees_of(graph, listed).items()
    }


def fees_of(graph: PricingGraph, cases: list[Case]) -> dict[str, Outcome]:
    """The same of cases that are run in one query."""
    facts = no_advance_facts()
    for case in cases:
        in_advance(case, facts)
    connection = given_facts.open_connection()
    relations = given_facts.give_all(connection, graph, TARGETS, facts, empty=NOT_IN_ADVANCE)
    graph.run(connection, TARGETS, relations)
    steps: dict[str, Outcome] = {}
    for step in sorted(given_facts.rows_of(connection, "int_billing__fee_steps"), key=lambda row: row["position"]):
        steps.setdefault(step["fee_id"], []).append(step)
    fees: dict[str, Outcome] = {}
    for fee in given_facts.rows_of(connection, "int_billing__fees"):
        if fee["charge_id"] != charge_of(fee["external_subscription_id"]):
            continue
        fee["amount_details"] = as_answered(event_amount_details(fee["charge_model"], steps.get(fee["fee_id"], [])))
        fees.setdefault(fee["external_subscription_id"], []).append(fee)
    return fees


def check(case: Case, outcome: Outcome) -> None:
    """Raises AssertionError where a listed field differs, or where an event has a fee that the case does not list."""
    fees = {fee["event_transaction_id"]: fee for fee in outcome or []}
    listed = case["expected"]["fees"]
    assert len(fees) == len(outcome or []), f"{case['id']}: an event has two fees"
    assert fees.keys() == {f"{case['id']}-{expected['event_index']}" for expected in listed}
    for expected in listed:
        fee = fees[f"{case['id']}-{expected['event_index']}"]
        assert_known(case, expected, {*FIELDS, "event_index", "amount_details"})
        for field in FIELDS:
            if field in expected:
                assert_field(case, field, expected[field], fee[field])
        if "amount_details" in expected:
            assert_details(case, expected["amount_details"], fee["amount_details"])
