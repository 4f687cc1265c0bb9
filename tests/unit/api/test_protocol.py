"""Keys, errors and pages: what holds for every route."""

from __future__ import annotations

import sqlite3

import pytest

from api.pagination import Paging, meta
from tests.unit.api.conftest import Api

UNKNOWN = {"status": 404, "error": "Not Found", "code": "resource_not_found"}


def test_health_and_docs_need_no_key(api: Api) -> None:
    assert api.client.get("/health").json()["message"] == "Success"
    assert api.client.get("/docs").status_code == 200
    assert "/api/v1/events/batch" in api.client.get("/openapi.json").json()["paths"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Bearer ts_wrong_too"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/plans"), ("POST", "/events"), ("POST", "/events/batch")])
def test_without_a_good_key_nothing_is_served(api: Api, header: str, method: str, path: str) -> None:
    response = api(method, path, headers={"Authorization": header})
    assert (response.status_code, response.json()) == (401, {"status": 401, "error": "Unauthorized"})


def test_the_scheme_word_is_not_looked_at(api: Api) -> None:
    assert api("GET", "/plans", headers={"Authorization": f"Token {api.key}"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nothing"), ("PATCH", "/plans"), ("GET", "/events/batch/x"), ("GET", "/plans/"), ("DELETE", "/health")],
)
def test_an_unknown_path_or_verb_is_an_unknown_resource(api: Api, method: str, path: str) -> None:
    assert api(method, path, headers={"Authorization": ""}).json() == UNKNOWN
    assert api.refused(method, path) == UNKNOWN


@pytest.mark.parametrize("body", ["{", "[]", '{"plan": 1}', '{"plan": {}}', "", '{"other": {"code": "x"}}', "\xff"])
def test_a_body_without_its_root_is_a_bad_request(api: Api, body: str) -> None:
    response = api("POST", "/plans", content=body.encode("latin-1"))
    assert response.status_code == response.json()["status"] == 400
    assert response.json()["error"].startswith("BadRequest: ")
    assert "code" not in response.json()


def test_an_unexpected_error_is_json(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.catalog.plans.page", lambda *_, **__: 1 // 0)
    assert api.refused("GET", "/plans")["status"] == 500


def test_a_catalog_that_does_not_answer_is_503_and_may_be_tried_again(api: Api) -> None:
    with sqlite3.connect(api.settings.home / "catalog.sqlite") as catalog:
        catalog.execute("alter table plans rename to plans_away")
    body = api.refused("GET", "/plans")
    assert (body["status"], body["code"]) == (503, "catalog_unavailable")


@pytest.mark.parametrize(
    ("page", "per_page", "total", "expected"),
    [
        (1, 100, 0, (0, None, None, 0)),
        (1, 2, 5, (1, 2, None, 3)),
        (2, 2, 5, (2, 3, 1, 3)),
        (3, 2, 5, (3, None, 2, 3)),
        (4, 2, 5, (4, None, None, 3)),
        (1, 5, 5, (1, None, None, 1)),
    ],
)
def test_meta(page: int, per_page: int, total: int, expected: tuple[int | None, ...]) -> None:
    found = meta(total, Paging(page, per_page))
    assert found["total_count"] == total
    assert tuple(found[name] for name in ("current_page", "next_page", "prev_page", "total_pages")) == expected


def test_lists_come_in_pages_newest_first(api: Api) -> None:
    for code in "abc":
        api.ok("POST", "/taxes", {"tax": {"code": code, "name": code, "rate": "1"}})
    first = api.ok("GET", "/taxes?page=1&per_page=2")
    assert [tax["code"] for tax in first["taxes"]] == ["c", "b"]
    assert [tax["code"] for tax in api.ok("GET", "/taxes?page=2&per_page=2")["taxes"]] == ["a"]
    assert api.ok("GET", "/taxes?page=9&per_page=2")["taxes"] == []
    for bad in ("page=0", "page=-1", "page=x", "per_page=0", "per_page=1e3", f"page={'9' * 30}"):
        assert api.ok("GET", f"/taxes?{bad}")["meta"]["current_page"] == 1
    assert api.ok("GET", "/coupons") == {
        "coupons": [],
        "meta": {"current_page": 0, "next_page": None, "prev_page": None, "total_pages": 0, "total_count": 0},
    }


@pytest.mark.parametrize("address", ["/fees/%00", "/fees?currency=%00", "/customers/a%00b"])
def test_a_nul_in_the_address_is_a_bad_request(api: Api, address: str) -> None:
    assert api.refused("GET", address)["status"] == 400


@pytest.mark.parametrize("code", ["a.b", "a:b@c", "with space", "ünïcode", "a%2Bb"])
def test_codes_round_trip_in_paths(api: Api, code: str) -> None:
    sent = code.replace("%2B", "+")
    api.ok("POST", "/taxes", {"tax": {"code": sent, "name": "x", "rate": 1}})
    assert api.ok("GET", f"/taxes/{code}")["tax"]["code"] == sent
