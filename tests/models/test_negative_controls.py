"""Every singular test must be able to fail: it finds nothing in a consistent world, and something after one injected fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest

from core.warehouse.dbt_project import PROJECT_DIR
from core.warehouse.pricing_graph import PricingGraph, quoted

TESTS = sorted((PROJECT_DIR / "tests").rglob("*.sql"))

# One invoice of two lines (graduated usage, taxed) that a coupon and a wallet pay in part, and the drafts of the next.
WORLD: dict[str, list[dict[str, Any]]] = {
    "stg_landing__events": [
        {"external_subscription_id": "s", "transaction_id": "a", "landing_file": "x"},
        {"external_subscription_id": "s", "transaction_id": "b", "landing_file": "x"},
        {"external_subscription_id": "t", "transaction_id": "a", "landing_file": "y"},
    ],
    "stg_landing__landing_files": [
        {"landing_file": "x", "row_count": 3, "accepted_count": 2, "duplicate_count": 1},
        {"landing_file": "y", "row_count": 1, "accepted_count": 1, "duplicate_count": 0},
        {"landing_file": "z", "row_count": 1, "accepted_count": 0, "duplicate_count": 0},
    ],
    "stg_landing__rejections": [{"landing_file": "z", "source_row": 1}],
    # b is what the change of a fixed charge is compared with, p what the plan before was paid: rated, and no fee of its own.
    "int_metering__chargeable_quantities": [{"usage_id": "q", "units": 12, "full_units": 12}, {"usage_id": "b", "units": 1, "full_units": 1}],
    "int_metering__fixed_charge_quantities": [{"usage_id": "b", "side": "before"}, {"usage_id": "p", "side": "after", "window_state": "paid"}, {"usage_id": "q", "side": "after"}],
    "int_metering__window_charges": [
        {"window_charge_id": "w", "window_state": "draft", "aggregation_type": "custom_agg", "sql_metric": "minutes"},
        {"window_charge_id": "v", "aggregation_type": "sum_agg"},
    ],
    "int_rating__sql_charge_usage": [{"usage_id": "q", "sql_charge": "zones"}, {"usage_id": "p", "sql_charge": "zones"}],
    "int_rating__sql_charges": [{"sql_charge": "zones"}],
    "int_rating__sql_charge_steps": [
        {"sql_charge": "zones", "usage_id": "q", "position": 1, "amount": 1},
        {"sql_charge": "zones", "usage_id": "q", "position": 2, "amount": 1},
    ],
    "int_metering__sql_metrics": [{"sql_metric": "minutes"}],
    "int_metering__sql_metric_events": [
        {"sql_metric": "minutes", "window_charge_id": "w", "external_subscription_id": "s", "transaction_id": "a"},
        {"sql_metric": "minutes", "window_charge_id": "w", "charge_filter_id": "f", "group_key": "g", "external_subscription_id": "s", "transaction_id": "b"},
        {"sql_metric": "minutes", "window_charge_id": "w", "external_subscription_id": "s", "transaction_id": "c"},
    ],
    "int_metering__sql_metric_contributions": [
        {"sql_metric": "minutes", "window_charge_id": "w", "external_subscription_id": "s", "transaction_id": "a", "quantity": 1},
        {"sql_metric": "minutes", "window_charge_id": "w", "charge_filter_id": "f", "group_key": "g", "external_subscription_id": "s", "transaction_id": "b", "quantity": 1},
    ],
    "int_rating__charges": [
        {"usage_id": "q", "usage_kind": "period", "charge_model": "graduated", "units": 12, "amount": "3.5", "events_count": 2},
        {"usage_id": "p", "usage_kind": "fixed", "charge_model": "standard", "units": 1, "amount": "1", "events_count": 0},
        {"usage_id": "b", "usage_kind": "fixed", "charge_model": "standard", "units": 1, "amount": "1", "events_count": 0},
    ],
    "int_rating__charge_tiers": [
        {"usage_id": "q", "position": 1, "amount": "3"}, {"usage_id": "q", "position": 2, "amount": "0.5"}, {"usage_id": "b", "position": 1, "amount": "1"},
    ],
    "int_rating__usage_out_of_domain": [],
    "int_billing__fees": [{"fee_id": "q", "invoice_id": "draft", "fee_state": "draft", "amount_cents": 360}],
    "int_billing__draft_invoices": [{"invoice_id": "draft", "fees_amount_cents": 360, "progressive_billing_credit_amount_cents": 10, "taxes_amount_cents": 70, "total_amount_cents": 420}],
    "int_billing__wallet_credits": [{"wallet_id": "w", "settled_at": "2026-01-01", "amount_cents": 40}],
    "int_billing__wallet_void_uses": [],
    "stg_catalog__customers": [{"customer_id": "c", "test_clock_id": None}],
    "stg_catalog__applied_coupons": [{"applied_coupon_id": "k", "frequency": "once", "amount_cents": 50}],
    "stg_books__invoices": [
        {
            "invoice_id": "i", "customer_id": "c", "billing_entity_id": "e", "status": "finalized", "customer_sequence": 1, "entity_sequence": 1,
            "issued_at": "2026-02-01", "fees_amount_cents": 310, "progressive_billing_credit_amount_cents": 10, "coupons_amount_cents": 50, "sub_total_excluding_taxes_amount_cents": 250,
            "taxes_amount_cents": 26, "sub_total_including_taxes_amount_cents": 276, "credit_notes_amount_cents": 6, "prepaid_credit_amount_cents": 40, "total_amount_cents": 230,
        },
        {
            "invoice_id": "j", "customer_id": "c", "billing_entity_id": "e", "status": "finalized", "customer_sequence": 2, "entity_sequence": 2,
            "issued_at": "2026-03-01", "fees_amount_cents": 0, "progressive_billing_credit_amount_cents": 0, "coupons_amount_cents": 0, "sub_total_excluding_taxes_amount_cents": 0,
            "taxes_amount_cents": 0, "sub_total_including_taxes_amount_cents": 0, "credit_notes_amount_cents": 0, "prepaid_credit_amount_cents": 0, "total_amount_cents": 0,
        },
    ],
    "stg_books__fees": [
        {"fee_id": "f", "invoice_id": "i", "amount_cents": 210, "progressive_billing_credit_amount_cents": 10, "precise_amount": "2.004", "units": 3, "charge_model": "graduated", "precise_coupons_amount_cents": "33.33333"},
        {"fee_id": "g", "invoice_id": "i", "amount_cents": 100, "precise_amount": "1", "units": 1, "precise_coupons_amount_cents": "16.66667"},
        {"fee_id": "h", "invoice_id": None, "amount_cents": 0, "precise_amount": "0", "units": 0, "precise_coupons_amount_cents": "0"},
    ],
    "stg_books__standalone_fees": [{"fee_id": "h", "amount_cents": 0, "taxes_amount_cents": 0, "total_amount_cents": 0}],
    "stg_books__fee_tiers": [{"fee_id": "f", "invoice_id": "i", "position": 1, "amount": "2"}, {"fee_id": "f", "invoice_id": "i", "position": 2, "amount": "0.004"}],
    # 16.8 and 8.7 are 25.5 exactly, so half a cent goes up once.
    "stg_books__fee_taxes": [
        {"fee_id": "f", "invoice_id": "i", "taxable_base_cents": "168", "tax_rate": "10"},
        {"fee_id": "g", "invoice_id": "i", "taxable_base_cents": "87", "tax_rate": "10"},
    ],
    "stg_books__coupon_uses": [{"invoice_id": "i", "applied_coupon_id": "k", "amount_cents": 50}],
    "stg_books__wallet_uses": [{"wallet_use_id": "u", "invoice_id": "i", "wallet_id": "w", "issued_at": "2026-02-01", "amount_cents": 40}],
    "stg_books__credit_note_uses": [{"credit_note_use_id": "v", "invoice_id": "i", "credit_note_id": "n", "amount_cents": 6}],
    "stg_books__invoice_voids": [{"invoice_void_id": "x", "invoice_id": "y"}],
    "int_ledger__credit_note_checks": [{"credit_note_id": "n", "check_name": "total", "left_value": 6, "right_value": 6}],
    "stg_books__postings": [
        {"posting_id": "1", "transaction_id": "i", "invoice_id": "i", "account": "receivables", "amount_cents": 230},
        {"posting_id": "2", "transaction_id": "i", "invoice_id": "i", "account": "coupon_discounts", "amount_cents": 50},
        {"posting_id": "3", "transaction_id": "i", "invoice_id": "i", "account": "prepaid_credits", "amount_cents": 40},
        {"posting_id": "4", "transaction_id": "i", "invoice_id": "i", "account": "taxes_payable", "amount_cents": -26},
        {"posting_id": "5", "transaction_id": "i", "invoice_id": "i", "account": "revenue", "amount_cents": -310},
        {"posting_id": "6", "transaction_id": "i", "invoice_id": "i", "account": "revenue", "amount_cents": 10},
        {"posting_id": "7", "transaction_id": "i", "invoice_id": "i", "account": "customer_credits", "amount_cents": 6},
    ],
    "fct_ledger_entries": [
        {"ledger_entry_id": "1", "currency": "EUR", "account": "receivables", "amount_cents": 236},
        {"ledger_entry_id": "7", "currency": "EUR", "account": "receivables", "amount_cents": -36},
        {"ledger_entry_id": "8", "currency": "EUR", "account": "cash", "amount_cents": 36},
        {"ledger_entry_id": "2", "currency": "EUR", "account": "coupon_discounts", "amount_cents": 50},
        {"ledger_entry_id": "5", "currency": "EUR", "account": "revenue", "amount_cents": -310},
        {"ledger_entry_id": "6", "currency": "EUR", "account": "revenue", "amount_cents": 10},
    ],
    "fct_invoices": [{"invoice_id": "i", "status": "finalized"}, {"invoice_id": "y", "status": "voided"}],
    "fct_receivables_aging": [{"document_id": "i", "currency": "EUR", "total_due_amount_cents": 200}],
    # 250 are billed in February: 90 for January, 100 for February and 60 for April.
    "fct_deferred_revenue": [
        {"currency": "EUR", "month_on": "2026-01-01", "opening_deferred_amount_cents": 0, "opening_unbilled_amount_cents": 0, "billed_amount_cents": 0, "recognized_amount_cents": 90, "closing_deferred_amount_cents": 0, "closing_unbilled_amount_cents": 90},
        {"currency": "EUR", "month_on": "2026-02-01", "opening_deferred_amount_cents": 0, "opening_unbilled_amount_cents": 90, "billed_amount_cents": 250, "recognized_amount_cents": 100, "closing_deferred_amount_cents": 60, "closing_unbilled_amount_cents": 0},
        {"currency": "EUR", "month_on": "2026-03-01", "opening_deferred_amount_cents": 60, "opening_unbilled_amount_cents": 0, "billed_amount_cents": 0, "recognized_amount_cents": 0, "closing_deferred_amount_cents": 60, "closing_unbilled_amount_cents": 0},
        {"currency": "EUR", "month_on": "2026-04-01", "opening_deferred_amount_cents": 60, "opening_unbilled_amount_cents": 0, "billed_amount_cents": 0, "recognized_amount_cents": 60, "closing_deferred_amount_cents": 0, "closing_unbilled_amount_cents": 0},
    ],
    "dim_subscriptions": [{"subscription_id": "s", "customer_id": "c", "status": "active"}, {"subscription_id": "t", "customer_id": "d", "status": "terminated"}],
    "fct_mrr_movements": [
        {"customer_id": "c", "currency": "EUR", "month_on": "2026-01-01", "opening_mrr_amount_cents": 0, "change_mrr_amount_cents": 100, "closing_mrr_amount_cents": 100},
        {"customer_id": "c", "currency": "EUR", "month_on": "2026-03-01", "opening_mrr_amount_cents": 100, "change_mrr_amount_cents": -40, "closing_mrr_amount_cents": 60},
        {"customer_id": "d", "currency": "EUR", "month_on": "2026-01-01", "opening_mrr_amount_cents": 0, "change_mrr_amount_cents": 7, "closing_mrr_amount_cents": 7},
        {"customer_id": "d", "currency": "EUR", "month_on": "2026-02-01", "opening_mrr_amount_cents": 7, "change_mrr_amount_cents": -7, "closing_mrr_amount_cents": 0},
    ],
}  # fmt: skip

# Test -> faults, each of which alone must make it fail.
FAULTS = {
    "assert_no_event_counts_twice": ["insert into stg_landing__events select * from stg_landing__events where external_subscription_id = 't'"],
    "assert_every_landed_row_is_accounted_for": [
        "delete from stg_landing__events where transaction_id = 'b'",
        "insert into stg_landing__events select * from stg_landing__events where transaction_id = 'b'",
        "delete from stg_landing__rejections",
        "update stg_landing__landing_files set duplicate_count = 0",
        "delete from stg_landing__events where external_subscription_id = 't'",
    ],
    "assert_sql_metrics_count_events_of_their_bucket_once": [
        "insert into int_metering__sql_metric_contributions select * from int_metering__sql_metric_contributions where transaction_id = 'a'",
        "delete from int_metering__sql_metric_events where transaction_id = 'a'",
        "update int_metering__sql_metric_contributions set charge_filter_id = null where transaction_id = 'b'",
        "update int_metering__sql_metric_contributions set group_key = null where transaction_id = 'b'",
        "update int_metering__sql_metric_contributions set external_subscription_id = 't' where transaction_id = 'b'",
        "update int_metering__sql_metric_contributions set window_charge_id = 'v' where transaction_id = 'a'",
        "update int_metering__sql_metric_contributions set sql_metric = 'other'",
    ],
    "assert_every_custom_metric_has_its_model": [
        "delete from int_metering__sql_metrics",
        "update int_metering__window_charges set sql_metric = 'hours' where window_charge_id = 'w'",
        "update int_metering__window_charges set sql_metric = null where window_charge_id = 'w'",
    ],
    "assert_every_custom_charge_has_its_model": [
        "delete from int_rating__sql_charges",
        "update int_rating__sql_charge_usage set sql_charge = null where usage_id = 'p'",
    ],
    "assert_sql_charges_price_their_own_usage": [
        "update int_rating__sql_charge_steps set position = 1",
        "delete from int_rating__sql_charge_usage where usage_id = 'q'",
        "update int_rating__sql_charge_usage set sql_charge = 'other' where usage_id = 'q'",
    ],
    "assert_every_quantity_is_rated_once": [
        "delete from int_rating__charges",
        "insert into int_rating__charges select * from int_rating__charges",
        "insert into int_rating__usage_out_of_domain (usage_id) values ('q')",
    ],
    "assert_tiers_sum_to_their_charge": [
        "delete from int_rating__charge_tiers where position = 2",
        "update int_rating__charges set amount = amount + 0.000000000000001",
        "delete from int_rating__charge_tiers",
    ],
    "assert_every_rated_charge_becomes_one_fee": ["delete from int_billing__fees", "insert into int_billing__fees select * from int_billing__fees"],
    "assert_draft_totals_are_fees_plus_taxes": [
        "update int_billing__draft_invoices set total_amount_cents = total_amount_cents + 1",
        "update int_billing__fees set amount_cents = amount_cents - 1",
        "delete from int_billing__fees",
        "update int_billing__draft_invoices set progressive_billing_credit_amount_cents = 0",
    ],
    "assert_every_line_of_a_bill_has_its_draft": ["delete from int_billing__draft_invoices", "update int_billing__fees set fee_state = 'open'"],
    "assert_invoice_totals_add_up": [
        "update stg_books__invoices set total_amount_cents = total_amount_cents + 1 where invoice_id = 'i'",
        "update stg_books__invoices set coupons_amount_cents = 51 where invoice_id = 'i'",
        "update stg_books__invoices set progressive_billing_credit_amount_cents = 0 where invoice_id = 'i'",
        "update stg_books__invoices set taxes_amount_cents = null where invoice_id = 'j'",
        "update stg_books__invoices set prepaid_credit_amount_cents = 1, total_amount_cents = -1 where invoice_id = 'j'",
    ],
    "assert_fees_sum_to_their_invoice": ["delete from stg_books__fees where fee_id = 'g'", "update stg_books__fees set amount_cents = 101 where fee_id = 'g'",
        "update stg_books__fees set progressive_billing_credit_amount_cents = 9 where fee_id = 'f'",
        "update stg_books__fees set progressive_billing_credit_amount_cents = case fee_id when 'f' then -91 else 101 end where fee_id in ('f', 'g')",
    ],
    "assert_every_issued_fee_belongs_to_one_invoice": [
        "insert into stg_books__fees select * from stg_books__fees where fee_id = 'g'",
        "update stg_books__fees set invoice_id = 'lost' where fee_id = 'g'",
        "delete from stg_books__standalone_fees",
        "insert into stg_books__standalone_fees select * from stg_books__standalone_fees",
    ],
    "assert_coupon_shares_sum_to_their_uses": [
        "update stg_books__fees set precise_coupons_amount_cents = 16.66666 where fee_id = 'g'",
        "delete from stg_books__coupon_uses",
    ],
    "assert_wallet_uses_sum_to_prepaid_credits": ["delete from stg_books__wallet_uses", "update stg_books__wallet_uses set amount_cents = 41"],
    "assert_credit_notes_add_up": ["update int_ledger__credit_note_checks set right_value = 6.00001"],
    "assert_credit_note_uses_sum_to_their_invoice": ["delete from stg_books__credit_note_uses", "update stg_books__credit_note_uses set amount_cents = 7"],
    "assert_tax_is_rounded_once": [
        "update stg_books__invoices set taxes_amount_cents = 25 where invoice_id = 'i'",
        "update stg_books__fee_taxes set taxable_base_cents = 86.99999 where fee_id = 'g'",
    ],
    "assert_every_transaction_sums_to_zero": ["delete from stg_books__postings where posting_id = '4'", "update stg_books__postings set amount_cents = -299 where posting_id = '5'"],
    "assert_receivables_equal_the_total": ["update stg_books__postings set amount_cents = 229 where posting_id = '1'", "delete from stg_books__postings"],
    "assert_fee_steps_sum_to_the_precise_amount": ["delete from stg_books__fee_tiers where position = 2", "delete from stg_books__fee_tiers"],
    "assert_invoice_numbers_have_no_gap": [
        "delete from stg_books__invoices where invoice_id = 'i'",
        "update stg_books__invoices set customer_sequence = 1",
        "update stg_books__invoices set entity_sequence = entity_sequence + 1",
    ],
    "assert_wallet_uses_never_exceed_inflows": [
        "update stg_books__wallet_uses set amount_cents = 41",
        "update int_billing__wallet_credits set settled_at = timestamp '2026-02-01 00:00:00.000001'",
        "delete from int_billing__wallet_credits",
        "insert into int_billing__wallet_void_uses by name select 'w' as wallet_id, timestamp '2026-01-15' as voided_at, 1 as amount_cents",
    ],
    "assert_coupon_uses_never_exceed_their_amount": [
        "update stg_books__coupon_uses set amount_cents = 51",
        "update stg_catalog__applied_coupons set frequency = 'recurring', frequency_duration = 0",
        "insert into stg_books__coupon_uses (invoice_id, applied_coupon_id, amount_cents) values ('j', 'k', 1)",
    ],
    "assert_revenue_is_what_the_ledger_says": [
        "update fct_ledger_entries set amount_cents = -311 where ledger_entry_id = '5'",
        "update fct_ledger_entries set currency = 'USD' where ledger_entry_id = '2'",
        "update fct_deferred_revenue set recognized_amount_cents = 91 where month_on = date '2026-01-01'",
        "update fct_deferred_revenue set billed_amount_cents = 249 where month_on = date '2026-02-01'",
        "delete from fct_deferred_revenue",
    ],
    "assert_deferred_revenue_rolls_forward": [
        "update fct_deferred_revenue set closing_deferred_amount_cents = 61, opening_deferred_amount_cents = 1 where month_on = date '2026-02-01'",
        "delete from fct_deferred_revenue where month_on = date '2026-01-01'",
        "delete from fct_deferred_revenue where month_on = date '2026-04-01'",
        "update fct_deferred_revenue set recognized_amount_cents = 59 where month_on = date '2026-04-01'",
        "delete from fct_deferred_revenue where month_on > date '2026-01-01'",
    ],
    "assert_aged_receivables_are_what_the_ledger_says": [
        "update fct_receivables_aging set total_due_amount_cents = 201",
        "delete from fct_ledger_entries where ledger_entry_id = '7'",
        "delete from fct_receivables_aging",
        "update fct_receivables_aging set currency = 'USD'",
    ],
    "assert_void_invoices_are_owed_nothing": [
        "update fct_ledger_entries set invoice_id = 'y' where ledger_entry_id = '1'",
        "update fct_ledger_entries set invoice_id = 'y' where ledger_entry_id = '7'",
    ],
    "assert_mrr_is_open_where_it_closed": [
        "delete from fct_mrr_movements where customer_id = 'c' and month_on = date '2026-01-01'",
        "update fct_mrr_movements set change_mrr_amount_cents = -41 where customer_id = 'c' and change_mrr_amount_cents = -40",
        "delete from fct_mrr_movements where customer_id = 'd' and closing_mrr_amount_cents = 0",
        "update dim_subscriptions set status = 'terminated'",
    ],
}


@pytest.fixture(scope="module")
def graph() -> PricingGraph:
    return PricingGraph.load()


def world(graph: PricingGraph) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for name, rows in WORLD.items():
        columns = graph.node(name).columns or {}
        connection.execute(f"create table {name} ({', '.join(f'{quoted(column)} {data_type}' for column, data_type in columns.items())})")
        for row in rows:
            connection.execute(f"insert into {name} ({', '.join(row)}) values ({', '.join('?' * len(row))})", list(row.values()))
    return connection


def found(connection: duckdb.DuckDBPyConnection, path: Path) -> list[Any]:
    """What the test reports. Singular tests use only checks(), ref() and source(), so rendering those is all that compiling does."""
    sql = jinja2.Template(path.read_text(), undefined=jinja2.StrictUndefined).render(checks=lambda model: "", ref=lambda name: name, source=lambda source, name: f"{source}__{name}")
    return connection.execute(sql).fetchall()


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_finds_nothing_in_a_consistent_world(path: Path, graph: PricingGraph) -> None:
    assert found(world(graph), path) == []


@pytest.mark.parametrize(("name", "fault"), [(name, fault) for name, faults in FAULTS.items() for fault in faults])
def test_finds_the_injected_fault(name: str, fault: str, graph: PricingGraph) -> None:
    (path,) = [path for path in TESTS if path.stem == name]
    connection = world(graph)
    connection.execute(fault)
    assert found(connection, path), f"{name} does not see: {fault}"


def test_every_singular_test_has_a_negative_control() -> None:
    assert {path.stem for path in TESTS} == FAULTS.keys()


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_a_singular_test_is_named_and_opens_as_a_sentence(path: Path) -> None:
    assert path.stem.startswith("assert_")
    assert path.read_text().startswith("-- Fails if ")
