"""Golden rating cases as facts for the pricing graph. It places inputs; every number comes out of the project's SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

Case = dict[str, Any]
Facts = dict[str, list[dict[str, Any]]]

AGGREGATIONS = {"count_agg", "sum_agg", "max_agg", "latest_agg", "unique_count_agg"}
CHARGE_MODELS = {"standard", "graduated", "package", "volume"}
ALWAYS = datetime(1970, 1, 1)


def is_in_scope(case: Case) -> bool:
    """Whether the SQL claims this case's features so far; what is outside is listed in DECISIONS.md."""
    inputs = case["inputs"]
    metric = inputs.get("metric", {})
    charge = inputs.get("charge", {})
    if metric.get("recurring") or inputs.get("prorated") or charge.get("prorated") or charge.get("pay_in_advance"):
        return False
    if metric and metric["aggregation_type"] not in AGGREGATIONS:
        return False
    if inputs.get("dedup") or "event_values" in case["expected"] or "full_units" in inputs or "custom_amount" in inputs:
        return False
    match case["kind"]:
        case "charge_model":
            return inputs["charge_model"] in CHARGE_MODELS and "event_values" not in inputs
        case "aggregation":
            return (
                case["subject"] in {*AGGREGATIONS, "rounding"}
                and "presentation_group_keys" not in inputs
                and "precise_total_amount" not in str(case["expected"])
            )
        case "usage_timeline" | "filtered_usage":
            return charge["charge_model"] in CHARGE_MODELS
    return False


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


def prices(charge_id: str, filter_id: str | None, properties: Case, facts: Facts) -> None:
    """The price terms of a charge or filter, exploded as the catalog exports them."""
    facts["stg_catalog__charge_prices"].append(
        version(
            charge_id=charge_id,
            charge_filter_id=filter_id,
            amount=properties.get("amount"),
            package_size=properties.get("package_size"),
            free_units=properties.get("free_units"),
        )
    )
    ranges = properties.get("graduated_ranges") or properties.get("volume_ranges") or []
    for position, tier in enumerate(ranges, 1):
        facts["stg_catalog__charge_tiers"].append(
            version(charge_id=charge_id, charge_filter_id=filter_id, position=position, **tier)
        )
    for position, key in enumerate(properties.get("pricing_group_keys") or [], 1):
        facts["stg_catalog__charge_group_keys"].append(
            version(charge_id=charge_id, charge_filter_id=filter_id, position=position, key=key)
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
        "has_buckets": has_buckets,
        **columns,
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
                "received_at": occurred,
                "received_sequence": index,
                "known_at": instant(event["ingested_at"]) if "ingested_at" in event else occurred,
            }
        )


def no_facts() -> Facts:
    names = ["charge_prices", "charge_tiers", "charge_group_keys", "charge_filters", "charge_filter_values"]
    return {f"stg_catalog__{name}": [] for name in names} | {"int_metering__window_charges": []}


def charge_model_facts(cases: list[Case]) -> Facts:
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
                    "events_count": group.get("events_count", 0),
                }
            )
    return facts


def metered_facts(cases: list[Case]) -> Facts:
    """Cases that start from events: one window charge per period or checkpoint."""
    facts = no_facts() | {"int_metering__received_events": []}
    for case in cases:
        inputs = case["inputs"]
        if case["subject"] == "rounding":
            case["inputs"]["events"] = [{"timestamp": "2024-01-01T00:00:00Z", "properties": {"value": inputs["units"]}}]
        events(case, facts)
        named = [(row["name"], row["values"]) for row in inputs.get("charge_filters", [])]
        if "matching_filters" in inputs:
            named = [("matching", inputs["matching_filters"])]
        filters(case["id"], named, inputs.get("metric_filters", {}), facts)
        terms = inputs.get("charge", {"charge_model": "standard", "properties": {"amount": "1"}})
        properties = {"pricing_group_keys": inputs.get("pricing_group_keys")} | terms["properties"]
        prices(case["id"], None, properties, facts)
        for row in inputs.get("charge_filters", []):
            prices(case["id"], f"{case['id']}/{row['name']}", row["properties"], facts)
        if "matching_filters" in inputs:
            prices(case["id"], f"{case['id']}/matching", properties, facts)
        has_buckets = bool(
            named
            or properties.get("pricing_group_keys")
            or any(r["properties"].get("pricing_group_keys") for r in inputs.get("charge_filters", []))
        )
        for name, period, horizon in windows(case):
            facts["int_metering__window_charges"].append(
                charge(
                    case["id"],
                    terms["charge_model"],
                    inputs.get("metric", inputs),
                    has_buckets,
                    **window(period),
                    horizon_at=horizon,
                )
                | {"window_charge_id": name}
            )
    return facts


def windows(case: Case) -> Iterator[tuple[str, Case, datetime]]:
    """(window charge id, period, horizon): one per checkpoint of a timeline, else one that sees every event."""
    for index, checkpoint in enumerate(case["expected"].get("checkpoints", [])):
        yield f"{case['id']}#{index}", checkpoint["period"], instant(checkpoint["at"])
    if "checkpoints" not in case["expected"]:
        period = case["inputs"].get("period", {"from": "2024-01-01T00:00:00Z", "to": "2024-12-31T23:59:59Z"})
        yield case["id"], period, datetime(9999, 1, 1)
