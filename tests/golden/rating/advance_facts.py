"""Facts of a charge in advance: a subscription whose one period is the case's, and events that are known one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from tests.golden.rating.facts import ALWAYS, Case, Facts, events, filters, instant, no_facts, prices, version, window

HORIZON = instant("2100-01-01T00:00:00Z")


def no_advance_facts() -> Facts:
    """Every relation that `in_advance` fills, without rows."""
    names = ["stg_catalog__charges", "stg_catalog__billable_metrics", "int_metering__service_periods"]
    return no_facts() | {name: [] for name in [*names, "int_metering__received_events", "stg_books__fees"]}


def in_advance(case: Case, facts: Facts) -> None:
    """The case's id is its subscription, plan, charge and metric at once. The list of events is the order of their arrival."""
    inputs = case["inputs"]
    metric, terms = inputs["metric"], inputs["charge"]
    names = dict.fromkeys(("subscription_id", "customer_id", "external_subscription_id", "plan_id"), case["id"])
    names |= {column: inputs[column] for column in ("currency", "timezone") if column in inputs}
    facts["int_metering__service_periods"].append(period_of(inputs["period"], **names))
    facts["stg_catalog__billable_metrics"].append(
        version(billable_metric_id=case["id"], code=case["id"], name=case["id"], **metric)
    )
    flags = {"prorated": terms.get("prorated", False), "pay_in_advance": True, "invoiceable": True}
    facts["stg_catalog__charges"].append(
        version(charge_id=case["id"], plan_id=case["id"], billable_metric_id=case["id"], charge_model=terms["charge_model"], **flags)
    )  # fmt: skip
    prices(case["id"], None, terms["properties"], facts)
    named = [(row["name"], row["values"]) for row in inputs.get("charge_filters", [])]
    filters(case["id"], named, inputs.get("metric_filters", {}), facts)
    for row in inputs.get("charge_filters", []):
        prices(case["id"], f"{case['id']}/{row['name']}", row["properties"], facts)
    arrived: Facts = {"int_metering__received_events": []}
    events(case, arrived)
    facts["int_metering__received_events"] += in_order(arrived["int_metering__received_events"])


def period_of(period: Case, **names: Any) -> dict[str, Any]:
    """A service period as metering counts it, known from always and for ever."""
    bounds = window(period)
    return {
        "known_from": ALWAYS,
        "as_of": HORIZON,
        "started_at": bounds["from_at"],
        "usage_from_at": bounds["from_at"],
        "period_ends_at": bounds["to_at"],
        "period_index": 1,
        "period_days": period["duration_days"],
        "timezone": "UTC",
        "currency": "EUR",
        **names,
    }


def in_order(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events, none known before the one that stands before it."""
    arrived = list(rows)
    known = accumulate((row["known_at"] for row in arrived), max)
    return [row | {"known_at": at, "received_at": at} for row, at in zip(arrived, known, strict=True)]
