"""Kind `amount_details_delta`: the details of one event are the difference of the steps with it and without it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from api.schemas.amount_details import event_amount_details
from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.facts import Case, Facts
from tests.golden.rating.fees import as_answered, assert_details
from tests.support import facts as given_facts

TARGETS = ["int_billing__fee_steps"]
OTHERS = ["int_rating__charges", "int_metering__fixed_charge_quantities", "int_billing__charge_true_ups"]


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> the details of its event."""
    facts: Facts = {"int_metering__advance_quantities": [], "int_rating__charge_tiers": []}
    for case in cases:
        for side in ("after", "before"):
            usage = {"usage_id": f"{case['id']}/{side}"}
            facts["int_metering__advance_quantities"].append(usage | {"fee_id": case["id"], "side": side})
            facts["int_rating__charge_tiers"] += [
                usage | {"position": position} | step for position, step in enumerate(steps_of(case["inputs"][side]), 1)
            ]
    connection = given_facts.open_connection()
    graph.run(connection, TARGETS, given_facts.give_all(connection, graph, TARGETS, facts, empty=OTHERS))
    rows = sorted(given_facts.rows_of(connection, TARGETS[0]), key=lambda row: row["position"])
    models = {case["id"]: case["inputs"]["charge_model"] for case in cases}
    return {
        name: as_answered(event_amount_details(model, [row for row in rows if row["fee_id"] == name]))
        for name, model in models.items()
    }


def check(case: Case, outcome: dict[str, Any]) -> None:
    """Raises AssertionError where a listed field differs."""
    assert_details(case, case["expected"], outcome)


def steps_of(details: Any) -> list[dict[str, Any]]:
    """The steps that the details of one side show: of a percentage four, of tiers one each."""
    if isinstance(details, list):
        return [
            {
                "step_kind": "rate_tier",
                **{name: tier[name] for name in ("from_value", "to_value", "rate", "units")},
                "flat_amount": tier["flat_unit_amount"],
                "per_unit_total_amount": Decimal(tier["total_with_flat_amount"]) - Decimal(tier["flat_unit_amount"]),
                "amount": tier["total_with_flat_amount"],
            }
            for tier in details
        ]
    fixed = {"flat_amount": details["fixed_fee_unit_amount"], "amount": details["fixed_fee_total_amount"]}
    return [
        {"step_kind": "free", "units": details["free_units"], "flat_count": details["free_events"]},
        {
            "step_kind": "rate",
            "units": details["paid_units"],
            "rate": details["rate"],
            "amount": details["per_unit_total_amount"],
        },
        {"step_kind": "fixed_fee", "flat_count": details["paid_events"], **fixed},
        {"step_kind": "min_max", "amount": details["min_max_adjustment_total_amount"]},
    ]
