"""Customers, what they subscribe to and what is applied to them."""

from __future__ import annotations

from typing import Any

import pytest

from core.catalog import billing_entities
from tests.unit.api.conftest import Api
from tests.unit.api.test_resources import COUPON, PLAN

CUSTOMER = {
    "external_id": "acme",
    "name": "Acme",
    "currency": "EUR",
    "timezone": "Europe/Berlin",
    "billing_configuration": {
        "invoice_grace_period": 3,
        "document_locale": "de",
        "subscription_invoice_issuing_date_anchor": "current_period_end",
    },
    "metadata": [{"key": "tier", "value": "gold", "display_in_invoice": True}],
}


def test_upsert_changes_only_what_is_sent_and_null_clears(api: Api) -> None:
    created = api.ok("POST", "/customers", {"customer": CUSTOMER})["customer"]
    assert created["billing_configuration"]["invoice_grace_period"] == 3
    assert created["billing_configuration"]["subscription_invoice_issuing_date_anchor"] == "current_period_end"
    assert created["applicable_timezone"] == "Europe/Berlin"
    assert created["metadata"][0]["key"] == "tier"
    assert created["slug"].endswith("-001")
    assert created == api.ok("GET", "/customers/acme")["customer"]

    changed = api.ok("POST", "/customers", {"customer": {"external_id": "acme", "name": "New", "timezone": None}})[
        "customer"
    ]
    assert (changed["name"], changed["timezone"], changed["applicable_timezone"]) == ("New", None, "UTC")
    assert (changed["lago_id"], changed["currency"]) == (created["lago_id"], "EUR")
    assert changed["metadata"][0]["lago_id"] == created["metadata"][0]["lago_id"]
    assert api.ok("GET", "/customers")["customers"] == [changed]


@pytest.mark.parametrize(
    ("change", "details"),
    [
        ({"external_id": ""}, {"external_id": ["value_is_mandatory"]}),
        ({"external_id": "a/b"}, {"external_id": ["value_is_invalid"]}),
        ({"currency": "EURO"}, {"currency": ["value_is_invalid"]}),
        ({"timezone": "Mars"}, {"timezone": ["invalid_timezone"]}),
        ({"email": "nobody"}, {"email": ["invalid_email_format"]}),
        ({"country": "Germany"}, {"country": ["not_a_valid_country_code"]}),
        ({"country": "ZZ"}, {"country": ["not_a_valid_country_code"]}),
        ({"metadata": [{"key": str(i), "value": "x"} for i in range(6)]}, {"metadata": ["invalid_count"]}),
        ({"finalize_zero_amount_invoice": "maybe"}, {"finalize_zero_amount_invoice": ["invalid_value"]}),
        ({"billing_configuration": {"invoice_grace_period": -1}}, {"invoice_grace_period": ["value_is_out_of_range"]}),
        ({"billing_configuration": 3}, {"billing_configuration": ["value_is_invalid"]}),
    ],
)
def test_customer_errors(api: Api, change: dict[str, Any], details: dict[str, Any]) -> None:
    assert api.refused("POST", "/customers", {"customer": CUSTOMER | change})["error_details"] == details


def test_customer_not_found(api: Api) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/applied_coupons"), ("GET", "/subscriptions")):
        assert api.refused(method, f"/customers/nobody{path}")["code"] == "customer_not_found"
    refused = api.refused("POST", "/customers", {"customer": CUSTOMER | {"billing_entity_code": "x"}})
    assert refused["code"] == "billing_entity_not_found"


def subscribe(api: Api, **changes: Any) -> dict[str, Any]:
    content = {"external_customer_id": "acme", "plan_code": "basic", "external_id": "sub"} | changes
    return dict(api.ok("POST", "/subscriptions", {"subscription": content})["subscription"])


