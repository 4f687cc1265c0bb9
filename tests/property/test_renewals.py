"""Units of charges in advance that survive the period, from command to books: billed with their event, then again for each period."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.catalog import (
    billable_metrics,
    billing_entities,
    customers,
    plans,
    schedules,
    subscriptions,
    taxes,
    test_clocks,
)
from core.warehouse.line_events import line_events
from core.warehouse.pricing_graph import PricingGraph
from tests.support.books import Settlement, append, differences, refuse_unless_conserved
from tests.support.world import World
from tests.unit.core.warehouse.test_marts import build, landing_of

MONTHS = [datetime(2024, month, 1) for month in (1, 2, 3, 4)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Five seats from 10 January, two more on 17 February (13 of 29 days), one given up on 20 February; the service ends on 15 March."""
    made = World(Path(tmp_path_factory.mktemp("renewals")), PricingGraph.load())
    with made.unit() as uow:
        clock = test_clocks.create(uow, "renewals", MONTHS[0]).id
        on_clock: dict[str, Any] = {"test_clock_id": clock}
        schedules.put(uow, "periodic", first_at=MONTHS[0], every_seconds=3600, catch_up=True, test_clock_id=clock)
        taxes.create(uow, code="vat", name="VAT", rate="10", **on_clock)
        billing_entities.create(uow, code="home", name="Home", timezone="UTC", tax_codes=["vat"], **on_clock)
        customers.upsert(uow, "c", billing_entity_code="home", currency="EUR", **on_clock)
        metric = billable_metrics.create(
            uow, code="seats", name="Seats", aggregation_type="sum_agg", field_name="value", recurring=True, **on_clock
        )
        charges = [
            {
                "code": code, "billable_metric_id": metric.id, "charge_model": "standard", "properties": {"amount": amount},
                "pay_in_advance": True, "prorated": True, "invoiceable": invoiceable,
            }
            for code, amount, invoiceable in (("invoiced", "31", True), ("alone", "2", False))
        ]  # fmt: skip
        plans.create(
            uow,
            code="p",
            name="P",
            interval="monthly",
            amount_cents=100,
            amount_currency="EUR",
            charges_input=charges,
            **on_clock,
        )
        subscriptions.create(uow, external_id="s", external_customer_id="c", plan_code="p", subscription_at=MONTHS[0])
    for at, value in ((datetime(2024, 1, 10), "5"), (datetime(2024, 2, 17), "2"), (datetime(2024, 2, 20), "-1")):
        made.advance(clock, at)
        made.send_event("s", "seats", at, {"value": value})
    made.advance(clock, datetime(2024, 3, 15))
    with made.unit() as uow:
        subscriptions.terminate(uow, "s")
    made.advance(clock, MONTHS[3])
    return made


@pytest.fixture(scope="module")
def settlement(world: World) -> Settlement:
    return world.settle()[0]


def lines(settlement: Settlement, code: str) -> list[tuple[datetime, datetime, str, int]]:
    """(issued, from, units, cents) of the lines of a charge, in order."""
    fees = [fee for fee in settlement.tables["fees"].to_pylist() if fee["item_code"] == code]
    return sorted(
        (fee["issued_at"], fee["from_at"], f"{fee['units'].normalize():f}", fee["amount_cents"]) for fee in fees
    )


def test_a_renewal_is_explained_by_every_event_before_its_period(world: World) -> None:
    connection = build(world, landing_of(world), PricingGraph.load())
    fees = connection.execute(
        "select fee_id, from_at, event_transaction_id from books.main.fees where item_code in ('invoiced', 'alone') order by issued_at, item_code"
    ).fetchall()
    assert len(fees) == 10  # three events and two renewals of each charge
    for fee_id, from_at, transaction_id in fees:
        events, total = line_events(connection, fee_id)
        assert len(events) == total
        if transaction_id is not None:
            assert [event["transaction_id"] for event in events] == [transaction_id]
        else:
            known = {MONTHS[1]: [10], MONTHS[2]: [10, 17, 20]}[from_at]
            assert [event["timestamp"].day for event in events] == known


def test_active_units_are_billed_again_whole_at_each_renewal_and_not_at_the_end(settlement: Settlement) -> None:
    """31 EUR: 5 units for 22 of 31 days, again for February, 2 for 13 of 29 days (ceil5: 0.89656), then 6 for March."""
    found = lines(settlement, "invoiced")
    assert [line[1:] for line in found] == [
        (MONTHS[0], "5", 11000),
        (MONTHS[1], "5", 15500),
        (MONTHS[1], "2", 2779),
        (MONTHS[1], "0", 0),
        (MONTHS[2], "6", 18600),
    ]
    assert [line[0] for line in found[1::3]] == MONTHS[1:3]


def test_what_is_not_invoiced_is_renewed_as_a_document_of_its_own_with_its_taxes(settlement: Settlement) -> None:
    assert [line[1:] for line in lines(settlement, "alone") if line[3]] == [
        (MONTHS[0], "5", 710), (MONTHS[1], "5", 1000), (MONTHS[1], "2", 179), (MONTHS[2], "6", 1200),
    ]  # fmt: skip
    alone = {row["fee_id"]: row for row in settlement.tables["standalone_fees"].to_pylist()}
    renewed = [
        fee
        for fee in settlement.tables["fees"].to_pylist()
        if fee["item_code"] == "alone" and fee["event_transaction_id"] is None
    ]
    assert [
        (fee["invoice_id"], alone[fee["fee_id"]]["total_amount_cents"])
        for fee in sorted(renewed, key=lambda fee: fee["issued_at"])
    ] == [(None, 1100), (None, 1320)]


def test_renewals_are_conserved_and_are_the_same_whichever_prefix_settles_them(
    world: World, settlement: Settlement
) -> None:
    refuse_unless_conserved(settlement)
    books = append({}, settlement)
    one_by_one: Any = {}
    for _ in range(30):
        one_by_one = append(one_by_one, world.settle(one_by_one, prefix_limit=1)[0])
    assert not differences(books, one_by_one)
