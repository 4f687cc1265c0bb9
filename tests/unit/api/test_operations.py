"""Lago's operations: the table of how each is served, what is left out, and what no payment provider can answer."""

from __future__ import annotations

import pytest

from api.operations import TABLE, operations, table
from api.routers.left_out import LEFT_OUT
from tests.unit.api.conftest import Api
from tests.unit.api.test_resources import PLAN

OPERATIONS = [operation for left_out in LEFT_OUT.values() for operation in left_out]


def test_the_table_is_that_of_the_code(api: Api) -> None:
    app = api.client.app
    assert TABLE.read_text() == table(app), "run `python -m api.operations`"  # type: ignore[arg-type]
    states = [operation.state for operation in operations(app)]  # type: ignore[arg-type]
    assert len(states) == 217
    assert states.count("refused") == len(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_what_is_left_out_is_forbidden_with_the_reason(api: Api, method: str, path: str) -> None:
    refused = api.refused(method, path.replace("{lago_id}", "x").replace("{external_customer_id}", "acme"))
    assert (refused["status"], refused["error"], refused["code"]) == (403, "Forbidden", "feature_unavailable")
    assert refused["message"] in LEFT_OUT


def test_without_a_payment_provider_nothing_is_collected(api: Api) -> None:
    api.ok("POST", "/customers", {"customer": {"external_id": "acme", "currency": "EUR"}})
    methods = "/customers/acme/payment_methods"
    assert api.ok("GET", methods)["payment_methods"] == []
    for verb, path in (("DELETE", f"{methods}/x"), ("PUT", f"{methods}/x/set_as_default")):
        assert api.refused(verb, path)["code"] == "payment_method_not_found"
    no_provider = {"base": ["no_linked_payment_provider"]}
    assert api.refused("POST", "/customers/acme/checkout_url")["error_details"] == no_provider
    assert api.refused("POST", "/customers/none/checkout_url")["code"] == "customer_not_found"
    api.ok("POST", "/plans", {"plan": PLAN | {"pay_in_advance": True}})
    api.ok("POST", "/subscriptions", {"subscription": {"external_customer_id": "acme", "plan_code": "basic", "external_id": "s"}})
    (invoice,) = api.ok("GET", "/invoices?external_customer_id=acme")["invoices"]
    paths = [f"/invoices/{invoice['lago_id']}/{verb}" for verb in ("payment_url", "retry_payment")]
    for path in paths:
        assert api.refused("POST", path)["error_details"] == no_provider
    api.ok("PUT", f"/invoices/{invoice['lago_id']}", {"invoice": {"payment_status": "succeeded"}})
    assert api.refused("POST", paths[1])["code"] == "invoice_payment_already_succeeded"
    assert api.refused("POST", "/invoices/none/payment_url")["code"] == "invoice_not_found"
    assert api.refused("POST", "/wallet_transactions/none/payment_url")["code"] == "wallet_transaction_not_found"
