"""Thresholds and alerts by the SQL, against the reference walked step by step; and however usage is cut, the same is crossed once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from core.warehouse.pricing_graph import PricingGraph
from tests.support.facts import give_all, open_connection, rows_of
from tests.support.oracle_monitoring import Look, Passed, crossed, walked

ALWAYS = datetime(2026, 1, 1)
VERSION: dict[str, Any] = {"valid_from": ALWAYS, "recorded_at": ALWAYS, "sequence": 1}
CASES = 25
BATCHED = settings(max_examples=100, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
"""2,500 draws of each property, 25 per run of the SQL; a batch says little when it is shrunk, so none is."""

amounts = st.one_of(st.integers(0, 60), st.integers(0, 10**12))
thresholds = st.tuples(st.lists(st.one_of(st.integers(1, 50), st.integers(1, 10**12)), unique=True, max_size=5), st.none() | st.integers(1, 40))
# Changes of usage between looks: mostly small, sometimes down, sometimes onto the next period.
walks = st.lists(st.tuples(st.one_of(st.integers(-15, 30), st.integers(0, 10**3)), st.booleans()), min_size=1, max_size=8)
numbers = st.one_of(st.integers(-50, 50).map(str), st.decimals(-50, 50, places=3).map(str), st.sampled_from(("0.000000000001", "-0.000000000001", "10.000000000001")))
alerts = st.fixed_dictionaries(
    {"values": st.lists(numbers, unique_by=Decimal, max_size=5), "step": st.none() | st.sampled_from(("0.5", "1", "7", "33.333")), "direction": st.sampled_from(("increasing", "decreasing")), "before": numbers, "now": numbers}
)


@cache
def graph() -> PricingGraph:
    return PricingGraph.load()


def run(target: str, facts: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    with open_connection() as connection:
        graph().run(connection, [target], give_all(connection, graph(), [target], facts))
        return rows_of(connection, target)


def looks_of(walk: Sequence[tuple[int, bool]]) -> list[Look]:
    """A new period begins with what the one before used on an invoice."""
    looks, settled, current, period = [], 0, 0, 0
    for change, is_next in walk:
        if is_next:
            settled, current, period = settled + current, 0, period + 1
        current = max(current + change, 0)
        looks.append(Look(period, settled, current))
    return looks


def passed_by_sql(cases: Sequence[tuple[list[Look], tuple[list[int], int | None]]]) -> list[list[list[Passed]]]:
    """Per case and look the thresholds passed, fixed ones first."""
    totals, owned, subscriptions = [], [], []
    for number, (looks, (fixed, step)) in enumerate(cases):
        name = f"case-{number}"
        subscriptions.append({"subscription_id": name, "progressive_billing_disabled": False, **VERSION})
        for amount, is_recurring in [(amount, False) for amount in fixed] + [(step, True)] * (step is not None):
            owned.append({"usage_threshold_id": name, "owner_id": name, "amount_cents": amount, "is_recurring": is_recurring, **VERSION})
        for place, look in enumerate(looks):
            totals.append(
                {
                    "usage_check_id": f"{name}/{place}", "subscription_id": name, "lifetime_id": name, "plan_id": "p", "from_at": ALWAYS + timedelta(days=look.period),
                    "checked_at": ALWAYS + timedelta(hours=place), "is_recorded": False, "historical_amount_cents": 0, "invoiced_amount_cents": look.settled, "current_amount_cents": look.current,
                }
            )  # fmt: skip
    facts = {"int_billing__usage_totals": totals, "int_billing__lifetime_usage": [], "stg_catalog__subscriptions": subscriptions, "stg_catalog__usage_thresholds": owned}
    rows = run("int_billing__threshold_crossings", facts)
    found: dict[str, list[Passed]] = {}
    for row in rows:
        found.setdefault(row["usage_check_id"], []).append((row["is_recurring"], row["amount_cents"]))
    return [[sorted(found.get(f"case-{number}/{place}", [])) for place in range(len(looks))] for number, (looks, _) in enumerate(cases)]


def crossed_by_sql(cases: Sequence[dict[str, Any]]) -> list[list[Fraction]]:
    checks, owned = [], []
    for number, case in enumerate(cases):
        name = f"case-{number}"
        checks.append({"alert_check_id": name, "alert_id": name, "checked_at": ALWAYS, "is_recorded": False, "direction": case["direction"], "previous_value": Decimal(case["before"]), "value": Decimal(case["now"])})
        for value, is_recurring in [(value, False) for value in case["values"]] + [(case["step"], True)] * (case["step"] is not None):
            owned.append({"alert_id": name, "value": Decimal(value), "is_recurring": is_recurring, **VERSION})
    rows = run("int_billing__alert_crossings", {"int_billing__alert_checks": checks, "stg_catalog__alert_thresholds": owned})
    return [sorted(Fraction(row["threshold_value"]) for row in rows if row["alert_id"] == f"case-{number}") for number in range(len(cases))]


def oracle_of(case: dict[str, Any]) -> list[Fraction]:
    values = [Fraction(value) for value in case["values"]]
    step = None if case["step"] is None else Fraction(case["step"])
    return crossed(Fraction(case["before"]), Fraction(case["now"]), values, step, case["direction"])


@BATCHED
@given(st.lists(st.tuples(walks, thresholds), min_size=CASES, max_size=CASES))
def test_thresholds_are_passed_as_the_reference_says(drawn: list[Any]) -> None:
    cases = [(looks_of(walk), owned) for walk, owned in drawn]
    for (looks, (fixed, step)), found in zip(cases, passed_by_sql(cases), strict=True):
        assert found == walked(looks, fixed, step), (looks, fixed, step)
        event(f"looks that pass something: {min(sum(map(bool, found)), 3)}")


@BATCHED
@given(st.lists(st.tuples(st.lists(st.integers(0, 40), min_size=1, max_size=8), thresholds, st.sets(st.integers(0, 7))), min_size=CASES, max_size=CASES))
def test_however_growing_usage_is_cut_each_fixed_threshold_is_passed_once(drawn: list[Any]) -> None:
    """Looks may be left out, as when nothing was sent in between: in all the same fixed thresholds are passed, each once."""
    cases = []
    for growth, owned, left_out in drawn:
        looks = [Look(0, 0, sum(growth[: place + 1])) for place in range(len(growth))]
        kept = [look for place, look in enumerate(looks) if place not in left_out or place == len(looks) - 1]
        cases += [(looks, owned), (kept, owned)]
    found = passed_by_sql(cases)
    for (looks, (fixed, _)), whole, cut in zip(cases[::2], found[::2], found[1::2], strict=True):
        once = sorted(amount for amount in fixed if amount <= looks[-1].current)
        for told in (whole, cut):
            assert sorted(amount for look in told for is_recurring, amount in look if not is_recurring) == once


@BATCHED
@given(st.lists(alerts, min_size=CASES, max_size=CASES))
def test_alerts_cross_as_the_reference_says(drawn: list[dict[str, Any]]) -> None:
    for case, found in zip(drawn, crossed_by_sql(drawn), strict=True):
        assert found == oracle_of(case), case
        event(f"crossed: {min(len(found), 3)}")


@BATCHED
@given(st.lists(st.tuples(alerts, numbers), min_size=CASES, max_size=CASES))
def test_a_look_in_between_changes_no_alert(drawn: list[Any]) -> None:
    """On the way from one value to another, a stop between them crosses the same values in two parts."""
    cases = []
    for case, stop in drawn:
        low, high = sorted((Decimal(case["before"]), Decimal(case["now"])))
        stop = str(min(max(Decimal(stop), low), high))
        cases += [case, case | {"now": stop}, case | {"before": stop}]
    found = crossed_by_sql(cases)
    for whole, first, second in zip(found[::3], found[1::3], found[2::3], strict=True):
        assert whole == sorted(first + second)
