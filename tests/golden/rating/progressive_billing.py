"""Kind `progressive_billing`: the case's steps are commands and events on a test clock; all else is computed by the project's SQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.catalog import billable_metrics, billing_entities, customers, plans, schedules, subscriptions, test_clocks
from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.facts import Case, instant
from tests.support.world import TICK, World

TOTALS, DRAFTS = "int_billing__progressive_totals", "int_billing__draft_invoices"
STEPS = {"day", "units", "bill_period"}


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> its invoices in order, progressive ones and those of its periods."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), graph)
        for case in cases:
            play(world, case)
        with world.engine.connect() as connection:
            owners = {customers.get(connection, case["id"]).id: case["id"] for case in cases}
        found = world.compute([TOTALS, DRAFTS])
    invoices: dict[str, list[dict[str, Any]]] = {case["id"]: [] for case in cases}
    touched = {row["invoice_id"] for row in found[TOTALS]}
    untouched = [row for row in found[DRAFTS] if row["invoice_id"] not in touched]
    for row in sorted(found[TOTALS] + untouched, key=lambda row: row["ready_at"]):
        invoices[owners[row["customer_id"]]].append(row)
    return invoices


def check(case: Case, outcome: list[dict[str, Any]]) -> None:
    """Raises AssertionError where another invoice is called for, or an amount of one differs."""
    told = [(row["ready_at"].date().isoformat(), row["invoice_type"]) for row in outcome]
    wanted = [(invoice["day"], invoice["type"]) for invoice in case["expected"]["invoices"]]
    assert told == wanted, f"{case['id']}: invoices {told}, expected {wanted}"
    for invoice, row in zip(case["expected"]["invoices"], outcome, strict=True):
        for name in invoice.keys() - {"day", "type"}:
            # No case has coupons, taxes or credits, so what is left of the fees is the total.
            found = (
                row.get("uncredited_amount_cents", row["fees_amount_cents"])
                if name == "total_amount_cents"
                else row.get(name, 0)
            )
            assert found == invoice[name], (
                f"{case['id']}: {name} of {invoice['day']} is {found}, expected {invoice[name]}"
            )


def moments(case: Case) -> Iterator[tuple[datetime, Case]]:
    """Each step at its day; those of one day follow each other by a millisecond."""
    last: datetime | None = None
    for step in case["inputs"]["steps"]:
        assert step.keys() <= STEPS, f"{case['id']}: nothing plays {', '.join(sorted(step.keys() - STEPS))}"
        at = instant(step["day"])
        last = at if last is None or at > last else last + TICK
        yield last, step


def play(world: World, case: Case) -> None:
    """Usage is looked at when it came; bills are made on the days that the case says."""
    inputs, name, steps = case["inputs"], case["id"], list(moments(case))
    begins_at = instant(inputs["started_at"])
    with world.unit() as uow:
        clock = {"test_clock_id": test_clocks.create(uow, name, begins_at - timedelta(days=1)).id}
        for job, ticks in (
            ("usage", [at for at, step in steps if "units" in step]),
            ("periodic", [at for at, step in steps if step.get("bill_period")]),
        ):
            schedules.add_ticks(
                uow, schedules.put(uow, job, first_at=begins_at, every_seconds=None, catch_up=False, **clock), ticks
            )
        metric = billable_metrics.create(uow, code=name, name=name, **inputs["metric"], **clock)
        charge = {"code": name, "billable_metric_id": metric.id, **inputs["charge"]}
        fixed = [{"amount_cents": amount, "recurring": False} for amount in inputs["fixed_thresholds"]]
        recurring = [
            {"amount_cents": amount, "recurring": True}
            for amount in [inputs["recurring_threshold"]]
            if amount is not None
        ]
        plans.create(
            uow, code=name, name=name, amount_currency=inputs["currency"], charges_input=[charge],
            usage_thresholds_input=fixed + recurring, **inputs["plan"], **clock,
        )  # fmt: skip
        billing_entities.create(uow, code=name, name=name, **clock)
        customers.upsert(uow, name, currency=inputs["currency"], billing_entity_code=name, **clock)
    world.advance(clock["test_clock_id"], begins_at)
    with world.unit() as uow:
        subscriptions.create(
            uow, external_id=name, external_customer_id=name, plan_code=name, subscription_at=begins_at
        )
    for at, step in steps:
        world.advance(clock["test_clock_id"], at)
        if "units" in step:
            world.send_event(name, name, at, {inputs["metric"]["field_name"]: step["units"]})
