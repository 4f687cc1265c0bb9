"""Analytics as months: empty without a run, what is asked for, and what is refused."""

from __future__ import annotations

from datetime import date

import pytest

from api.routers.analytics import months_before
from tests.unit.api.conftest import Api

ROOTS = {
    "gross_revenue": "gross_revenues",
    "invoice_collection": "invoice_collections",
    "invoiced_usage": "invoiced_usages",
    "mrr": "mrrs",
    "overdue_balance": "overdue_balances",
}
# The books stay from test to test, and no other test bills in this currency.
ADD_ON = {"name": "Setup", "code": "setup", "amount_cents": 500, "amount_currency": "CHF"}


@pytest.mark.parametrize(("path", "root"), ROOTS.items())
def test_before_any_run_there_are_no_months(api: Api, path: str, root: str) -> None:
    assert api.ok("GET", f"/analytics/{path}?currency=CHF&months=12") == {root: []}


def test_what_is_wrong_is_said(api: Api) -> None:
    refused = api.refused("GET", "/analytics/mrr?currency=XXX&months=-1")
    assert refused["error_details"] == {"currency": ["value_is_invalid"], "months": ["value_is_out_of_range"]}
    assert api.refused("GET", "/analytics/gross_revenue?billing_entity_code=none")["code"] == "billing_entity_not_found"


def test_an_issued_invoice_is_revenue_at_once(api: Api) -> None:
    api.ok("POST", "/customers", {"customer": {"external_id": "acme", "currency": "CHF", "net_payment_term": 30}})
    api.ok("POST", "/add_ons", {"add_on": ADD_ON})
    fees = [{"add_on_code": "setup", "units": 2}]
    sold = api.ok("POST", "/invoices", {"invoice": {"external_customer_id": "acme", "currency": "CHF", "fees": fees}})
    (month,) = api.ok("GET", "/analytics/gross_revenue?months=0&external_customer_id=acme")["gross_revenues"]
    assert (month["amount_cents"], month["currency"], month["invoices_count"]) == (1000, "CHF", 1)
    assert month["month"] == f"{sold['invoice']['issuing_date'][:7]}-01T00:00:00Z"
    assert api.ok("GET", "/analytics/gross_revenue?billing_entity_code=default&currency=CHF")["gross_revenues"] == [month]
    for other in ("currency=USD", "external_customer_id=other"):
        assert api.ok("GET", f"/analytics/gross_revenue?{other}") == {"gross_revenues": []}
    (collected,) = api.ok("GET", "/analytics/invoice_collection?currency=CHF")["invoice_collections"]
    assert (collected["payment_status"], collected["amount_cents"]) == ("pending", 1000)
    assert api.ok("GET", "/analytics/overdue_balance?currency=CHF") == {"overdue_balances": []}


def test_months_are_counted_back_over_years() -> None:
    assert months_before(date(2026, 3, 31), 0) == date(2026, 3, 1)
    assert months_before(date(2026, 3, 31), 3) == date(2025, 12, 1)
    assert months_before(date(2026, 3, 31), 27) == date(2023, 12, 1)
