"""Webhooks arrive at a real receiver: signed, at least once, not again after success, and only of what was committed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import standardwebhooks

from api import courier, webhook_delivery
from api.deps import Services
from core.catalog import customers, webhook_endpoints, webhook_keys, webhooks
from core.catalog.engine import reading
from core.catalog.unit_of_work import trial, unit_of_work
from core.catalog.webhooks import Webhook
from core.domain.webhooks import MOST_ATTEMPTS, wait_after
from core.errors import NotFound
from core.locks import Locked, exclusive, holder
from tests.support.webhook_receiver import Receiver
from tests.unit.api.conftest import Api, Ticking, installed
from tests.unit.api.test_resources import PLAN


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A home of these tests alone: time brings facts of every invoice in the books, and other tests leave some whose customers are gone."""
    return installed(tmp_path_factory.mktemp("webhooks"))


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(courier, "INTERVAL_SECONDS", 0.05)
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def services(installation: Any, api: Api, clock: Ticking) -> Iterator[Services]:
    """As the API's, on a clock that the test moves."""
    services = Services(api.settings, clock)
    yield services
    services.close()


def listen(api: Api, receiver: Receiver, **fields: Any) -> str:
    body = {"webhook_endpoint": {"webhook_url": receiver.url} | fields}
    return str(api.ok("POST", "/webhook_endpoints", body)["webhook_endpoint"]["lago_id"])


def outbox(services: Services, **wanted: str) -> list[Webhook]:
    with services.look() as connection:
        return webhooks.page(connection, **wanted).items


def test_a_webhook_is_the_object_under_its_key_signed_by_the_served_key(api: Api, receiver: Receiver) -> None:
    listen(api, receiver)
    served = api.ok("POST", "/customers", {"customer": {"external_id": "acme", "name": "Açme €", "currency": "EUR"}})[
        "customer"
    ]
    (request,) = receiver.await_type("customer.created")
    organization = api.ok("GET", "/organizations")["organization"]["lago_id"]
    assert request.body == {
        "webhook_type": "customer.created",
        "object_type": "customer",
        "organization_id": organization,
        "customer": served,
    }
    assert list(request.body) == ["webhook_type", "object_type", "organization_id", "customer"]
    assert (
        request.headers["x-lago-signature-algorithm"] == "jwt" and request.headers["content-type"] == "application/json"
    )
    pem = base64.b64decode(api.ok("GET", "/webhooks/json_public_key")["webhook"]["public_key"])
    claims = jwt.decode(request.headers["x-lago-signature"], pem, algorithms=["RS256"], issuer="http://127.0.0.1:3000")
    assert claims == {"data": request.content.decode(), "iss": "http://127.0.0.1:3000"}
    with pytest.raises(jwt.InvalidIssuerError):
        jwt.decode(request.headers["x-lago-signature"], pem, algorithms=["RS256"], issuer="http://elsewhere")


def test_hmac_and_standard_webhooks_sign_the_bytes_too(api: Api, receiver: Receiver) -> None:
    listen(api, receiver, signature_algo="hmac")
    api.ok("POST", "/customers", {"customer": {"external_id": "acme"}})
    (request,) = receiver.await_type("customer.created")
    with reading(api.app_services().engine) as connection:
        keys = webhook_keys.find(connection)
    assert keys is not None and request.headers["x-lago-signature-algorithm"] == "hmac"
    expected = hmac.new(keys.hmac_key.encode(), request.content, hashlib.sha256).digest()
    assert request.headers["x-lago-signature"] == base64.b64encode(expected).decode()
    assert standardwebhooks.Webhook(keys.standard_secret).verify(request.content, request.headers) == request.body
    assert request.headers["webhook-id"] == request.key
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(keys.standard_secret).verify(request.content + b" ", request.headers)


