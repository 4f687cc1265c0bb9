"""A bill before it is due. On a clock that the tests move, so that what was previewed can be issued."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.api.conftest import Api, Ticking
from tests.unit.api.test_late_usage import send
from tests.unit.api.test_resources import COUPON, METRIC, PLAN, TAX

CUSTOMER = {"external_id": "late", "currency": "EUR", "timezone": "UTC"}
OWN_IDS = ("lago_id", "lago_invoice_id", "lago_fee_id")
OF_ISSUE = {"number", "payment_overdue", "sequential_id", "status", "created_at", "updated_at"}


def sold(api: Api, **plan: Any) -> str:
    """A plan with a tax and a charge of 1 EUR a unit, and a customer's id."""
    api.ok("POST", "/taxes", {"tax": TAX})
    metric = api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})["billable_metric"]["lago_id"]
    charge = {"billable_metric_id": metric, "charge_model": "standard", "properties": {"amount": "1"}}
    terms = {"amount_cents": 3000, "charges": [charge], "tax_codes": ["vat"], "pay_in_advance": False, "trial_period": 0}
    api.ok("POST", "/plans", {"plan": PLAN | terms | plan})
    return str(api.ok("POST", "/customers", {"customer": CUSTOMER})["customer"]["lago_id"])


def preview(api: Api, **asked: Any) -> dict[str, Any]:
    return dict(api.ok("POST", "/invoices/preview", asked)["invoice"])


