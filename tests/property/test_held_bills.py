"""Usage out of the domain of money holds its own customer's bills back: the others are billed, and nothing is billed wrongly."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from core.billing.customer import CustomerFacts
from core.billing.held import EventNotHeld, refuse_while_held, set_aside
from core.catalog import (
    applied_coupons,
    billable_metrics,
    billing_entities,
    coupons,
    customers,
    plans,
    schedules,
    subscriptions,
    test_clocks,
)
from core.catalog.engine import reading
from core.catalog.export import export
from core.catalog.set_aside_events import SetAsideEvent
from core.errors import NotFound, UsageOutOfDomain
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from tests.support.books import Books, append, differences, refuse_unless_conserved
from tests.support.facts import open_connection
from tests.support.world import World

MONTHS = [datetime(2024, month, 1) for month in (1, 2, 3, 4)]
IN_GRACE = datetime(2024, 2, 3)
HUGE = "999999999999999"
LARGE = "50000000000000"
HELD = "int_billing__held_usage"
HELD_EVENTS = "int_ledger__held_events"
EVENT_STATES = "int_ledger__event_states"
TIERS = [
    {"from_value": 0, "to_value": 10, "per_unit_amount": "1", "flat_amount": "1"},
    {"from_value": 11, "to_value": None, "per_unit_amount": "2", "flat_amount": "0"},
]
MODELS: dict[str, dict[str, Any]] = {
    "standard": {"amount": "1"},
    "graduated": {"graduated_ranges": TIERS},
    "graduated_percentage": {"graduated_percentage_ranges": [{"from_value": 0, "to_value": None, "rate": "100", "flat_amount": "0"}]},
    "volume": {"volume_ranges": TIERS},
    "package": {"amount": "1", "package_size": 10, "free_units": 0},
    "percentage": {"rate": "50", "fixed_amount": "1", "free_units_per_events": 1, "per_transaction_max_amount": "5"},
    "dynamic": {},
}
AGGREGATIONS = ("sum_agg", "max_agg", "latest_agg", "weighted_sum_agg", "unique_count_agg")


class Customer:
    """A customer with one subscription on a plan and a test clock of its own."""

    def __init__(self, world: Any, name: str, charges: list[dict[str, Any]], grace: int = 0) -> None:
        """`charges` name their metric's terms under `metric`."""
        self.world, self.name = world, name
        with world.unit() as uow:
            self.clock = test_clocks.create(uow, name, MONTHS[0]).id
            on_clock: dict[str, Any] = {"test_clock_id": self.clock}
            schedules.put(uow, "periodic", first_at=MONTHS[0], every_seconds=3600, catch_up=True, **on_clock)
            billing_entities.create(uow, code=name, name=name, timezone="UTC", invoice_grace_period=grace, **on_clock)
            customers.upsert(uow, name, billing_entity_code=name, currency="EUR", **on_clock)
            sold = []
            for charge in charges:
                metric = billable_metrics.create(uow, name="M", **charge["metric"], **on_clock)
                sold.append({name: value for name, value in charge.items() if name != "metric"} | {"billable_metric_id": metric.id})
            plans.create(uow, code=name, name=name, interval="monthly", amount_cents=100, amount_currency="EUR", charges_input=sold, **on_clock)
            subscriptions.create(uow, external_id=name, external_customer_id=name, plan_code=name, subscription_at=MONTHS[0])
            self.id = customers.get(uow.connection, name).id

    def send(self, at: datetime, value: str, code: str | None = None) -> None:
        self.world.send_event(self.name, code or f"{self.name}-units", at, {"value": value})

    def lines(self, books: Books) -> list[tuple[int, int]]:
        """(month, cents) of what was used, of its issued bills."""
        rows = books["fees"].to_pylist()
        return sorted((row["from_at"].month, row["amount_cents"]) for row in rows if row["customer_id"] == self.id and row["fee_type"] == "charge")


