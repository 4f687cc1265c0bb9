"""Facts for metering: a charge and its metric as the catalog exports them, windows, and events as they were loaded."""

from __future__ import annotations

import io
import json
import tempfile
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.write import EVENT_COLUMNS, open_for_writing
from ingestion.landing import EVENT_SCHEMA
from tests.golden.rating.facts import Case, Facts, instant, version, window


def names(case_id: str) -> dict[str, str]:
    """What the case's subscription, plan, metric and code are called, no two alike: a column in another's place is noticed."""
    return {
        "external_subscription_id": f"{case_id}/subscription",
        "plan_id": f"{case_id}/plan",
        "billable_metric_id": f"{case_id}/metric",
        "code": f"{case_id}/code",
    }


def charge(case_id: str, metric: Case, terms: Case, facts: Facts) -> None:
    """The case's one charge, called by the case's id."""
    called = names(case_id)
    facts.setdefault("catalog.charges", []).append(
        version(
            id=case_id, plan_id=called["plan_id"], code=case_id, billable_metric_id=called["billable_metric_id"], charge_model=terms["charge_model"], position=1,
            pay_in_advance=terms.get("pay_in_advance", False), prorated=terms.get("prorated", False), invoiceable=True, min_amount_cents=0,
        )
    )  # fmt: skip
    facts.setdefault("catalog.billable_metrics", []).append(
        version(
            id=called["billable_metric_id"], code=called["code"], name=case_id, aggregation_type=metric["aggregation_type"], recurring=metric.get("recurring", False),
            field_name=metric.get("field_name"), sql_metric=metric.get("sql_metric"), rounding_function=metric.get("rounding_function"), rounding_precision=metric.get("rounding_precision"),
        )
    )  # fmt: skip


def usage_window(name: str, case_id: str, period: Case, horizon_at: datetime, facts: Facts, **columns: Any) -> None:
    """One window of the case's subscription, of which `horizon_at` is known."""
    facts.setdefault("int_metering__usage_windows", []).append(
        {
            "usage_window_id": name,
            "external_subscription_id": names(case_id)["external_subscription_id"],
            "plan_id": names(case_id)["plan_id"],
            "currency": "EUR",
            "timezone": "UTC",
            "period_days": period.get("duration_days"),
            "ends_with_service": False,
            "horizon_at": horizon_at,
            "known_until_at": horizon_at,
            "window_state": "open",
            **window(period),
            **columns,
        }
    )


def presentation_keys(case_id: str, inputs: Case, facts: Facts) -> None:
    """The properties by which the units of the case are shown apart."""
    rows = [
        version(charge_id=case_id, position=position, key=key)
        for position, key in enumerate(inputs.get("presentation_by", []), 1)
    ]
    facts.setdefault("catalog.charge_presentation_keys", []).extend(rows)


def group_keys(case_id: str, filter_id: str | None, properties: Case, facts: Facts) -> None:
    for position, key in enumerate(properties.get("pricing_group_keys") or [], 1):
        facts["stg_catalog__charge_group_keys"].append(
            version(charge_id=case_id, charge_filter_id=filter_id, position=position, key=key)
        )


def events(case: Case, sent: list[Case], facts: Facts) -> None:
    """Events in their order of arrival, known when they were ingested."""
    called = names(case["id"])
    rows = [
        {
            "external_subscription_id": called["external_subscription_id"],
            "transaction_id": event.get("transaction_id", f"{case['id']}-{position}"),
            "code": called["code"],
            "timestamp": instant(event["timestamp"]),
            "properties": json.dumps(event.get("properties") or {}),
            "precise_total_amount_cents": event.get("precise_total_amount_cents"),
            "received_at": instant(event.get("ingested_at", event["timestamp"])),
            "received_sequence": position,
        }
        for position, event in enumerate(sent)
    ]
    facts.setdefault("landing.events", []).extend(rows)


def others(case_id: str, facts: Facts) -> None:
    """The case's first event once more, of another metric, of another subscription, and set aside: none has a part in the case."""
    other, aside, own = f"{case_id}/other", f"{case_id}/aside", names(case_id)["external_subscription_id"]
    first = [row for row in facts["landing.events"] if row["external_subscription_id"] == own][:1]
    for terms in ({"code": other}, {"external_subscription_id": other}):
        facts["landing.events"] += [row | terms | {"transaction_id": other} for row in first]
    facts["landing.events"] += [row | {"transaction_id": aside} for row in first]
    facts.setdefault("stg_catalog__set_aside_events", []).extend(
        {"external_subscription_id": subscription, "transaction_id": transaction}
        for row in first
        for subscription, transaction in ((own, aside), (own, aside), (other, row["transaction_id"]), (own, other + aside))
    )


def load_events(facts: Facts) -> None:
    """Puts the events through the loader, as one landing file: what is sent twice is loaded once (law 4)."""
    sent = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(facts["landing.events"], EVENT_SCHEMA), sent)
    facts["landing.events"] = [dict(zip(EVENT_COLUMNS, row, strict=True)) for row in _loaded(sent.getvalue())]


@cache
def _loaded(file: bytes) -> list[tuple[Any, ...]]:
    """What the loader makes of a landing file; it reads no model, so runs of changed models share it."""
    with (
        tempfile.TemporaryDirectory() as home,
        open_for_writing(Settings(home=Path(home)), PricingGraph.load()) as warehouse,
    ):
        (Path(home) / "sent.parquet").write_bytes(file)
        warehouse.create()
        warehouse.load_events(Path(home), ["sent.parquet"], datetime(9999, 1, 1))
        return warehouse.connection.execute(f"select {', '.join(EVENT_COLUMNS)} from warehouse.raw.events").fetchall()
