"""Where we differ from the golden cases on purpose: rules of `deviations.yaml`, each with a predicate over a case's facts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from core.domain.tiers import RANGES
from tests.golden.cases_option import own_files
from tests.golden.rating.facts import instant, window
from tests.support import filter_scopes

Case = dict[str, Any]
RULES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "deviations.yaml").read_text())["rules"] or []


def predicate(name: str) -> Callable[[Case], bool]:
    """A rule's `covers` names a function of this module that takes a case."""
    found: Callable[[Case], bool] = globals()[name]
    return found


def rule_for(case: Case) -> dict[str, Any] | None:
    """The rule that covers the case, if any."""
    return next((rule for rule in RULES if predicate(rule["covers"])(case)), None)


def check(case: Case, compare: Callable[[Case], None]) -> None:
    """Compares the case; where a rule covers it, our value (`ours` by case id, in place of the file's expectation) must hold. A case that
    the rule does not list says our value itself if it is in our own files; one of another file may differ from it.
    """
    rule = rule_for(case)
    if rule is not None and case["id"] in rule["ours"]:
        return compare(case | {"expected": rule["ours"][case["id"]]})
    if rule is None or case["id"] in _own_ids():
        return compare(case)
    try:
        compare(case)
    except AssertionError as difference:
        pytest.xfail(f"{rule['rule']}: {rule['instead']} ({difference})")


@cache
def _own_ids() -> frozenset[str]:
    """The ids of the cases in our own files."""
    read = (yaml.load(file.read_text(), yaml.CSafeLoader) for file in own_files("rating"))
    return frozenset(case["id"] for told in read for case in told["cases"])


def sends_a_transaction_twice(case: Case) -> bool:
    """Two events of the case have one transaction id."""
    ids = [event["transaction_id"] for event in case["inputs"].get("events", []) if "transaction_id" in event]
    return len(ids) > len(set(ids))


def counts_an_event_twice(case: Case) -> bool:
    """The case's filters overlap so that set exclusion counts an event in two of them, or in none that match it."""
    filters = sorted(case["inputs"].get("charge_filters", []), key=lambda row: row.get("created_at", ""))
    return not filter_scopes.partition(
        [(row["name"], row["values"]) for row in filters], case["inputs"].get("metric_filters", {})
    )


def is_used_before_an_upgrade(case: Case) -> bool:
    """A period ends on an upgrade after events of its own, in a prorated charge."""
    upgrades = [window(row["period"]) for row in case["expected"].get("checkpoints", []) if row.get("upgraded")]
    return case["inputs"].get("charge", {}).get("prorated", False) and any(
        period["from_at"] <= instant(event["timestamp"]) < period["to_at"]
        for period in upgrades
        for event in case["inputs"]["events"]
    )


def recurs_off_the_grid(case: Case) -> bool:
    """A recurring threshold whose steps counted from zero are not those counted from the largest fixed threshold.

    The completion view counts them from the other side of zero, so there they meet on half the steps too.
    """
    if case["kind"] != "usage_threshold" or not case["inputs"]["recurring_threshold"]:
        return False
    apart = max(case["inputs"]["fixed_thresholds"], default=0) * (2 if case["subject"] == "completion" else 1)
    return bool(apart % case["inputs"]["recurring_threshold"])


def begins_below_nothing(case: Case) -> bool:
    """A sum in advance whose first event of the period is negative, so that Lago's highest total is."""
    inputs = case["inputs"]
    if case["kind"] == "pay_in_advance_units" and "event" in inputs and inputs["aggregation_type"] == "sum_agg":
        highest = inputs["state"]["max"] if inputs["state"] else inputs["event"]["value"]
        return Decimal(highest or 0) < 0
    if case["kind"] != "pay_in_advance_fees" or inputs["metric"]["aggregation_type"] != "sum_agg":
        return False
    first = inputs["events"][0]["properties"].get(inputs["metric"]["field_name"], "0") if inputs["events"] else "0"
    return str(first).startswith("-")


def counts_a_unit_in_two_tiers(case: Case) -> bool:
    """Usage that reaches a tier which begins at the bound of the one before it, where Lago adds one unit all the same.

    It does in a graduated percentage always, in a graduated charge where other tiers begin one above.
    """
    ranges = ranges_of(case, "graduated") or ranges_of(case, "graduated_percentage")
    starts = [
        Decimal(tier["from_value"])
        for before, tier in pairwise(ranges)
        if Decimal(tier["from_value"]) == Decimal(before["to_value"])
    ]
    if not starts or (ranges_of(case, "graduated") and len(starts) == len(ranges) - 1):
        return False
    return "units" not in case["inputs"] or Decimal(case["inputs"]["units"]) > starts[0]


def ranges_of(case: Case, model: str) -> list[dict[str, Any]]:
    """The tiers of the case's charge where it has that charge model."""
    inputs = case["inputs"]
    terms = inputs if inputs.get("charge_model") else inputs.get("charge", {})
    if terms.get("charge_model") != model:
        return []
    found: list[dict[str, Any]] = terms.get("properties", {}).get(RANGES[model], [])
    return found


