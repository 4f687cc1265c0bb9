"""Lago's official Python client, unchanged, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lago_python_client.client import Client
from lago_python_client.exceptions import LagoApiError
from lago_python_client.models import (
    AddOn,
    AppliedCoupon,
    BatchEvent,
    BillableMetric,
    BillableMetricFilter,
    BillableMetricFilters,
    Charge,
    ChargeFilter,
    ChargeFilters,
    Charges,
    Coupon,
    Customer,
    CustomerBillingConfiguration,
    Event,
    Plan,
    Subscription,
    Tax,
)

from tests.e2e.api_server import ApiServer, install


@pytest.fixture(scope="module")
def lago(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The client, with a key that works."""
    settings, key = install(Path(tmp_path_factory.mktemp("lago")) / "home")
    server = ApiServer(settings)
    yield Client(api_key=key, api_url=server.url)
    server.stop()


def test_the_way_of_a_new_customer(lago: Client) -> None:
    region = BillableMetricFilter(key="region", values=["us", "eu"])
    metric = lago.billable_metrics.create(
        BillableMetric(
            name="Tokens",
            code="tokens",
            aggregation_type="sum_agg",
            field_name="count",
            recurring=False,
            filters=BillableMetricFilters(__root__=[region]),
        )
    )
    assert lago.billable_metrics.find("tokens").lago_id == metric.lago_id
    tax = lago.taxes.create(Tax(name="VAT", code="vat", rate=20.0))
    assert tax.rate == 20.0

    european = ChargeFilter(values={"region": ["eu"]}, properties={"amount": "0.02"}, invoice_display_name="EU")
    charge = Charge(
        billable_metric_id=metric.lago_id,
        charge_model="standard",
        properties={"amount": "0.01"},
        filters=ChargeFilters(__root__=[european]),
    )
    plan = lago.plans.create(
        Plan(
            name="Pro",
            code="pro",
            interval="monthly",
            amount_cents=4900,
            amount_currency="EUR",
            pay_in_advance=False,
            charges=Charges(__root__=[charge]),
            tax_codes=["vat"],
        )
    )
    assert plan.charges.__root__[0].filters.__root__[0].values == {"region": ["eu"]}

    customer = lago.customers.create(
        Customer(
            external_id="acme",
            name="Acme",
            currency="EUR",
            timezone="Europe/Paris",
            billing_configuration=CustomerBillingConfiguration(invoice_grace_period=2),
        )
    )
    assert customer.applicable_timezone == "Europe/Paris"
    assert lago.customers.find("acme").billing_configuration.invoice_grace_period == 2

    subscription = lago.subscriptions.create(
        Subscription(external_customer_id="acme", plan_code="pro", external_id="acme-pro", billing_time="calendar")
    )
    assert subscription.status == "active"
    assert lago.subscriptions.find("acme-pro").lago_id == subscription.lago_id
    assert lago.subscriptions.find_all({"external_customer_id": "acme"})["meta"]["total_count"] == 1

    sent = lago.events.create(
        Event(transaction_id="one", external_subscription_id="acme-pro", code="tokens", properties={"count": 5})
    )
    assert sent.transaction_id == "one"
    lago.events.batch_create(
        BatchEvent(
            events=[
                Event(
                    transaction_id=f"b{n}", external_subscription_id="acme-pro", code="tokens", properties={"count": n}
                )
                for n in range(3)
            ]
        )
    )


def test_discounts_and_add_ons(lago: Client) -> None:
    lago.customers.create(Customer(external_id="saver"))
    coupon = lago.coupons.create(
        Coupon(
            name="Ten",
            code="ten",
            coupon_type="percentage",
            percentage_rate=10.0,
            frequency="once",
            expiration="no_expiration",
        )
    )
    assert (coupon.expiration, float(coupon.percentage_rate)) == ("no_expiration", 10.0)
    applied = lago.applied_coupons.create(AppliedCoupon(external_customer_id="saver", coupon_code="ten"))
    assert applied.coupon_code == "ten"
    assert lago.applied_coupons.find_all({"external_customer_id": "saver"})["meta"]["total_count"] == 1
    assert lago.applied_coupons.destroy("saver", applied.lago_id).lago_id == applied.lago_id
    add_on = lago.add_ons.create(AddOn(name="Setup", code="setup", amount_cents=900, amount_currency="EUR"))
    assert lago.add_ons.find("setup").lago_id == add_on.lago_id
    assert lago.billing_entities.find_all()["billing_entities"][0].is_default


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        (lambda lago: lago.plans.find("nothing"), 404, "plan_not_found"),
        (lambda lago: lago.taxes.create(Tax(name="x", code="", rate=1.0)), 422, "validation_errors"),
        (lambda lago: lago.credit_notes.find_all(), 404, "resource_not_found"),
    ],
)
def test_errors_reach_the_caller(lago: Client, call: Any, status: int, code: str) -> None:
    with pytest.raises(LagoApiError) as caught:
        call(lago)
    assert (caught.value.status_code, caught.value.response["code"]) == (status, code)


def test_a_wrong_key_is_told(lago: Client) -> None:
    stranger = Client(api_key="wrong", api_url=lago.base_api_url.removesuffix("api/v1/"))
    with pytest.raises(LagoApiError) as caught:
        stranger.plans.find_all()
    assert caught.value.status_code == 401
