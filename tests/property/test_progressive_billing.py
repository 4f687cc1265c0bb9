"""Whatever the looks at usage, progressive invoices and the bill after them add up to the usage of the period, and each threshold is passed once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from core.catalog import (
    applied_coupons,
    billable_metrics,
    billing_entities,
    coupons,
    customers,
    plans,
    schedules,
    subscriptions,
    taxes,
    test_clocks,
)
from core.money.allocation import allocate
from core.warehouse.pricing_graph import PricingGraph
from tests.support.books import refuse_unless_conserved
from tests.support.facts import give_all, open_connection, rows_of
from tests.support.world import TICK, World

CASES = 25
BATCHED = settings(max_examples=80, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
"""2,000 draws, 25 per run of the SQL; a batch says little when it is shrunk, so none is."""
BEGINS_AT = datetime(2026, 1, 1)
BILLED_AT = [datetime(2026, 2, 1), datetime(2026, 3, 1)]
WORLDS = 48
SETTLED = 24
MODELS = ("progressive_totals", "progressive_bills", "progressive_credits", "threshold_crossings", "usage_totals", "fees")
CHARGES: Sequence[Mapping[str, Any]] = (
    {"charge_model": "standard", "properties": {"amount": "0.1"}},
    {"charge_model": "standard", "properties": {"amount": "0.333", "pricing_group_keys": ["team"]}},
    {"charge_model": "package", "properties": {"amount": "5", "package_size": 7, "free_units": 3}},
    # More units are cheaper in all: what a progressive invoice billed is owed no more.
    {"charge_model": "volume", "properties": {"volume_ranges": [
        {"from_value": 0, "to_value": 40, "per_unit_amount": "2", "flat_amount": "1"},
        {"from_value": 41, "to_value": None, "per_unit_amount": "0.5", "flat_amount": "0"},
    ]}},
)  # fmt: skip

COUPONS: Sequence[Mapping[str, Any]] = (
    {},
    {"coupon_type": "fixed_amount", "amount_cents": 777, "amount_currency": "EUR", "frequency": "once"},
    {"coupon_type": "percentage", "percentage_rate": "12.5", "frequency": "forever"},
    {"coupon_type": "fixed_amount", "amount_cents": 333, "amount_currency": "EUR", "frequency": "recurring", "frequency_duration": 2},
)

keys = st.tuples(st.sampled_from("ab"), st.sampled_from([None, "f"]), st.sampled_from([None, "g", "h"]))
bills = st.lists(st.dictionaries(keys, st.integers(0, 30) | st.integers(0, 10**12), max_size=6), min_size=1, max_size=5)


@cache
def graph() -> PricingGraph:
    return PricingGraph.load()


def amounts_by_sql(cases: Sequence[Sequence[Mapping[tuple[Any, ...], int]]]) -> list[list[tuple[int, int, int]]]:
    """Per case and bill, the last of which ends the period: its fees, its credit, and what credit notes give back."""
    facts: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("int_billing__threshold_crossings", "int_metering__checked_windows", "int_metering__unissued_items",
                              "int_billing__usage_fees", "int_billing__checked_amounts", "int_billing__fees")
    }  # fmt: skip
    facts["stg_catalog__charges"] = [{"charge_id": charge} for charge in "ab"]
    facts["stg_catalog__charge_filters"] = [{"charge_filter_id": "f"}]
    for number, drawn in enumerate(cases):
        owner = {"subscription_id": str(number), "customer_id": str(number), "currency": "EUR"}
        for place, bill in enumerate(drawn):
            name = f"{number}/{place}"
            at = BEGINS_AT + timedelta(hours=place)
            is_last = place == len(drawn) - 1
            if is_last:
                facts["int_metering__unissued_items"].append(owner | {"invoice_id": name, "usage_from_at": BEGINS_AT, "usage_to_at": BILLED_AT[0], "ready_at": at})
            else:
                facts["int_billing__threshold_crossings"].append({"usage_check_id": name})
                facts["int_metering__checked_windows"].append(
                    owner | {"usage_check_id": name, "usage_window_id": name, "window_part": "current", "from_at": BEGINS_AT, "to_at": BILLED_AT[0], "horizon_at": at}
                )
            for (charge, bucket, group), amount in bill.items():
                fee = {"fee_id": f"{name}/{charge}/{bucket}/{group}", "subscription_id": str(number), "charge_id": charge}
                key = {"charge_filter_id": bucket, "group_key": group}
                if is_last:
                    facts["int_billing__fees"].append(fee | key | {"invoice_id": name, "fee_type": "charge", "amount_cents": amount})
                else:
                    facts["int_billing__usage_fees"].append(fee | key | {"usage_window_id": name, "fee_state": "checked", "units": 1, "amount": 1, "events_count": 1})
                    facts["int_billing__checked_amounts"].append({"fee_id": fee["fee_id"], "fee_state": "checked", "pay_in_advance": False, "amount_cents": amount})
    with open_connection() as connection:
        target = "int_billing__progressive_totals"
        graph().run(connection, [target], give_all(connection, graph(), [target], facts))
        rows = rows_of(connection, target)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["ready_at"]):
        found[row["customer_id"]].append(row)
    parts = ("fees_amount_cents", "progressive_billing_credit_amount_cents", "credit_note_amount_cents")
    return [[(row[parts[0]], row[parts[1]], row[parts[2]]) for row in found[str(number)]] for number in range(len(cases))]


@BATCHED
@given(st.lists(bills, min_size=CASES, max_size=CASES))
def test_each_bill_credits_the_fees_before_it_and_no_more(drawn: list[Any]) -> None:
    """Per fee, what grows is billed and what falls is given back, so in all the last bill's fees are paid."""
    for case, found in zip(drawn, amounts_by_sql(drawn), strict=True):
        if len(case) == 1:
            assert found == []  # a period without progressive invoices is a bill like any other
            continue
        before: Mapping[tuple[Any, ...], int] = {}
        for bill, (fees, credit, returned) in zip(case, found, strict=True):
            assert fees == sum(bill.values())
            assert credit == sum(min(amount, bill.get(key, 0)) for key, amount in before.items()), case
            assert returned == sum(max(amount - bill.get(key, 0), 0) for key, amount in before.items()), case
            event(f"gives back: {returned > 0}")
            before = bill
        assert sum(fees - credit - returned for fees, credit, returned in found) == sum(case[-1].values())