def sold(name: str, amount: str = "1", **terms: Any) -> dict[str, Any]:
    metric = {"code": f"{name}-units", "aggregation_type": "sum_agg", "field_name": "value"}
    return {"metric": metric, "charge_model": "standard", "properties": {"amount": amount}} | terms


class Story:
    """Customers whose January holds too much, at two runs: while the grace periods last, and in April."""

    def __init__(self, folder: Path) -> None:
        self.world = world = World(folder, PricingGraph.load())
        self.stuck = Customer(world, "stuck", [sold("stuck")])
        self.other = Customer(world, "other", [sold("other")])
        self.corrected = Customer(world, "corrected", [sold("corrected")], grace=5)
        self.lowered = Customer(world, "lowered", [sold("lowered", "3")], grace=5)
        self.advance = Customer(world, "advance", [sold("advance", pay_in_advance=True, invoiceable=True)])
        self.everybody = (self.stuck, self.other, self.corrected, self.lowered, self.advance)
        for customer, value in ((self.stuck, HUGE), (self.other, "7"), (self.corrected, HUGE), (self.lowered, LARGE), (self.advance, "2")):
            customer.send(datetime(2024, 1, 10), value)
        world.advance(self.advance.clock, datetime(2024, 1, 20))
        self.advance.send(datetime(2024, 1, 20), HUGE)
        for customer in self.everybody:
            world.advance(customer.clock, IN_GRACE)
        settlement, _ = world.settle()
        refuse_unless_conserved(settlement)
        self.in_grace = append({}, settlement)
        self.held_in_grace = self.held()
        self.corrected.send(datetime(2024, 1, 11), "-999999999999990")
        with world.unit() as uow:
            metric = billable_metrics.get(uow.connection, "lowered-units")
            edited = {"billable_metric_id": metric.id, "charge_model": "standard", "properties": {"amount": "1"}}
            plans.update(uow, "lowered", charges_input=[edited], test_clock_id=self.lowered.clock)
        for customer in self.everybody:
            customer.send(datetime(2024, 2, 10), "1")
            world.advance(customer.clock, MONTHS[3])
        settlement, _ = world.settle(self.in_grace)
        refuse_unless_conserved(settlement)
        self.at_the_end = append(self.in_grace, settlement)

    def check(self, customer: Customer) -> None:
        """What a command asks before it wants an invoice of this customer."""
        with reading(self.world.engine) as catalog:
            exported = export(catalog, [customer.id])
        events = pa.Table.from_pylist(self.world.events)
        facts = CustomerFacts(exported, [customer.name], self.world.wall.now(), [events])
        connection = open_connection()
        connection.execute("attach ':memory:' as books")
        for node in self.world.graph.sources("books"):
            connection.execute(f"create table {node.relation} ({node.declared})")
        refuse_while_held(connection, self.world.graph, facts, has_warehouse=False)

    def held(self) -> set[tuple[str, str, str, str]]:
        """(customer, state of the bill, item, units)."""
        rows = self.world.compute([HELD])[HELD]
        return {(row["external_subscription_id"], row["bill_state"], row["item_code"], f"{row['units'].normalize():f}") for row in rows}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story(Path(tmp_path_factory.mktemp("held")))


def test_others_are_billed(story: Story) -> None:
    assert story.other.lines(story.in_grace) == [(1, 700)]
    assert story.other.lines(story.at_the_end) == [(1, 700), (2, 100)]


def test_what_is_held_is_listed_with_its_bill(story: Story) -> None:
    assert story.held_in_grace >= {
        ("stuck", "due", "stuck-units", HUGE),
        ("corrected", "draft", "corrected-units", HUGE),
        ("lowered", "draft", "lowered-units", LARGE),
        ("advance", "due", "advance-units", "1000000000000001"),
    }
    assert {row[0] for row in story.held_in_grace} == {"stuck", "corrected", "lowered", "advance"}
    assert {row[0] for row in story.held()} == {"stuck", "advance"}


