"""The organization over the wire, and other sellers beside it (lago_api §7.16)."""

from __future__ import annotations

from tests.unit.api.conftest import Api
from tests.unit.api.test_resources import TAX


def test_the_organization_is_the_default_billing_entity(api: Api) -> None:
    default = api.ok("GET", "/billing_entities/default")["billing_entity"]
    before = api.ok("GET", "/organizations")["organization"]
    assert (before["lago_id"], before["name"], before["document_numbering"]) == (default["lago_id"], default["name"], "per_customer")
    api.ok("POST", "/taxes", {"tax": TAX})
    change = {
        "default_currency": "EUR",
        "timezone": "Europe/Paris",
        "country": "FR",
        "document_numbering": "per_organization",
        "billing_configuration": {"invoice_grace_period": 3, "document_locale": "fr"},
        "tax_codes": ["vat"],
    }
    changed = api.ok("PUT", "/organizations", {"organization": change})["organization"]
    assert {name: changed[name] for name in change if name != "tax_codes"} == {
        name: value for name, value in change.items() if name not in ("tax_codes", "billing_configuration")
    } | {"billing_configuration": {"invoice_footer": None, "invoice_grace_period": 3, "document_locale": "fr"}}
    assert [tax["code"] for tax in changed["taxes"]] == ["vat"]
    assert changed == api.ok("GET", "/organizations")["organization"]
    entity = api.ok("GET", "/billing_entities/default")["billing_entity"]
    assert (entity["document_numbering"], entity["timezone"], entity["invoice_grace_period"]) == ("per_billing_entity", "Europe/Paris", 3)


def test_what_an_organization_cannot_be_is_refused(api: Api) -> None:
    for change, field in (
        ({"document_numbering": "per_billing_entity"}, "document_numbering"),
        ({"timezone": "Moon/Base"}, "timezone"),
        ({"webhook_url": "https://example.com"}, "webhook_url"),
    ):
        assert list(api.refused("PUT", "/organizations", {"organization": change})["error_details"]) == [field]


def test_another_seller_is_made_with_defaults(api: Api) -> None:
    made = api.ok("POST", "/billing_entities", {"billing_entity": {"code": "fr", "name": "France", "default_currency": "EUR", "billing_configuration": {"invoice_grace_period": 2}}})["billing_entity"]
    assert (made["code"], made["default_currency"], made["timezone"], made["invoice_grace_period"], made["is_default"]) == ("fr", "EUR", "UTC", 2, False)
    assert made["document_number_prefix"].startswith("FRA-")
    assert {row["code"] for row in api.ok("GET", "/billing_entities")["billing_entities"]} == {"default", "fr"}
    api.ok("POST", "/customers", {"customer": {"external_id": "c", "billing_entity_code": "fr"}})
    assert api.ok("GET", "/customers/c")["customer"]["billing_entity_code"] == "fr"
    again = {"billing_entity": {"code": "fr", "name": "France"}}
    assert api.refused("POST", "/billing_entities", again)["error_details"] == {"code": ["value_already_exist"]}
    missing = api.refused("POST", "/billing_entities", {"billing_entity": {"email": "x"}})
    assert {"code", "name"} <= missing["error_details"].keys()