@dataclass(frozen=True)
class Drawn:
    """A subscription's usage (when it is sent, how late, of which team, how much), its thresholds, and the ticks at which it is looked at."""

    name: str
    charges: Sequence[Mapping[str, Any]]
    fixed: Sequence[int]
    recurring: int | None
    usage: Sequence[tuple[datetime, timedelta, str, int]]
    ticks: Sequence[datetime]

    @property
    def grows(self) -> bool:
        """More usage never costs less in all."""
        return all(charge["charge_model"] != "volume" for charge in self.charges)


@dataclass(frozen=True)
class Computed:
    """The rows of MODELS by name, and the customer of each drawn subscription and of its twin without thresholds."""

    drawn: Sequence[Drawn]
    rows: Mapping[str, list[dict[str, Any]]]
    customer_ids: Mapping[str, str]

    def of(self, model: str, name: str) -> list[dict[str, Any]]:
        return [row for row in self.rows[model] if row["customer_id"] == self.customer_ids[name]]


def draw(seed: int) -> Drawn:
    random = Random(seed)
    minutes = 24 * 60 * (BILLED_AT[-1] - BEGINS_AT).days
    instants = sorted({BEGINS_AT + timedelta(minutes=random.randrange(1, minutes)) for _ in range(random.randint(3, 12))})
    usage = [(at, timedelta(hours=random.choice((0, 0, 0, 1, 50))), random.choice(("red", "blue")), random.choice((0, 1, 3, 7, 20, 30, 100))) for at in instants]
    ticks = {at + timedelta(minutes=random.choice((0, 0, 1, 600, 6000))) for at in instants if random.random() < 0.8}
    fixed = random.sample((1, 100, 500, 1000, 2500, 4000, 8000), random.randint(0, 4))
    recurring = random.choice((None, 300, 1000)) if fixed else 700
    return Drawn(f"drawn-{seed}", random.sample(CHARGES, random.randint(1, 2)), fixed, recurring, usage, sorted(ticks))