def test_life_of_a_subscription(api: Api) -> None:
    api.ok("POST", "/plans", {"plan": PLAN})
    created = subscribe(api, name="One", subscription_at="2024-01-10T00:00:00Z", billing_time="anniversary")
    assert (created["status"], created["billing_time"]) == ("active", "anniversary")
    assert (created["subscription_at"], created["started_at"]) == ("2024-01-10T00:00:00Z", "2024-01-10T00:00:00.000Z")
    assert created["plan"]["code"] == created["plan_code"] == "basic"
    assert api.ok("GET", "/customers/acme")["customer"]["external_id"] == "acme"  # made on the fly
    assert subscribe(api)["lago_id"] == created["lago_id"]
    assert api.ok("GET", "/subscriptions/sub")["subscription"] == created
    (listed,) = api.ok("GET", "/subscriptions?external_customer_id=acme&plan_code=basic")["subscriptions"]
    assert listed == {name: value for name, value in created.items() if name in listed}
    assert "plan" not in listed

    updated = api.ok("PUT", "/subscriptions/sub", {"subscription": {"name": "Two", "ending_at": "2099-01-01"}})
    assert (updated["subscription"]["name"], updated["subscription"]["ending_at"]) == ("Two", "2099-01-01T00:00:00Z")

    ended = api.ok("DELETE", "/subscriptions/sub?on_termination_invoice=skip")["subscription"]
    assert (ended["status"], ended["on_termination_invoice"]) == ("terminated", "skip")
    assert ended["terminated_at"] is not None
    assert api.refused("DELETE", "/subscriptions/sub")["code"] == "subscription_not_found"
    assert api.ok("GET", "/subscriptions")["subscriptions"] == []
    both = api.ok("GET", "/subscriptions?status%5B%5D=active&status[]=terminated")["subscriptions"]
    assert [row["status"] for row in both] == ["terminated"]
    assert api.ok("GET", "/customers/acme/subscriptions?status[]=terminated")["meta"]["total_count"] == 1


def test_a_subscription_that_starts_later_is_pending_and_can_be_canceled(api: Api) -> None:
    api.ok("POST", "/plans", {"plan": PLAN})
    pending = subscribe(api, subscription_at="2099-01-01T00:00:00Z")
    assert (pending["status"], pending["started_at"]) == ("pending", None)
    moved = api.ok("PUT", "/subscriptions/sub", {"subscription": {"subscription_at": "2098-01-01T00:00:00Z"}})
    assert moved["subscription"]["subscription_at"] == "2098-01-01T00:00:00Z"
    assert [row["status"] for row in api.ok("GET", "/subscriptions?status[]=pending")["subscriptions"]] == ["pending"]
    canceled = api.ok("DELETE", "/subscriptions/sub")["subscription"]
    assert (canceled["status"], canceled["terminated_at"]) == ("canceled", None)
    assert canceled["canceled_at"] is not None


@pytest.mark.parametrize(
    ("change", "details"),
    [
        ({"external_customer_id": None}, {"external_customer_id": ["value_is_mandatory"]}),
        ({"external_id": " "}, {"external_id": ["value_is_mandatory"]}),
        ({"billing_time": "lunar"}, {"billing_time": ["value_is_invalid"]}),
        ({"subscription_at": "tomorrow"}, {"subscription_at": ["invalid_date"]}),
        ({"ending_at": "2001-01-01"}, {"ending_at": ["invalid_date"]}),
    ],
)
def test_subscription_errors(api: Api, change: dict[str, Any], details: dict[str, Any]) -> None:
    api.ok("POST", "/plans", {"plan": PLAN})
    content = {"external_customer_id": "acme", "plan_code": "basic", "external_id": "sub"} | change
    assert api.refused("POST", "/subscriptions", {"subscription": content})["error_details"] == details


def test_subscription_conflicts(api: Api) -> None:
    api.ok("POST", "/plans", {"plan": PLAN})
    missing = {"external_customer_id": "acme", "plan_code": "x", "external_id": "sub"}
    assert api.refused("POST", "/subscriptions", {"subscription": missing})["code"] == "plan_not_found"
    subscribe(api)
    taken = {"external_customer_id": "other", "plan_code": "basic", "external_id": "sub"}
    assert api.refused("POST", "/subscriptions", {"subscription": taken})["error_details"] == {
        "external_id": ["value_already_exist"]
    }
    refused = api.refused("DELETE", "/subscriptions/sub?on_termination_invoice=perhaps")
    assert refused["error_details"] == {"on_termination_invoice": ["value_is_invalid"]}


