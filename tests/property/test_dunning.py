"""Dunning campaigns against a fold over every tick that knows no SQL, and law 1: whatever the runs, the same is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from core.catalog import (
    add_ons,
    billing_entities,
    customers,
    dunning_campaigns,
    invoice_disputes,
    one_off_invoices,
    payments,
    schedules,
    test_clocks,
)
from core.ids import deterministic_id
from core.warehouse.pricing_graph import PricingGraph
from tests.support.books import Books, append, differences
from tests.support.world import World

BEGINS_AT, ENDS_AT = datetime(2024, 1, 1), datetime(2024, 2, 20)
EVERY = timedelta(hours=6)
CURRENCIES = ("EUR", "USD")


@dataclass
class Owed:
    """An invoice: its facts as the script made them."""

    invoice_id: str
    currency: str
    total: int
    overdue_at: datetime
    paid: list[tuple[datetime, int]] = field(default_factory=list)
    lost_at: datetime | None = None

    def due(self, at: datetime) -> int:
        return self.total - sum(amount for paid_at, amount in self.paid if paid_at <= at)

    def overdue(self, at: datetime) -> int:
        is_over = at < self.overdue_at or (self.lost_at is not None and self.lost_at <= at)
        return 0 if is_over else self.due(at)


class Script:
    """A customer with a campaign of its own or of its seller."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.random, self.name = world, Random(number), f"c{number}"
        self.owed: list[Owed] = []
        self.terms = {
            "max_attempts": self.random.choice((1, 2, 4)),
            "days_between_attempts": self.random.choice((1, 3)),
            "thresholds": [{"currency": currency, "amount_cents": self.random.choice((1, 300, 900))} for currency in CURRENCIES],
        }
        self.term = self.random.choice((0, 3))
        with world.unit() as uow:
            self.clock_id = test_clocks.create(uow, self.name, BEGINS_AT).id
            clock: dict[str, Any] = {"test_clock_id": self.clock_id}
            schedules.put(uow, "dunning", first_at=BEGINS_AT, every_seconds=int(EVERY.total_seconds()), **clock)
            billing_entities.create(uow, code=self.name, name=self.name, net_payment_term=self.term, **clock)
            self.customer_id = customers.upsert(uow, self.name, billing_entity_code=self.name, **clock).id
            dunning_campaigns.create(uow, code=self.name, name=self.name, **self.terms, **clock)
            add_ons.create(uow, code=self.name, name="work", amount_cents=1, amount_currency="EUR", **clock)
            if number % 2:
                dunning_campaigns.apply_to_customer(uow, self.name, self.name)
            else:
                dunning_campaigns.apply_to_billing_entity(uow, self.name, self.name, **clock)

    def play(self, since: datetime, until: datetime) -> None:
        for at in sorted((since + self.random.random() * (until - since)).replace(microsecond=0) for _ in range(7)):
            self.world.advance(self.clock_id, at)
            open_ones = [owed for owed in self.owed if owed.due(at) > 0 and owed.lost_at is None]
            kind = self.random.random()
            with self.world.unit() as uow:
                if kind < 0.5 or not open_ones:
                    currency, total = self.random.choice(CURRENCIES), self.random.choice((100, 250, 700))
                    fees = [{"add_on_code": self.name, "unit_amount_cents": total}]
                    made = one_off_invoices.create(uow, external_customer_id=self.name, fees=fees, currency=currency)
                    midnight = at.replace(hour=0, minute=0, second=0) + timedelta(days=self.term + 1)
                    self.owed.append(Owed(deterministic_id("one_off", made.id), currency, total, midnight))
                elif kind < 0.9:
                    owed = self.random.choice(open_ones)
                    amount = owed.due(at) if self.random.random() < 0.6 else 1
                    payments.record(uow, invoice_id=owed.invoice_id, customer_id=self.customer_id, amount_cents=amount, reference="x")
                    owed.paid.append((at, amount))
                else:
                    owed = self.random.choice(open_ones)
                    invoice_disputes.lose(uow, invoice_id=owed.invoice_id, customer_id=self.customer_id)
                    owed.lost_at = at
        self.world.advance(self.clock_id, until)

    def expected(self) -> list[tuple[datetime, str, int, int]]:
        """(tick, currency, amount, number of the attempt), tick by tick as section 12 of the invoicing reference tells it."""
        asked: list[tuple[datetime, str, int, int]] = []
        of_invoice: dict[str, datetime] = {}
        counts = dict.fromkeys(CURRENCIES, 0)
        last: datetime | None = None
        settled: set[str] = set()
        tick = BEGINS_AT
        while tick <= ENDS_AT:
            for owed in self.owed:
                paid_off = owed.due(tick) <= 0 and owed.invoice_id not in settled
                if paid_off:
                    settled.add(owed.invoice_id)
                    if owed.invoice_id in of_invoice and owed.lost_at is None:
                        # Attempts between the payment and this tick there are none: ticks are looked at in order.
                        counts[owed.currency] = 0
            is_time = last is None or tick - last > timedelta(days=self.terms["days_between_attempts"])
            for threshold in self.terms["thresholds"] if is_time else ():
                currency = threshold["currency"]
                lines = {owed.invoice_id: owed.overdue(tick) for owed in self.owed if owed.currency == currency}
                balance = sum(lines.values())
                if balance >= threshold["amount_cents"] and counts[currency] < self.terms["max_attempts"]:
                    counts[currency] += 1
                    asked.append((tick, currency, balance, counts[currency]))
                    of_invoice |= {invoice_id: tick for invoice_id, due in lines.items() if due and invoice_id not in of_invoice}
                    last = tick
            tick += EVERY
        return asked


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, list[Script], Books]:
    """The world, its customers, and the books of runs while it happened."""
    world = World(tmp_path_factory.mktemp("dunning"), PricingGraph.load())
    scripts = [Script(world, number) for number in range(24)]
    books: Books = {}
    since = BEGINS_AT
    for until in (datetime(2024, 1, 12), datetime(2024, 1, 25, 3), ENDS_AT):
        for script in scripts:
            script.play(since, until)
        books = append(books, world.settle(books or None)[0])
        since = until
    return world, scripts, books


def test_what_is_asked_for_is_what_a_fold_over_all_ticks_gives(played: tuple[World, list[Script], Books]) -> None:
    _, scripts, books = played
    rows = books["payment_requests"].to_pylist()
    for script in scripts:
        own = [row for row in rows if row["customer_id"] == script.customer_id]
        found = sorted((row["requested_at"], row["currency"], row["amount_cents"], row["attempt"]) for row in own)
        assert found == script.expected(), script.name
    assert len(rows) > 60
    assert {row["attempt"] for row in rows} >= {1, 2, 3}


def test_one_run_at_the_end_asks_for_the_same(played: tuple[World, list[Script], Books]) -> None:
    world, _, books = played
    assert not differences(books, append({}, world.settle()[0]))


@pytest.mark.parametrize("seed", range(2))
def test_random_runs_ask_for_the_same(played: tuple[World, list[Script], Books], seed: int) -> None:
    world, scripts, books = played
    random = Random(seed)
    again: Books = {}
    for reading in [*sorted(BEGINS_AT + random.random() * (ENDS_AT - BEGINS_AT) for _ in range(4)), ENDS_AT]:
        as_of = dict.fromkeys((script.customer_id for script in scripts), reading)
        again = append(again, world.settle(again or None, as_of=as_of)[0])
    assert not differences(books, again)


def test_a_second_run_asks_for_nothing(played: tuple[World, list[Script], Books]) -> None:
    world, _, books = played
    assert world.settle(books)[0].is_empty
