"""Kind `usage_threshold`: the case gives parts of a lifetime's usage, monitoring says which thresholds they pass and how far they are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.facts import ALWAYS, Case, Facts, version
from tests.support import facts as given_facts

CROSSINGS, COMPLETION = "int_billing__threshold_crossings", "int_billing__threshold_completion"
TARGETS = [CROSSINGS, COMPLETION]
GIVEN = (
    "int_metering__usage_checks",
    "int_metering__lifetimes",
    "int_billing__checked_usage",
    "int_billing__invoiced_usage",
    "int_billing__checked_amounts",
    "int_billing__threshold_marks",
    "stg_catalog__lifetime_usages",
    "stg_catalog__plans",
    "stg_catalog__subscriptions",
    "stg_catalog__usage_thresholds",
)


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> subscription (one per row of the case) -> its crossings and completions."""
    connection = given_facts.open_connection()
    relations = given_facts.give_all(connection, graph, TARGETS, facts_of(cases))
    graph.run(connection, TARGETS, relations)
    rows = {target: given_facts.rows_of(connection, target) for target in TARGETS}
    return {
        case["id"]: {
            name: [[row for row in rows[target] if row["subscription_id"] == name] for target in TARGETS]
            for name in subscriptions(case)
        }
        for case in cases
    }


def check(case: Case, outcome: dict[str, list[list[dict[str, Any]]]]) -> None:
    """Raises AssertionError where other thresholds were passed, or a ratio differs."""
    if case["subject"] == "check":
        for name, expected in zip(subscriptions(case), case["expected"]["passed"], strict=True):
            crossings = sorted(outcome[name][0], key=lambda row: (row["is_recurring"], row["amount_cents"]))
            passed = [row["amount_cents"] for row in crossings]
            assert passed == expected, f"{case['id']}: {name} passes {passed}, expected {expected}"
        return
    (name,) = subscriptions(case)
    rows = sorted(outcome[name][1], key=lambda row: row["amount_cents"])
    found = [(row["amount_cents"], row["completion_ratio"]) for row in rows]
    wanted = [(row["amount"], Decimal(row["ratio"])) for row in case["expected"]["thresholds"]]
    assert found == wanted, f"{case['id']}: {found}, expected {wanted}"


def subscriptions(case: Case) -> list[str]:
    """One subscription per row of the case, or one for the whole of it."""
    return [f"{case['id']}#{index}" for index in range(len(case["inputs"].get("rows", [None])))]


def facts_of(cases: list[Case]) -> Facts:
    """Each case is a plan with thresholds; each of its rows is a subscription that is looked at once."""
    facts: Facts = {name: [] for name in GIVEN}
    for case in cases:
        inputs = case["inputs"]
        fixed = [(amount, False) for amount in inputs["fixed_thresholds"]]
        recurring = [(inputs["recurring_threshold"], True)] if inputs["recurring_threshold"] is not None else []
        for amount, is_recurring in fixed + recurring:
            facts["stg_catalog__usage_thresholds"].append(
                version(
                    usage_threshold_id=case["id"],
                    owner_type="plan",
                    owner_id=case["id"],
                    amount_cents=amount,
                    is_recurring=is_recurring,
                )
            )
        for name, row in zip(subscriptions(case), inputs.get("rows", [None]), strict=True):
            owner = {"subscription_id": name, "lifetime_id": name, "plan_id": case["id"]}
            facts["int_metering__lifetimes"].append({**owner, "as_of": ALWAYS})
            facts["stg_catalog__subscriptions"].append(
                version(subscription_id=name, progressive_billing_disabled=False)
            )
            if row is None:
                facts["int_billing__checked_amounts"].append(
                    {
                        "subscription_id": name,
                        "fee_state": "open",
                        "pay_in_advance": False,
                        "amount_cents": inputs["total_usage"],
                    }
                )
                continue
            look = {"usage_check_id": f"{name} looked at"}
            facts["int_metering__usage_checks"].append(
                {**owner, **look, "checked_at": ALWAYS, "from_at": ALWAYS, "is_recorded": False}
            )
            facts["stg_catalog__lifetime_usages"].append(
                version(subscription_id=name, historical_usage_amount_cents=inputs["historical_usage"])
            )
            facts["int_billing__invoiced_usage"].append(
                {"subscription_id": name, "issued_at": ALWAYS, "amount_cents": row["invoiced"]}
            )
            facts["int_billing__checked_usage"].append(
                {**look, "current_amount_cents": row["current"], "ended_amount_cents": 0}
            )
            facts["int_billing__threshold_marks"].append(
                {**look, "marked_amount_cents": inputs["progressive_billed_amount"]}
            )
    return facts