def has_two_allowances_per_event(case: Case) -> bool:
    """A percentage with a minimum or maximum for each event, free events, and a free amount."""
    terms = case["inputs"].get("charge", case["inputs"]).get("properties", {})
    return (
        case["inputs"].get("min_max_enabled", True)
        and {"free_units_per_events", "free_units_per_total_aggregation"} <= terms.keys()
        and bool(terms["free_units_per_events"] and Decimal(terms["free_units_per_total_aggregation"] or 0))
        and bool({"per_transaction_min_amount", "per_transaction_max_amount"} & terms.keys())
    )


def begins_at_the_free_amount(case: Case) -> bool:
    """A total with free events and a free amount that its first event reaches, so that no running total is below it."""
    terms, values = case["inputs"].get("properties", {}), case["inputs"].get("event_values")
    free = Decimal(terms.get("free_units_per_total_aggregation") or 0)
    return bool(terms.get("free_units_per_events") and free and values) and Decimal(values[0]) >= free


def counts_what_has_no_value(case: Case) -> bool:
    """A unique count with an event that lacks the value."""
    metric = case["inputs"].get("metric", {})
    return metric.get("aggregation_type") == "unique_count_agg" and any(
        not event.get("properties", {}).get(metric["field_name"]) for event in case["inputs"].get("events", [])
    )


def prices_an_increase_on_its_own(case: Case) -> bool:
    """More units of a graduated fixed charge than what is paid in advance already."""
    inputs = case["inputs"]
    return (
        case["kind"] == "fixed_charge_delta"
        and inputs["charge_model"] == "graduated"
        and bool(Decimal(inputs["already_paid_units"]))
    )


def begins_on_a_step(case: Case) -> bool:
    """A recurring alert whose value goes on from one of its steps, which Lago reports again."""
    inputs = case["inputs"]
    if case["kind"] != "alert" or not inputs["recurring_threshold"]:
        return False
    values = [Decimal(value) for value in inputs["thresholds"]]
    rises = inputs["direction"] == "increasing"
    base = (max if rises else min)(values, default=Decimal(0))
    beyond, moved = (
        (Decimal(later) - Decimal(earlier)) * (1 if rises else -1)
        for earlier, later in ((base, inputs["previous_value"]), (inputs["previous_value"], inputs["current_value"]))
    )
    return moved > 0 and beyond > 0 and not beyond % Decimal(inputs["recurring_threshold"])


def weighs_a_change_of_the_clocks(case: Case) -> bool:
    """A weighted sum over a period in which the clocks of the customer's zone change."""
    return _aggregates(case, "weighted_sum_agg") and any(
        _changes_clocks(period, case["inputs"].get("timezone", "UTC")) for period in _periods(case)
    )


def carries_a_level_that_is_known_late(case: Case) -> bool:
    """A recurring weighted sum with an event from before a period that became known only after the period had begun."""
    begins = [window(period)["from_at"] for period in _periods(case)]
    return (
        _aggregates(case, "weighted_sum_agg")
        and case["inputs"]["metric"].get("recurring", False)
        and any(
            instant(event["timestamp"]) < begin < instant(event["ingested_at"])
            for event in case["inputs"].get("events", [])
            if "ingested_at" in event
            for begin in begins
        )
    )


def counts_events_of_values(case: Case) -> bool:
    """A percentage of a unique count with a minimum or maximum for each event, and events that add no value."""
    terms, field = case["inputs"].get("charge", {}), case["inputs"].get("metric", {}).get("field_name")
    sent = [event.get("properties", {}) for event in case["inputs"].get("events", [])]
    return (
        _aggregates(case, "unique_count_agg")
        and terms.get("charge_model") == "percentage"
        and bool({"per_transaction_min_amount", "per_transaction_max_amount"} & terms["properties"].keys())
        and len(sent) > len({properties.get(field) for properties in sent})
    )


def comes_late_in_advance(case: Case) -> bool:
    """Fees in advance of events of which one became known after another that happened later."""
    if case["kind"] != "pay_in_advance_fees":
        return False
    at = [instant(event["timestamp"]) for event in case["inputs"]["events"]]
    return at != sorted(at)


def _aggregates(case: Case, aggregation_type: str) -> bool:
    found: bool = case["inputs"].get("metric", {}).get("aggregation_type") == aggregation_type
    return found


def _periods(case: Case) -> list[Case]:
    """The periods that the case looks at."""
    checkpoints = case["expected"].get("checkpoints", [])
    return [row["period"] for row in [case["inputs"], *checkpoints] if "period" in row]


def _changes_clocks(period: Case, zone: str) -> bool:
    begin, end = (moment.replace(tzinfo=UTC) for moment in window(period).values())
    days = [begin + timedelta(days=day) for day in range((end - begin).days + 1)]
    return len({moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in [*days, end]}) > 1