def test_a_bill_past_its_cutoff_waits_with_all_that_comes_after_it(story: Story) -> None:
    """Never billed as zero, and the next bills keep their order; what came before is issued."""
    issued = [row for row in story.at_the_end["invoices"].to_pylist() if row["customer_id"] == story.stuck.id]
    assert issued == []
    assert story.advance.lines(story.at_the_end) == [(1, 200)]


def test_a_correction_before_the_cutoff_lets_the_bill_go(story: Story) -> None:
    assert story.corrected.lines(story.in_grace) == story.lowered.lines(story.in_grace) == []
    assert story.corrected.lines(story.at_the_end) == [(1, 900), (2, 100)]
    assert story.lowered.lines(story.at_the_end) == [(1, int(LARGE) * 100), (2, 100)]


def test_a_command_that_wants_its_invoice_now_is_refused_for_the_customer_that_is_held(story: Story) -> None:
    """No warehouse has been published here, and none is asked: the facts of the moment decide."""
    story.check(story.other)
    story.check(story.corrected)
    with pytest.raises(UsageOutOfDomain, match=f"{HUGE} units of stuck-units on subscription stuck"):
        story.check(story.stuck)
    with pytest.raises(UsageOutOfDomain, match="advance-units"):
        story.check(story.advance)


def test_one_run_at_the_end_gives_the_same_books(story: Story) -> None:
    assert differences(story.at_the_end, append({}, story.world.settle()[0])) == []


def test_every_event_is_in_one_state(story: Story) -> None:
    states = {row["event_state"]: row["events_count"] for row in story.world.compute([EVENT_STATES])[EVENT_STATES]}
    assert sum(states.values()) == states["due"] == len(story.world.events)


def test_no_charge_stops_a_run(tmp_path: Path) -> None:
    """Every charge model on every aggregation, in arrears and in advance, prorated where it can be, with the largest values there are."""
    world = World(tmp_path, PricingGraph.load())
    charges: list[dict[str, Any]] = []
    for model, properties in MODELS.items():
        for aggregation in AGGREGATIONS:
            recurring = aggregation in ("sum_agg", "unique_count_agg", "weighted_sum_agg")
            terms: dict[str, Any] = {"weighted_interval": "seconds"} if aggregation == "weighted_sum_agg" else {}
            metric = {"code": f"{model}-{aggregation}", "aggregation_type": aggregation, "field_name": "value", "recurring": recurring} | terms
            prorated = recurring and aggregation != "weighted_sum_agg" and model in ("standard", "graduated", "volume")
            if not (model == "dynamic" and aggregation != "sum_agg") and not ("percentage" in model and aggregation == "latest_agg"):
                charges.append({"metric": metric, "charge_model": model, "properties": properties, "prorated": prorated})
    # Usage that is in the domain, times the price of a SQL charge that is not (`storage_zones`: a price per zone).
    zones = {"sql_charge": "storage_zones", "custom_properties": {"ranges": [{"from": "0", "to": None, "eu": "20"}]}}
    own = {"code": "custom", "aggregation_type": "sum_agg", "field_name": "value"}
    charges.append({"metric": own, "charge_model": "custom", "properties": zones})
    in_advance = [
        {
            "metric": {"code": f"advance-{model}", "aggregation_type": "sum_agg", "field_name": "value"},
            "charge_model": model,
            "properties": MODELS[model],
            "pay_in_advance": True,
        }
        for model in ("standard", "graduated", "package", "percentage")
    ]
    customer = Customer(world, "all", charges + in_advance)
    other = Customer(world, "other", [sold("other")])
    other.send(datetime(2024, 1, 10), "7")
    for code in [charge["metric"]["code"] for charge in charges + in_advance]:
        for day, value in ((10, "3"), (11, HUGE), (12, "-" + HUGE), (13, HUGE), (14, HUGE)):
            if code != "custom":
                customer.send(datetime(2024, 1, day), value, code)
    with_zone = {"value": "10000000000000", "storage_zone": "eu"}
    world.send_event("all", "custom", datetime(2024, 1, 15), with_zone)
    for clock in (customer.clock, other.clock):
        world.advance(clock, MONTHS[2])
    settlement, _ = world.settle()
    refuse_unless_conserved(settlement)
    books = append({}, settlement)
    assert other.lines(books) == [(1, 700)]
    held = {row["item_code"] for row in world.compute([HELD])[HELD]}
    codes = {charge["metric"]["code"] for charge in charges + in_advance}
    assert {code for code in codes if "unique" not in code} - held <= {"dynamic-sum_agg"}


