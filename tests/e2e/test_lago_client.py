"""Lago's official Python client, unchanged, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
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
    InvoiceFee,
    InvoiceFeesList,
    OneOffInvoice,
    Payment,
    Plan,
    Subscription,
    Tax,
    Wallet,
    WalletTransaction,
    WebhookEndpoint,
)
from lago_python_client.models.charge import ChargeOverrides, ChargesOverrides
from lago_python_client.models.credit_note import CreditNote, CreditNoteEstimate, Item, Items
from lago_python_client.models.plan import PlanOverrides

from core.catalog import customers, schedules, test_clocks
from core.catalog.engine import connect
from core.catalog.unit_of_work import unit_of_work
from core.clock import SystemClock
from core.settings import Settings
from orchestration.run import run
from tests.e2e.api_server import ApiServer, install


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, str]:
    """A home and its key."""
    return install(Path(tmp_path_factory.mktemp("lago")) / "home")


@pytest.fixture(scope="module")
def lago(installation: tuple[Settings, str]) -> Iterator[Client]:
    """The client, with a key that works."""
    settings, key = installation
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
    assert lago.events.find("one").external_subscription_id == "acme-pro"
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
    usage = lago.customers.current_usage("acme", "acme-pro")
    assert (usage.amount_cents, usage.charges_usage[0].units, usage.charges_usage[0].events_count) == (8, "8.0", 4)


def test_a_subscription_with_terms_of_its_own(lago: Client) -> None:
    metric = lago.billable_metrics.create(BillableMetric(name="Calls", code="own_calls", aggregation_type="count_agg", recurring=False))
    charge = Charge(billable_metric_id=metric.lago_id, charge_model="standard", properties={"amount": "1"})
    terms = {"interval": "monthly", "amount_cents": 3000, "amount_currency": "EUR", "pay_in_advance": False}
    plan = lago.plans.create(Plan(name="List", code="list", charges=Charges(__root__=[charge]), **terms))
    own = ChargeOverrides(id=plan.charges.__root__[0].lago_id, properties={"amount": "0.5"})
    overrides = PlanOverrides(amount_cents=2000, charges=ChargesOverrides(__root__=[own]))
    made = lago.subscriptions.create(
        Subscription(external_customer_id="dealer", plan_code="list", external_id="deal", plan_overrides=overrides)
    )
    assert (made.plan_code, int(made.plan_amount_cents)) == ("list", 2000)
    assert lago.subscription_charges.find("deal", "own_calls").properties == {"amount": "0.5"}
    lago.events.create(Event(transaction_id="own", external_subscription_id="deal", code="own_calls"))
    assert lago.customers.current_usage("dealer", "deal").amount_cents == 50
    lago.subscription_charges.update("deal", "own_calls", ChargeOverrides(properties={"amount": "0.25"}))
    assert lago.customers.current_usage("dealer", "deal").amount_cents == 25
    cheaper = PlanOverrides(charges=ChargesOverrides(__root__=[own]))
    lago.subscriptions.create(
        Subscription(external_customer_id="dealer", plan_code="list", external_id="cheaper", plan_overrides=cheaper)
    )
    lago.plans.update(Plan(amount_cents=4000, cascade_updates=True), "list")
    assert [int(lago.subscriptions.find(each).plan_amount_cents) for each in ("deal", "cheaper")] == [2000, 4000]
    assert [each.code for each in lago.plans.find_all()["plans"]].count("list") == 1


def test_prepaid_credits(lago: Client) -> None:
    lago.customers.create(Customer(external_id="prepaid", currency="EUR"))
    wallet = lago.wallets.create(Wallet(external_customer_id="prepaid", rate_amount="1.5", granted_credits="10"))
    assert lago.wallets.find(wallet.lago_id).balance_cents == 1500
    bought = lago.wallet_transactions.create(WalletTransaction(wallet_id=wallet.lago_id, paid_credits="4"))
    assert [row.status for row in bought["wallet_transactions"]] == ["pending"]
    (invoice,) = lago.invoices.find_all({"external_customer_id": "prepaid"})["invoices"]
    assert (invoice.invoice_type, invoice.total_due_amount_cents) == ("credit", 600)
    lago.payments.create(Payment(invoice_id=invoice.lago_id, amount_cents=600, reference="wire"))
    assert lago.wallets.find(wallet.lago_id).balance_cents == 2100
    assert lago.wallet_transactions.find_all(wallet.lago_id)["meta"]["total_count"] == 2


def test_a_one_off_invoice(lago: Client) -> None:
    lago.customers.create(Customer(external_id="once", currency="EUR"))
    lago.add_ons.create(AddOn(name="Training", code="training", amount_cents=10_000, amount_currency="EUR"))
    fee = InvoiceFee(add_on_code="training", units=2)
    content = OneOffInvoice(external_customer_id="once", currency="EUR", fees=InvoiceFeesList(__root__=[fee]))
    invoice = lago.invoices.create(content)
    assert (invoice.status, invoice.total_amount_cents) == ("finalized", 20_000)
    assert lago.fees.find(invoice.fees.__root__[0].lago_id).amount_cents == 20_000
    assert lago.invoices.download(invoice.lago_id).file_url.endswith(f"{invoice.lago_id}.pdf")


def test_a_credit_note_of_a_subscription_that_ends(lago: Client) -> None:
    content = Plan(
        name="Year", code="year", interval="yearly", amount_cents=36500, amount_currency="EUR", pay_in_advance=True
    )
    lago.plans.create(content)
    lago.customers.create(Customer(external_id="leaving", currency="EUR"))
    subscription = Subscription(
        external_customer_id="leaving", plan_code="year", external_id="leaving-year", billing_time="anniversary"
    )
    lago.subscriptions.create(subscription)
    lago.subscriptions.destroy("leaving-year")
    *_, invoice = lago.invoices.find_all({"external_customer_id": "leaving"})["invoices"]  # the final one is of nothing
    (listed,) = lago.credit_notes.find_all({"external_customer_id": "leaving"})["credit_notes"]
    assert (listed.number, listed.lago_invoice_id) == (f"{invoice.number}-CN001", invoice.lago_id)
    note = lago.credit_notes.find(listed.lago_id)
    # A day is used, whatever the length of the year.
    assert (note.total_amount_cents, note.balance_amount_cents, note.credit_status) == (36400, 36400, "available")
    assert [item.fee.amount_cents for item in note.items.__root__] == [36500]


def test_a_credit_note_by_hand(lago: Client) -> None:
    lago.customers.create(Customer(external_id="wronged", currency="EUR"))
    lago.add_ons.create(AddOn(name="Course", code="course", amount_cents=10_000, amount_currency="EUR"))
    fees = InvoiceFeesList(__root__=[InvoiceFee(add_on_code="course", units=1)])
    invoice = lago.invoices.create(OneOffInvoice(external_customer_id="wronged", currency="EUR", fees=fees))
    fee_id = invoice.fees.__root__[0].lago_id
    estimate = lago.credit_notes.estimate(CreditNoteEstimate(invoice_id=invoice.lago_id, items=Items(__root__=[Item(fee_id=fee_id, amount_cents=4000)])))
    assert (estimate.max_creditable_amount_cents, estimate.max_refundable_amount_cents, estimate.max_offsettable_amount_cents) == (4000, 0, 4000)
    items = Items(__root__=[Item(fee_id=fee_id, amount_cents=4000)])
    asked = CreditNote(invoice_id=invoice.lago_id, reason="other", items=items, credit_amount_cents=1000, offset_amount_cents=3000)
    note = lago.credit_notes.create(asked)
    assert (note.total_amount_cents, note.balance_amount_cents, note.credit_status, note.offset_amount_cents) == (4000, 1000, "available", 3000)
    assert lago.credit_notes.replace_metadata(note.lago_id, {"ticket": "7"}) == {"ticket": "7"}
    with pytest.raises(LagoApiError) as caught:
        lago.credit_notes.create(CreditNote(invoice_id=invoice.lago_id, items=items, credit_amount_cents=5000))
    assert caught.value.response["error_details"] == {"base": ["does_not_match_item_amounts"]}
    voided = lago.credit_notes.void(note.lago_id)
    assert (voided.balance_amount_cents, voided.credit_status) == (0, "voided")
    with pytest.raises(LagoApiError) as caught:
        lago.credit_notes.void(note.lago_id)
    assert (caught.value.status_code, caught.value.response["code"]) == (405, "no_voidable_amount")


def test_a_draft_of_a_run_is_finalized(lago: Client, installation: tuple[Settings, str]) -> None:
    settings, _ = installation
    lago.plans.create(
        Plan(
            name="Flat", code="flat", interval="monthly", amount_cents=3100, amount_currency="EUR", pay_in_advance=False
        )
    )
    engine = connect(settings.catalog)
    with unit_of_work(engine, SystemClock()) as uow:
        # After today, so that the plan, which is made in wall time, is known on the clock.
        test_clock = test_clocks.create(uow, "in-grace", datetime(2031, 1, 1))
        for name in schedules.NAMES:  # a clock's customers are billed by its own schedules
            schedules.put(uow, name, test_clock_id=test_clock.id)
        customers.upsert(uow, "graceful", currency="EUR", invoice_grace_period=5, test_clock_id=test_clock.id)
    lago.subscriptions.create(Subscription(external_customer_id="graceful", plan_code="flat", external_id="flat-1"))
    with unit_of_work(engine, SystemClock()) as uow:
        test_clocks.advance(uow, test_clock.id, datetime(2031, 2, 2))
    run(settings)

    (draft,) = lago.invoices.find_all({"external_customer_id": "graceful"})["invoices"]
    assert (draft.status, draft.total_amount_cents) == ("draft", 3100)
    assert [fee.amount_cents for fee in lago.invoices.find(draft.lago_id).fees.__root__] == [3100]
    issued = lago.invoices.finalize(draft.lago_id)
    assert (issued.status, issued.total_amount_cents, issued.lago_id) == ("finalized", 3100, draft.lago_id)
    with pytest.raises(LagoApiError) as caught:
        lago.invoices.finalize(draft.lago_id)
    assert caught.value.status_code == 404
    # What was there before the run is read from what it published, with what came in since on top.
    assert lago.customers.current_usage("acme", "acme-pro").amount_cents == 8
    more = Event(transaction_id="later", external_subscription_id="acme-pro", code="tokens", properties={"count": 100})
    lago.events.create(more)
    assert lago.customers.current_usage("acme", "acme-pro").amount_cents == 108
    assert lago.events.find("one").code == lago.events.find("later").code == "tokens"


def test_months_of_revenue(lago: Client) -> None:
    """After the tests above: a one-off invoice at least was issued, and a run has seen subscriptions."""
    months = lago.gross_revenues.find_all({"currency": "EUR", "months": 1})["gross_revenues"]
    assert sum(month.invoices_count for month in months) > 0
    for resource, root in (
        (lago.mrrs, "mrrs"),
        (lago.invoice_collections, "invoice_collections"),
        (lago.invoiced_usages, "invoiced_usages"),
        (lago.overdue_balances, "overdue_balances"),
    ):
        answered = resource.find_all()[root]
        assert all(month.month.endswith("-01T00:00:00Z") for month in answered)
    assert lago.mrrs.find_all()["mrrs"]


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
        (lambda lago: lago.customers.portal_url("acme"), 403, "feature_unavailable"),
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


def test_webhook_endpoints_and_the_key(lago: Client) -> None:
    url = "https://example.com/hooks"
    made = lago.webhook_endpoints.create(WebhookEndpoint(webhook_url=url, signature_algo="hmac"))
    assert made.webhook_url == url
    assert lago.webhook_endpoints.find(made.lago_id).lago_id == made.lago_id
    assert lago.webhook_endpoints.update(WebhookEndpoint(webhook_url=f"{url}/2"), made.lago_id).webhook_url == f"{url}/2"
    assert [row.lago_id for row in lago.webhook_endpoints.find_all()["webhook_endpoints"]] == [made.lago_id]
    assert lago.webhook_endpoints.destroy(made.lago_id).lago_id == made.lago_id
    assert lago.webhooks.public_key().startswith(b"-----BEGIN PUBLIC KEY-----")