def test_life_of_an_applied_coupon(api: Api) -> None:
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    api.ok("POST", "/coupons", {"coupon": COUPON | {"reusable": False}})
    body = {"applied_coupon": {"external_customer_id": "acme", "coupon_code": "ten", "percentage_rate": 20}}
    applied = api.ok("POST", "/applied_coupons", body)["applied_coupon"]
    assert (applied["status"], applied["percentage_rate"], applied["frequency"]) == ("active", "20.0", "recurring")
    assert "credits" not in applied
    assert (applied["amount_cents_remaining"], applied["frequency_duration_remaining"]) == (None, 3)
    for path in ("/applied_coupons?external_customer_id=acme&status=active", "/customers/acme/applied_coupons"):
        assert api.ok("GET", path)["applied_coupons"] == [applied | {"credits": []}]
    assert api.ok("GET", "/applied_coupons?status=terminated")["applied_coupons"] == []
    assert api.refused("POST", "/applied_coupons", body)["error_details"] == {"coupon": ["coupon_is_not_reusable"]}

    api.ok("POST", "/customers", {"customer": {"external_id": "other"}})
    path = f"applied_coupons/{applied['lago_id']}"
    assert api.refused("DELETE", f"/customers/other/{path}")["code"] == "applied_coupon_not_found"
    ended = api.ok("DELETE", f"/customers/acme/{path}")["applied_coupon"]
    assert ended["status"] == "terminated"
    api.ok("DELETE", "/coupons/ten")
    (kept,) = api.ok("GET", "/applied_coupons")["applied_coupons"]
    assert (kept["coupon_code"], kept["coupon_status"]) == ("ten", "terminated")


def test_applied_coupons_are_found_by_the_code_of_their_coupon(api: Api) -> None:
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    for code in ("ten", "twenty", "gone"):
        api.ok("POST", "/coupons", {"coupon": COUPON | {"code": code}})
        api.ok("POST", "/applied_coupons", {"applied_coupon": {"external_customer_id": "acme", "coupon_code": code}})
    api.ok("DELETE", "/coupons/gone")

    def codes(path: str) -> list[str]:
        return sorted(row["coupon_code"] for row in api.ok("GET", path)["applied_coupons"])

    assert codes("/applied_coupons?coupon_code[]=ten") == ["ten"]
    assert codes("/customers/acme/applied_coupons?coupon_code%5B%5D=gone&coupon_code%5B%5D=twenty") == [
        "gone",
        "twenty",
    ]
    assert codes("/applied_coupons?coupon_code[]=other") == []


def test_applying_what_is_not_there(api: Api) -> None:
    body = {"applied_coupon": {"external_customer_id": "acme", "coupon_code": "ten"}}
    assert api.refused("POST", "/applied_coupons", body)["code"] == "customer_not_found"
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    assert api.refused("POST", "/applied_coupons", body)["code"] == "coupon_not_found"


def test_a_plan_has_a_minimum_commitment(api: Api) -> None:
    api.ok("POST", "/taxes", {"tax": {"code": "vat", "name": "VAT", "rate": 20}})
    committed = {"amount_cents": 1000, "invoice_display_name": "At least", "tax_codes": ["vat"]}
    answered = api.ok("POST", "/plans", {"plan": PLAN | {"minimum_commitment": committed}})["plan"]
    assert answered == api.ok("PUT", f"/plans/{PLAN['code']}", {"plan": {"name": PLAN["name"]}})["plan"]
    assert answered["minimum_commitment"]["amount_cents"] == 1000
    assert answered["minimum_commitment"]["invoice_display_name"] == "At least"
    assert [tax["code"] for tax in answered["minimum_commitment"]["taxes"]] == ["vat"]
    without = api.refused("PUT", f"/plans/{PLAN['code']}", {"plan": {"minimum_commitment": {"tax_codes": ["vat"]}}})
    assert without["error_details"] == {"amount_cents": ["value_is_mandatory"]}
    ended = api.ok("PUT", f"/plans/{PLAN['code']}", {"plan": {"minimum_commitment": {}}})["plan"]
    assert "minimum_commitment" not in ended


