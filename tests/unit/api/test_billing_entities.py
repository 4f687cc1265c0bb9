"""Billing entities over the API."""

from __future__ import annotations

import pytest

from tests.unit.api.conftest import Api


def test_what_is_given_changes_and_the_rest_stays(api: Api) -> None:
    before = api.ok("GET", "/billing_entities/default")["billing_entity"]
    body = {
        "email": "billing@example.com",
        "email_settings": ["invoice.finalized"],
        "invoice_email_subject": "Invoice $number",
        "billing_configuration": {
            "invoice_grace_period": 3,
            "subscription_invoice_issuing_date_anchor": "current_period_end",
        },
    }
    answered = api.ok("PUT", "/billing_entities/default", {"billing_entity": body})["billing_entity"]
    changed = {name for name in before if before[name] != answered[name]}
    assert changed == {
        "email", "email_settings", "invoice_email_subject", "invoice_grace_period", "subscription_invoice_issuing_date_anchor", "updated_at"
    }  # fmt: skip
    assert answered == api.ok("GET", "/billing_entities/default")["billing_entity"]
    off = api.ok("PUT", "/billing_entities/default", {"billing_entity": {"email_settings": []}})["billing_entity"]
    assert off["email_settings"] == [] and off["email"] == "billing@example.com"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("email_settings", ["credit_note.created"], "feature_unavailable"),
        ("invoice_email_text", "Dear $nobody", "value_is_invalid"),
        ("invoice_email_text", "100 $ for you", "value_is_invalid"),
        ("email", "nobody", "invalid_email_format"),
        ("timezone", "Mars/Base", "invalid_timezone"),
    ],
)
def test_what_cannot_be_is_refused(api: Api, field: str, value: object, code: str) -> None:
    refused = api.refused("PUT", "/billing_entities/default", {"billing_entity": {field: value}})
    assert refused["status"] == 422 and refused["error_details"][field] == [code]


def test_an_unknown_one_is_not_found(api: Api) -> None:
    assert api.refused("PUT", "/billing_entities/none", {"billing_entity": {"name": "x"}})["status"] == 404
