"""Webhook endpoints and the public key, as Lago's clients ask for them (lago_api §7.15, §10)."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from core.catalog.engine import reading
from core.catalog.webhook_keys import WEBHOOK_KEYS
from tests.unit.api.conftest import Api

URL = "https://example.com/hooks"


def create(api: Api, **fields: object) -> dict[str, object]:
    found: dict[str, object] = api.ok(
        "POST", "/webhook_endpoints", {"webhook_endpoint": {"webhook_url": URL} | fields}
    )["webhook_endpoint"]
    return found


def test_an_endpoint_is_made_read_changed_and_deleted(api: Api) -> None:
    made = create(api)
    assert made == {
        "lago_id": made["lago_id"],
        "lago_organization_id": api.ok("GET", "/organizations")["organization"]["lago_id"],
        "webhook_url": URL,
        "signature_algo": "jwt",
        "name": None,
        "event_types": None,
        "created_at": made["created_at"],
    }
    path = f"/webhook_endpoints/{made['lago_id']}"
    assert api.ok("GET", path) == {"webhook_endpoint": made}
    change = {"signature_algo": "hmac", "name": "Books", "event_types": ["invoice.created", "*"]}
    changed = api.ok("PUT", path, {"webhook_endpoint": change})["webhook_endpoint"]
    assert changed == made | change
    assert api.ok("PUT", path, {"webhook_endpoint": {"webhook_url": URL, "event_types": None}})[
        "webhook_endpoint"
    ] == changed | {"event_types": None}
    listed = api.ok("GET", "/webhook_endpoints")
    assert ([row["name"] for row in listed["webhook_endpoints"]], listed["meta"]["total_count"]) == (["Books"], 1)
    assert api.ok("DELETE", path)["webhook_endpoint"]["lago_id"] == made["lago_id"]
    for method in ("GET", "PUT", "DELETE"):
        refused = api.refused(method, path, {"webhook_endpoint": {"name": "x"}} if method == "PUT" else None)
        assert (refused["status"], refused["code"]) == (404, "webhook_endpoint_not_found")
    assert create(api)["lago_id"] != made["lago_id"]
    organization = api.ok("GET", "/organizations")["organization"]
    assert (organization["webhook_url"], organization["webhook_urls"]) == (URL, [URL])


@pytest.mark.parametrize(
    ("fields", "details"),
    [
        ({"webhook_url": None}, {"webhook_url": ["value_is_mandatory"]}),
        ({"webhook_url": ""}, {"webhook_url": ["value_is_mandatory"]}),
        ({"webhook_url": "example.com/hooks"}, {"webhook_url": ["url_is_invalid"]}),
        ({"webhook_url": "ftp://example.com"}, {"webhook_url": ["url_is_invalid"]}),
        ({"webhook_url": "https://"}, {"webhook_url": ["url_is_invalid"]}),
        ({"webhook_url": "http://[::1"}, {"webhook_url": ["url_is_invalid"]}),
        ({"signature_algo": "md5"}, {"signature_algo": ["value_is_invalid"]}),
        (
            {"event_types": ["invoice.created", "invoice.sung", "a.b"]},
            {"event_types": ["contains unknown event types: a.b, invoice.sung"]},
        ),
    ],
)
def test_what_no_endpoint_can_be_is_refused(api: Api, fields: dict[str, object], details: object) -> None:
    refused = api.refused(
        "POST", "/webhook_endpoints", {"webhook_endpoint": {"webhook_url": URL, "name": "x"} | fields}
    )
    assert (refused["status"], refused["code"], refused["error_details"]) == (422, "validation_errors", details)


def test_an_address_is_taken_once_and_ten_are_the_most(api: Api) -> None:
    first = create(api)
    taken = {"webhook_url": ["value_already_exist"]}
    assert (
        api.refused("POST", "/webhook_endpoints", {"webhook_endpoint": {"webhook_url": URL}})["error_details"] == taken
    )
    for number in range(1, 10):
        create(api, webhook_url=f"{URL}/{number}")
    change = {"webhook_endpoint": {"webhook_url": f"{URL}/1"}}
    assert api.refused("PUT", f"/webhook_endpoints/{first['lago_id']}", change)["error_details"] == taken
    more = {"webhook_endpoint": {"webhook_url": f"{URL}/10"}}
    assert api.refused("POST", "/webhook_endpoints", more)["error_details"] == {"base": ["exceeded_limit"]}
    api.ok("DELETE", f"/webhook_endpoints/{first['lago_id']}")
    api.ok("POST", "/webhook_endpoints", more)


def test_the_public_key_is_one_and_the_private_one_is_never_told(api: Api) -> None:
    served = api.ok("GET", "/webhooks/json_public_key")
    assert list(served) == ["webhook"] and list(served["webhook"]) == ["public_key"]
    plain = api("GET", "/webhooks/public_key")
    assert plain.headers["content-type"].startswith("text/plain") and plain.text == served["webhook"]["public_key"]
    pem = base64.b64decode(plain.text)
    assert pem.startswith(b"-----BEGIN PUBLIC KEY-----")
    load_pem_public_key(pem)
    with reading(api.app_services().engine) as connection:
        (keys,) = WEBHOOK_KEYS.all(connection)
    assert keys.public_key.encode() == pem and keys.private_key.startswith("-----BEGIN PRIVATE KEY-----")
    refused = api("GET", "/webhooks/public_key", headers={"Authorization": "Bearer none"})
    assert refused.status_code == 401
