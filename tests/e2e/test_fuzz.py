"""Requests drawn from our own OpenAPI document, against a served process: no operation breaks, and each answers as the document says.

A few of each operation here; `make fuzz` draws 1,000 of each (FUZZ_EXAMPLES).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.main import create_app
from core.settings import Settings
from tests.e2e.api_server import ApiServer, install

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
FEW = 2
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SEEDED = {
    "billable_metric": {"code": "calls", "name": "Calls", "aggregation_type": "sum_agg", "field_name": "n", "filters": [{"key": "zone", "values": ["eu", "us"]}]},
    "tax": {"code": "vat", "name": "VAT", "rate": "19"},
    "add_on": {"code": "setup", "name": "Setup", "amount_cents": 700, "amount_currency": "EUR"},
    "coupon": {"code": "ten", "name": "Ten", "coupon_type": "percentage", "percentage_rate": "10", "frequency": "forever", "expiration": "no_expiration"},
    "customer": {"external_id": "acme", "name": "Acme", "currency": "EUR"},
    "feature": {"code": "seats", "name": "Seats", "privileges": [{"code": "max", "value_type": "integer"}]},
}  # fmt: skip
KNOWN = ["calls", "vat", "setup", "ten", "acme", "seats", "max", "pro", "fixed", "sub", "w", "e1", "default"]
"""Codes and external ids of what there is; a text that names something is one of them as often as not."""
NAMING = ("code", "external_id", "external_customer_id", "external_subscription_id", "plan_code", "add_on_code", "coupon_code", "transaction_id")
WORDS = {
    "currency": "EUR", "amount_currency": "EUR", "interval": "monthly", "billing_time": "anniversary", "charge_model": "standard", "aggregation_type": "sum_agg",
    "field_name": "n", "coupon_type": "fixed_amount", "frequency": "once", "expiration": "no_expiration", "timezone": "Europe/Berlin", "country": "DE", "reason": "other",
}  # fmt: skip
"""Fields with few words of their own -> one of them."""
DECIMALS = [{"type": "integer"}, {"type": "string", "pattern": r"^-?[0-9]{1,4}(\.[0-9]{1,2})?$"}, {"type": "string"}]


def drawn(schema: Any, name: str = "") -> Any:
    """The part of the document with texts that often name what there is, and decimals that often are some."""
    if isinstance(schema, list):
        return [drawn(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        return {"anyOf": DECIMALS}
    if schema.get("type") == "string" and (name in NAMING or name.endswith(("_code", "_id"))):
        return {"anyOf": [{"enum": KNOWN}, {"type": "string"}]}
    if schema.get("type") == "string" and name in WORDS:
        return {"anyOf": [{"enum": [WORDS[name]]}, {"type": "string"}]}
    return {key: drawn(value, key if schema.get("type") is None else "") for key, value in schema.items()}


def document() -> dict[str, Any]:
    """The document of our API, with parameters of addresses that name what there is."""
    described: dict[str, Any] = drawn(create_app(Settings()).openapi())
    for operations in described["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["schema"] = {"anyOf": [{"enum": KNOWN}, {"type": "string", "minLength": 1}]}
    return described


SCHEMA = schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """(address, key) of an API that has something of everything."""
    home, key = install(tmp_path_factory.mktemp("fuzz") / "home")
    server = ApiServer(home)
    with httpx.Client(base_url=f"{server.url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        seed(client)
    yield server.url, key
    server.stop()


def seed(client: httpx.Client) -> None:
    def make(path: str, body: Any) -> Any:
        answered = client.post(path, json=body)
        assert answered.status_code == 200, answered.text
        return answered.json()

    roots = {"tax": "taxes"}
    made = {root: make(f"/{roots.get(root, root + 's')}", {root: content}) for root, content in SEEDED.items()}
    charge = {"billable_metric_id": made["billable_metric"]["billable_metric"]["lago_id"], "charge_model": "standard", "code": "calls", "properties": {"amount": "0.25"}}
    fixed = {"add_on_code": "setup", "code": "fixed", "charge_model": "standard", "units": "2", "properties": {"amount": "5"}}
    plan = {"code": "pro", "name": "Pro", "interval": "monthly", "amount_cents": 3100, "amount_currency": "EUR", "pay_in_advance": True, "charges": [charge], "fixed_charges": [fixed]}
    make("/plans", {"plan": plan})
    make("/wallets", {"wallet": {"external_customer_id": "acme", "code": "w", "name": "W", "rate_amount": "1", "currency": "EUR", "granted_credits": "5"}})
    make("/subscriptions", {"subscription": {"external_customer_id": "acme", "external_id": "sub", "plan_code": "pro"}})
    make("/events", {"event": {"external_subscription_id": "sub", "transaction_id": "e1", "code": "calls", "properties": {"n": "3"}}})
    make("/invoices", {"invoice": {"external_customer_id": "acme", "currency": "EUR", "fees": [{"add_on_code": "setup"}]}})


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES or FEW, derandomize=not EXAMPLES, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_every_operation_answers_as_the_document_says(case: schemathesis.Case, served: tuple[str, str]) -> None:
    url, key = served
    response = case.call(base_url=url, headers={"Authorization": f"Bearer {key}"})
    case.validate_response(response, checks=CHECKS)
    if response.status_code >= 400:
        assert response.json()["status"] == response.status_code