def plain(value: Any) -> Any:
    """Without what is made at issue: ids of documents, the number, times."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if name not in OF_ISSUE and name not in OWN_IDS}
    return value


def issued(api: Api, clock: Ticking, customer_id: str, days: int = 31) -> dict[str, Any]:
    """The newest bill of the customer, so many days later."""
    clock.advance(timedelta(days=days))
    api.app_services().billing.issue_soon(customer_id)
    newest = api.ok("GET", "/invoices?external_customer_id=late&invoice_type=subscription")["invoices"][0]
    return dict(api.ok("GET", f"/invoices/{newest['lago_id']}")["invoice"])


def test_what_was_previewed_is_what_is_issued(timed: Api, clock: Ticking) -> None:
    customer_id = sold(timed)
    timed.ok("POST", "/coupons", {"coupon": COUPON})
    timed.ok("POST", "/wallets", {"wallet": {"external_customer_id": "late", "currency": "EUR", "rate_amount": "1", "granted_credits": "4"}})
    content = {"external_customer_id": "late", "plan_code": "basic", "external_id": "late"}
    timed.ok("POST", "/subscriptions", {"subscription": content})
    timed.ok("POST", "/applied_coupons", {"applied_coupon": {"external_customer_id": "late", "coupon_code": COUPON["code"]}})
    send(timed, clock, clock.now(), 8)
    shown = preview(timed, customer={"external_id": "late"}, subscriptions={"external_ids": ["late"]})
    assert (shown["status"], shown["number"], shown["payment_status"]) == ("draft", "", "pending")
    assert [fee["amount_cents"] for fee in shown["fees"] if fee["item"]["type"] == "charge"] == [800]
    assert shown["coupons_amount_cents"] > 0 and shown["prepaid_credit_amount_cents"] == 400
    assert timed.ok("GET", "/invoices?external_customer_id=late&invoice_type=subscription")["invoices"] == []
    bill = issued(timed, clock, customer_id)
    assert plain(shown) | {"customer": 0, "subscriptions": 0} == plain(bill) | {"customer": 0, "subscriptions": 0}
    assert [row["external_id"] for row in shown["subscriptions"]] == ["late"]
    assert shown["lago_id"] == bill["lago_id"]


def test_a_new_customer_on_a_plan_leaves_no_trace(timed: Api, clock: Ticking) -> None:
    sold(timed, pay_in_advance=True)
    shown = preview(timed, customer={"name": "Nobody", "currency": "EUR"}, plan_code="basic", billing_time="anniversary")
    assert (shown["fees_amount_cents"], shown["taxes_amount_cents"], shown["total_amount_cents"]) == (3000, 375, 3375)
    assert (shown["customer"]["name"], shown["subscriptions"][0]["plan_code"]) == ("Nobody", "basic")
    assert shown["billing_periods"][0]["invoicing_reason"] == "subscription_starting"
    later = (clock.now() + timedelta(days=400)).isoformat()
    ahead = preview(timed, customer={"external_id": "late"}, plan_code="basic", subscription_at=later, billing_time="anniversary")
    assert ahead["issuing_date"] == later[:10] and ahead["total_amount_cents"] == 3375
    assert [row["external_id"] for row in timed.ok("GET", "/customers")["customers"]] == ["late"]
    assert timed.ok("GET", "/subscriptions")["subscriptions"] == []


def test_coupons_are_named_or_described(timed: Api) -> None:
    sold(timed, pay_in_advance=True)
    asked = {"customer": {"external_id": "late"}, "plan_code": "basic", "billing_time": "anniversary"}
    described = {"code": "ten", "coupon_type": "percentage", "percentage_rate": "10"}
    shown = preview(timed, **asked, coupons=[described])
    assert (shown["coupons_amount_cents"], shown["total_amount_cents"]) == (300, 3038)
    timed.ok("POST", "/coupons", {"coupon": COUPON | {"code": "half", "coupon_type": "percentage", "percentage_rate": "50", "frequency": "once"}})
    assert preview(timed, **asked, coupons=[{"code": "half"}])["coupons_amount_cents"] == 1500
    assert timed.refused("POST", "/invoices/preview", asked | {"coupons": [{"code": "none"}]})["code"] == "coupon_not_found"
    assert [row["code"] for row in timed.ok("GET", "/coupons")["coupons"]] == ["half"]


def test_an_end_and_a_change_of_plan_are_previewed(timed: Api, clock: Ticking) -> None:
    customer_id = sold(timed)
    timed.ok("POST", "/plans", {"plan": PLAN | {"code": "dear", "amount_cents": 9000, "charges": [], "tax_codes": [], "pay_in_advance": True, "trial_period": 0}})
    content = {"external_customer_id": "late", "plan_code": "basic", "external_id": "late"}
    timed.ok("POST", "/subscriptions", {"subscription": content})
    asked = {"customer": {"external_id": "late"}}
    clock.advance(timedelta(days=4))
    ends_at = (clock.now() + timedelta(days=6)).isoformat()
    final = preview(timed, **asked, subscriptions={"external_ids": ["late"], "terminated_at": ends_at})
    assert final["billing_periods"][0]["invoicing_reason"] == "subscription_terminating"
    whole = preview(timed, **asked, subscriptions={"external_ids": ["late"]})
    assert 0 < final["fees_amount_cents"] < whole["fees_amount_cents"]
    changed = preview(timed, **asked, subscriptions={"external_ids": ["late"], "plan_code": "dear"})
    assert {row["plan_code"] for row in changed["subscriptions"]} == {"basic", "dear"}
    upgraded = timed.ok("POST", "/subscriptions", {"subscription": content | {"plan_code": "dear"}})["subscription"]
    assert upgraded["plan_code"] == "dear"
    bill = issued(timed, clock, customer_id, days=0)
    assert (changed["total_amount_cents"], len(changed["fees"])) == (bill["total_amount_cents"], len(bill["fees"]))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"customer": {"external_id": "nobody"}, "plan_code": "basic"}, "customer_not_found"),
        ({"customer": {"external_id": "late"}, "plan_code": "none"}, "plan_not_found"),
        ({"customer": {"external_id": "late"}, "subscriptions": {"external_ids": ["none"]}}, "subscription_not_found"),
    ],
)
def test_what_there_is_not_cannot_be_previewed(timed: Api, asked: dict[str, Any], code: str) -> None:
    sold(timed)
    assert timed.refused("POST", "/invoices/preview", asked)["code"] == code


def test_a_preview_needs_a_customer_and_subscriptions(timed: Api) -> None:
    sold(timed)
    assert timed.refused("POST", "/invoices/preview", {"plan_code": "basic"})["error_details"] == {"customer": ["value_is_mandatory"]}
    asked: dict[str, Any] = {"customer": {"external_id": "late"}, "subscriptions": {"external_ids": []}}
    assert timed.refused("POST", "/invoices/preview", asked)["error_details"] == {"subscriptions": ["value_is_mandatory"]}
