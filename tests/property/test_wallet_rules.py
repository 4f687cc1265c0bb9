"""Laws 1 and 3 of wallets that top themselves up: drawn usage, invoices, payments; whatever the runs, the books are the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from random import Random
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
    wallet_transactions,
    wallets,
)
from core.warehouse.pricing_graph import PricingGraph
from tests.support.books import Books, Settlement, append, differences
from tests.support.world import World

BEGINS_AT, ENDS_AT = datetime(2024, 1, 1), datetime(2024, 3, 10)
HOUR = timedelta(hours=1)
RULES: list[dict[str, Any]] = [
    {"trigger": "threshold", "threshold_credits": "10", "paid_credits": "15", "granted_credits": "1"},
    {"trigger": "threshold", "threshold_credits": "5", "granted_credits": "20"},
    {"trigger": "threshold", "method": "target", "threshold_credits": "5", "target_ongoing_balance": "30"},
    {"trigger": "threshold", "method": "target", "threshold_credits": "0", "target_ongoing_balance": "12.5", "grants_target_top_up": True},
    {"trigger": "interval", "interval": "weekly", "paid_credits": "7", "granted_credits": "3"},
    {"trigger": "interval", "interval": "monthly", "method": "target", "target_ongoing_balance": "40", "grants_target_top_up": True},
]


class Script:
    """One customer with a wallet and a rule, in the world."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.random, self.name = world, Random(number), f"c{number}"
        self.rule = RULES[number % len(RULES)] | ({"invoice_requires_successful_payment": True} if number % 2 else {})
        with world.unit() as uow:
            self.clock_id = test_clocks.create(uow, self.name, BEGINS_AT).id
            clock: dict[str, Any] = {"test_clock_id": self.clock_id}
            for name, hours in (("periodic", 1), ("usage", 5), ("top_ups", 6)):
                schedules.put(uow, name, every_seconds=3600 * hours, **clock)
            taxes.create(uow, code=self.name, name="vat", rate="20", **clock)
            billing_entities.create(uow, code=self.name, name=self.name, invoice_grace_period=self.random.choice((0, 2)), tax_codes=[self.name] if number % 3 else [], **clock)
            self.customer_id = customers.upsert(uow, self.name, billing_entity_code=self.name, currency="EUR", timezone=self.random.choice(("UTC", "Asia/Tokyo")), **clock).id
            metric = billable_metrics.create(uow, code=self.name, name="m", aggregation_type="sum_agg", field_name="value", **clock)
            charge = {"code": self.name, "billable_metric_id": metric.id, "charge_model": "standard", "properties": {"amount": "1"}}
            plans.create(uow, code=self.name, name="p", interval="monthly", amount_cents=self.random.choice((0, 900)), amount_currency="EUR", charges_input=[charge], **clock)

    def play(self, until: datetime, since: datetime) -> None:
        """What happens in the stretch: events, and a void or a top-up by hand."""
        moments = sorted(since + self.random.random() * (until - since) for _ in range(4))
        for at in moments:
            self.world.advance(self.clock_id, at)
            self.world.send_event(self.name, self.name, at, {"value": self.random.choice(("1", "4.125", "9", "30"))})
            if self.random.random() < 0.15:
                with self.world.unit() as uow:
                    wallet_transactions.top_up(uow, wallets.get(uow.connection, self.wallet_id), granted_credits="2")
        self.world.advance(self.clock_id, until)

    def begin(self) -> None:
        with self.world.unit() as uow:
            subscriptions.create(uow, external_id=self.name, external_customer_id=self.name, plan_code=self.name, billing_time="calendar")
            self.wallet_id = wallets.create(
                uow, external_customer_id=self.name, currency="EUR", rate_amount="1", code="w", granted_credits=self.random.choice((None, "12")),
                paid_top_up_max_amount_cents=self.random.choice((None, 3000)), recurring_transaction_rules=[self.rule],
            ).id  # fmt: skip

    def pay(self, settlement: Settlement) -> None:
        """What rules have sold is paid, declined, or left."""
        sold = [row for row in settlement.tables["wallet_top_ups"].to_pylist() if row["customer_id"] == self.customer_id and row["credit_class"] == "purchased"]
        for row in sorted(sold, key=lambda row: row["topped_up_at"]):
            outcome = self.random.choice(("settle", "fail", "leave"))
            if outcome == "leave":
                continue
            with self.world.unit() as uow:
                wallet = wallets.get(uow.connection, self.wallet_id)
                known = wallet_transactions.record_sale_of_rule(
                    uow, wallet, transaction_id=row["wallet_transaction_id"], credits=row["credits"], source=row["top_up_source"], priority=50, name=None
                )  # fmt: skip
                tell = wallet_transactions.settle_transaction if outcome == "settle" else wallet_transactions.fail_transaction
                tell(uow, known.id)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, list[Script], list[tuple[datetime, Books]]]:
    """The world, its customers, and the books of a run while it happened at each stage."""
    folder: Path = tmp_path_factory.mktemp("rules")
    world = World(folder, PricingGraph.load())
    scripts = [Script(world, number) for number in range(12)]
    for script in scripts:
        script.begin()
    stages: list[tuple[datetime, Books]] = []
    books: Books = {}
    since = BEGINS_AT
    for until in (datetime(2024, 1, 20), datetime(2024, 2, 8), datetime(2024, 2, 20, 7), ENDS_AT):
        for script in scripts:
            script.play(until, since)
        settlement, _ = world.settle(books or None)
        books = append(books, settlement)
        stages.append((until, books))
        for script in scripts:
            script.pay(settlement)
        since = until
    return world, scripts, stages


