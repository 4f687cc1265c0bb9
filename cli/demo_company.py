"""A believable company for the demo: an LLM API with three plans in three currencies, 200 customers, three months of use.

Everything is drawn from one seed. The past is recorded at its own time through the ordinary catalog commands, and the
events land as ordinary landing files, so what follows is an ordinary run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from core.catalog import applied_coupons, billable_metrics, coupons, customers, plans, subscriptions, taxes, wallets
from core.catalog.unit_of_work import UnitOfWork, unit_of_work
from core.clock import ManualClock
from ingestion.landing import EVENT_SCHEMA, Landing

CUSTOMERS = 200
MONTHS = 3
MODELS = ("swift-1", "swift-1-mini", "atlas-2")
MARKETS = (
    ("USD", ("America/New_York", "America/Los_Angeles", "America/Sao_Paulo"), None),
    ("EUR", ("Europe/Paris", "Europe/Berlin", "Europe/Madrid"), "vat_20"),
    ("JPY", ("Asia/Tokyo",), "jct_10"),
)
# Whole units of each currency that one dollar's worth of price becomes.
SCALE = {"USD": 1, "EUR": 1, "JPY": 150}
PLANS = ("payg", "growth", "enterprise")
FIRST = (
    "Northwind",
    "Blue",
    "Silver",
    "Cobalt",
    "Maple",
    "Juniper",
    "Harbor",
    "Quiet",
    "Bright",
    "Granite",
    "Amber",
    "Lumen",
    "Cedar",
    "Velvet",
    "Orchid",
)
SECOND = (
    "Robotics",
    "Health",
    "Legal",
    "Studio",
    "Analytics",
    "Travel",
    "Games",
    "Finance",
    "Labs",
    "Media",
    "Logistics",
    "Learning",
    "Retail",
    "Biotech",
)


@dataclass(frozen=True)
class Subscriber:
    """One subscription of the demo: since when, and how much, it uses."""

    external_id: str
    plan: str
    since: datetime
    weight: float


def months_back(instant: datetime, months: int) -> datetime:
    """The first of the month, `months` before that of `instant`."""
    index = instant.year * 12 + instant.month - 1 - months
    return datetime(index // 12, index % 12 + 1, 1)


def found(engine: sa.Engine, clock: ManualClock, seed: int) -> list[Subscriber]:
    """Records the company's catalog at the clock's reading and returns its subscribers."""
    random = np.random.default_rng(seed)
    with unit_of_work(engine, clock) as uow:
        _prices(uow)
        subscribers = _customers(uow, random, clock.now())
    return subscribers


def _prices(uow: UnitOfWork) -> None:
    for code, name, rate in (("vat_20", "VAT", "20"), ("jct_10", "Consumption tax", "10")):
        taxes.create(uow, code=code, name=name, rate=rate)
    models = [{"key": "model", "values": list(MODELS)}]
    for code, name, aggregation, field in (
        ("input_tokens", "Input tokens", "sum_agg", "tokens"),
        ("output_tokens", "Output tokens", "sum_agg", "tokens"),
        ("images", "Images", "count_agg", None),
        ("seats", "Seats", "unique_count_agg", "user_id"),
    ):
        filters: dict[str, Any] = {"filters": models} if field == "tokens" else {}
        billable_metrics.create(uow, code=code, name=name, aggregation_type=aggregation, field_name=field, **filters)
    for currency in SCALE:
        for plan in PLANS:
            _plan(uow, plan, currency)
    coupons.create(
        uow,
        code="welcome",
        name="Welcome: 20 % for three invoices",
        coupon_type="percentage",
        percentage_rate="20",
        frequency="recurring",
        frequency_duration=3,
    )
    coupons.create(
        uow,
        code="launch",
        name="Launch credit",
        coupon_type="fixed_amount",
        amount_cents=5000,
        amount_currency="EUR",
        frequency="once",
    )


def _plan(uow: UnitOfWork, plan: str, currency: str) -> None:
    cents = (
        {"payg": 0, "growth": 9900, "enterprise": 250000}[plan]
        * (1 if currency != "JPY" else 3)
        // (1 if currency != "JPY" else 2)
    )
    charges = [
        _tokens(uow, plan, "input_tokens", currency, "0.0000025", "0.000001"),
        _tokens(uow, plan, "output_tokens", currency, "0.00001", "0.000004"),
        _charge(
            uow,
            "images",
            currency,
            "package",
            {"amount": _price("4", currency), "package_size": 100, "free_units": 100 if plan == "growth" else 0},
        ),
    ]
    if plan != "payg":
        charges.append(
            _charge(uow, "seats", currency, "standard", {"amount": _price("12" if plan == "growth" else "9", currency)})
        )
    plans.create(
        uow, code=f"{plan}_{currency.lower()}", name={"payg": "Pay as you go", "growth": "Growth", "enterprise": "Enterprise"}[plan], interval="monthly",
        amount_cents=cents, amount_currency=currency, pay_in_advance=plan == "growth", charges_input=charges,
    )  # fmt: skip


def _tokens(uow: UnitOfWork, plan: str, metric: str, currency: str, price: str, volume_price: str) -> dict[str, object]:
    if plan == "payg":
        mini = {
            "values": {"model": ["swift-1-mini"]},
            "invoice_display_name": f"{metric.replace('_', ' ').capitalize()}, mini",
            "properties": {"amount": _price(volume_price, currency)},
        }
        return _charge(uow, metric, currency, "standard", {"amount": _price(price, currency)}) | {"filters": [mini]}
    if plan == "growth":
        ranges = [
            {"from_value": "0", "to_value": "500000", "per_unit_amount": "0", "flat_amount": "0"},
            {
                "from_value": "500001",
                "to_value": "10000000",
                "per_unit_amount": _price(price, currency),
                "flat_amount": "0",
            },
            {
                "from_value": "10000001",
                "to_value": None,
                "per_unit_amount": _price(volume_price, currency),
                "flat_amount": "0",
            },
        ]
        return _charge(uow, metric, currency, "graduated", {"graduated_ranges": ranges})
    ranges = [
        {"from_value": "0", "to_value": "20000000", "per_unit_amount": _price(price, currency), "flat_amount": "0"},
        {
            "from_value": "20000001",
            "to_value": None,
            "per_unit_amount": _price(volume_price, currency),
            "flat_amount": "0",
        },
    ]
    return _charge(uow, metric, currency, "volume", {"volume_ranges": ranges})


def _charge(
    uow: UnitOfWork, metric: str, currency: str, model: str, properties: dict[str, object]
) -> dict[str, object]:
    return {
        "billable_metric_id": billable_metrics.get(uow.connection, metric).id,
        "code": metric,
        "charge_model": model,
        "properties": properties,
    }


def _price(dollars: str, currency: str) -> str:
    from core.domain.decimals import decimal_text, read_decimal

    price = read_decimal(dollars)
    assert price is not None
    return decimal_text(price * SCALE[currency])


def _customers(uow: UnitOfWork, random: np.random.Generator, now: datetime) -> list[Subscriber]:
    rows, links, subscribers = [], [], []
    for number in range(1, CUSTOMERS + 1):
        currency, zones, tax = MARKETS[int(random.choice(3, p=[0.5, 0.35, 0.15]))]
        plan = PLANS[int(random.choice(3, p=[0.55, 0.38, 0.07]))]
        external_id = f"customer_{number:03d}"
        name = f"{FIRST[int(random.integers(len(FIRST)))]} {SECOND[int(random.integers(len(SECOND)))]}"
        rows.append(
            {"external_id": external_id, "name": name, "email": f"billing+{number}@example.com", "currency": currency, "timezone": str(random.choice(zones)),
             "net_payment_term": 30 if plan == "enterprise" else 14, "invoice_grace_period": 2 if plan == "enterprise" else 0, "tax_codes": [tax] if tax else None}
        )  # fmt: skip
        since = now + timedelta(days=int(random.integers(0, 20)))
        links.append(
            {"external_id": f"{external_id}_main", "external_customer_id": external_id, "plan_code": f"{plan}_{currency.lower()}",
             "billing_time": "anniversary" if random.random() < 0.3 else "calendar", "subscription_at": since}
        )  # fmt: skip
        subscribers.append(
            Subscriber(
                f"{external_id}_main",
                plan,
                since,
                float(random.lognormal(0, 1)) * {"payg": 0.6, "growth": 1, "enterprise": 8}[plan],
            )
        )
    customers.create_many(uow, rows)
    subscriptions.create_many(uow, links)
    for row, subscriber in zip(rows, subscribers, strict=True):
        if random.random() < 0.2:
            applied_coupons.apply(uow, external_customer_id=str(row["external_id"]), coupon_code="welcome")
        elif row["currency"] == "EUR" and random.random() < 0.3:
            applied_coupons.apply(uow, external_customer_id=str(row["external_id"]), coupon_code="launch")
        if subscriber.plan == "payg" and random.random() < 0.4:
            credits = str(int(random.integers(2, 20)) * 10)
            wallets.create(
                uow,
                external_customer_id=str(row["external_id"]),
                name="Prepaid",
                rate_amount=str(SCALE[str(row["currency"])]),
                granted_credits=credits,
            )
    return subscribers


def land_usage(
    landing: Landing, subscribers: list[Subscriber], begin: datetime, end: datetime, count: int, seed: int
) -> Iterator[int]:
    """Lands `count` events between two instants, a file per day; yields the events landed so far."""
    random = np.random.default_rng(seed + 1)
    landed = 0
    for day, size in enumerate(_sizes(begin, (end - begin).days, count)):
        table = _day(random, subscribers, begin + timedelta(days=day), size, landed)
        with landing.lock() as writer:
            first = table["received_at"][0].as_py() if size else begin
            writer.write("events", first, f"file-demo-{seed}-{day:03d}", table)
        landed += size
        yield landed


def _sizes(begin: datetime, days: int, count: int) -> list[int]:
    """Events of each day, `count` together: use grows by half, and weekends are quieter."""
    weekends = [(begin + timedelta(days=day)).weekday() >= 5 for day in range(days)]
    shape = np.linspace(1, 1.5, days) * np.where(weekends, 0.6, 1)
    landed = np.rint(count * np.cumsum(shape) / shape.sum()).astype(int)
    return [int(size) for size in np.diff(landed, prepend=0)]


def _day(
    random: np.random.Generator,
    subscribers: list[Subscriber],
    day: datetime,
    size: int,
    offset: int,
) -> pa.Table:
    weights = np.array([subscriber.weight * (subscriber.since <= day) for subscriber in subscribers])
    owners = random.choice(len(subscribers), size=size, p=weights / weights.sum())
    kinds = random.choice(4, size=size, p=[0.46, 0.46, 0.06, 0.02])
    # Pay as you go has no seats: such a customer uses tokens instead.
    has_seats = np.array([subscriber.plan != "payg" for subscriber in subscribers])[owners]
    kinds[(kinds == 3) & ~has_seats] = 0
    # Most is used in the early afternoon, UTC.
    seconds = np.sort((random.normal(14 / 24, 5 / 24, size=size) % 1 * 86_400_000_000).astype(int))
    tokens = random.lognormal(7.2, 1.1, size=size).astype(int) + 1
    models = random.choice(len(MODELS), size=size, p=[0.5, 0.35, 0.15])
    users = random.integers(1, 40, size=size)
    codes = np.array(["input_tokens", "output_tokens", "images", "seats"], dtype=object)[kinds]
    properties = [
        json.dumps({"tokens": int(token), "model": MODELS[model]})
        if kind < 2
        else json.dumps({"user_id": f"user_{user}"})
        if kind == 3
        else "{}"
        for kind, token, model, user in zip(kinds, tokens, models, users, strict=True)
    ]
    occurred = np.datetime64(day, "us") + seconds.astype("timedelta64[us]")
    received = occurred + random.integers(100_000, 5_000_000, size=size).astype("timedelta64[us]")
    received = np.maximum.accumulate(received)
    return pa.table(
        {
            "external_subscription_id": [subscribers[owner].external_id for owner in owners],
            "transaction_id": [f"req_{offset + index:09d}" for index in range(size)],
            "code": codes.tolist(),
            "timestamp": occurred,
            "properties": properties,
            "precise_total_amount_cents": pa.nulls(size, pa.string()),
            "received_at": received,
            "received_sequence": np.arange(offset + 1, offset + size + 1),
            "source": ["demo"] * size,
            "source_row": pa.nulls(size, pa.int64()),
        },
        EVENT_SCHEMA,
    )
