"""Kind `estimate`: one event priced on its own, without history, by the models that answer the instant estimate."""

from __future__ import annotations

from typing import Any

from core.warehouse.pricing_graph import PricingGraph, temporary
from tests.golden.rating.facts import HORIZON, Case, Facts, Outcome, charge, no_facts, prices, superseding
from tests.golden.rating.fees import assert_field
from tests.support import facts as given_facts

INSTANT, FEES = "int_metering__instant_quantities", "int_rating__instant_fees"


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> the fees of its event."""
    connection = given_facts.open_connection()
    relations = given_facts.give_all(connection, graph, [INSTANT, FEES], facts_of(cases))
    relations |= graph.run(connection, [INSTANT], relations)
    relations["int_metering__chargeable_quantities"] = temporary(INSTANT)
    graph.run(connection, [FEES], relations)
    rows = given_facts.rows_of(connection, FEES)
    return {case["id"]: [row for row in rows if row["fee_id"] == case["id"]] for case in cases}


def check(case: Case, outcome: Outcome) -> None:
    """Raises AssertionError where a listed field differs."""
    (fee,) = outcome
    for field, expected in case["expected"].items():
        assert_field(case, field, expected, fee[field])


def facts_of(cases: list[Case]) -> Facts:
    """One event per case in a charge in advance, and beside it one of a model that no instant estimate knows."""
    names = ["advance_changes", "advance_charge_events", "event_changes"]
    facts = no_facts() | {f"int_metering__{name}": [] for name in names}
    for case in cases:
        inputs = case["inputs"]
        facts["int_metering__window_charges"].append(
            charge(case["id"], inputs["charge_model"], {}, False, horizon_at=HORIZON)
        )
        prices(case["id"], None, inputs["properties"], facts)
        event = {
            name: f"{case['id']}/{name}" for name in ("window_charge_id", "external_subscription_id", "transaction_id")
        }
        change = event | {"charge_id": case["id"], "billed_at": HORIZON, "change_quantity": inputs["units"]}
        facts["int_metering__advance_changes"] += [
            change | {"fee_id": case["id"], "charge_model": inputs["charge_model"]},
            change | {"fee_id": f"{case['id']}/graduated", "charge_model": "graduated"},
        ]
        facts["int_metering__advance_charge_events"] += charge_events(event, inputs.get("currency", "EUR"))
        facts["int_metering__event_changes"].append(
            {
                "window_charge_id": event["window_charge_id"],
                "event_number": 1,
                "is_carried": False,
                "change_quantity": inputs["units"],
            }
        )
    superseding(facts, HORIZON, HORIZON)
    return facts


def charge_events(event: dict[str, str], currency: str) -> list[dict[str, Any]]:
    """The event in its charge, and others that share all but one of its names."""
    others = [event | {name: f"{value}/other"} for name, value in event.items()]
    return [row | {"currency": currency} for row in (event, *others)]
