"""Lago's agent SDK, unchanged, around a real Bedrock client: what a model used is metered here and billed, by tokens or by cost."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import httpx
import pytest
from lago_agent_sdk import LagoConfig, LagoSDK
from lago_agent_sdk.pricing import ModelPrice

from tests.e2e.api_server import ApiServer, install

MODEL = "eu.amazon.nova-lite-v1:0"
USAGE = {"inputTokens": 1200, "outputTokens": 300, "totalTokens": 1500, "cacheReadInputTokens": 50}


class Bedrock(BaseHTTPRequestHandler):
    """Answers every conversation as the provider would, with the tokens that it took."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = {"output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}}, "stopReason": "end_turn", "usage": USAGE, "metrics": {"latencyMs": 1}}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Prices:
    """A price list in place of the public ones, which are elsewhere on the network."""

    def lookup(self, provider: str, model: str, api: str) -> ModelPrice:
        return ModelPrice("list", input=Decimal("0.00001"), output=Decimal("0.00004"), cache_read=Decimal("0.000001"))

    def prime(self, providers: Any = ()) -> None:
        pass

    def maybe_refresh(self) -> None:
        pass


@pytest.fixture
def bedrock() -> Iterator[Any]:
    """A Bedrock client of boto3, whose provider is a server on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bedrock)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield boto3.client("bedrock-runtime", region_name="eu-west-1", endpoint_url=url, aws_access_key_id="test", aws_secret_access_key="test")
    server.shutdown()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """(address, key) of an API with a price of a million tokens, and what the provider costs passed on."""
    settings, key = install(tmp_path_factory.mktemp("agent") / "home")
    server = ApiServer(settings)
    client = httpx.Client(base_url=f"{server.url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60)

    def post(path: str, body: Any) -> Any:
        response = client.post(path, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    charges = []
    for code, charge in {
        "llm_input_tokens": {"charge_model": "standard", "properties": {"amount": "0.001"}},
        "llm_output_tokens": {"charge_model": "standard", "properties": {"amount": "0.01", "pricing_group_keys": ["model"]}},
        "llm_cached_input_tokens": {"charge_model": "package", "properties": {"amount": "1", "package_size": 100, "free_units": 0}},
        "llm_cost": {"charge_model": "dynamic", "properties": {"pricing_group_keys": ["model", "token_type"]}},
    }.items():
        metric = {"name": code, "code": code, "aggregation_type": "sum_agg", "field_name": "value", "recurring": False}
        charges.append(charge | {"billable_metric_id": post("/billable_metrics", {"billable_metric": metric})["billable_metric"]["lago_id"]})
    post("/plans", {"plan": {"code": "llm", "name": "LLM", "interval": "monthly", "amount_cents": 0, "amount_currency": "USD", "pay_in_advance": False, "charges": charges}})
    started_at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()  # the SDK stamps whole seconds
    for name in ("tokens", "cost"):
        post("/subscriptions", {"subscription": {"external_customer_id": name, "external_id": name, "plan_code": "llm", "subscription_at": started_at}})
    yield server.url, key
    server.stop()


def usage_of(served: tuple[str, str], name: str) -> dict[str, dict[str, Any]]:
    """Metric -> its current usage."""
    url, key = served
    answer = httpx.get(f"{url}/api/v1/customers/{name}/current_usage?external_subscription_id={name}", headers={"Authorization": f"Bearer {key}"}, timeout=60)
    return {row["billable_metric"]["code"]: row for row in answer.json()["customer_usage"]["charges_usage"]}


def sdk_of(served: tuple[str, str], errors: list[str], **terms: Any) -> LagoSDK:
    url, key = served
    config = LagoConfig(api_key=key, api_url=f"{url}/api/v1", on_error=lambda error, where: errors.append(f"{where}: {error}"), **terms)
    return LagoSDK(key, config=config)


def test_tokens_of_a_model_are_billed(served: tuple[str, str], bedrock: Any) -> None:
    errors: list[str] = []
    sdk = sdk_of(served, errors, default_subscription_id="tokens")
    client = sdk.wrap(bedrock)
    for _ in range(2):
        client.converse(modelId=MODEL, messages=[{"role": "user", "content": [{"text": "Hello"}]}])
    assert sdk.flush(timeout=30)
    sdk.shutdown()
    assert errors == []
    usage = usage_of(served, "tokens")
    assert {code: (row["units"], row["amount_cents"], row["events_count"]) for code, row in usage.items()} == {
        "llm_input_tokens": ("2400.0", 240, 2),
        "llm_output_tokens": ("600.0", 600, 2),
        "llm_cached_input_tokens": ("100.0", 100, 2),
        "llm_cost": ("0.0", 0, 0),
    }
    assert [group["grouped_by"] for group in usage["llm_output_tokens"]["grouped_usage"]] == [{"model": MODEL}]


def test_what_a_model_costs_is_billed_with_a_markup(served: tuple[str, str], bedrock: Any) -> None:
    errors: list[str] = []
    sdk = sdk_of(served, errors, default_subscription_id="cost", pricing_mode="price", markup=1.5, pricing_provider=Prices())
    sdk.wrap(bedrock).converse(modelId=MODEL, messages=[{"role": "user", "content": [{"text": "Hello"}]}])
    assert sdk.flush(timeout=30)
    sdk.shutdown()
    assert errors == []
    cost = usage_of(served, "cost")["llm_cost"]
    # 1,200 at 0.00001, 300 at 0.00004 and 50 at 0.000001 are 2.4 and 0.005 cents, half as much again 3.6075: each kind of token is a line.
    parts = {group["grouped_by"]["token_type"]: group["amount_cents"] for group in cost["grouped_usage"]}
    assert (parts, cost["amount_cents"]) == ({"input": 2, "output": 2, "cache_read": 0}, 4)
