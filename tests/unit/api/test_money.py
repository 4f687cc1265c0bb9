"""Wallets and current usage: what is computed by the SQL of the bill."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.api.conftest import Api
from tests.unit.api.test_resources import METRIC, PLAN, TAX

CUSTOMER = {"external_id": "acme", "currency": "EUR", "timezone": "Europe/Berlin"}
WALLET = {"external_customer_id": "acme", "rate_amount": "2", "currency": "EUR", "name": "Prepaid Credits"}


def open_wallet(api: Api, **changes: Any) -> dict[str, Any]:
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    return dict(api.ok("POST", "/wallets", {"wallet": WALLET | changes})["wallet"])


def test_life_of_a_wallet(api: Api) -> None:
    created = open_wallet(api, granted_credits=10.5)
    assert (created["code"], created["status"], created["rate_amount"]) == ("prepaid_credits", "active", "2.0")
    assert (created["credits_balance"], created["balance_cents"]) == ("0.0", 0)
    wallet = api.ok("GET", f"/wallets/{created['lago_id']}")["wallet"]
    assert (wallet["credits_balance"], wallet["balance_cents"], wallet["consumed_credits"]) == ("10.5", 2100, "0.0")
    for path in ("/wallets?external_customer_id=acme", "/customers/acme/wallets"):
        assert api.ok("GET", path)["wallets"] == [wallet]
    renamed = api.ok("PUT", f"/wallets/{wallet['lago_id']}", {"wallet": {"name": "New", "priority": 3}})["wallet"]
    assert renamed == wallet | {"name": "New", "priority": 3}
    assert api.ok("DELETE", f"/wallets/{wallet['lago_id']}")["wallet"]["status"] == "terminated"
    refused = api.refused("PUT", f"/wallets/{wallet['lago_id']}", {"wallet": {"name": "x"}})
    assert refused["error_details"] == {"wallet_id": ["wallet_is_terminated"]}


def test_credits_go_in_and_out(api: Api) -> None:
    wallet_id = open_wallet(api)["lago_id"]

    def move(**credits: Any) -> dict[str, Any]:
        return {"wallet_transaction": {"wallet_id": wallet_id} | credits}

    both = api.ok("POST", "/wallet_transactions", move(paid_credits="3", granted_credits="1.5", voided_credits=None))
    assert both.keys() == {"wallet_transactions"}
    described = [(row["transaction_status"], row["status"], row["amount"]) for row in both["wallet_transactions"]]
    assert described == [("purchased", "pending", "6.0"), ("granted", "settled", "3.0")]
    assert api.ok("GET", f"/wallets/{wallet_id}")["wallet"]["credits_balance"] == "1.5"
    refused = api.refused("POST", "/wallet_transactions", move(voided_credits="1.6"))
    assert refused["error_details"] == {"voided_credits": ["insufficient_credits"]}
    (voided,) = api.ok("POST", "/wallet_transactions", move(voided_credits=1.5))["wallet_transactions"]
    assert (voided["transaction_type"], voided["transaction_status"]) == ("outbound", "voided")
    listed = api.ok("GET", f"/wallets/{wallet_id}/wallet_transactions")
    assert listed["wallet_transactions"][0] == voided
    assert listed["meta"]["total_count"] == 3
    settled = api.ok("GET", f"/wallets/{wallet_id}/wallet_transactions?transaction_type=inbound&status=settled")
    (granted,) = settled["wallet_transactions"]
    assert (granted["credit_amount"], granted["remaining_amount_cents"]) == ("1.5", 0)
    (used,) = api.ok("GET", f"/wallet_transactions/{granted['lago_id']}/consumptions")[
        "wallet_transaction_consumptions"
    ]
    assert (used["amount_cents"], used["credit_amount"], used["wallet_transaction"]) == (300, "1.5", voided)
    (source,) = api.ok("GET", f"/wallet_transactions/{voided['lago_id']}/fundings")["wallet_transaction_fundings"]
    assert source["wallet_transaction"] == granted == api.ok("GET", f"/wallet_transactions/{granted['lago_id']}")
    refused = api.refused("GET", f"/wallet_transactions/{voided['lago_id']}/consumptions")
    assert refused["error_details"] == {"transaction_type": ["invalid_transaction_type"]}


def test_wallets_are_found_by_currency(api: Api) -> None:
    euros = open_wallet(api)["lago_id"]
    dollars = open_wallet(api, currency="USD")["lago_id"]

    def found(query: str) -> list[str]:
        return [wallet["lago_id"] for wallet in api.ok("GET", f"/wallets?external_customer_id=acme{query}")["wallets"]]

    assert found("&currency=EUR") == [euros]
    assert found("&currency=USD") == [dollars]
    assert found("&currency=JPY") == []
    assert found("") == [dollars, euros]


def test_a_wallet_is_limited_to_types_of_lines_and_metrics(api: Api) -> None:
    api.ok(
        "POST",
        "/billable_metrics",
        {"billable_metric": {"code": "calls", "name": "Calls", "aggregation_type": "count_agg"}},
    )
    limits = {"fee_types": ["subscription"], "billable_metric_codes": ["calls"]}
    wallet = open_wallet(api, applies_to=limits)
    assert wallet["applies_to"] == limits
    body = {"wallet": {"applies_to": {"fee_types": []}}}
    assert api.ok("PUT", f"/wallets/{wallet['lago_id']}", body)["wallet"]["applies_to"] == limits | {"fee_types": []}
    refused = api.refused("POST", "/wallets", {"wallet": WALLET | {"applies_to": {"fee_types": ["add_on"]}}})
    assert refused["error_details"] == {"applies_to": ["invalid_limitations"]}
    refused = api.refused("POST", "/wallets", {"wallet": WALLET | {"applies_to": {"billable_metric_codes": ["no"]}}})
    assert refused["code"] == "billable_metrics_not_found"


@pytest.mark.parametrize(
    ("change", "details"),
    [
        ({"external_customer_id": "nobody"}, {"customer": ["customer_not_found"]}),
        ({"rate_amount": None}, {"rate_amount": ["value_is_mandatory"]}),
        ({"rate_amount": "x"}, {"rate_amount": ["invalid_rate"]}),
        ({"paid_credits": "-1"}, {"paid_credits": ["invalid_paid_credits", "invalid_amount"]}),
        ({"priority": 51}, {"priority": ["value_is_out_of_range"]}),
        ({"expiration_at": "2001-01-01"}, {"expiration_at": ["invalid_date"]}),
    ],
)
def test_wallet_errors(api: Api, change: dict[str, Any], details: dict[str, Any]) -> None:
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    assert api.refused("POST", "/wallets", {"wallet": WALLET | change})["error_details"] == details


TOP_UPS = {
    "invoice_requires_successful_payment": True,
    "paid_top_up_min_amount_cents": 500,
    "paid_top_up_max_amount_cents": 50000,
}


def test_what_a_wallet_says_about_top_ups(api: Api) -> None:
    wallet = open_wallet(api, **TOP_UPS)
    assert TOP_UPS.items() <= wallet.items()
    wallet_id = wallet["lago_id"]
    for credits, code in (("2.49", "amount_below_minimum"), ("250.01", "amount_above_maximum")):
        content = {"wallet_id": wallet_id, "paid_credits": credits, "granted_credits": "1"}
        refused = api.refused("POST", "/wallet_transactions", {"wallet_transaction": content})
        assert refused["error_details"] == {"paid_credits": [code]}
        content |= {"ignore_paid_top_up_limits": True, "invoice_requires_successful_payment": False}
        bought, granted = api.ok("POST", "/wallet_transactions", {"wallet_transaction": content})["wallet_transactions"]
        assert not bought["invoice_requires_successful_payment"]
    for credits in ("2.5", "250"):
        content = {"wallet_id": wallet_id, "paid_credits": credits, "granted_credits": "1"}
        bought, granted = api.ok("POST", "/wallet_transactions", {"wallet_transaction": content})["wallet_transactions"]
        assert (bought["invoice_requires_successful_payment"], granted["invoice_requires_successful_payment"]) == (True, False)
    change = {"paid_top_up_min_amount_cents": 50001}
    refused = api.refused("PUT", f"/wallets/{wallet_id}", {"wallet": change})
    assert refused["error_details"] == {"paid_top_up_max_amount_cents": ["value_is_out_of_range"]}
    idle = {"invoice_requires_successful_payment": False, "paid_top_up_min_amount_cents": None, "paid_top_up_max_amount_cents": None}
    changed = api.ok("PUT", f"/wallets/{wallet_id}", {"wallet": idle})["wallet"]
    assert idle.items() <= changed.items()
    refused = api.refused("POST", "/wallets", {"wallet": WALLET | {"paid_top_up_min_amount_cents": 0}})
    assert refused["error_details"] == {"paid_top_up_min_amount_cents": ["value_is_out_of_range"]}


def test_first_credits_keep_within_the_limits(api: Api) -> None:
    open_wallet(api)
    content = WALLET | {"paid_top_up_min_amount_cents": 500, "paid_credits": "1", "code": "second"}
    refused = api.refused("POST", "/wallets", {"wallet": content})
    assert refused["error_details"] == {"paid_credits": ["amount_below_minimum"]}
    api.ok("POST", "/wallets", {"wallet": content | {"ignore_paid_top_up_limits_on_creation": True}})


def gated_top_up(api: Api) -> tuple[str, dict[str, Any]]:
    """(the wallet, a top-up whose invoice waits for its payment)."""
    wallet_id = open_wallet(api)["lago_id"]
    content = {"wallet_id": wallet_id, "paid_credits": "7.5", "invoice_requires_successful_payment": True}
    api.ok("POST", "/wallet_transactions", {"wallet_transaction": content})
    (bought,) = api.ok("GET", f"/wallets/{wallet_id}/wallet_transactions")["wallet_transactions"]
    assert (bought["status"], bought["settled_at"], bought["invoice_requires_successful_payment"]) == ("pending", None, True)
    return wallet_id, bought


def test_an_invoice_that_waits_for_its_payment_opens_with_it(api: Api) -> None:
    wallet_id, bought = gated_top_up(api)
    invoice_id = bought["lago_invoice_id"]
    assert api.ok("GET", "/customers/acme/invoices")["invoices"] == []
    assert api.refused("GET", f"/invoices/{invoice_id}")["code"] == "invoice_not_found"
    part = {"payment": {"invoice_id": invoice_id, "amount_cents": 1499, "reference": "part"}}
    assert api.refused("POST", "/payments", part)["error_details"] == {"amount_cents": ["invalid_value"]}
    whole = {"payment": {"invoice_id": invoice_id, "amount_cents": 1500, "reference": "whole"}}
    assert api.ok("POST", "/payments", whole)["payment"]["amount_cents"] == 1500
    invoice = api.ok("GET", f"/invoices/{invoice_id}")["invoice"]
    assert (invoice["status"], invoice["payment_status"], invoice["total_amount_cents"]) == ("finalized", "succeeded", 1500)
    assert api.ok("GET", f"/wallets/{wallet_id}")["wallet"]["credits_balance"] == "7.5"
    assert api.refused("POST", "/payments", whole)["error_details"] == {"amount_cents": ["invalid_value"]}


def test_a_payment_that_fails_fails_the_top_up_until_one_succeeds(api: Api) -> None:
    wallet_id, bought = gated_top_up(api)
    path = f"/invoices/{bought['lago_invoice_id']}"

    def tell(status: str) -> dict[str, Any]:
        return dict(api.ok("PUT", path, {"invoice": {"payment_status": status}})["invoice"])

    assert tell("pending")["payment_status"] == "pending"
    assert (tell("failed")["status"], tell("failed")["payment_status"]) == ("open", "failed")
    (failed,) = api.ok("GET", f"/wallets/{wallet_id}/wallet_transactions?status=failed")["wallet_transactions"]
    assert failed["failed_at"] is not None and failed["settled_at"] is None
    assert api.ok("GET", f"/wallets/{wallet_id}")["wallet"]["credits_balance"] == "0.0"
    assert (tell("succeeded")["status"], tell("succeeded")["payment_status"]) == ("finalized", "succeeded")
    assert api.ok("GET", f"/wallets/{wallet_id}")["wallet"]["credits_balance"] == "7.5"
    refused = api.refused("PUT", path, {"invoice": {"payment_status": "unknown"}})
    assert refused["error_details"] == {"payment_status": ["value_is_invalid"]}


RULE = {"trigger": "threshold", "threshold_credits": "10", "paid_credits": "50", "granted_credits": 2.5, "transaction_name": "More"}
SHOWN = {
    "trigger": "threshold", "method": "fixed", "interval": None, "status": "active", "threshold_credits": "10.0", "paid_credits": "50.0", "granted_credits": "2.5",
    "grants_target_top_up": False, "target_ongoing_balance": None, "started_at": None, "expiration_at": None, "invoice_requires_successful_payment": True,
    "transaction_metadata": [], "transaction_name": "More", "ignore_paid_top_up_limits": False,
}  # fmt: skip


def test_life_of_a_rule(api: Api) -> None:
    wallet = open_wallet(api, recurring_transaction_rules=[RULE], invoice_requires_successful_payment=True)
    (rule,) = wallet["recurring_transaction_rules"]
    assert SHOWN.items() <= rule.items()
    path = f"/wallets/{wallet['lago_id']}"

    def update(*rules: dict[str, Any]) -> list[dict[str, Any]]:
        return list(api.ok("PUT", path, {"wallet": {"recurring_transaction_rules": list(rules)}})["wallet"]["recurring_transaction_rules"])

    assert update({"lago_id": rule["lago_id"], "threshold_credits": "20"}) == [rule | {"threshold_credits": "20.0"}]
    assert api.ok("PUT", path, {"wallet": {"name": "New"}})["wallet"]["recurring_transaction_rules"][0]["lago_id"] == rule["lago_id"]
    target = {"trigger": "interval", "interval": "monthly", "method": "target", "target_ongoing_balance": "100", "grants_target_top_up": True, "started_at": "2026-01-31T00:00:00Z"}
    (other,) = update(target)
    assert other["lago_id"] != rule["lago_id"] and (other["interval"], other["target_ongoing_balance"], other["grants_target_top_up"]) == ("monthly", "100.0", True)
    assert update() == []
    update(target)
    assert api.ok("DELETE", path)["wallet"]["recurring_transaction_rules"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"trigger": "sometimes"},
        {"method": "guess"},
        {"threshold_credits": None},
        {"threshold_credits": "-1"},
        {"paid_credits": "0", "granted_credits": None},
        {"trigger": "interval", "interval": "daily"},
        {"method": "target"},
        {"method": "target", "target_ongoing_balance": "9.99"},
        {"expiration_at": "2001-01-01"},
    ],
)
def test_a_rule_that_does_not_say_when_and_how_much(api: Api, change: dict[str, Any]) -> None:
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    content = WALLET | {"recurring_transaction_rules": [RULE | change]}
    refused = api.refused("POST", "/wallets", {"wallet": content})
    assert refused["error_details"] == {"recurring_transaction_rules": ["invalid_recurring_rule"]}


def test_a_wallet_has_one_rule(api: Api) -> None:
    wallet = open_wallet(api)
    body = {"wallet": {"recurring_transaction_rules": [RULE, RULE]}}
    refused = api.refused("PUT", f"/wallets/{wallet['lago_id']}", body)
    assert refused["error_details"] == {"recurring_transaction_rules": ["invalid_number_of_recurring_rules"]}


def test_terms_of_a_top_up_that_would_be_ignored_are_refused(api: Api) -> None:
    wallet_id = open_wallet(api)["lago_id"]
    content = {"wallet_id": wallet_id, "granted_credits": "1"}
    refused = api.refused("POST", "/wallet_transactions", {"wallet_transaction": content | {"voided_transaction_id": wallet_id}})
    assert refused["error_details"] == {"voided_transaction_id": ["feature_unavailable"]}
    api.ok("POST", "/wallet_transactions", {"wallet_transaction": content | {"voided_transaction_id": None}})
    assert len(api.ok("GET", f"/wallets/{wallet_id}/wallet_transactions")["wallet_transactions"]) == 1


def test_a_wallet_s_code_cannot_be_emptied(api: Api) -> None:
    wallet = open_wallet(api)
    for code, problem in (("", "value_is_mandatory"), (" ", "value_is_mandatory"), ("x" * 256, "value_is_too_long")):
        refused = api.refused("PUT", f"/wallets/{wallet['lago_id']}", {"wallet": {"code": code}})
        assert refused["error_details"] == {"code": [problem]}
    assert api.ok("PUT", f"/wallets/{wallet['lago_id']}", {"wallet": {"code": None}})["wallet"] == wallet
    refused = api.refused("POST", "/wallets", {"wallet": WALLET | {"code": "x" * 256}})
    assert refused["error_details"] == {"code": ["value_is_too_long"]}


def test_wallets_that_are_not_there(api: Api) -> None:
    assert api.refused("GET", "/wallets/nothing")["code"] == "wallet_not_found"
    assert api.refused("GET", "/wallets/nothing/wallet_transactions")["code"] == "wallet_not_found"
    assert api.refused("GET", "/wallets")["code"] == "customer_not_found"
    body = {"wallet_transaction": {"wallet_id": "nothing", "granted_credits": "1"}}
    assert api.refused("POST", "/wallet_transactions", body)["error_details"] == {"wallet_id": ["wallet_not_found"]}


def subscribe(api: Api) -> None:
    metric = api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})["billable_metric"]["lago_id"]
    api.ok("POST", "/taxes", {"tax": TAX})
    filtered = {
        "billable_metric_id": metric,
        "charge_model": "standard",
        "properties": {"amount": "0.1", "pricing_group_keys": ["model"]},
        "filters": [{"values": {"region": ["eu"]}, "properties": {"amount": "0.2"}, "invoice_display_name": "EU"}],
        "tax_codes": ["vat"],
    }
    unused = {
        "billable_metric_id": metric,
        "code": "unused",
        "charge_model": "package",
        "properties": {"amount": "5", "package_size": 10, "free_units": 10000},
    }
    api.ok("POST", "/plans", {"plan": PLAN | {"charges": [filtered, unused]}})
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    content = {"external_customer_id": "acme", "plan_code": "basic", "external_id": "sub"}
    api.ok("POST", "/subscriptions", {"subscription": content})


def test_current_usage_is_what_the_bill_would_say_now(api: Api) -> None:
    subscribe(api)
    events = [
        {"transaction_id": "a", "properties": {"count": 10, "model": "x"}},
        {"transaction_id": "b", "properties": {"count": "2.5", "model": "y"}},
        {"transaction_id": "c", "properties": {"count": 3}},
        {"transaction_id": "d", "properties": {"count": 7, "region": "eu"}},
        {"transaction_id": "d", "properties": {"count": 700, "region": "eu"}},
    ]
    common = {"external_subscription_id": "sub", "code": "calls"}
    api.ok("POST", "/events/batch", {"events": [event | common for event in events]})
    path = "/customers/acme/current_usage?external_subscription_id=sub"
    usage = api.ok("GET", path)["customer_usage"]
    # 15.5 units at 0.10, each group rounded on its own (1.00, 0.25, 0.30), and 7 units at 0.20; 12.5 % on all of it.
    assert (usage["amount_cents"], usage["taxes_amount_cents"], usage["total_amount_cents"]) == (295, 37, 332)
    assert usage["currency"] == "EUR"
    assert usage["to_datetime"].endswith(("22:59:59Z", "21:59:59Z"))
    calls, unused = usage["charges_usage"]
    assert (calls["units"], calls["events_count"], calls["amount_cents"]) == ("22.5", 4, 295)
    assert calls["billable_metric"]["code"] == "calls"
    eu, rest = calls["filters"]
    assert (eu["values"], eu["units"], eu["amount_cents"]) == ({"region": ["eu"]}, "7.0", 140)
    assert (rest["values"], rest["units"], rest["amount_cents"]) == (None, "15.5", 155)
    assert {"model": "y"} in [group["grouped_by"] for group in calls["grouped_usage"]]
    # The package charge sees the same 22.5 units, all of them free.
    assert (unused["amount_cents"], unused["filters"], unused["grouped_usage"]) == (0, [], [])
    only = api.ok("GET", f"{path}&charge_code=unused")["customer_usage"]
    assert (only["charges_usage"], only["amount_cents"]) == ([unused], 0)
    assert len(api.ok("GET", f"{path}&billable_metric_code=calls")["customer_usage"]["charges_usage"]) == 2
    assert api.refused("GET", f"{path}&charge_id=x")["code"] == "charge_not_found"
    assert api.ok("GET", f"{path}&apply_taxes=false")["customer_usage"]["taxes_amount_cents"] == 0


def test_presentation_group_keys_split_the_units_that_are_shown_and_not_the_price(api: Api) -> None:
    metric = api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})["billable_metric"]["lago_id"]
    keys = [{"value": "cloud", "options": {"display_in_invoice": False}}, {"value": "zone"}]
    tiers = [
        {"from_value": 0, "to_value": 10, "per_unit_amount": "1", "flat_amount": "0"},
        {"from_value": 11, "to_value": None, "per_unit_amount": "0.5", "flat_amount": "0"},
    ]
    charge = {
        "billable_metric_id": metric,
        "charge_model": "graduated",
        "properties": {"graduated_ranges": tiers, "presentation_group_keys": keys},
        "filters": [{"values": {"region": ["eu"]}, "properties": {"graduated_ranges": tiers}}],
    }
    plan = api.ok("POST", "/plans", {"plan": PLAN | {"charges": [charge]}})["plan"]
    assert plan["charges"][0]["properties"]["presentation_group_keys"] == keys
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    content = {"external_customer_id": "acme", "plan_code": "basic", "external_id": "sub"}
    api.ok("POST", "/subscriptions", {"subscription": content})
    events = [
        {"transaction_id": "a", "properties": {"count": 8, "cloud": "aws", "zone": 1}},
        {"transaction_id": "b", "properties": {"count": 6, "cloud": "gcp"}},
        {"transaction_id": "c", "properties": {"count": 2, "cloud": "aws", "zone": "1", "region": "eu"}},
    ]
    common = {"external_subscription_id": "sub", "code": "calls"}
    api.ok("POST", "/events/batch", {"events": [event | common for event in events]})
    usage = api.ok("GET", "/customers/acme/current_usage?external_subscription_id=sub")["customer_usage"]
    (calls,) = usage["charges_usage"]
    # 14 units in two tiers and 2 in one: the groups restart neither.
    assert (calls["units"], calls["amount_cents"]) == ("16.0", 1400)
    eu, rest = calls["filters"]
    gcp = {"presentation_by": {"cloud": "gcp"}, "units": "6.0"}
    assert eu["presentation_breakdowns"] == [{"presentation_by": {"cloud": "aws", "zone": "1"}, "units": "2.0"}]
    assert rest["presentation_breakdowns"] == [{"presentation_by": {"cloud": "aws", "zone": "1"}, "units": "8.0"}, gcp]
    assert calls["presentation_breakdowns"] == [
        {"presentation_by": {"cloud": "aws", "zone": "1"}, "units": "10.0"},
        gcp,
    ]
    path = "/customers/acme/current_usage?external_subscription_id=sub&filter_by_presentation="
    (calls,) = api.ok("GET", f"{path}cloud")["customer_usage"]["charges_usage"]
    assert calls["presentation_breakdowns"] == [{"presentation_by": {"cloud": "aws"}, "units": "10.0"}, gcp]
    (calls,) = api.ok("GET", f"{path}other")["customer_usage"]["charges_usage"]
    assert (calls["units"], calls["presentation_breakdowns"]) == ("16.0", [])


def test_a_fee_keeps_its_presentation_groups_and_the_level_that_was_reached(api: Api) -> None:
    level = METRIC | {"code": "level", "aggregation_type": "weighted_sum_agg", "weighted_interval": "seconds"}
    metrics = [
        api.ok("POST", "/billable_metrics", {"billable_metric": metric})["billable_metric"]["lago_id"]
        for metric in (METRIC, level)
    ]
    keys = [{"value": "cloud", "options": {"display_in_invoice": True}}, {"value": "zone"}]
    properties = {"amount": "1", "presentation_group_keys": keys}
    charges = [
        {"billable_metric_id": metric, "charge_model": "standard", "properties": properties} for metric in metrics
    ]
    api.ok("POST", "/plans", {"plan": PLAN | {"charges": charges}})
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    api.ok(
        "POST",
        "/subscriptions",
        {"subscription": {"external_customer_id": "acme", "plan_code": "basic", "external_id": "presented"}},
    )
    parts = {"a": {"count": 8, "cloud": "aws", "zone": 1}, "b": {"count": 6, "cloud": "aws"}, "c": {"count": 2}}
    events = [
        {"transaction_id": f"{code}-{name}", "code": code, "external_subscription_id": "presented", "properties": part}
        for name, part in parts.items()
        for code in ("calls", "level")
    ]
    api.ok("POST", "/events/batch", {"events": events})
    api.ok("DELETE", "/subscriptions/presented")
    fees = api.ok("GET", "/fees?external_subscription_id=presented")["fees"]
    calls, reached = (next(fee for fee in fees if fee["item"]["code"] == code) for code in ("calls", "level"))
    assert calls["presentation_breakdowns"] == [
        {"presentation_by": {"cloud": "aws", "zone": "1"}, "units": "8.0"},
        {"presentation_by": {"cloud": "aws"}, "units": "6.0"},
        {"presentation_by": {}, "units": "2.0"},
    ]
    assert (calls["units"], calls["total_aggregated_units"]) == ("16.0", "16.0")
    assert reached["total_aggregated_units"] == "16.0"
    assert Decimal(reached["units"]) < 1
    shown = api.ok("GET", f"/invoices/{calls['lago_invoice_id']}")["invoice"]["fees"]
    assert [fee["presentation_breakdowns"] for fee in shown if fee["item"]["code"] == "calls"] == [
        calls["presentation_breakdowns"]
    ]


def test_current_usage_of_a_weighted_sum_shows_the_level_that_was_reached(api: Api) -> None:
    metric = METRIC | {"aggregation_type": "weighted_sum_agg", "weighted_interval": "seconds", "recurring": True}
    metric_id = api.ok("POST", "/billable_metrics", {"billable_metric": metric})["billable_metric"]["lago_id"]
    charge = {
        "billable_metric_id": metric_id,
        "charge_model": "standard",
        "properties": {"amount": "1", "pricing_group_keys": ["model"]},
        "filters": [{"values": {"region": ["eu"]}, "properties": {"amount": "2"}}],
    }
    api.ok("POST", "/plans", {"plan": PLAN | {"charges": [charge]}})
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    content = {"external_customer_id": "acme", "plan_code": "basic", "external_id": "sub"}
    api.ok("POST", "/subscriptions", {"subscription": content})
    events = [
        {"transaction_id": "a", "properties": {"count": 2500, "model": "x"}},
        {"transaction_id": "b", "properties": {"count": -100, "model": "x"}},
        {"transaction_id": "c", "properties": {"count": 7, "model": "y", "region": "eu"}},
    ]
    common = {"external_subscription_id": "sub", "code": "calls"}
    api.ok("POST", "/events/batch", {"events": [event | common for event in events]})
    usage = api.ok("GET", "/customers/acme/current_usage?external_subscription_id=sub")["customer_usage"]
    (calls,) = usage["charges_usage"]
    assert calls["total_aggregated_units"] == "2407.0"
    assert 0 < Decimal(calls["units"]) < 2407
    assert [row["total_aggregated_units"] for row in calls["filters"]] == ["7.0", "2400.0"]
    groups = {group["grouped_by"]["model"]: group["total_aggregated_units"] for group in calls["grouped_usage"]}
    assert groups == {"x": "2400.0"}  # the filter has no groups


def test_usage_out_of_the_domain_is_refused_in_words_until_it_is_corrected(api: Api) -> None:
    subscribe(api)
    event = {"external_subscription_id": "sub", "code": "calls"}
    api.ok("POST", "/events", {"event": event | {"transaction_id": "a", "properties": {"count": "999999999999999"}}})
    path = "/customers/acme/current_usage?external_subscription_id=sub"
    refused = api.refused("GET", path)
    assert (refused["status"], refused["code"]) == (422, "validation_errors")
    assert refused["error_details"] == {"units": ["out_of_domain"]}
    assert refused["message"].startswith("999999999999999 units of calls on subscription sub cannot be priced")
    api.ok("POST", "/events", {"event": event | {"transaction_id": "b", "properties": {"count": "-999999999999989"}}})
    assert api.ok("GET", path)["customer_usage"]["amount_cents"] == 100


def test_current_usage_needs_an_active_subscription_of_the_customer(api: Api) -> None:
    assert api.refused("GET", "/customers/acme/current_usage")["code"] == "customer_not_found"
    subscribe(api)
    api.ok("POST", "/customers", {"customer": {"external_id": "other"}})
    for path in (
        "acme/current_usage",
        "acme/current_usage?external_subscription_id=x",
        "other/current_usage?external_subscription_id=sub",
    ):
        refused = api.refused("GET", f"/customers/{path}")
        assert (refused["status"], refused["code"]) == (405, "no_active_subscription")
    api.ok("DELETE", "/subscriptions/sub?on_termination_invoice=skip")
    assert api.refused("GET", "/customers/acme/current_usage?external_subscription_id=sub")["status"] == 405