def test_each_change_is_told_once_to_those_who_asked(api: Api, receiver: Receiver) -> None:
    api.ok("POST", "/customers", {"customer": {"external_id": "before"}})
    listen(
        api,
        receiver,
        event_types=["customer.updated", "plan.deleted", "subscription.started", "subscription.terminated"],
    )
    with Receiver() as everything:
        listen(api, everything, event_types=["*"])
        api.ok("POST", "/customers", {"customer": {"external_id": "acme"}})
        api.ok("POST", "/customers", {"customer": {"external_id": "acme", "name": "Acme"}})
        api.ok("POST", "/customers", {"customer": {"external_id": "acme", "name": "Acme"}})  # nothing changes
        api.ok("POST", "/plans", {"plan": PLAN})
        api.ok("PUT", "/plans/basic", {"plan": {"name": "Basic 2"}})
        api.ok(
            "POST",
            "/subscriptions",
            {"subscription": {"external_customer_id": "new", "plan_code": "basic", "external_id": "s"}},
        )
        api.ok("PUT", "/subscriptions/s", {"subscription": {"name": "S"}})
        api.ok("DELETE", "/plans/basic")
        everything.await_type("plan.deleted")
        receiver.await_type("plan.deleted")
        assert everything.types == [
            "customer.created",
            "customer.updated",
            "plan.created",
            "plan.updated",
            "customer.created",
            "subscription.started",
            "subscription.updated",
            "subscription.terminated",
            "plan.deleted",
        ]
        assert receiver.types == ["customer.updated", "subscription.started", "subscription.terminated", "plan.deleted"]
        assert len({request.key for request in (*receiver.received, *everything.received)}) == 13
        assert everything.of("subscription.started")[0].body["subscription"]["plan"]["code"] == "basic"


def test_metrics_features_and_wallets_are_told(api: Api, receiver: Receiver) -> None:
    listen(api, receiver)
    metric = {"code": "calls", "name": "Calls", "aggregation_type": "count_agg"}
    api.ok("POST", "/billable_metrics", {"billable_metric": metric})
    api.ok("PUT", "/billable_metrics/calls", {"billable_metric": {"name": "All calls"}})
    api.ok("DELETE", "/billable_metrics/calls")
    api.ok("POST", "/features", {"feature": {"code": "seats", "name": "Seats"}})
    api.ok("DELETE", "/features/seats")
    api.ok("POST", "/customers", {"customer": {"external_id": "acme", "currency": "EUR"}})
    wallet = {"external_customer_id": "acme", "rate_amount": "1", "currency": "EUR", "granted_credits": "10"}
    wallet_id = api.ok("POST", "/wallets", {"wallet": wallet})["wallet"]["lago_id"]
    (granted,) = api.ok("GET", f"/wallets/{wallet_id}/wallet_transactions")["wallet_transactions"]
    api.ok("PUT", f"/wallets/{wallet_id}", {"wallet": {"name": "Prepaid"}})
    api.ok("DELETE", f"/wallets/{wallet_id}")
    (ended,) = receiver.await_type("wallet.terminated")
    assert ended.body["wallet"] == api.ok("GET", f"/wallets/{wallet_id}")["wallet"]
    assert receiver.of("billable_metric.deleted")[0].body["billable_metric"]["name"] == "All calls"
    assert receiver.of("wallet_transaction.created")[0].body["wallet_transaction"]["lago_id"] == granted["lago_id"]
    assert receiver.types == [
        "billable_metric.created",
        "billable_metric.updated",
        "billable_metric.deleted",
        "feature.created",
        "feature.deleted",
        "customer.created",
        "wallet.created",
        "wallet_transaction.created",
        "wallet.updated",
        "wallet.terminated",
    ]


