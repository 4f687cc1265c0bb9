"""Estimates over the wire: the price of an event in advance, on top of what was received or on its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.conftest import Api
from tests.unit.api.test_resources import PLAN

GRADUATED = {
    "graduated_ranges": [
        {"from_value": 0, "to_value": 10, "per_unit_amount": "1", "flat_amount": "5"},
        {"from_value": 11, "to_value": None, "per_unit_amount": "0.5", "flat_amount": "0"},
    ]
}
PERCENTAGE = {"rate": "1", "fixed_amount": "0.5", "per_transaction_min_amount": "1.75", "free_units_per_events": 3}


@pytest.fixture
def sold(api: Api) -> Api:
    """A plan with charges in advance on one sum, and one in arrears on a count; a subscription; a tax of 20 percent."""
    metric = {"code": "tokens", "name": "Tokens", "aggregation_type": "sum_agg", "field_name": "n"}
    tokens = api.ok("POST", "/billable_metrics", {"billable_metric": metric})["billable_metric"]["lago_id"]
    counted = {"code": "calls", "name": "Calls", "aggregation_type": "count_agg"}
    calls = api.ok("POST", "/billable_metrics", {"billable_metric": counted})["billable_metric"]["lago_id"]
    api.ok("POST", "/taxes", {"tax": {"code": "vat", "name": "VAT", "rate": "20"}})
    charges = [
        {
            "billable_metric_id": tokens,
            "charge_model": "graduated",
            "pay_in_advance": True,
            "invoiceable": False,
            "properties": GRADUATED,
        },
        {
            "billable_metric_id": tokens,
            "charge_model": "percentage",
            "pay_in_advance": True,
            "properties": PERCENTAGE,
            "tax_codes": ["vat"],
        },
        {"billable_metric_id": calls, "charge_model": "standard", "properties": {"amount": "1"}},
    ]
    api.ok("POST", "/plans", {"plan": PLAN | {"charges": charges}})
    row = {"external_customer_id": "estimated", "external_id": "s", "plan_code": "basic"}
    api.ok("POST", "/subscriptions", {"subscription": row})
    return api


def event(n: Any, **fields: Any) -> dict[str, Any]:
    return {"event": {"code": "tokens", "external_subscription_id": "s", "properties": {"n": n}} | fields}


def amounts(fees: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    return [(fee["units"], fee["amount_cents"], fee["taxes_amount_cents"]) for fee in fees]


@pytest.mark.parametrize("path", ["estimate_fees", "estimate_instant_fees"])
def test_an_event_out_of_the_domain_has_no_estimate(sold: Api, path: str) -> None:
    refused = sold.refused("POST", f"/events/{path}", event("999999999999999"))
    assert (refused["status"], refused["error_details"]) == (422, {"units": ["out_of_domain"]})
    assert "999999999999999 units cannot be priced" in refused["message"]


def test_an_estimate_stands_on_what_was_received(sold: Api) -> None:
    first = sold.ok("POST", "/events/estimate_fees", event(8))["fees"]
    assert amounts(first) == [("8.0", 1300, 0), ("8.0", 0, 0)]
    assert (first[0]["lago_id"], first[0]["lago_invoice_id"], first[0]["created_at"]) == (None, None, None)
    assert (first[0]["pay_in_advance"], first[0]["invoiceable"], first[1]["invoiceable"]) == (True, False, True)
    assert first[0]["item"]["code"] == "tokens" and first[0]["external_customer_id"] == "estimated"
    sent = event("8", transaction_id="t")["event"]
    sold.ok("POST", "/events", {"event": sent})
    assert amounts(sold.ok("POST", "/events/estimate_fees", event(4))["fees"]) == [("4.0", 300, 0), ("4.0", 0, 0)]
    # The id of an event that was received names another event here.
    again = sold.ok("POST", "/events/estimate_fees", event(4, transaction_id="t", timestamp=None))["fees"]
    assert (again[0]["amount_cents"], again[0]["event_transaction_id"]) == (300, "t")
    assert sold("GET", "/events/t").json()["event"]["properties"] == {"n": "8"}


def test_nothing_of_an_estimate_is_stored(sold: Api) -> None:
    once = sold.ok("POST", "/events/estimate_fees", event(8))["fees"]
    assert sold.ok("POST", "/events/estimate_fees", event(8))["fees"] == once


def test_details_of_one_event(sold: Api) -> None:
    details = sold.ok("POST", "/events/estimate_fees", event(8))["fees"][1]["amount_details"]
    assert (details["units"], details["free_events"], details["paid_events"]) == ("8.0", 1, 0)


def test_an_instant_estimate_sees_the_event_alone(sold: Api) -> None:
    sold.ok("POST", "/events", {"event": event(1000, transaction_id="t")["event"]})
    (fee,) = sold.ok("POST", "/events/estimate_instant_fees", event(300, transaction_id="mine"))["fees"]
    assert (fee["amount_cents"], fee["taxes_amount_cents"], fee["total_amount_cents"], fee["units"]) == (
        350,
        70,
        420,
        "300.0",
    )
    assert (fee["precise_amount"], fee["precise_unit_amount"], fee["event_transaction_id"]) == (
        3.5,
        0.011666666666667,
        "mine",
    )
    (least,) = sold.ok("POST", "/events/estimate_instant_fees", event(0))["fees"]
    assert least["amount_cents"] == 175


def test_a_batch_of_instant_estimates_takes_both_shapes(sold: Api) -> None:
    batch = [event(300), event(1)["event"]]
    fees = sold.ok("POST", "/events/batch_estimate_instant_fees", {"events": batch})["fees"]
    assert [fee["amount_cents"] for fee in fees] == [350, 175]
    for rows, code in (([], "no_events"), ([event(1)] * 101, "too_many_events"), ([1], "value_is_invalid")):
        refused = sold.refused("POST", "/events/batch_estimate_instant_fees", {"events": rows})
        assert refused["error_details"] == {"events": [code]}
    assert sold("POST", "/events/batch_estimate_instant_fees", {}).status_code == 400


@pytest.mark.parametrize(
    ("change", "status", "details"),
    [
        ({"external_subscription_id": "nobody"}, 404, "subscription_not_found"),
        ({"code": "nothing"}, 404, "billable_metric_not_found"),
        ({"code": "calls"}, 422, {"code": ["does_not_match_an_instant_charge"]}),
        ({"properties": {"n": "1e3"}}, 422, {"properties": ["value_is_not_valid_number"]}),
        ({"properties": {}}, 422, {"properties": ["value_is_not_valid_number"]}),
        ({"timestamp": "noon"}, 422, {"timestamp": ["invalid_format"]}),
    ],
)
def test_what_cannot_be_estimated_is_refused(sold: Api, change: dict[str, Any], status: int, details: Any) -> None:
    for path in ("estimate_fees", "estimate_instant_fees"):
        refused = sold.refused("POST", f"/events/{path}", event(1, **change))
        assert (refused["status"], refused.get("error_details") or refused["code"]) == (status, details)


def test_the_list_of_fees_shows_those_without_an_invoice(sold: Api) -> None:
    estimated = sold.ok("POST", "/events/estimate_fees", event(8))["fees"]
    sold.ok("POST", "/events", {"event": event("8", transaction_id="t")["event"]})
    sold.app_services().billing.issue(lambda: sold.ok("GET", "/customers/estimated")["customer"]["lago_id"])
    fees = {
        fee["invoiceable"]: fee for fee in sold.ok("GET", "/fees?external_subscription_id=s&fee_type=charge")["fees"]
    }
    assert fees[True]["lago_invoice_id"] is not None and fees[False]["lago_invoice_id"] is None
    alone = fees[False]
    assert (alone["amount_cents"], alone["event_transaction_id"], alone["payment_status"], alone["pay_in_advance"]) == (
        1300,
        "t",
        "pending",
        True,
    )
    assert (alone["external_customer_id"], alone["amount_details"]) == ("estimated", {})
    assert (fees[True]["amount_details"], fees[True]["taxes_rate"]) == (estimated[1]["amount_details"], 20)
    assert sold.ok("GET", f"/fees/{alone['lago_id']}")["fee"] == alone
    _told_of_its_payment(sold, alone)
    invoiced = f"/fees/{fees[True]['lago_id']}"
    for verb, body in (("PUT", {"fee": {"payment_status": "succeeded"}}), ("DELETE", None)):
        refused = sold.refused(verb, invoiced, body)
        assert (refused["status"], refused["code"]) == (405, "invoiced_fee")


def _told_of_its_payment(sold: Api, alone: dict[str, Any]) -> None:
    path, listed = f"/fees/{alone['lago_id']}", "/fees?external_customer_id=estimated&payment_status="
    owner = sold.ok("GET", "/customers/estimated")["customer"]["lago_id"]
    for status in ("succeeded", "refunded", "failed"):
        told = sold.ok("PUT", path, {"fee": {"payment_status": status}})["fee"]
        assert told["payment_status"] == status
        assert {at for at in ("succeeded", "failed", "refunded") if told[f"{at}_at"]} == {status}
        having = {other: [fee["lago_id"] for fee in sold.ok("GET", f"{listed}{other}")["fees"]] for other in ("pending", status)}
        assert {other for other, fees in having.items() if alone["lago_id"] in fees} == {status}
        rows = sold.app_services().billing.rows(owner, "fct_receivables_aging")["fct_receivables_aging"]
        owed = [row["total_due_amount_cents"] for row in rows if row["document_id"] == alone["lago_id"]]
        assert owed == ([alone["total_amount_cents"]] if status == "failed" else [])
    refused = sold.refused("PUT", path, {"fee": {"payment_status": "lost"}})
    assert refused["error_details"] == {"payment_status": ["value_is_invalid"]}
    assert sold.refused("PUT", "/fees/none", {"fee": {"payment_status": "failed"}})["code"] == "fee_not_found"
    assert sold.refused("DELETE", path)["status"] == 403
