"""One customer's life with Lago's official clients in two languages: each sees the same, and both leave the same ledger."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
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
    Coupon,
    Customer,
    Event,
    InvoicePreview,
    OneOffInvoice,
    Plan,
    Subscription,
    Tax,
    Wallet,
)
from lago_python_client.models.credit_note import CreditNote, CreditNoteEstimate

from core import lake
from core.settings import Settings
from core.warehouse.marts import query_rows
from tests.e2e.api_server import ApiServer, install

JAVASCRIPT = Path(__file__).parent / "javascript"
TIERS: list[dict[str, Any]] = [{"from_value": 0, "to_value": 10}, {"from_value": 11, "to_value": None}]


def _charge(model: str, **properties: Any) -> dict[str, Any]:
    return {"charge_model": model, "code": model, "properties": properties}


def _tiers(*terms: dict[str, str]) -> list[dict[str, Any]]:
    return [bounds | own for bounds, own in zip(TIERS, terms, strict=True)]


LIFE: dict[str, Any] = {
    "metric": {"name": "Units", "code": "units", "aggregation_type": "sum_agg", "field_name": "count", "recurring": False},
    "tax": {"name": "VAT", "code": "vat", "rate": "20"},
    "charges": [
        _charge("standard", amount="0.02"),
        _charge("graduated", graduated_ranges=_tiers({"per_unit_amount": "1", "flat_amount": "0"}, {"per_unit_amount": "0.5", "flat_amount": "2"})),
        _charge("graduated_percentage", graduated_percentage_ranges=_tiers({"rate": "10", "flat_amount": "0.5"}, {"rate": "20", "flat_amount": "0"})),
        _charge("package", amount="3", package_size=10, free_units=5),
        _charge("percentage", rate="2", fixed_amount="0.1"),
        _charge("volume", volume_ranges=_tiers({"per_unit_amount": "1", "flat_amount": "0"}, {"per_unit_amount": "0.4", "flat_amount": "1"})),
        _charge("dynamic"),
    ],
    "plan": {"name": "Usage", "code": "usage", "interval": "monthly", "amount_cents": 0, "amount_currency": "EUR", "pay_in_advance": False, "tax_codes": ["vat"]},
    "customers": [{"external_id": "acme", "name": "Acme", "currency": "EUR"}, {"external_id": "leaving", "name": "Leaving", "currency": "EUR"}],
    "subscription": {"external_customer_id": "acme", "plan_code": "usage", "external_id": "acme-usage", "billing_time": "calendar"},
    "events": [
        {"transaction_id": f"t{count}", "external_subscription_id": "acme-usage", "code": "units", "properties": {"count": count}, "precise_total_amount_cents": "12.5"}
        for count in (10, 8, 7)
    ],
    "coupon": {
        "name": "Ten", "code": "ten", "coupon_type": "fixed_amount", "amount_cents": 1000, "amount_currency": "EUR", "frequency": "once",
        "expiration": "no_expiration", "reusable": True,
    },
    "wallet": {"name": "Prepaid", "rate_amount": "1", "currency": "EUR", "granted_credits": "10"},
    "add_on": {"name": "Course", "code": "course", "amount_cents": 10_000, "amount_currency": "EUR"},
    "one_off_fees": [{"add_on_code": "course", "units": 1}],
    "note": {"amount_cents": 4000, "credit_amount_cents": 1000, "offset_amount_cents": 3000},
    "yearly": {"name": "Year", "code": "year", "interval": "yearly", "amount_cents": 36500, "amount_currency": "EUR", "pay_in_advance": True},
    "yearly_subscription": {"external_customer_id": "leaving", "plan_code": "year", "external_id": "leaving-year", "billing_time": "anniversary"},
}  # fmt: skip
SEEN = {
    "charge_models": ["standard", "graduated", "graduated_percentage", "package", "percentage", "volume", "dynamic"],
    "status": "active",
    "event": {"count": 10},
    # 25 units: 0.50, 10 + 2 + 7.50, 1 + 0.50 + 3, two packages of 3, 0.50 and three times 0.10, 10 + 1, and what the events state.
    "usage_of_charges": [50, 1950, 450, 600, 80, 1100, 38],
    "usage": [4268, 5122],
    "coupon": 1000,
    "wallet": 1000,
    "preview": 2922,
    "ended": "terminated",
    "bill": [4268, 1000, 654, 1000, 2922],
    "lines": [0, 38, 50, 80, 450, 600, 1100, 1950],
    "one_off": ["finalized", 10_000],
    "most": 4000,
    "note": [4000, 1000],
    "unused": [36400],
    "errors": [
        [404, "plan_not_found", None],
        [422, "validation_errors", {"code": ["value_is_mandatory"]}],
        [405, "no_active_subscription", None],
    ],
}  # fmt: skip
"""What each client is to see, in minor units."""


def walk_in_javascript(url: str, key: str, folder: Path) -> dict[str, Any]:
    """The life with the client from npm."""
    if shutil.which("npm") is None:
        missing = "Node.js and npm are not installed"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    shutil.copytree(JAVASCRIPT, folder)
    (folder / "life.json").write_text(json.dumps(LIFE))
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"], cwd=folder, check=True, timeout=300)
    environment = os.environ | {"LAGO_URL": url, "LAGO_KEY": key}
    ran = subprocess.run(["node", "walk.js", "life.json"], cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout))


def walk_in_python(url: str, key: str, _: Path) -> dict[str, Any]:
    """The life with the client from PyPI."""
    lago, life, seen = Client(api_key=key, api_url=url), LIFE, dict[str, Any]()
    metric_id = lago.billable_metrics.create(BillableMetric(**life["metric"])).lago_id
    lago.taxes.create(Tax(**life["tax"]))
    charges = [charge | {"billable_metric_id": metric_id} for charge in life["charges"]]
    sold = lago.plans.create(Plan(**life["plan"], charges=charges))
    seen["charge_models"] = [charge.charge_model for charge in sold.charges.__root__]
    for customer in life["customers"]:
        lago.customers.create(Customer(**customer))
    seen["status"] = lago.subscriptions.create(Subscription(**life["subscription"])).status

    first, *others = life["events"]
    lago.events.create(Event(**first))
    lago.events.batch_create(BatchEvent(events=others))
    seen["event"] = lago.events.find(first["transaction_id"]).properties
    owner, service = life["subscription"]["external_customer_id"], life["subscription"]["external_id"]
    usage = lago.customers.current_usage(owner, service)
    seen["usage"] = [usage.amount_cents, usage.total_amount_cents]
    seen["usage_of_charges"] = [charge.amount_cents for charge in usage.charges_usage]

    lago.coupons.create(Coupon(**life["coupon"]))
    applied = lago.applied_coupons.create(AppliedCoupon(external_customer_id=owner, coupon_code=life["coupon"]["code"]))
    seen["coupon"] = applied.amount_cents_remaining
    opened = lago.wallets.create(Wallet(**life["wallet"], external_customer_id=owner))
    seen["wallet"] = lago.wallets.find(opened.lago_id).balance_cents
    asked = InvoicePreview(customer={"external_id": owner}, subscriptions={"external_ids": [service]})
    seen["preview"] = lago.invoices.preview(asked).total_amount_cents

    seen["ended"] = lago.subscriptions.destroy(service).status
    bill = lago.invoices.find(lago.invoices.find_all({"external_customer_id": owner})["invoices"][0].lago_id)
    seen["bill"] = [
        bill.fees_amount_cents, bill.coupons_amount_cents, bill.taxes_amount_cents, bill.prepaid_credit_amount_cents, bill.total_amount_cents,
    ]  # fmt: skip
    seen["lines"] = sorted(fee.amount_cents for fee in bill.fees.__root__)

    lago.add_ons.create(AddOn(**life["add_on"]))
    issued = lago.invoices.create(OneOffInvoice(external_customer_id=owner, currency="EUR", fees=life["one_off_fees"]))
    seen["one_off"] = [issued.status, issued.total_amount_cents]
    note = life["note"]
    items = [{"fee_id": issued.fees.__root__[0].lago_id, "amount_cents": note["amount_cents"]}]
    estimated = lago.credit_notes.estimate(CreditNoteEstimate(invoice_id=issued.lago_id, items=items))
    seen["most"] = estimated.max_creditable_amount_cents
    parts = {name: note[name] for name in ("credit_amount_cents", "offset_amount_cents")}
    noted = lago.credit_notes.create(CreditNote(invoice_id=issued.lago_id, reason="other", items=items, **parts))
    seen["note"] = [noted.total_amount_cents, noted.balance_amount_cents]

    lago.plans.create(Plan(**life["yearly"]))
    lago.subscriptions.create(Subscription(**life["yearly_subscription"]))
    lago.subscriptions.destroy(life["yearly_subscription"]["external_id"])
    leaver = life["yearly_subscription"]["external_customer_id"]
    seen["unused"] = [row.credit_amount_cents for row in lago.credit_notes.find_all({"external_customer_id": leaver})["credit_notes"]]
    seen["errors"] = [
        refusal(lambda: lago.plans.find("nothing")),
        refusal(lambda: lago.taxes.create(Tax(**life["tax"] | {"code": ""}))),
        refusal(lambda: lago.customers.current_usage(owner, service)),
    ]
    return seen


def refusal(call: Callable[[], Any]) -> list[Any]:
    """[status, code, details] of what is refused."""
    with pytest.raises(LagoApiError) as caught:
        call()
    told = caught.value.response
    return [told["status"], told["code"], told.get("error_details")]


def ledger(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """What the books hold, without ids, numbers and times, which differ from home to home."""
    connection = lake.connect()
    try:
        lake.attach(connection, lake.books(settings), read_only=True)
        return {
            table: sorted(tuple(row.values()) for row in query_rows(connection, f"select {columns} from books.main.{table}"))
            for table, columns in {
                "invoices": "customer_external_id, invoice_type, status, customer_sequence, entity_sequence, fees_amount_cents, coupons_amount_cents, taxes_amount_cents, prepaid_credit_amount_cents, total_amount_cents",
                "fees": "fee_type, item_code, units, events_count, unit_amount, precise_amount, amount_cents, taxes_amount_cents",
                "fee_tiers": "position, step_kind, units, amount",
                "postings": "account, currency, amount_cents",
                "coupon_uses": "coupon_code, amount_cents",
                "wallet_uses": "credit_class, amount_cents",
                "credit_notes": "reason, credit_amount_cents, refund_amount_cents, offset_amount_cents, total_amount_cents",
            }.items()
        }
    finally:
        connection.close()


def test_both_clients_see_the_same_life_and_leave_the_same_ledger(tmp_path: Path) -> None:
    ledgers = []
    for name, walk in (("python", walk_in_python), ("javascript", walk_in_javascript)):
        settings, key = install(tmp_path / name / "home")
        server = ApiServer(settings)
        try:
            assert walk(server.url, key, tmp_path / name / "client") == SEEN, name
        finally:
            server.stop()
        ledgers.append(ledger(settings))
    assert ledgers[0] == ledgers[1]
    assert len(ledgers[0]["postings"]) > 10