def test_parts_of_a_plan_are_the_plan_s_and_terms_of_a_subscription_are_its_own(api: Api, receiver: Receiver) -> None:
    metric = {"code": "calls", "name": "Calls", "aggregation_type": "count_agg"}
    metric_id = api.ok("POST", "/billable_metrics", {"billable_metric": metric})["billable_metric"]["lago_id"]
    api.ok("POST", "/plans", {"plan": PLAN})
    api.ok(
        "POST",
        "/subscriptions",
        {"subscription": {"external_customer_id": "acme", "plan_code": "basic", "external_id": "s"}},
    )
    listen(api, receiver)
    charge = {
        "billable_metric_id": metric_id,
        "charge_model": "standard",
        "properties": {"amount": "1"},
        "code": "calls",
    }
    api.ok("POST", "/plans/basic/charges", {"charge": charge})
    api.ok("PUT", "/subscriptions/s", {"subscription": {"plan_overrides": {"amount_cents": 77}}})
    api.ok("POST", "/features", {"feature": {"code": "last"}})
    receiver.await_type("feature.created")
    assert receiver.types == ["plan.updated", "subscription.updated", "feature.created"]
    assert receiver.received[0].body["plan"]["charges"][0]["code"] == "calls"
    assert receiver.received[1].body["subscription"]["plan"]["amount_cents"] == 77


def test_what_is_not_taken_comes_again_later_the_same_and_then_never(
    services: Services, api: Api, receiver: Receiver, clock: Ticking
) -> None:
    listen(api, receiver)
    receiver.answers = [500, 302]
    with services.change() as uow:
        customers.upsert(uow, "acme")
    deliver(services)
    assert [(row.status, row.attempts, row.http_status, row.response) for row in outbox(services)] == [
        ("pending", 1, 500, "answer 500")
    ]
    deliver(services)
    assert len(receiver.received) == 1  # not before its time
    clock.advance(wait_after(1))
    with services.change() as uow:
        customers.upsert(uow, "acme", name="Changed since")
    deliver(services)
    clock.advance(wait_after(2))
    assert deliver(services).taken == 1
    deliver(services)
    attempts = receiver.of("customer.created")
    assert len(attempts) == 3 and {(request.key, request.content) for request in attempts} == {
        (attempts[0].key, attempts[0].content)
    }
    assert all(request.path == "/hooks" for request in receiver.received)
    created = next(row for row in outbox(services) if row.webhook_type == "customer.created")
    assert (created.status, created.attempts) == ("succeeded", MOST_ATTEMPTS)
    with services.look() as connection:
        assert [row.http_status for row in webhooks.attempts(connection, created.id)] == [500, 302, 200]


def test_three_attempts_are_all_until_it_is_sent_again(
    services: Services, api: Api, receiver: Receiver, clock: Ticking
) -> None:
    endpoint_id = listen(api, receiver)
    receiver.answers = [500] * (MOST_ATTEMPTS + 1)
    with services.change() as uow:
        customers.upsert(uow, "acme")
    for _ in range(MOST_ATTEMPTS + 2):
        deliver(services)
        clock.advance(timedelta(hours=1))
    (failed,) = outbox(services)
    assert len(receiver.received) == MOST_ATTEMPTS and (failed.status, failed.attempts) == ("failed", MOST_ATTEMPTS)
    with services.change() as uow:
        webhooks.send_again(uow, failed.id)
    deliver(services)
    assert outbox(services, status="pending")[0].attempts == 1
    clock.advance(timedelta(hours=1))
    deliver(services)
    assert [row.status for row in outbox(services, endpoint_id=endpoint_id)] == ["succeeded"]
    assert len({request.key for request in receiver.received}) == 1
    with services.look() as connection:
        assert len(webhooks.attempts(connection, failed.id)) == MOST_ATTEMPTS + 2
    with services.change() as uow, pytest.raises(NotFound):
        webhooks.send_again(uow, "none")


def test_an_address_where_nobody_listens_costs_the_others_nothing(
    services: Services, api: Api, receiver: Receiver
) -> None:
    with Receiver() as gone:
        listen(api, gone)
    listen(api, receiver)
    with services.change() as uow:
        customers.upsert(uow, "acme")
    delivered = deliver(services)
    assert (delivered.taken, delivered.failed) == (1, 1)
    (waiting,) = outbox(services, status="pending")
    assert waiting.http_status is None and waiting.response is not None and "ConnectError" in waiting.response


