"""Kinds `fixed_charge_fee` and `fixed_charge_delta`: what units of a fixed charge cost, and what a change of them adds."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.facts import Case, Facts, Outcome, instant, prices, superseding, version
from tests.golden.rating.fees import OTHER_FEES, TARGETS, assert_field
from tests.golden.rating.fixed_charge_units import EVER, bill, fixed_charge, units
from tests.support import facts as given_facts

NOTHING = dict.fromkeys(("units", "amount", "amount_cents", "unit_amount"), 0)
"""A bill does not list what is neither there nor owed."""
USAGE = ["int_billing__usage_fees", "int_metering__quantities"]


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> its fees, each with its amount in currency units before rounding."""
    found: dict[str, Any] = {}
    for facts in (
        facts_of_units([case for case in cases if case["kind"] == "fixed_charge_fee"]),
        facts_of_changes([case for case in cases if case["kind"] == "fixed_charge_delta"]),
    ):
        with given_facts.open_connection() as connection:
            relations = given_facts.give_all(connection, graph, TARGETS, facts, empty=[*OTHER_FEES, *USAGE])
            graph.run(connection, TARGETS, relations)
            for fee in given_facts.rows_of(connection, "int_billing__fees"):
                found.setdefault(fee["charge_id"], []).append(fee | {"amount": fee["precise_amount"]})
    return found


def check(case: Case, outcome: Outcome | None) -> None:
    """Raises AssertionError where a listed field differs."""
    (fee,) = outcome or [NOTHING]
    for field, expected in case["expected"].items():
        assert_field(case, field, expected, fee[field])


def facts_of_units(cases: list[Case]) -> Facts:
    """The case says how many units there are, for the days and in all: pricing begins there."""
    facts = no_facts() | {"int_metering__fixed_charge_quantities": [], "int_metering__window_fixed_charges": []}
    for case in cases:
        name, inputs = case["id"], case["inputs"]
        terms = {
            "charge_model": inputs["charge_model"],
            "currency": inputs["currency"],
            "prorated": inputs["prorated"],
            "horizon_at": EVER,
        }
        prices(name, None, inputs["properties"], facts)
        add_on(name, facts)
        facts["int_metering__window_fixed_charges"].append(
            {
                "window_fixed_charge_id": name,
                "fixed_charge_id": name,
                "add_on_id": name,
                "invoice_id": name,
                "window_state": "due",
                "billing_side": "arrears",
                **terms,
            }
        )
        facts["int_metering__fixed_charge_quantities"].append(
            {
                "usage_id": name,
                "side": "after",
                "window_fixed_charge_id": name,
                "fixed_charge_id": name,
                "is_in_force": True,
                **terms,
            }
            | {"units": Decimal(inputs["units"]), "full_units": Decimal(inputs["full_units"])}
        )
    return facts


def facts_of_changes(cases: list[Case]) -> Facts:
    """A period that opened with what is already paid, and a change at noon of its day; cases of our own have earlier and later ones."""
    names = (
        "int_metering__unissued_items",
        "int_metering__service_periods",
        "int_metering__fixed_charge_bills",
        "stg_catalog__fixed_charge_units",
    )
    facts: Facts = no_facts() | {name: [] for name in names}
    for case in cases:
        name, inputs = case["id"], case["inputs"]
        fixed_charge(name, facts, charge_model=inputs["charge_model"], prorated=inputs["prorated"], pay_in_advance=True)
        prices(name, None, inputs["properties"], facts)
        add_on(name, facts)
        begin, changed_at, end = (instant(f"{text}T{hour}Z") for text, hour in ((inputs["period"]["from"], "00:00:00"), (inputs["change_date"], "12:00:00"), (inputs["period"]["to"], "23:59:59.999999")))  # fmt: skip
        if Decimal(inputs["already_paid_units"]):
            units(name, inputs["already_paid_units"], begin, begin, facts)
        for change in inputs.get("earlier_changes", []):
            made_at = instant(f"{change['made_on']}T00:00:00Z")
            units(name, change["units"], None if change.get("for_next_period") else made_at, made_at, facts)
        units(name, inputs["new_units"], changed_at, changed_at, facts)
        bill(case, "fixed_charge_change", begin, end + timedelta(microseconds=1), None, facts)
        sequence = facts["stg_catalog__fixed_charge_units"][-1]["sequence"]
        facts["int_metering__fixed_charge_bills"].append(
            {"invoice_id": name, "changed_at": changed_at, "change_sequence": sequence}
        )
        for change in inputs.get("later_changes", []):
            made_at = instant(f"{change['made_on']}T00:00:00Z")
            units(name, change["units"], made_at, made_at, facts)
    superseding(facts, EVER)
    return facts


def add_on(name: str, facts: Facts) -> None:
    facts["stg_catalog__add_ons"].append(version(add_on_id=name, code=name, name=name))


def no_facts() -> Facts:
    """No usage at all, and no terms yet."""
    names = ["charge_prices", "charge_tiers", "charge_group_keys", "add_ons"]
    return {f"stg_catalog__{name}": [] for name in names} | {"int_metering__window_charges": []}