def test_the_worlds_have_what_matters(played: tuple[World, list[Script], list[tuple[datetime, Books]]]) -> None:
    _, scripts, stages = played
    made = stages[-1][1]["wallet_top_ups"].to_pylist()
    assert {row["wallet_id"] for row in made} == {script.wallet_id for script in scripts}
    assert {(row["top_up_source"], row["credit_class"]) for row in made} == {(source, kind) for source in ("interval", "threshold") for kind in ("granted", "purchased")}
    assert len(made) > 40
    assert sum(row["invoice_type"] == "credit" for row in stages[-1][1]["invoices"].to_pylist()) > 10


def test_one_run_at_the_end_gives_the_books_of_runs_while_it_happened(played: tuple[World, list[Script], list[tuple[datetime, Books]]]) -> None:
    world, _, stages = played
    as_of = dict.fromkeys((script.customer_id for script in played[1]), stages[-1][0])
    settlement, _ = world.settle(as_of=as_of)
    assert not differences(stages[-1][1], append({}, settlement))


@pytest.mark.parametrize("seed", range(2))
def test_random_runs_give_the_same_books(played: tuple[World, list[Script], list[tuple[datetime, Books]]], seed: int) -> None:
    world, scripts, stages = played
    random = Random(seed)
    books: Books = {}
    readings = sorted(BEGINS_AT + random.random() * (ENDS_AT - BEGINS_AT) for _ in range(4))
    for reading in [*readings, ENDS_AT]:
        settlement, _ = world.settle(books or None, random.choice((1, None)), as_of=dict.fromkeys((script.customer_id for script in scripts), reading))
        books = append(books, settlement)
    assert not differences(stages[-1][1], books)


def test_a_second_run_puts_nothing_in(played: tuple[World, list[Script], list[tuple[datetime, Books]]]) -> None:
    world, scripts, stages = played
    settlement, _ = world.settle(stages[-1][1], as_of=dict.fromkeys((script.customer_id for script in scripts), ENDS_AT))
    assert settlement.is_empty


def test_no_wallet_gives_more_than_came_in(played: tuple[World, list[Script], list[tuple[datetime, Books]]]) -> None:
    """Balances after every movement; and what is owed for bought credits is in the invoices of those that are due."""
    world, scripts, stages = played
    books, as_of = stages[-1][1], dict.fromkeys((script.customer_id for script in scripts), ENDS_AT)
    models = world.compute(["int_billing__wallet_inflows", "fct_wallet_balances", "int_billing__credit_fees"], books, as_of)
    moves = [(row["wallet_id"], row["settled_at"], 0, row["amount_cents"]) for row in models["int_billing__wallet_inflows"] if row["settled_at"] and row["settled_at"] <= ENDS_AT]
    moves += [(row["wallet_id"], row["issued_at"], 1, -row["amount_cents"]) for row in books["wallet_uses"].to_pylist()]
    held: dict[str, int] = {}
    for wallet_id, _, _, cents in sorted(moves):
        held[wallet_id] = held.get(wallet_id, 0) + cents
        assert held[wallet_id] >= 0
    assert {row["wallet_id"]: row["balance_cents"] for row in models["fct_wallet_balances"]} == {script.wallet_id: held.get(script.wallet_id, 0) for script in scripts}
    issued = {row["invoice_id"]: row["total_amount_cents"] for row in books["invoices"].to_pylist() if row["invoice_type"] == "credit"}
    due = {row["invoice_id"]: int(row["amount"] * 100) for row in models["int_billing__credit_fees"] if row["is_due"]}
    assert issued == due