def test_a_slow_endpoint_delays_no_other(api: Api, receiver: Receiver) -> None:
    with Receiver() as slow:
        slow.before_answer = lambda request: receiver.await_type("customer.created", 2) and None
        listen(api, slow)
        listen(api, receiver)
        for name in ("one", "two"):
            api.ok("POST", "/customers", {"customer": {"external_id": name}})
        slow.await_type("customer.created", 2)


def test_nothing_is_told_of_what_was_rolled_back_or_tried(services: Services, api: Api, receiver: Receiver) -> None:
    listen(api, receiver)
    with pytest.raises(ZeroDivisionError), services.change() as uow:
        customers.upsert(uow, "never")
        raise ZeroDivisionError
    with trial(services.engine, services.clock) as uow:
        customers.upsert(uow, "only tried")
    assert api.refused("POST", "/customers", {"customer": {"external_id": ""}})["status"] == 422
    with services.change() as uow:
        customers.upsert(uow, "acme")
    deliver(services)
    assert [request.body["customer"]["external_id"] for request in receiver.received] == ["acme"]
    assert len(outbox(services)) == 1


def test_while_one_process_delivers_no_other_does(services: Services, api: Api, receiver: Receiver) -> None:
    listen(api, receiver)
    with services.change() as uow:
        customers.upsert(uow, "acme")
    receiver.await_that(lambda: holder(api.settings, "webhooks"), "the API's courier")
    with pytest.raises(Locked):
        webhook_delivery.deliver(services)
    assert not receiver.received
    api.client.app.state.courier.stop()  # type: ignore[attr-defined]
    assert webhook_delivery.deliver(services).taken == 1 == len(receiver.received)
    with exclusive(api.settings, "webhooks", 0):
        pass


def test_what_waits_for_a_deleted_endpoint_is_told_no_more(services: Services, api: Api, receiver: Receiver) -> None:
    endpoint_id = listen(api, receiver)
    with services.change() as uow:
        customers.upsert(uow, "acme")
    with services.change() as uow:
        webhooks.delete_endpoint(uow, endpoint_id)
    deliver(services)
    (row,) = outbox(services)
    assert (row.status, row.response, receiver.received) == ("failed", "its endpoint was deleted", [])
    with services.change() as uow, pytest.raises(NotFound):
        webhooks.send_again(uow, row.id)
    with services.change() as uow:
        customers.upsert(uow, "unheard")
    assert len(outbox(services)) == 1


def test_what_cannot_be_described_is_recorded_and_stops_nothing(
    services: Services, api: Api, receiver: Receiver, clock: Ticking
) -> None:
    listen(api, receiver)
    with unit_of_work(services.engine, clock) as uow:
        webhooks.record(uow, [webhooks.Fact("invoice.created", "no such invoice", "")])
        customers.upsert(uow, "acme")
    assert deliver(services).taken == 1
    (row,) = outbox(services, status="pending")
    assert (row.webhook_type, row.attempts) == ("invoice.created", 1)
    assert row.response is not None and row.response.startswith("its object cannot be described: There is no invoice")
    for _ in range(MOST_ATTEMPTS):
        clock.advance(timedelta(hours=1))
        deliver(services)
    assert outbox(services, status="failed")[0].id == row.id


def test_an_endpoint_hears_of_its_own_time_only(services: Services, api: Api, receiver: Receiver) -> None:
    with services.change() as uow:
        customers.upsert(uow, "unheard")
    with services.change() as uow:
        webhook_endpoints.create(uow, webhook_url=receiver.url)
    with services.change() as uow:
        customers.upsert(uow, "heard")
    deliver(services)
    assert [request.body["customer"]["external_id"] for request in receiver.received] == ["heard"]


def deliver(services: Services) -> webhook_delivery.Delivered:
    """Deliver what is due on the test's clock, which the API's own courier is behind."""
    delivery = webhook_delivery.Delivery(services)
    while delivery.step():
        delivery.wait()
    delivery.stop(5)
    return delivery.delivered


ADD_ON = {"code": "setup", "name": "Set-up", "amount_cents": 1000, "amount_currency": "EUR"}