def test_a_coupon_on_a_large_bill_stops_nobody(tmp_path: Path) -> None:
    """Its use times the line has 42 digits: more than a decimal holds, and yet the bill is far below what is held back."""
    world = World(tmp_path, PricingGraph.load())
    customer = Customer(world, "large", [sold("large"), sold("small")])
    with world.unit() as uow:
        terms: dict[str, Any] = {"coupon_type": "percentage", "percentage_rate": "50", "frequency": "forever"}
        coupons.create(uow, code="half", name="Half", test_clock_id=customer.clock, **terms)
        applied_coupons.apply(uow, external_customer_id="large", coupon_code="half")
    customer.send(datetime(2024, 1, 10), LARGE)
    customer.send(datetime(2024, 1, 10), "1", "small-units")
    world.advance(customer.clock, MONTHS[1])
    settlement, _ = world.settle()
    refuse_unless_conserved(settlement)
    (invoice,) = append({}, settlement)["invoices"].to_pylist()
    fees_cents = int(LARGE) * 100 + 200  # one unit of each of both, and the plan
    assert (invoice["fees_amount_cents"], invoice["coupons_amount_cents"]) == (fees_cents, fees_cents // 2)


class AsideStory:
    """Customers that set an event aside after their bill was held back, and the books of two ways to run meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.world = world = World(folder, PricingGraph.load())
        self.settings = Settings(home=folder)
        self.stuck = Customer(world, "stuck", [sold("stuck")])
        self.advance = Customer(world, "advance", [sold("advance", pay_in_advance=True, invoiceable=True)])
        self.standalone = Customer(world, "standalone", [sold("standalone", pay_in_advance=True, invoiceable=False)])
        self.everybody = (self.stuck, self.advance, self.standalone)
        for customer in self.everybody:
            customer.send(datetime(2024, 1, 9), "7")
            world.advance(customer.clock, datetime(2024, 1, 10))
            customer.send(datetime(2024, 1, 10), HUGE)
            customer.send(datetime(2024, 1, 11), "3")
            world.advance(customer.clock, IN_GRACE)
        settlement, _ = world.settle()
        self.held = append({}, settlement)
        self.events = [event["transaction_id"] for event in world.events if event["properties"] == f'{{"value": "{HUGE}"}}']
        self.rows = world.compute([HELD_EVENTS])[HELD_EVENTS]
        for customer, event in zip(self.everybody, self.events, strict=True):
            self.set_aside(customer, event)
            customer.send(datetime(2024, 2, 10), "1")
            world.advance(customer.clock, MONTHS[2])
        settlement, _ = world.settle(self.held)
        refuse_unless_conserved(settlement)
        self.in_march = append(self.held, settlement)
        for customer in self.everybody:
            world.advance(customer.clock, MONTHS[3])
        settlement, _ = world.settle(self.in_march)
        self.at_the_end = append(self.in_march, settlement)

    def set_aside(self, customer: Any, transaction_id: str, reason: str = "a test") -> SetAsideEvent:
        """The command, as `tallystick set-aside` gives it."""

        def events_of(customer_id: str) -> list[dict[str, Any]]:
            return [row for row in self.world.compute([HELD_EVENTS])[HELD_EVENTS] if row["customer_id"] == customer_id]

        identity = {"external_subscription_id": customer.name, "transaction_id": transaction_id}
        return set_aside(self.settings, self.world.wall, events_of, **identity, reason=reason, set_aside_by="us")


@pytest.fixture(scope="module")
def aside(tmp_path_factory: pytest.TempPathFactory) -> AsideStory:
    return AsideStory(Path(tmp_path_factory.mktemp("aside")))


def test_the_events_behind_what_is_held_are_listed(aside: AsideStory) -> None:
    """In advance also what came before, which has a fee of its own."""
    huge, stuck = set(aside.events), {event["transaction_id"] for event in aside.world.events if event["external_subscription_id"] == "stuck"}
    listed = {(row["external_subscription_id"], row["transaction_id"] in huge, row["is_billed"]) for row in aside.rows}
    assert listed >= {("stuck", True, False), ("advance", True, False), ("advance", False, True), ("standalone", True, False)}
    assert len({row["transaction_id"] for row in aside.rows} & stuck) == 3
    assert not any(row["is_billed"] for row in aside.rows if row["transaction_id"] in huge or row["external_subscription_id"] == "stuck")


def test_an_event_set_aside_lets_the_bill_go_and_all_that_come_after_it(aside: AsideStory) -> None:
    assert aside.stuck.lines(aside.held) == []
    assert aside.advance.lines(aside.held) == aside.standalone.lines(aside.held) == [(1, 700)]
    assert aside.stuck.lines(aside.in_march) == aside.stuck.lines(aside.at_the_end) == [(1, 1000), (2, 100)]
    assert aside.advance.lines(aside.at_the_end) == aside.standalone.lines(aside.at_the_end) == [(1, 300), (1, 700), (2, 100)]
    assert {row["bill_state"] for row in aside.world.compute([HELD])[HELD]} == set()


def test_the_books_are_the_same_whenever_it_was_billed(aside: AsideStory) -> None:
    assert differences(aside.at_the_end, append({}, aside.world.settle()[0])) == []
    clocks = {customer.id: IN_GRACE for customer in aside.everybody}
    books = append(aside.held, aside.world.settle(aside.held, as_of=clocks)[0])
    assert aside.stuck.lines(books) == [(1, 1000)]
    assert differences(aside.at_the_end, append(books, aside.world.settle(books)[0])) == []


def test_an_event_set_aside_is_in_a_state_of_its_own(aside: AsideStory) -> None:
    states = {row["event_state"]: row["events_count"] for row in aside.world.compute([EVENT_STATES])[EVENT_STATES]}
    assert states["set_aside"] == len(aside.events)
    assert sum(states.values()) == len(aside.world.events)


def test_only_what_holds_a_bill_back_can_be_set_aside(aside: AsideStory) -> None:
    assert aside.set_aside(aside.stuck, aside.events[0], reason="again").reason == "a test"
    with pytest.raises(EventNotHeld, match="holds no bill back"):
        aside.set_aside(aside.stuck, aside.world.events[2]["transaction_id"])
    with pytest.raises(EventNotHeld, match="holds no bill back"):
        aside.set_aside(aside.stuck, "unknown")
    with pytest.raises(NotFound):
        aside.set_aside(SimpleNamespace(name="nobody"), "unknown")


def test_what_an_earlier_bill_has_counted_stays(tmp_path: Path) -> None:
    """A recurring metric counts it again in the next period, at a price that is too high; the event that came since can go."""
    world = World(tmp_path, PricingGraph.load())
    seats = sold("seats")
    seats["metric"]["recurring"] = True
    customer = Customer(world, "seats", [seats])
    customer.send(datetime(2024, 1, 10), LARGE)
    world.advance(customer.clock, MONTHS[1])
    customer.send(datetime(2024, 2, 1), LARGE)
    world.advance(customer.clock, MONTHS[2])
    rows = {row["transaction_id"]: row["is_billed"] for row in world.compute([HELD_EVENTS])[HELD_EVENTS]}
    assert rows == {"event-0": True, "event-1": False}
    story = AsideStory.__new__(AsideStory)
    story.world, story.settings = world, Settings(home=tmp_path)
    with pytest.raises(EventNotHeld, match="part of an earlier bill"):
        story.set_aside(customer, "event-0")
    story.set_aside(customer, "event-1")
    assert customer.lines(append({}, world.settle()[0])) == [(1, int(LARGE) * 100), (2, int(LARGE) * 100)]