def play(world: World, drawn: Drawn, has_thresholds: bool, discounted: int | None = None) -> str:
    """The drawn subscription on a clock of its own, with or without its thresholds, and with a coupon and a tax where `discounted` says of which kind; returns its customer."""
    name = drawn.name if has_thresholds else f"{drawn.name}-plain"
    with world.unit() as uow:
        clock = {"test_clock_id": test_clocks.create(uow, name, BEGINS_AT - timedelta(days=1)).id}
        for job, ticks in (("usage", drawn.ticks), ("periodic", BILLED_AT)):
            schedules.add_ticks(uow, schedules.put(uow, job, first_at=BEGINS_AT, every_seconds=None, **clock), ticks)
        metric = billable_metrics.create(uow, code=name, name=name, aggregation_type="sum_agg", field_name="value", **clock)
        thresholds = [{"amount_cents": amount, "recurring": False} for amount in drawn.fixed]
        thresholds += [{"amount_cents": amount, "recurring": True} for amount in [drawn.recurring] if amount is not None]
        plans.create(
            uow, code=name, name=name, interval="monthly", amount_cents=1000, amount_currency="EUR", usage_thresholds_input=thresholds if has_thresholds else [],
            charges_input=[{"code": f"{name}-{place}", "billable_metric_id": metric.id, **charge} for place, charge in enumerate(drawn.charges)], **clock,
        )  # fmt: skip
        tax_codes = [] if discounted is None else [taxes.create(uow, code=name, name=name, rate="7.7", **clock).code]
        billing_entities.create(uow, code=name, name=name, tax_codes=tax_codes, **clock)
        customer = customers.upsert(uow, name, currency="EUR", billing_entity_code=name, **clock)
    world.advance(clock["test_clock_id"], BEGINS_AT)
    with world.unit() as uow:
        subscriptions.create(uow, external_id=name, external_customer_id=name, plan_code=name, subscription_at=BEGINS_AT)
        if discounted is not None and COUPONS[discounted % len(COUPONS)]:
            coupons.create(uow, code=name, name=name, **COUPONS[discounted % len(COUPONS)], **clock)
            applied_coupons.apply(uow, external_customer_id=name, coupon_code=name)
    for at, late, team, value in drawn.usage:
        world.advance(clock["test_clock_id"], at)
        world.send_event(name, name, max(BEGINS_AT, at - late), {"value": str(value), "team": team})
    world.advance(clock["test_clock_id"], BILLED_AT[-1] + TICK)
    return customer.id


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Computed:
    world = World(tmp_path_factory.mktemp("progressive"), graph())
    drawn = [draw(seed) for seed in range(WORLDS)]
    owners = {each.name: play(world, each, True) for each in drawn} | {f"{each.name}-plain": play(world, each, False) for each in drawn}
    rows = world.compute([f"int_billing__{model}" for model in MODELS])
    return Computed(drawn, {model: rows[f"int_billing__{model}"] for model in MODELS}, owners)


def test_progressive_invoices_and_the_bill_add_up_to_the_usage_of_the_period(computed: Computed) -> None:
    """What a subscription without thresholds is billed is what one with them is, in more invoices."""
    counted = 0
    for each in computed.drawn:
        plain, fees = computed.of("fees", f"{each.name}-plain"), computed.of("fees", each.name)
        total = sum(fee["amount_cents"] for fee in plain if fee["invoice_id"])
        invoices = computed.of("progressive_totals", each.name)
        told = {row["invoice_id"] for row in invoices}
        billed = sum(row["uncredited_amount_cents"] - row["credit_note_amount_cents"] for row in invoices)
        assert billed + sum(fee["amount_cents"] for fee in fees if fee["invoice_id"] and fee["invoice_id"] not in told) == total, each
        assert all(row["uncredited_amount_cents"] >= 0 for row in invoices), each
        counted += len(invoices)
    assert counted > 2 * WORLDS
    assert sum(row["credit_note_amount_cents"] > 0 for row in computed.rows["progressive_totals"]) >= 5


def looks_of(computed: Computed, name: str) -> list[tuple[str, int, int]]:
    """(look, what was billed by then, lifetime usage), in order."""
    looks = sorted(computed.of("usage_totals", name), key=lambda row: row["checked_at"])
    settled = [look["historical_amount_cents"] + look["invoiced_amount_cents"] for look in looks]
    return [(look["usage_check_id"], done, done + look["current_amount_cents"]) for look, done in zip(looks, settled, strict=True)]


def crossings_of(computed: Computed, name: str, is_recurring: bool) -> list[tuple[str, int]]:
    """(look, amount reached), in order."""
    looks = {look for look, _, _ in looks_of(computed, name)}
    rows = [row for row in computed.rows["threshold_crossings"] if row["usage_check_id"] in looks and row["is_recurring"] == is_recurring]
    return [(row["usage_check_id"], row["reached_amount_cents"]) for row in sorted(rows, key=lambda row: (row["checked_at"], row["amount_cents"]))]


def test_each_fixed_threshold_is_passed_once_whatever_the_ticks(computed: Computed) -> None:
    """By the first look that sees usage reach it; a threshold that bills had reached before any look is passed by none."""
    counted = 0
    for each in (each for each in computed.drawn if each.grows):
        wanted = []
        for amount in sorted(each.fixed):
            reaching = [(look, done) for look, done, total in looks_of(computed, each.name) if total >= amount]
            wanted += [(look, amount) for look, done in reaching[:1] if done < amount]
        found = crossings_of(computed, each.name, is_recurring=False)
        assert sorted(found) == sorted(wanted), each
        counted += len(found)
    assert counted > WORLDS // 2