def test_what_is_issued_is_told_once_whoever_issued_it(api: Api, receiver: Receiver) -> None:
    api.ok("POST", "/customers", {"customer": {"external_id": "issued", "currency": "EUR"}})
    api.ok("POST", "/add_ons", {"add_on": ADD_ON})
    one_off = {"external_customer_id": "issued", "currency": "EUR", "fees": [{"add_on_code": "setup"}]}
    api.ok("POST", "/invoices", {"invoice": one_off})  # before anybody listens
    listen(api, receiver)
    invoice = api.ok("POST", "/invoices", {"invoice": one_off})["invoice"]
    (told,) = receiver.await_type("invoice.one_off_created")
    assert told.body["invoice"] == invoice
    item = {"fee_id": invoice["fees"][0]["lago_id"], "amount_cents": 100}
    note = {"invoice_id": invoice["lago_id"], "reason": "other", "offset_amount_cents": 100, "items": [item]}
    note = api.ok("POST", "/credit_notes", {"credit_note": note})["credit_note"]
    (told,) = receiver.await_type("credit_note.created")
    assert told.body["credit_note"] == note
    payment = {"invoice_id": invoice["lago_id"], "amount_cents": 400, "reference": "part"}
    api.ok("POST", "/payments", {"payment": payment})
    paid = api.ok("POST", "/payments", {"payment": payment | {"amount_cents": 500, "reference": "rest"}})["payment"]
    succeeded = receiver.await_type("payment.succeeded", 2)
    assert succeeded[1].body["payment"] == paid
    assert receiver.await_type("payment_receipt.created", 2)[1].body["payment_receipt"]["payment"] == paid
    (status,) = receiver.await_type("invoice.payment_status_updated")  # not of the part
    assert status.body["invoice"] == api.ok("GET", f"/invoices/{invoice['lago_id']}")["invoice"]
    assert status.body["invoice"]["payment_status"] == "succeeded"
    voided = api.ok("POST", "/invoices", {"invoice": one_off})["invoice"]["lago_id"]
    api.ok("POST", f"/invoices/{voided}/void", {})
    api.ok("POST", f"/invoices/{api.ok('POST', '/invoices', {'invoice': one_off})['invoice']['lago_id']}/lose_dispute")
    (lost,) = receiver.await_type("invoice.payment_dispute_lost")
    assert (
        lost.body["payment_dispute_lost"]["payment_dispute_lost_at"]
        and lost.body["object_type"] == "payment_dispute_lost"
    )
    assert receiver.await_type("invoice.voided")[0].body["invoice"]["status"] == "voided"
    assert sorted(receiver.types) == sorted(
        [
            *["invoice.one_off_created"] * 3,
            "credit_note.created",
            *["payment.succeeded", "payment_receipt.created"] * 2,
            "invoice.payment_status_updated",
            "invoice.voided",
            "invoice.payment_dispute_lost",
        ]
    )


def test_credits_are_told_when_they_come_in_and_when_an_invoice_takes_them(api: Api, receiver: Receiver) -> None:
    api.ok("POST", "/customers", {"customer": {"external_id": "prepaid", "currency": "EUR"}})
    api.ok("POST", "/plans", {"plan": PLAN | {"pay_in_advance": True}})
    listen(api, receiver)
    wallet = {"external_customer_id": "prepaid", "rate_amount": "1", "currency": "EUR", "paid_credits": "500"}
    wallet_id = api.ok("POST", "/wallets", {"wallet": wallet})["wallet"]["lago_id"]
    (added,) = receiver.await_type("invoice.paid_credit_added")
    api.ok("PUT", f"/invoices/{added.body['invoice']['lago_id']}", {"invoice": {"payment_status": "succeeded"}})
    (settled,) = receiver.await_type("wallet_transaction.updated")
    assert settled.body["wallet_transaction"]["status"] == "settled"
    api.ok(
        "POST",
        "/subscriptions",
        {"subscription": {"external_customer_id": "prepaid", "plan_code": "basic", "external_id": "pre"}},
    )
    receiver.await_type("invoice.created")
    _, taken = receiver.await_type("wallet_transaction.created", 2)
    transactions = api.ok("GET", f"/wallets/{wallet_id}/wallet_transactions")["wallet_transactions"]
    assert taken.body["wallet_transaction"] in transactions
    assert taken.body["wallet_transaction"]["transaction_status"] == "invoiced"