def test_a_plan_has_a_trial_and_another_entity_may_sell_it(api: Api) -> None:
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    assert api.ok("POST", "/plans", {"plan": PLAN | {"trial_period": 14.5}})["plan"]["trial_period"] == 14.5
    kept = api.ok("PUT", f"/plans/{PLAN['code']}", {"plan": {"name": "Renamed"}})["plan"]
    assert kept["trial_period"] == 14.5
    assert api.ok("PUT", f"/plans/{PLAN['code']}", {"plan": {"trial_period": None}})["plan"]["trial_period"] == 0
    with api.app_services().change() as uow:
        billing_entities.create(uow, code="north", name="North")
    wanted = {"external_customer_id": "acme", "external_id": "s1", "plan_code": PLAN["code"]}
    body = {"subscription": wanted | {"billing_entity_code": "north"}}
    assert api.ok("POST", "/subscriptions", body)["subscription"]["billing_entity_code"] == "north"
    assert api.ok("GET", "/subscriptions/s1")["subscription"]["billing_entity_code"] == "north"
    unknown = {"subscription": wanted | {"external_id": "s2", "billing_entity_code": "south"}}
    assert api.refused("POST", "/subscriptions", unknown)["code"] == "billing_entity_not_found"


@pytest.mark.parametrize(
    "terms",
    [
        {"interval": "semiannual", "bill_fixed_charges_monthly": True},
        {
            "charges": [
                {
                    "charge_model": "standard",
                    "pay_in_advance": True,
                    "invoiceable": False,
                    "regroup_paid_fees": "invoice",
                }
            ]
        },
    ],
)
def test_terms_that_would_be_ignored_are_refused(api: Api, terms: dict[str, Any]) -> None:
    name = list(terms)[-1]
    refused = api.refused("POST", "/plans", {"plan": PLAN | terms})
    assert refused["error_details"] == {name: ["feature_unavailable"]}
    idle = {"trial_period": 0, "bill_fixed_charges_monthly": True, "interval": "monthly"}
    api.ok("POST", "/plans", {"plan": PLAN | idle})
    assert api.refused("PUT", f"/plans/{PLAN['code']}", {"plan": {"interval": "yearly"} | terms})["code"]


def test_a_long_plan_bills_every_month(api: Api) -> None:
    alone = PLAN | {"interval": "yearly", "bill_fixed_charges_monthly": True}
    refused = api.refused("POST", "/plans", {"plan": alone})
    assert refused["error_details"] == {"bill_fixed_charges_monthly": ["feature_unavailable"]}
    made = api.ok("POST", "/plans", {"plan": alone | {"bill_charges_monthly": True}})["plan"]
    assert (made["bill_charges_monthly"], made["bill_fixed_charges_monthly"]) == (True, True)
    cleared = {"bill_charges_monthly": None, "bill_fixed_charges_monthly": None}
    assert api.ok("PUT", f"/plans/{PLAN['code']}", {"plan": cleared})["plan"]["bill_charges_monthly"] is False
    short = PLAN | {"code": "short", "interval": "monthly", "bill_charges_monthly": True}
    assert api.ok("POST", "/plans", {"plan": short})["plan"]["bill_charges_monthly"] is None


@pytest.mark.parametrize("days", [36_501, 10**9, -1])
def test_terms_of_more_than_a_century_are_refused(api: Api, days: int) -> None:
    """Their due date would be none, and every list with it."""
    body = CUSTOMER | {"net_payment_term": days, "billing_configuration": {"invoice_grace_period": days}}
    refused = api.refused("POST", "/customers", {"customer": body})
    assert refused["error_details"] == {
        "net_payment_term": ["value_is_out_of_range"], "invoice_grace_period": ["value_is_out_of_range"]
    }  # fmt: skip