def test_each_step_of_a_recurring_threshold_is_passed_once(computed: Computed) -> None:
    """At each look the last step that usage reached, if bills and the looks before had not."""
    counted = 0
    for each in (each for each in computed.drawn if each.grows and each.recurring):
        base, wanted, reached = max(each.fixed, default=0), [], 0
        for look, done, total in looks_of(computed, each.name):
            steps = max(total - base, 0) // each.recurring
            if steps > max(reached, max(done - base, 0) // each.recurring):
                wanted.append((look, base + steps * each.recurring))
            reached = max(reached, steps)
        found = crossings_of(computed, each.name, is_recurring=True)
        assert found == wanted, each
        counted += len(found)
    assert counted > WORLDS // 2


def settled_world(folder: Path) -> tuple[World, list[str]]:
    """Drawn subscriptions with coupons and a tax, whose progressive invoices are really issued."""
    world = World(folder, graph())
    owners = [play(world, draw(seed), True, discounted=seed) for seed in range(SETTLED)]
    return world, owners


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, list[str], Mapping[str, Any]]:
    world, owners = settled_world(tmp_path_factory.mktemp("settled"))
    settlement, _ = world.settle()
    refuse_unless_conserved(settlement)
    return world, owners, settlement.tables


def test_an_invoice_credits_what_was_paid_before_and_pays_its_period_once(settled: tuple[World, list[str], Mapping[str, Any]]) -> None:
    """The last bill of a period credits its progressive invoice's fees less their coupons, in whole cents that sum to what was paid."""
    fees = settled[2]["fees"].to_pylist()
    invoices = {row["invoice_id"]: row for row in settled[2]["invoices"].to_pylist()}
    chains: dict[Any, list[str]] = defaultdict(list)
    for link in sorted(settled[2]["invoice_subscriptions"].to_pylist(), key=lambda link: link["issued_at"]):
        chains[link["subscription_id"], link["usage_from_at"]].append(link["invoice_id"])
    of_invoice: dict[str, dict[Any, Any]] = defaultdict(dict)
    for fee in fees:
        if fee["fee_type"] == "charge":
            of_invoice[fee["invoice_id"]][fee["charge_id"], fee["group_key"]] = fee
    credited = discounted = 0
    for chain in chains.values():
        assert [invoices[name]["invoice_type"] for name in chain] == ["progressive_billing"] * (len(chain) - 1) + ["subscription"]
        for before, after in zip([None, *chain], chain, strict=False):
            paid = paid_by_fee(of_invoice[before], invoices[before]) if before else {}
            for key, fee in of_invoice[after].items():
                assert fee["progressive_billing_credit_amount_cents"] == min(paid.get(key, 0), fee["amount_cents"])
                credited += paid.get(key, 0) > 0
                discounted += bool(key in paid and of_invoice[before][key]["precise_coupons_amount_cents"])
    assert credited > SETTLED
    assert discounted > 5


def paid_by_fee(fees: Mapping[Any, Any], invoice: Mapping[str, Any]) -> dict[Any, int]:
    """What was paid for each fee of a progressive invoice, in minor units that sum to its fees less its coupons (law 5)."""
    keys = sorted(fees, key=lambda key: fees[key]["fee_id"])
    weights = [fees[key]["amount_cents"] - fees[key]["precise_coupons_amount_cents"] for key in keys]
    return dict(zip(keys, allocate(invoice["fees_amount_cents"] - invoice["coupons_amount_cents"], weights), strict=True))


def test_progressive_invoices_do_not_depend_on_when_runs_were(settled: tuple[World, list[str], Mapping[str, Any]]) -> None:
    """Run at drawn times with drawn prefixes, the books are the same, row for row; so is a replay one invoice at a time."""
    world, owners, once = settled
    facts = world.facts()
    for seed in range(2):
        random, books = Random(seed), {name: table.slice(0, 0) for name, table in once.items()}
        span = (BILLED_AT[-1] - BEGINS_AT).total_seconds()
        runs = sorted(BEGINS_AT + timedelta(seconds=random.randrange(int(span))) for _ in range(4)) if seed else []
        for at in [*runs, BILLED_AT[-1] + TICK]:
            settlement, _ = world.settle(books, random.choice((1, 2, 5)) if seed else 1, facts=facts, as_of=dict.fromkeys(owners, at))
            books = {name: pa.concat_tables([table, settlement.tables[name]]) for name, table in books.items()}
        for name, table in once.items():
            assert rows_in_order(books[name]) == rows_in_order(table), name


def rows_in_order(table: pa.Table) -> list[str]:
    return sorted(str(row) for row in table.to_pylist())