@pytest.fixture
def quiet(timed: Api, services: Services) -> Api:
    """The API on the test's clock, which delivers nothing itself."""
    timed.client.app.state.courier.stop()  # type: ignore[attr-defined]
    return timed


def test_what_time_brings_is_told_when_it_has_come(quiet: Api, services: Services, receiver: Receiver, clock: Ticking) -> None:
    begins, ends = clock.now() + timedelta(days=2), clock.now() + timedelta(days=60)
    quiet.ok("POST", "/plans", {"plan": PLAN})
    quiet.ok("POST", "/customers", {"customer": {"external_id": "timely", "currency": "EUR", "net_payment_term": 2}})
    listen(quiet, receiver)
    terms = {"external_customer_id": "timely", "plan_code": "basic", "external_id": "put off"}
    terms |= {"subscription_at": f"{begins.isoformat()}Z", "ending_at": f"{ends.isoformat()}Z"}
    quiet.ok("POST", "/subscriptions", {"subscription": terms})
    wallet = {"external_customer_id": "timely", "rate_amount": "1", "currency": "EUR", "expiration_at": f"{ends.isoformat()}Z"}
    quiet.ok("POST", "/wallets", {"wallet": wallet})
    quiet.ok("POST", "/add_ons", {"add_on": ADD_ON})
    one_off = {"external_customer_id": "timely", "currency": "EUR", "fees": [{"add_on_code": "setup"}]}
    owed = quiet.ok("POST", "/invoices", {"invoice": one_off})["invoice"]["lago_id"]
    deliver(services)
    before = receiver.types
    assert "subscription.started" not in before

    def told_within(**passed: float) -> list[str]:
        already = len(receiver.received)
        clock.advance(timedelta(**passed))
        deliver(services)
        return receiver.types[already:]

    assert told_within(days=1) == []
    assert told_within(days=1, minutes=1) == ["subscription.started"]
    assert receiver.of("subscription.started")[0].body["subscription"]["status"] == "active"
    assert told_within(days=3) == ["invoice.payment_overdue"]
    (overdue,) = receiver.of("invoice.payment_overdue")
    assert (overdue.body["invoice"]["lago_id"], overdue.body["invoice"]["payment_overdue"]) == (owed, True)
    assert told_within(days=9) == []
    assert told_within(days=1, hours=1) == ["subscription.termination_alert"]
    assert told_within(days=30) == ["subscription.termination_alert"]
    assert sorted(told_within(days=15)) == ["subscription.terminated", "wallet.terminated"]
    assert receiver.of("subscription.terminated")[0].body["subscription"]["status"] == "terminated"
    assert receiver.of("wallet.terminated")[0].body["wallet"]["status"] == "terminated"
    assert told_within(days=100) == []


def test_a_payment_in_parts_is_one_change_however_late_it_is_described(quiet: Api, services: Services, receiver: Receiver) -> None:
    quiet.ok("POST", "/customers", {"customer": {"external_id": "in parts", "currency": "EUR"}})
    quiet.ok("POST", "/add_ons", {"add_on": ADD_ON})
    listen(quiet, receiver)
    one_off = {"external_customer_id": "in parts", "currency": "EUR", "fees": [{"add_on_code": "setup"}]}
    invoice_id = quiet.ok("POST", "/invoices", {"invoice": one_off})["invoice"]["lago_id"]
    for amount_cents in (300, 700):
        payment = {"invoice_id": invoice_id, "amount_cents": amount_cents, "reference": "part"}
        quiet.ok("POST", "/payments", {"payment": payment})
    deliver(services)
    (told,) = receiver.of("invoice.payment_status_updated")
    assert told.body["invoice"]["payment_status"] == "succeeded" and len(receiver.of("payment.succeeded")) == 2
