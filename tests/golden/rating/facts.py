"""Rows of facts that the kinds of rating cases share. They place inputs; every number comes out of the project's SQL."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from core.domain.pricing import parse_properties
from core.domain.tiers import RANGES

Case = dict[str, Any]
Outcome = list[dict[str, Any]]
Facts = dict[str, list[dict[str, Any]]]

ALWAYS = datetime(1970, 1, 1)
HORIZON = datetime(2100, 1, 1)
"""When cases are looked at that have no moment of their own."""
VERSIONED = (
    "catalog.charges", "catalog.billable_metrics", "stg_catalog__charges", "stg_catalog__fixed_charges", "stg_catalog__add_ons",
    "stg_catalog__pricing_units", "stg_catalog__charge_prices", "stg_catalog__charge_tiers", "stg_catalog__charge_group_keys",
    "catalog.charge_presentation_keys",
    "stg_catalog__charge_filters", "stg_catalog__charge_filter_values", "stg_catalog__charge_parameters",
)  # fmt: skip
TERMS = (
    "amount",
    "package_size",
    "free_units",
    "rate",
    "fixed_amount",
    "free_units_per_events",
    "free_units_per_total_aggregation",
    "per_transaction_min_amount",
    "per_transaction_max_amount",
    "sql_charge",
)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=None)


def window(period: Case) -> dict[str, datetime]:
    """A closed period as a half-open window: the last instant belongs to it, and `from` is floored to milliseconds."""
    begin = instant(period["from"])
    return {
        "from_at": begin.replace(microsecond=begin.microsecond // 1000 * 1000),
        "to_at": instant(period["to"]) + timedelta(microseconds=1),
    }


def version(**row: Any) -> dict[str, Any]:
    return {**row, "valid_from": ALWAYS, "recorded_at": ALWAYS, "sequence": 1}


def superseding(facts: Facts, at: datetime, last: datetime | None = None) -> None:
    """Puts every version in force from `at` on, in place of an equal one until then: who looks at another moment finds two, or none.

    With `last`, the last moment at which anyone looks, an equal one takes its place after that. Where two would not show, the others
    differ: a filter asked for one more key, units were shown by another, or was another one that went first; a pricing unit was worth more;
    tiers were stated twice in one moment.
    """
    values = facts.get("stg_catalog__charge_filter_values", [])
    values += [row | {"charge_filter_id": f"{row['charge_filter_id']}/ended"} for row in values]
    for name in VERSIONED:
        for row in facts.get(name, [])[:]:
            other: dict[str, Any] = {}
            if name in ("stg_catalog__charge_filter_values", "catalog.charge_presentation_keys"):
                other["key"] = "ended"
            if name == "stg_catalog__charge_filters":
                other |= {"charge_filter_id": f"{row['charge_filter_id']}/ended", "position": 0}
            if row.get("conversion_rate"):
                other["conversion_rate"] = "1000000"
            facts[name].append(row | other | {"valid_to": at})
            row["valid_from"] = at
            if name == "stg_catalog__charge_tiers":
                facts[name].append(row | {"to_value": "0.5", "sequence": 0, "valid_to": at})
            if last is not None:
                row["valid_to"] = last + timedelta(microseconds=1)
                facts[name].append(row | other | {"valid_from": row["valid_to"], "valid_to": None})


def prices(charge_id: str, filter_id: str | None, properties: Case, facts: Facts) -> None:
    """The price terms of a charge or filter, exploded as the catalog exports them."""
    facts["stg_catalog__charge_prices"].append(
        version(
            charge_id=charge_id,
            charge_filter_id=filter_id,
            bills_flat_without_usage=properties.get("flat_fee_without_usage"),
            **{
                term: properties.get(term, 0 if term == "free_units" and "package_size" in properties else None)
                for term in TERMS
            },
        )
    )
    ranges = next((properties[name] for name in RANGES.values() if name in properties), [])
    for position, tier in enumerate(ranges, 1):
        facts["stg_catalog__charge_tiers"].append(
            version(charge_id=charge_id, charge_filter_id=filter_id, position=position, **tier)
        )
    for position, key in enumerate(properties.get("pricing_group_keys") or [], 1):
        facts["stg_catalog__charge_group_keys"].append(
            version(charge_id=charge_id, charge_filter_id=filter_id, position=position, key=key)
        )
    if "custom_properties" in properties:
        facts.setdefault("stg_catalog__charge_parameters", []).extend(
            version(
                charge_id=charge_id,
                charge_filter_id=filter_id,
                name=row.name,
                position=row.position,
                key=row.key,
                value=row.value,
            )
            for row in parse_properties("custom", properties).parameters
        )


def charge(case_id: str, model: str, metric: Case, has_buckets: bool, **columns: Any) -> dict[str, Any]:
    """One window charge; the case's id is its charge, subscription and window at once."""
    return {
        "window_charge_id": case_id,
        "usage_window_id": case_id,
        "external_subscription_id": case_id,
        "charge_id": case_id,
        "charge_model": model,
        "charge_code": case_id,
        "billable_metric_code": case_id,
        "aggregation_type": metric.get("aggregation_type", "sum_agg"),
        "field_name": metric.get("field_name", "value"),
        "rounding_function": metric.get("rounding_function"),
        "rounding_precision": metric.get("rounding_precision") or 0,
        "window_state": "open",
        "currency": "EUR",
        "timezone": "UTC",
        "recurring": False,
        "prorated": False,
        "pay_in_advance": False,
        "ends_with_service": False,
        "is_continued": False,
        "has_buckets": has_buckets,
        **columns,
        "known_until_at": columns.get("horizon_at"),
    }


def filters(
    case_id: str, named: list[tuple[str, dict[str, list[str]]]], declared: dict[str, list[str]], facts: Facts
) -> None:
    """Charge filters and their values; the marker for all values stands for those that the metric declares."""
    for position, (name, values) in enumerate(named, 1):
        filter_id = f"{case_id}/{name}"
        facts["stg_catalog__charge_filters"].append(
            version(charge_filter_id=filter_id, charge_id=case_id, position=position)
        )
        for key, accepted in values.items():
            for value in declared[key] if "__ALL_FILTER_VALUES__" in accepted else accepted:
                facts["stg_catalog__charge_filter_values"].append(
                    version(charge_filter_id=filter_id, key=key, value=value)
                )


def events(case: Case, facts: Facts) -> None:
    for index, event in enumerate(case["inputs"].get("events", [])):
        occurred = instant(event["timestamp"])
        facts["int_metering__received_events"].append(
            {
                "external_subscription_id": case["id"],
                "transaction_id": f"{case['id']}-{index}",
                "code": case["id"],
                "timestamp": occurred,
                "properties": json.dumps(event.get("properties") or {}),
                "precise_total_amount_cents": event.get("precise_total_amount_cents"),
                "received_at": occurred,
                "received_sequence": index,
                "known_at": instant(event["ingested_at"]) if "ingested_at" in event else occurred,
            }
        )


def no_prices() -> Facts:
    names = ["charge_prices", "charge_tiers", "charge_group_keys", "charge_filters", "charge_filter_values"]
    return {f"stg_catalog__{name}": [] for name in names}


def no_facts() -> Facts:
    return no_prices() | {"int_metering__window_charges": []}
