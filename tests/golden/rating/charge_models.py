"""Kind `charge_model`: the case gives units, rating prices them."""

from __future__ import annotations

import json
from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.facts import ALWAYS, Case, Facts, Outcome, charge, no_facts, prices
from tests.golden.rating.fees import assert_fees, fees_of

CHARGE_MODELS = {"standard", "graduated", "package", "volume"}


def covers(case: Case) -> bool:
    """Whether the SQL claims this case's features so far."""
    inputs = case["inputs"]
    return inputs["charge_model"] in CHARGE_MODELS and not inputs.keys() & {
        "event_values",
        "full_units",
        "custom_amount",
        "prorated",
    }


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> its fees."""
    return fees_of(graph, facts_of(cases))


def check(case: Case, outcome: Outcome) -> None:
    """Raises AssertionError where a listed field differs."""
    assert_fees(case, outcome)


def facts_of(cases: list[Case]) -> Facts:
    """Cases that price given units: the quantities are the input."""
    facts = no_facts() | {"int_metering__quantities": []}
    for case in cases:
        inputs = case["inputs"]
        facts["int_metering__window_charges"].append(
            charge(case["id"], inputs["charge_model"], {}, False, horizon_at=ALWAYS)
        )
        prices(case["id"], None, inputs["properties"], facts)
        for group in inputs.get("groups") or [inputs]:
            key = json.dumps(group["grouped_by"], separators=(",", ":")) if "grouped_by" in group else None
            facts["int_metering__quantities"].append(
                {
                    "usage_id": f"{case['id']}{key or ''}",
                    "window_charge_id": case["id"],
                    "group_key": key,
                    "units": group["units"],
                    "full_units": group["units"],
                    "total_aggregated_units": group["units"],
                    "events_count": group.get("events_count", 0),
                }
            )
    return facts
