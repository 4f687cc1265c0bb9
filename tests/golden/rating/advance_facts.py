"""Facts of a charge in advance: a subscription whose one period is the case's, and events that are known one after the other.

Cases of our own may list several `periods`: of other subscriptions of the same external id, or known from and until some instant, or with
the end of the service in them. Their charge may have `price_changes`, each with the properties from its instant on.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from tests.golden.rating.facts import (
    ALWAYS,
    Case,
    Facts,
    events,
    filters,
    instant,
    no_facts,
    no_prices,
    prices,
    version,
    window,
)

HORIZON = instant("2100-01-01T00:00:00Z")
STATED = {"known_from", "known_to", "as_of", "started_at", "service_ends_at", "billing_starts_at"}


def no_advance_facts() -> Facts:
    """Every relation that `in_advance` fills, without rows."""
    names = ["stg_catalog__charges", "stg_catalog__billable_metrics", "int_metering__service_periods"]
    return no_facts() | {name: [] for name in [*names, "int_metering__received_events", "stg_books__fees"]}


def in_advance(case: Case, facts: Facts) -> None:
    """The case's external subscription is called by its id, and so are its events' codes; `charge_of` is its charge. The list of events is
    the order of their arrival.
    """
    inputs = case["inputs"]
    metric, terms, charge_id = inputs["metric"], inputs["charge"], charge_of(case["id"])
    plan_id, metric_id = f"{case['id']}/plan", f"{case['id']}/metric"
    names = {"subscription_id": f"{case['id']}/subscription", "customer_id": f"{case['id']}/customer"}
    names |= {"external_subscription_id": case["id"], "plan_id": plan_id}
    names |= {column: inputs[column] for column in ("currency", "timezone") if column in inputs}
    facts["int_metering__service_periods"] += [
        period_of(period, **names | stated(case, period)) | {"period_index": index}
        for index, period in enumerate(inputs.get("periods") or [inputs["period"]], 1)
    ]
    facts["stg_catalog__billable_metrics"] += versions(
        billable_metric_id=metric_id, code=case["id"], name=case["id"], **metric
    )
    flags = {"prorated": terms.get("prorated", False), "pay_in_advance": True, "invoiceable": True}
    charge = {"charge_id": charge_id, "plan_id": plan_id, "billable_metric_id": metric_id, "charge_model": terms["charge_model"]} | flags  # fmt: skip
    facts["stg_catalog__charges"] += versions(**charge)
    others(charge, metric, facts)
    second(charge, facts)
    changes = inputs.get("price_changes", [])
    starts = [ALWAYS, *(instant(change["at"]) for change in changes)]
    for properties, start, end in zip([terms, *changes], starts, [*starts[1:], None], strict=True):
        own = no_prices()
        prices(charge_id, None, properties["properties"], own)
        for name, rows in own.items():
            facts[name] += [row | {"valid_from": start, "valid_to": end} for row in rows]
    named = [(row["name"], row["values"]) for row in inputs.get("charge_filters", [])]
    filters(charge_id, named, inputs.get("metric_filters", {}), facts)
    for row in inputs.get("charge_filters", []):
        prices(charge_id, f"{charge_id}/{row['name']}", row["properties"], facts)
    arrived: Facts = {"int_metering__received_events": []}
    events(case, arrived)
    facts["int_metering__received_events"] += in_order(arrived["int_metering__received_events"])
    twin(case["id"], facts)


def charge_of(case_id: str) -> str:
    """What the case's charge is called, unlike its subscription."""
    return f"{case_id}/charge"


def versions(**row: Any) -> list[dict[str, Any]]:
    """A version that is in force whenever anyone looks, and an equal one after that."""
    return [version(**row) | {"valid_to": HORIZON}, version(**row) | {"valid_from": HORIZON}]


def others(charge: dict[str, Any], metric: Case, facts: Facts) -> None:
    """Charges that have no part in the case: of another plan, of another metric, and one in arrears."""
    other = f"{charge['charge_id']}/other"
    facts["stg_catalog__billable_metrics"].append(version(billable_metric_id=other, code=other, name=other, **metric))
    for position, terms in enumerate(({"plan_id": other}, {"billable_metric_id": other}, {"pay_in_advance": False})):
        facts["stg_catalog__charges"].append(version(**charge | {"charge_id": f"{other}-{position}"} | terms))


def second(charge: dict[str, Any], facts: Facts) -> None:
    """Another charge in advance of the plan on the same metric, at 1 per unit: it has fees of its own, in which the case has no part."""
    charge_id = f"{charge['charge_id']}/second"
    facts["stg_catalog__charges"] += versions(**charge | {"charge_id": charge_id, "charge_model": "standard"})
    own = no_prices()
    prices(charge_id, None, {"amount": "1"}, own)
    facts["stg_catalog__charge_prices"] += own["stg_catalog__charge_prices"]


def twin(case_id: str, facts: Facts) -> None:
    """Another subscription to the case's plan, with periods like its own and an event that is called like its first and happens with its
    last; and that event once more, with a code that no metric has.
    """
    names = dict.fromkeys(("external_subscription_id", "subscription_id"), f"/{case_id}")
    for name, most in (("int_metering__service_periods", None), ("int_metering__received_events", 1)):
        rows = [row for row in facts[name] if row["external_subscription_id"] == case_id]
        own = [row | {"timestamp": rows[-1]["timestamp"]} if most else row for row in rows[:most]]
        facts[name] += [row | {key: value for key, value in names.items() if key in row} for row in own]
        facts[name] += [row | dict.fromkeys(("code", "transaction_id"), f"/{case_id}") for row in own if "code" in row]


def stated(case: Case, period: Case) -> dict[str, Any]:
    """What a period of a case of our own says beside its bounds."""
    instants = {name: instant(at) for name, at in period.items() if name in STATED}
    subscription = {"subscription_id": f"{case['id']}/{period['subscription']}"} if "subscription" in period else {}
    return instants | subscription


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
