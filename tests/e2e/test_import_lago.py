"""Moving in from a Lago: a second instance of this API stands for it, since it speaks the same."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.catalog import api_keys
from core.catalog.engine import connect
from core.catalog.unit_of_work import unit_of_work
from core.clock import SystemClock
from core.settings import Settings
from tests.e2e.api_server import ApiServer, install
from tests.support.demo_home import tallystick

TIERS = [
    {"from_value": 0, "to_value": 10, "per_unit_amount": "1", "flat_amount": "0"},
    {"from_value": 11, "to_value": None, "per_unit_amount": "0.5", "flat_amount": "2"},
]
IDS = {"lago_id", "lago_billable_metric_id", "lago_add_on_id", "lago_customer_id", "lago_coupon_id", "lago_wallet_id", "lago_parent_id", "lago_organization_id"}
TIMES = {"created_at", "updated_at", "started_at", "activated_at", "last_balance_sync_at", "current_billing_period_started_at"}


class Api:
    """A served API with a client that has its key."""

    def __init__(self, settings: Settings, key: str) -> None:
        self.server, self.key, self.home = ApiServer(settings), key, settings.home
        self._client = httpx.Client(base_url=f"{self.server.url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60)

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        response = self._client.request(method, path, json=body)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A Lago with something of everything."""
    home = tmp_path_factory.mktemp("there") / "home"
    api = Api(*install(home))
    api("POST", "/taxes", {"tax": {"code": "vat", "name": "VAT", "rate": "19", "applied_to_organization": True}})
    api("PUT", "/billing_entities/default", {"billing_entity": {"name": "Acme", "timezone": "Europe/Berlin", "net_payment_term": 14, "billing_configuration": {"invoice_grace_period": 3}}})
    api("POST", "/billing_entities", {"billing_entity": {"code": "us", "name": "Acme Inc", "default_currency": "USD", "country": "US"}})
    metric = api("POST", "/billable_metrics", {"billable_metric": {"code": "calls", "name": "Calls", "aggregation_type": "sum_agg", "field_name": "n", "filters": [{"key": "zone", "values": ["eu", "us"]}]}})
    api("POST", "/add_ons", {"add_on": {"code": "setup", "name": "Setup", "amount_cents": 500, "amount_currency": "EUR", "tax_codes": ["vat"]}})
    charge = {
        "billable_metric_id": metric["billable_metric"]["lago_id"], "charge_model": "graduated", "code": "c", "properties": {"graduated_ranges": TIERS}, "tax_codes": ["vat"],
        "filters": [{"invoice_display_name": "EU", "values": {"zone": ["eu"]}, "properties": {"graduated_ranges": TIERS[1:2] and [TIERS[1] | {"from_value": 0}]}}],
    }  # fmt: skip
    plan = {
        "code": "pro", "name": "Pro", "interval": "monthly", "amount_cents": 1000, "amount_currency": "EUR", "pay_in_advance": True, "charges": [charge], "tax_codes": ["vat"],
        "fixed_charges": [{"add_on_code": "setup", "charge_model": "standard", "units": "2", "properties": {"amount": "5"}}],
        "usage_thresholds": [{"amount_cents": 9000, "threshold_display_name": "Soft", "recurring": False}],
    }  # fmt: skip
    api("POST", "/plans", {"plan": plan})
    api("POST", "/plans", {"plan": plan | {"code": "least", "charges": [], "minimum_commitment": {"amount_cents": 7000, "invoice_display_name": "Least"}}})
    fixed = {"code": "ten", "name": "Ten", "coupon_type": "fixed_amount", "amount_cents": 5000, "amount_currency": "EUR", "frequency": "once", "expiration": "no_expiration"}
    api("POST", "/coupons", {"coupon": fixed})
    api("POST", "/coupons", {"coupon": {"code": "half", "name": "Half", "coupon_type": "percentage", "percentage_rate": "50", "frequency": "recurring", "frequency_duration": 4, "expiration": "no_expiration", "applies_to": {"plan_codes": ["pro"]}}})
    for external_id, seller in (("a", "default"), ("b", "us")):
        api("POST", "/customers", {"customer": {"external_id": external_id, "name": external_id, "currency": "EUR", "billing_entity_code": seller, "tax_codes": ["vat"], "metadata": [], "billing_configuration": {"invoice_grace_period": 0}}})
    api("POST", "/wallets", {"wallet": {"external_customer_id": "a", "code": "prepaid", "name": "P", "rate_amount": "2", "currency": "EUR", "granted_credits": "7.5"}})
    api("POST", "/applied_coupons", {"applied_coupon": {"external_customer_id": "b", "coupon_code": "ten"}})
    # Their first fees are due in advance: they take of what the wallet and the coupon hold.
    for external_id in ("a", "b"):
        api("POST", "/subscriptions", {"subscription": {"external_customer_id": external_id, "external_id": f"sub-{external_id}", "plan_code": "pro", "billing_time": "anniversary", "name": "Main"}})
    api("POST", "/applied_coupons", {"applied_coupon": {"external_customer_id": "a", "coupon_code": "half"}})
    assert (ran := tallystick(home, "run")).returncode == 0, ran.stderr
    assert [invoice["status"] for invoice in api("GET", "/invoices")["invoices"]] == ["finalized"] * 2
    yield api
    api.server.stop()


