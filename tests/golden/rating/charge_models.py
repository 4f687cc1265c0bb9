"""Kind `charge_model`: the case gives units (and the events' values where the model looks at them), rating prices them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.facts import ALWAYS, HORIZON, Case, Facts, Outcome, charge, no_facts, prices, superseding
from tests.golden.rating.fees import assert_details, assert_fees, fees_of

OWN_FUNCTION = "own_function"
TIERS = {"graduated_tier": "graduated", "graduated_percentage_tier": "graduated_percentage"}
"""A case of one tier of a total -> the charge model that has such tiers."""


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> its fees."""
    single = [case for case in cases if case["inputs"]["charge_model"] in TIERS]
    return fees_of(graph, tier_facts(single)) | fees_of(graph, facts_of([case for case in cases if case not in single]))


def check(case: Case, outcome: Outcome) -> None:
    """Raises AssertionError where a listed field differs, or where usage that a case of our own says is `set_aside` has a fee."""
    if case["expected"].get("set_aside"):
        assert not outcome, f"{case['id']}: {outcome}"
        return
    if case["inputs"]["charge_model"] not in TIERS:
        return assert_fees(case, outcome)
    assert outcome, f"{case['id']}: it has no fee; usage out of the domain is set aside (README of rating)"
    (fee,) = outcome
    (tier,) = fee["amount_details"].values()
    assert_details(case, [case["expected"]], tier)


def facts_of(cases: list[Case]) -> Facts:
    """Cases that price given units: the quantities, and the changes behind them, are the input."""
    # A custom charge's case gives what the user's function says: a SQL charge of one step.
    own = ["int_metering__quantities", "int_metering__event_changes", "int_rating__sql_charge_steps"]
    facts = no_facts() | {name: [] for name in own}
    for case in cases:
        inputs = case["inputs"]
        terms = {"currency": inputs.get("currency", "EUR"), "prorated": inputs.get("prorated", False)}
        facts["int_metering__window_charges"].append(
            charge(case["id"], inputs["charge_model"], {}, False, horizon_at=HORIZON, **terms)
        )
        if inputs.get("priced", True):
            prices(case["id"], None, stated(inputs), facts)
        for group in inputs.get("groups") or [inputs]:
            quantity(case["id"], group, facts)
        facts["int_metering__event_changes"] += changes(case["id"], inputs)
        if "custom_amount" in inputs:
            steps = inputs.get("custom_steps", [{"position": 1, "amount": inputs["custom_amount"]}])
            facts["int_rating__sql_charge_steps"] += [
                {"sql_charge": OWN_FUNCTION, "usage_id": case["id"], **step} for step in steps
            ]
    superseding(facts, HORIZON, HORIZON)
    return facts


def stated(inputs: Case) -> Case:
    """The properties, without the minimum and maximum where the case says that they are switched off."""
    if inputs["charge_model"] == "custom":
        return inputs["properties"] | {"sql_charge": OWN_FUNCTION}
    off = () if inputs.get("min_max_enabled", True) else ("per_transaction_min_amount", "per_transaction_max_amount")
    return {name: value for name, value in inputs["properties"].items() if name not in off}


def quantity(case_id: str, group: Case, facts: Facts) -> None:
    """One metered quantity; the units shown are the full ones."""
    key = json.dumps(group["grouped_by"], separators=(",", ":")) if "grouped_by" in group else None
    facts["int_metering__quantities"].append(
        {
            "usage_id": f"{case_id}{key or ''}",
            "window_charge_id": case_id,
            "group_key": key,
            "units": group["units"],
            "full_units": group.get("full_units", group["units"]),
            "total_aggregated_units": group.get("full_units", group["units"]),
            "events_count": group.get("events_count", 0),
            "precise_total_amount_cents": group.get("precise_total_amount_cents", "0"),
        }
    )


def changes(case_id: str, inputs: Case) -> Iterator[dict[str, Any]]:
    """The events of the bucket, in order."""
    values = inputs.get("event_values", [])
    for number, (full, prorated) in enumerate(
        zip(values, inputs.get("event_prorated_values", values), strict=True), start=1
    ):
        yield {
            "window_charge_id": case_id,
            "event_number": number,
            "is_carried": False,
            "change_quantity": full,
            "prorated_quantity": prorated,
        }


def tier_facts(cases: list[Case]) -> Facts:
    """Cases of one tier: only the tiers before it are left out, so how it joins them is given too."""
    facts = no_facts() | {
        "int_metering__quantities": [],
        "int_metering__event_changes": [],
        "int_rating__tier_bounds": [],
    }
    for case in cases:
        inputs, tier = case["inputs"], case["inputs"]["tier"]
        facts["int_metering__window_charges"].append(
            charge(case["id"], TIERS[inputs["charge_model"]], {}, False, horizon_at=ALWAYS)
        )
        quantity(case["id"], inputs, facts)
        facts["int_rating__tier_bounds"].append(
            {
                "charge_id": case["id"],
                "valid_from": ALWAYS,
                "position": 1 if tier["from_value"] == "0" else 2,
                "is_adjacent": inputs.get("adjacent", False),
                **tier,
            }
        )
    return facts
