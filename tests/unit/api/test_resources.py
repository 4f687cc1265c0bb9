"""Each catalog resource over the wire: create, get, list, update, delete, and its errors."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.conftest import Api

METRIC = {
    "name": "Calls",
    "code": "calls",
    "aggregation_type": "sum_agg",
    "field_name": "count",
    "filters": [{"key": "region", "values": ["us", "eu"]}],
}
TAX = {"name": "VAT", "code": "vat", "rate": 12.5, "description": None}
ADD_ON = {"name": "Setup", "code": "setup", "amount_cents": 5000, "amount_currency": "EUR"}
COUPON = {
    "name": "Ten",
    "code": "ten",
    "coupon_type": "percentage",
    "percentage_rate": "10.5",
    "frequency": "recurring",
    "frequency_duration": 3,
    "expiration": "no_expiration",
}
PLAN = {
    "name": "Basic",
    "code": "basic",
    "interval": "monthly",
    "amount_cents": 1000,
    "amount_currency": "EUR",
    "pay_in_advance": False,
}


def mandatory(*names: str) -> dict[str, list[str]]:
    return {name: ["value_is_mandatory"] for name in names}


def test_a_key_of_more_than_255_characters_is_refused(api: Api) -> None:
    for resource, path, content in (("customer", "customers", {"external_id": "c" * 256}), ("billable_metric", "billable_metrics", METRIC | {"code": "c" * 256})):
        refused = api.refused("POST", f"/{path}", {resource: content})
        assert refused["status"] == 422 and ["value_is_too_long"] in refused["error_details"].values()
    event = {"transaction_id": "t" * 256, "external_subscription_id": "s", "code": "c"}
    assert api.refused("POST", "/events", {"event": event})["error_details"] == {"transaction_id": ["value_is_too_long"]}


RESOURCES = [
    ("billable_metric", "billable_metrics", METRIC),
    ("tax", "taxes", TAX),
    ("add_on", "add_ons", ADD_ON),
    ("coupon", "coupons", COUPON),
    ("plan", "plans", PLAN),
]


@pytest.mark.parametrize(("root", "path", "content"), RESOURCES)
def test_life_of_a_resource_with_a_code(api: Api, root: str, path: str, content: dict[str, Any]) -> None:
    created = api.ok("POST", f"/{path}", {root: content})
    assert created.keys() == {root}
    code = content["code"]
    assert created[root]["code"] == code
    assert created[root]["created_at"].endswith("Z")
    assert len(created[root]["lago_id"]) == 36
    assert api.ok("GET", f"/{path}/{code}") == created
    listed = api.ok("GET", f"/{path}")
    # A list of plans leaves out fixed charges (lago_api §7.4).
    assert listed[path] == [{name: value for name, value in created[root].items() if name != "fixed_charges"}]
    assert listed["meta"]["total_count"] == 1

    changed = api.ok("PUT", f"/{path}/{code}", {root: {"name": "Changed"}})
    assert changed == {root: created[root] | {"name": "Changed"}}
    taken = api.refused("POST", f"/{path}", {root: content})
    assert taken == {
        "status": 422,
        "error": "Unprocessable Entity",
        "code": "validation_errors",
        "error_details": {"code": ["value_already_exist"]},
    }

    assert api.ok("DELETE", f"/{path}/{code}")[root]["lago_id"] == created[root]["lago_id"]
    missing = {"status": 404, "error": "Not Found", "code": f"{root}_not_found"}
    assert api.refused("GET", f"/{path}/{code}") == missing
    assert api.refused("PUT", f"/{path}/{code}", {root: {"name": "x"}}) == missing
    assert api.refused("DELETE", f"/{path}/{code}") == missing
    again = api.ok("POST", f"/{path}", {root: content})
    assert again[root]["lago_id"] != created[root]["lago_id"]


@pytest.mark.parametrize(("root", "path", "content"), RESOURCES)
def test_name_and_code_are_mandatory(api: Api, root: str, path: str, content: dict[str, Any]) -> None:
    assert (
        mandatory("name", "code").items() <= api.refused("POST", f"/{path}", {root: {"x": 1}})["error_details"].items()
    )
    blank = api.refused("POST", f"/{path}", {root: content | {"name": " ", "code": ""}})
    assert blank["error_details"] == mandatory("name", "code")


@pytest.mark.parametrize(("root", "path", "content"), RESOURCES)
def test_a_value_of_another_kind_is_refused_not_stored(api: Api, root: str, path: str, content: dict[str, Any]) -> None:
    for bad in ({"a": 1}, ["x"], True, "\x00"):
        refused = api.refused("POST", f"/{path}", {root: content | {"name": bad}})
        assert refused["error_details"] == {"name": ["value_is_invalid"]}
    assert api.ok("GET", f"/{path}")["meta"]["total_count"] == 0


def test_metric(api: Api) -> None:
    metric = api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})["billable_metric"]
    assert metric["filters"] == [{"key": "region", "values": ["eu", "us"]}]
    assert metric["recurring"] is False
    level = {"code": "level", "aggregation_type": "weighted_sum_agg", "field_name": "n", "weighted_interval": "seconds"}
    weighted = api.ok("POST", "/billable_metrics", {"billable_metric": METRIC | level})["billable_metric"]
    assert (metric["weighted_interval"], weighted["weighted_interval"]) == (None, "seconds")
    bad = METRIC | {"code": "other", "aggregation_type": "guess"}
    assert api.refused("POST", "/billable_metrics", {"billable_metric": bad})["error_details"] == {
        "aggregation_type": ["value_is_invalid"]
    }
    no_values = METRIC | {"code": "other", "filters": [{"key": "region"}]}
    assert api.refused("POST", "/billable_metrics", {"billable_metric": no_values})["error_details"] == mandatory(
        "values"
    )


def test_a_tax_rate_is_a_json_number_and_exact(api: Api) -> None:
    response = api("POST", "/taxes", {"tax": TAX | {"rate": "0.123456789012"}})
    assert b'"rate":0.123456789012' in response.content
    assert api.ok("PUT", "/taxes/vat", {"tax": {"rate": 20}})["tax"]["rate"] == 20
    assert api.refused("PUT", "/taxes/vat", {"tax": {"rate": "a lot"}})["error_details"] == {"rate": ["invalid_rate"]}


def test_a_tax_of_the_organization_is_one_of_the_default_entity(api: Api) -> None:
    tax = api.ok("POST", "/taxes", {"tax": TAX | {"applied_to_organization": True}})["tax"]
    assert (tax["applied_to_organization"], tax["applied_to_billing_entities_codes"]) == (True, ["default"])
    assert api.ok("GET", "/billing_entities/default")["billing_entity"]["taxes"] == [tax]
    assert api.ok("PUT", "/taxes/vat", {"tax": {"applied_to_organization": False}})["tax"] == tax | {
        "applied_to_organization": False,
        "applied_to_billing_entities_codes": [],
    }
    assert api.ok("GET", "/billing_entities/default")["billing_entity"]["taxes"] == []


def test_billing_entities_have_no_pages(api: Api) -> None:
    listed = api.ok("GET", "/billing_entities")
    assert listed.keys() == {"billing_entities"}
    assert listed["billing_entities"][0]["is_default"] is True
    assert api.refused("GET", "/billing_entities/nobody")["code"] == "billing_entity_not_found"


def test_an_add_on_carries_its_taxes(api: Api) -> None:
    unknown = api.refused("POST", "/add_ons", {"add_on": ADD_ON | {"tax_codes": ["vat"]}})
    assert unknown["code"] == "tax_not_found"
    tax = api.ok("POST", "/taxes", {"tax": TAX})["tax"]
    assert api.ok("POST", "/add_ons", {"add_on": ADD_ON | {"tax_codes": ["vat"]}})["add_on"]["taxes"] == [tax]
    for amount, code in ((0, "value_is_out_of_range"), ("x", "value_is_invalid"), (2**70, "value_is_out_of_range")):
        refused = api.refused("PUT", "/add_ons/setup", {"add_on": {"amount_cents": amount}})
        assert refused["error_details"] == {"amount_cents": [code]}


def test_coupon(api: Api) -> None:
    coupon = api.ok("POST", "/coupons", {"coupon": COUPON})["coupon"]
    assert (coupon["percentage_rate"], coupon["expiration"], coupon["limited_plans"]) == (
        "10.5",
        "no_expiration",
        False,
    )
    until = {"expiration": "time_limit", "expiration_at": "2030-01-01T02:00:00+02:00"}
    assert api.ok("PUT", "/coupons/ten", {"coupon": until})["coupon"]["expiration_at"] == "2030-01-01T00:00:00Z"
    assert api.refused("PUT", "/coupons/ten", {"coupon": {"expiration_at": "soon"}})["error_details"] == {
        "expiration_at": ["invalid_date"]
    }
    api.ok("POST", "/plans", {"plan": PLAN})
    limited = COUPON | {"code": "limited", "applies_to": {"plan_codes": ["basic"]}}
    assert api.ok("POST", "/coupons", {"coupon": limited})["coupon"]["plan_codes"] == ["basic"]
    unknown = COUPON | {"code": "u", "applies_to": {"billable_metric_codes": ["nothing"]}}
    assert api.refused("POST", "/coupons", {"coupon": unknown})["code"] == "billable_metrics_not_found"
    api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})
    both = COUPON | {"code": "b", "applies_to": {"plan_codes": ["basic"], "billable_metric_codes": ["calls"]}}
    assert api.refused("POST", "/coupons", {"coupon": both}) == {
        "status": 405,
        "error": "Method Not Allowed",
        "code": "only_one_limitation_type_per_coupon_allowed",
        "message": "limit a coupon to plans or to metrics, not to both",
    }


def plan_with_charges(api: Api) -> dict[str, Any]:
    metric = api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})["billable_metric"]
    api.ok("POST", "/taxes", {"tax": TAX})
    charges = [
        {
            "billable_metric_id": metric["lago_id"],
            "charge_model": "standard",
            "properties": {"amount": "0.1", "pricing_group_keys": ["model"]},
            "filters": [{"values": {"region": ["eu"]}, "properties": {"amount": "0.20"}, "invoice_display_name": "EU"}],
            "tax_codes": ["vat"],
        },
        {
            "billable_metric_id": metric["lago_id"],
            "charge_model": "graduated",
            "properties": {
                "graduated_ranges": [
                    {"from_value": 0, "to_value": 10, "per_unit_amount": "1", "flat_amount": "0"},
                    {"from_value": 11, "to_value": None, "per_unit_amount": "0.5", "flat_amount": "3"},
                ]
            },
        },
    ]
    return dict(api.ok("POST", "/plans", {"plan": PLAN | {"charges": charges, "tax_codes": ["vat"]}})["plan"])


def test_plan_with_charges_and_filters(api: Api) -> None:
    plan = plan_with_charges(api)
    assert plan == api.ok("GET", "/plans/basic")["plan"]
    standard, graduated = plan["charges"]
    assert standard["properties"] == {"amount": "0.1", "pricing_group_keys": ["model"], "grouped_by": ["model"]}
    assert standard["filters"][0]["values"] == {"region": ["eu"]}
    assert [tax["code"] for tax in standard["taxes"]] == [tax["code"] for tax in plan["taxes"]] == ["vat"]
    assert (standard["code"], graduated["code"]) == ("calls", "calls_2")

    kept = {
        "id": graduated["lago_id"],
        "charge_model": "graduated",
        "billable_metric_id": graduated["lago_billable_metric_id"],
    }
    updated = api.ok("PUT", "/plans/basic", {"plan": {"amount_cents": 2000, "charges": [kept]}})["plan"]
    assert updated["amount_cents"] == 2000
    assert [charge["lago_id"] for charge in updated["charges"]] == [graduated["lago_id"]]
    assert updated["charges"][0]["properties"] == graduated["properties"]


def test_a_null_clears_the_name_of_a_charge_and_leaves_its_other_terms(api: Api) -> None:
    charge = plan_with_charges(api)["charges"][0]

    def update(**changes: Any) -> dict[str, Any]:
        row = {
            "id": charge["lago_id"],
            "charge_model": "standard",
            "billable_metric_id": charge["lago_billable_metric_id"],
        }
        return dict(api.ok("PUT", "/plans/basic", {"plan": {"charges": [row | changes]}})["plan"]["charges"][0])

    named = update(invoice_display_name="Calls made", min_amount_cents=500)
    assert (named["invoice_display_name"], named["min_amount_cents"]) == ("Calls made", 500)
    assert update() == named
    assert update(invoice_display_name=None, min_amount_cents=None, prorated=None) == named | {
        "invoice_display_name": None
    }


def test_a_charge_says_how_it_settles_late_usage(api: Api) -> None:
    charge = plan_with_charges(api)["charges"][0]
    assert charge["late_usage_policy"] == "next_invoice"
    row = {name: charge[name] for name in ("code", "charge_model", "properties", "late_usage_policy")}
    row["billable_metric_id"] = charge["lago_billable_metric_id"]

    def update(**changes: Any) -> Any:
        return api.ok("PUT", "/plans/basic", {"plan": {"charges": [row | changes]}})["plan"]["charges"][0]

    for policy in ("credit_note", "ignore"):
        assert update(late_usage_policy=policy)["late_usage_policy"] == policy
        assert api.ok("GET", "/plans/basic")["plan"]["charges"][0]["late_usage_policy"] == policy
    assert update(late_usage_policy=None)["late_usage_policy"] == "ignore"
    for changes, code in (
        ({"late_usage_policy": "later"}, "value_is_invalid"),
        ({"late_usage_policy": "ignore", "pay_in_advance": True}, "not_compatible_with_pay_in_advance"),
    ):
        refused = api.refused("PUT", "/plans/basic", {"plan": {"charges": [row | changes]}})
        assert refused["error_details"] == {"late_usage_policy": [code]}


@pytest.mark.parametrize(
    ("change", "details"),
    [
        ({"amount_cents": None}, mandatory("amount_cents")),
        ({"interval": None}, {"interval": ["value_is_invalid"]}),
        ({"interval": "fortnightly"}, {"interval": ["value_is_invalid"]}),
        ({"amount_currency": "XXY"}, {"amount_currency": ["value_is_invalid"]}),
        ({"pay_in_advance": None}, {"pay_in_advance": ["value_is_invalid"]}),
        ({"charges": {}}, {"charges": ["must_be_an_array"]}),
        ({"code": "a/b"}, {"code": ["value_is_invalid"]}),
    ],
)
def test_plan_errors(api: Api, change: dict[str, Any], details: dict[str, Any]) -> None:
    assert api.refused("POST", "/plans", {"plan": PLAN | change})["error_details"] == details


def test_charge_errors(api: Api) -> None:
    metric = api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})["billable_metric"]["lago_id"]
    unknown = {"billable_metric_id": "nothing", "charge_model": "standard"}
    assert (
        api.refused("POST", "/plans", {"plan": PLAN | {"charges": [unknown]}})["code"] == "billable_metrics_not_found"
    )
    for charge, details in (
        ({"charge_model": "standard", "properties": {"amount": "x"}}, {"properties": ["invalid_amount"]}),
        ({"charge_model": "volume", "properties": {}}, {"properties": ["missing_volume_ranges"]}),
        ({"charge_model": "guess"}, {"charge_model": ["value_is_invalid"]}),
        ({"charge_model": "standard", "filters": [{"properties": {}}]}, mandatory("values")),
    ):
        refused = api.refused("POST", "/plans", {"plan": PLAN | {"charges": [{"billable_metric_id": metric} | charge]}})
        assert refused["error_details"] == details
    assert api.ok("GET", "/plans")["plans"] == []


@pytest.mark.parametrize(("root", "path", "content"), RESOURCES)
def test_an_update_may_carry_the_code_and_change_it(api: Api, root: str, path: str, content: dict[str, Any]) -> None:
    api.ok("POST", f"/{path}", {root: content})
    assert api.ok("PUT", f"/{path}/{content['code']}", {root: content})[root]["code"] == content["code"]
    assert api.ok("PUT", f"/{path}/{content['code']}", {root: {"code": "other"}})[root]["code"] == "other"
    assert api.refused("GET", f"/{path}/{content['code']}")["status"] == 404


def test_a_coupon_expires_or_does_not(api: Api) -> None:
    refused = api.refused("POST", "/coupons", {"coupon": COUPON | {"expiration": "sometime"}})
    assert refused["error_details"] == {"expiration": ["value_is_invalid"]}


def test_a_time_limit_has_its_moment(api: Api) -> None:
    missing = {"expiration_at": ["value_is_mandatory"]}
    for none in ({}, {"expiration_at": None}):
        body = {"coupon": COUPON | {"expiration": "time_limit"} | none}
        assert api.refused("POST", "/coupons", body)["error_details"] == missing
    api.ok("POST", "/coupons", {"coupon": COUPON})
    limited = {"expiration": "time_limit"}
    assert api.refused("PUT", "/coupons/ten", {"coupon": limited})["error_details"] == missing
    until = api.ok("PUT", "/coupons/ten", {"coupon": limited | {"expiration_at": "2030-01-01T00:00:00Z"}})["coupon"]
    assert api.ok("PUT", "/coupons/ten", {"coupon": limited})["coupon"] == until
    assert api.refused("PUT", "/coupons/ten", {"coupon": limited | {"expiration_at": None}})["error_details"] == missing