def moved(home: Path, there: Api, *options: str) -> subprocess.CompletedProcess[str]:
    return tallystick(home, "import-lago", "--url", there.server.url, "--key", there.key, *options)


def plain(value: Any) -> Any:
    """Without ids and times, which differ."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if name not in IDS | TIMES}
    return value


def test_everything_comes_over_once_and_is_as_it_was(there: Api, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert tallystick(home, "init").returncode == 0
    shown = moved(home, there, "--dry-run", "--json")
    assert shown.returncode == 0, shown.stderr
    told = json.loads(shown.stdout)
    assert (told["taken_over"], told["objects"]["subscriptions"], told["objects"]["billing_entities"]) == (False, ["sub-a", "sub-b"], ["default", "us"])
    ran = moved(home, there, "--yes", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == told | {"taken_over": True}
    again = moved(home, there, "--yes")
    assert (again.returncode, again.stdout.strip()) == (3, "Everything is here already.")

    there("POST", "/customers", {"customer": {"external_id": "new", "currency": "EUR"}})
    added = moved(home, there, "--yes", "--json")
    assert json.loads(added.stdout)["objects"] == {"customers": ["new"]}

    settings = Settings(home=home)
    engine = connect(settings.catalog)
    with unit_of_work(engine, SystemClock()) as uow:
        _, key = api_keys.create(uow, "tests")
    engine.dispose()
    here = Api(settings, key)
    try:
        for path in (
            "/taxes/vat", "/billing_entities/default", "/billing_entities/us", "/billable_metrics/calls", "/add_ons/setup", "/plans/pro", "/plans/least", "/coupons/ten", "/coupons/half",
            "/customers/a", "/customers/b", "/customers/new",
        ):  # fmt: skip
            assert plain(here("GET", path)) == plain(there("GET", path)), path
        for external_id in ("sub-a", "sub-b"):
            mine, theirs = (api("GET", f"/subscriptions/{external_id}")["subscription"] for api in (here, there))
            for name in ("plan_code", "billing_time", "status", "name", "subscription_at", "current_billing_period_ending_at"):
                assert mine[name] == theirs[name], name
        (wallet,) = here("GET", "/wallets?external_customer_id=a")["wallets"]
        (theirs,) = there("GET", "/wallets?external_customer_id=a")["wallets"]
        assert (wallet["credits_balance"], wallet["balance_cents"], wallet["rate_amount"]) == (theirs["credits_balance"], theirs["balance_cents"], "2.0")
        left = {row["coupon_code"]: row for row in there("GET", "/applied_coupons?status=active")["applied_coupons"]}
        for row in here("GET", "/applied_coupons?status=active")["applied_coupons"]:
            for name in ("amount_cents_remaining", "frequency_duration_remaining", "percentage_rate", "external_customer_id"):
                assert row[name] == left[row["coupon_code"]][name], name
        # What fell due before was billed there.
        assert here("GET", "/invoices")["invoices"] == []
        assert tallystick(home, "run").returncode == 0
        assert here("GET", "/invoices")["invoices"] == []
        following = {"customer": {"external_id": "a"}, "subscriptions": {"external_ids": ["sub-a"]}}
        shown_here, shown_there = (api("POST", "/invoices/preview", following)["invoice"] for api in (here, there))
        for name in ("issuing_date", "fees_amount_cents", "coupons_amount_cents", "taxes_amount_cents", "prepaid_credit_amount_cents", "total_amount_cents"):
            assert shown_here[name] == shown_there[name], name
    finally:
        here.server.stop()


def test_what_cannot_be_taken_over_is_named_and_nothing_is(there: Api, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert tallystick(home, "init").returncode == 0
    refused = tallystick(home, "import-lago", "--url", there.server.url, "--key", "wrong", "--yes")
    assert refused.returncode == 1 and "--key" in refused.stderr and "401" in refused.stderr
    nowhere = tallystick(home, "import-lago", "--url", "http://127.0.0.1:9", "--key", "x", "--yes")
    assert nowhere.returncode == 1 and "--url" in nowhere.stderr
