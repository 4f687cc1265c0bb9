"""Golden invoicing cases: every case lives in one world and is billed by the same runs of the real SQL.

`--cases FILE…` runs any file of this schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.built_invoices import Rows
from tests.golden.cases_option import Case, read_cases, shared_cases
from tests.golden.invoicing_timeline import Timeline, credit_notes_of, invoices_of, is_in_scope
from tests.golden.rating.facts import instant
from tests.support.books import Settlement
from tests.support.world import World

PLAIN = (
    "fees_amount_cents", "progressive_billing_credit_amount_cents", "coupons_amount_cents", "sub_total_excluding_taxes_amount_cents", "taxes_amount_cents", "taxes_rate",
    "sub_total_including_taxes_amount_cents", "credit_notes_amount_cents", "prepaid_credit_amount_cents", "prepaid_granted_credit_amount_cents", "prepaid_purchased_credit_amount_cents", "total_amount_cents", "status", "payment_status", "invoice_type", "number",
)  # fmt: skip
SHOWN = ("status", "payment_status", "total_amount_cents", "payment_overdue")
"""What the marts say of an invoice at a check."""
WALLETS = ("fct_invoices", "fct_dunning", "fct_wallet_balances", "fct_wallet_transactions", "fct_wallet_consumptions", "fct_wallet_ongoing_balances")
WALLET_COLUMNS = {"balance_cents": "balance_cents", "credits_balance": "balance_credits"} | {
    name: name
    for name in (
        "ongoing_usage_balance_cents", "ongoing_balance_cents", "credits_ongoing_usage_balance", "credits_ongoing_balance",
    )
}  # fmt: skip
TRANSACTION_COLUMNS = {
    "type": "transaction_type", "source": "top_up_source", "transaction_status": "transaction_status", "status": "status",
}  # fmt: skip
TOLERANCE = Decimal("0.00002")


def cases_in_scope(config: pytest.Config) -> list[Case]:
    return [case for case in read_cases(config, "invoicing") if is_in_scope(case)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = cases_in_scope(metafunc.config)
        metafunc.parametrize("case", cases, ids=[case["id"] for case in cases])


def books_until(tables: Mapping[str, pa.Table], as_of: Mapping[str, datetime]) -> dict[str, pa.Table]:
    """What was issued by then: runs at any time issue the same, so it is the prefix of what they have issued."""
    rows = tables["invoices"].to_pylist()
    issued = {row["invoice_id"] for row in rows if row["issued_at"] <= as_of.get(row["customer_id"], datetime.min)}
    found = {
        name: table.filter(pc.is_in(table["invoice_id"], pa.array(sorted(issued), pa.string())))
        for name, table in tables.items()
        if "invoice_id" in table.column_names
    }
    for name in ("invoice_voids", "wallet_returns"):  # a void is later than its invoice
        voids = [row for row in found[name].to_pylist() if row["issued_at"] <= as_of[row["customer_id"]]]
        found[name] = pa.Table.from_pylist(voids, found[name].schema)
    made = [row for row in tables["wallet_top_ups"].to_pylist() if row["topped_up_at"] <= as_of.get(row["customer_id"], datetime.min)]
    asked = [row for row in tables["payment_requests"].to_pylist() if row["requested_at"] <= as_of.get(row["customer_id"], datetime.min)]
    return found | {
        "wallet_top_ups": pa.Table.from_pylist(made, tables["wallet_top_ups"].schema), "payment_requests": pa.Table.from_pylist(asked, tables["payment_requests"].schema),
    }  # fmt: skip


@pytest.fixture(scope="module")
def books(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Timeline], Any, Any]:
    world = World(tmp_path_factory.mktemp("invoicing"), PricingGraph.load())
    timelines = {case["id"]: Timeline(world, case) for case in cases_in_scope(request.config)}
    for timeline in timelines.values():
        timeline.play()
    given: Rows = {}
    for timeline in timelines.values():
        for model, rows in timeline.given.items():
            given.setdefault(model, []).extend(rows)
    # In an order that is not theirs: what is older is told by their moments.
    notes = [note for timeline in timelines.values() for note in reversed(timeline.notes)]
    settlement, drafts = world.settle()
    if given:
        # Apart, since what a rule tops up computes drafts again, and rows that are given are computed by nothing.
        builders = {owner: timeline.now() for timeline in timelines.values() if timeline.given for owner in timeline.owners()}
        before = {"credit_notes": pa.Table.from_pylist(notes)} if notes else None
        built, their_drafts = world.settle(before, given=given, as_of=builders)
        settlement = Settlement({name: pa.concat_tables([table, built.tables[name]]) for name, table in settlement.tables.items()}, settlement.passes)
        drafts = {name: [*rows, *their_drafts[name]] for name, rows in drafts.items()}
    stood = {row["invoice_id"]: row for row in world.compute(["fct_invoices"], settlement.tables)["fct_invoices"]}
    for timeline in timelines.values():
        timeline.checked, timeline.stood = [], stood
    for number in range(max(len(timeline.checks()) for timeline in timelines.values())):
        # The n-th look into the wallets of every case, at the moment of its n-th check; the last of them is the end.
        as_of = {
            owner: timeline.checks()[number]
            for timeline in timelines.values()
            if number < len(timeline.checks())
            for owner in timeline.owners()
        }
        models = world.compute(WALLETS, books_until(settlement.tables, as_of), as_of)
        for timeline in timelines.values():
            timeline.checked.append(models)
    return timelines, settlement, drafts


def to_the_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def assert_fees(timeline: Timeline, expected: list[dict[str, Any]], invoice: dict[str, Any]) -> None:
    left = [fee for fee in invoice["fees"] if fee["amount_cents"]]
    for wanted in expected:
        if not wanted["amount_cents"]:
            continue
        matches = [fee for fee in left if is_that_fee(timeline, wanted, fee)]
        assert matches, f"no fee like {wanted} among {left}"
        left.remove(matches[0])
    assert not left, f"fees that nobody expects: {left}"


def is_that_fee(timeline: Timeline, wanted: dict[str, Any], fee: dict[str, Any]) -> bool:
    kind = "charge_true_up" if fee["true_up_parent_fee_id"] else fee["fee_type"]
    checks = [kind == wanted["type"], fee["amount_cents"] == wanted["amount_cents"]]
    if "subscription" in wanted:
        checks.append(fee["external_subscription_id"] == timeline.code(wanted["subscription"]))
    for name in ("plan", "charge", "add_on"):
        if name in wanted:
            checks.append(fee["item_code"] == timeline.code(wanted[name]))
    if "key" in wanted:
        checks.append(fee["item_code"] == wanted["key"])
    if "units" in wanted:
        checks.append(fee["units"] == Decimal(wanted["units"]))
    if "taxes_amount_cents" in wanted:
        checks.append(fee["taxes_amount_cents"] == wanted["taxes_amount_cents"])
    if "precise_coupons_amount" in wanted:
        # Lago counts the progressive credit of a line among its coupons (invoicing §4.3).
        taken = fee["precise_coupons_amount_cents"] + fee["progressive_billing_credit_amount_cents"]
        checks.append(abs(taken - Decimal(wanted["precise_coupons_amount"])) <= TOLERANCE)
    return all(checks)


def differing(row: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """What a row has and should have, where that differs."""
    return {name: (row[name], value) for name, value in wanted.items() if str(row[name]) != str(value) and not is_close(row[name], value)}


def is_close(amount: Any, wanted: Any) -> bool:
    """Whether a precise amount is what the case says, to the digits that it says."""
    return isinstance(amount, Decimal) and abs(amount - Decimal(str(wanted))) <= TOLERANCE


def committed(invoices: list[dict[str, Any]]) -> list[tuple[datetime, int]]:
    """When each invoice with a minimum commitment was created, and what that adds to it."""
    return [
        (to_the_second(invoice["ready_at"]), fee["amount_cents"])
        for invoice in invoices
        for fee in invoice["fees"]
        if fee["fee_type"] == "commitment"
    ]


def assert_invoice(timeline: Timeline, expected: dict[str, Any], invoice: dict[str, Any]) -> None:
    for name in PLAIN:
        if name in expected:
            wanted = Decimal(expected[name]) if name == "taxes_rate" else expected[name]
            assert invoice[name] == wanted, f"{name} of {expected['ref']} is {invoice[name]}, expected {wanted}"
    if "created_at" in expected:
        assert to_the_second(invoice["ready_at"]) == instant(expected["created_at"])
    for name in ("issuing_date", "payment_due_date"):
        if name in expected:
            assert str(invoice[name]) == str(expected[name])
    if "fees" in expected:
        assert_fees(timeline, expected["fees"], invoice)
    if "credits" in expected:
        uses = sorted((use["coupon_code"], use["amount_cents"]) for use in invoice["credits"])
        uses += sorted((use["credit_note_id"], use["amount_cents"]) for use in invoice["noted"])
        of_coupons = [(timeline.code(credit["coupon"]), credit["amount_cents"]) for credit in expected["credits"] if "coupon" in credit]
        of_notes = [(f"{timeline.code('invoice')}-{credit['credit_note']}", credit["amount_cents"]) for credit in expected["credits"] if "credit_note" in credit]
        assert uses == sorted(of_coupons) + sorted(of_notes)
    for period in [*expected.get("periods", []), *expected.get("charges_periods", [])]:
        (link,) = [
            row
            for row in invoice["subscriptions"]
            if row["external_subscription_id"] == timeline.code(period["subscription"])
        ]
        for side, name in (
            ("from", "fee_from_at"),
            ("to", "fee_to_at"),
            ("charges_from", "usage_from_at"),
            ("charges_to", "usage_to_at"),
        ):
            if side in period:
                step = timedelta(seconds=1) if side.endswith("to") and link[name].microsecond == 0 else timedelta()
                assert to_the_second(link[name] - step) == instant(period[side]), side


def assert_wallets(timeline: Timeline, expected: dict[str, Any], models: dict[str, list[dict[str, Any]]]) -> None:
    """Balances, transactions and what was consumed of them, as of the moment that the rows were computed for."""
    balances = {row["wallet_id"]: row for row in models["fct_wallet_balances"]}
    for row in models["fct_wallet_ongoing_balances"]:
        balances[row["wallet_id"]] |= row
    mine = set(timeline.wallet_ids.values())
    transactions = [row for row in models["fct_wallet_transactions"] if row["wallet_id"] in mine]
    for wanted in expected.get("wallets", []):
        balance = balances[timeline.wallet_ids[wanted["code"]]]
        for name in WALLET_COLUMNS.keys() & wanted.keys():
            assert balance[WALLET_COLUMNS[name]] == Decimal(wanted[name]), name
    for wanted in expected.get("wallet_transactions", []):
        assert [row for row in transactions if is_that_transaction(wanted, row)], (
            f"none like {wanted} in {transactions}"
        )
    by_id = {row["wallet_transaction_id"]: row for row in transactions}
    for key, cents in expected.get("inbound_remaining", {}).items():
        assert by_id[timeline.transaction_ids[key]]["remaining_amount_cents"] == cents, key
    consumptions = [row for row in models["fct_wallet_consumptions"] if row["wallet_id"] in mine]
    for wanted in expected.get("consumptions", []):
        inbound = timeline.transaction_ids[wanted["inbound"]]
        paid = [row for row in consumptions if row["wallet_transaction_id"] == inbound]
        if "invoice" in wanted:
            paid = [row for row in paid if row["invoice_id"] == timeline.invoice_ids[wanted["invoice"]]]
        assert sum(row["amount_cents"] for row in paid) == wanted["amount_cents"], wanted


def assert_shown(timeline: Timeline, expected: list[dict[str, Any]], models: dict[str, list[dict[str, Any]]]) -> None:
    """What the marts say of invoices, open ones too, as of the moment that the rows were computed for."""
    shown = {row["invoice_id"]: row for row in models["fct_invoices"]}
    for wanted in expected:
        if not {"status", "payment_status", "payment_overdue"} & wanted.keys():
            continue
        row = shown[timeline.invoice_ids[wanted["ref"]]]
        for name in SHOWN:
            if name in wanted:
                assert row[name] == wanted[name], f"{name} of {wanted['ref']}"


def assert_requests(timeline: Timeline, expected: dict[str, Any], models: dict[str, list[dict[str, Any]]], requests: list[dict[str, Any]]) -> None:
    """What campaigns asked for by the moment that the rows were computed for, and the attempts of each currency."""
    asked = {row["currency"]: row for row in models["fct_dunning"] if row["customer_id"] in timeline.owners()}
    if "payment_request_count" in expected:
        assert sum(row["payment_requests_count"] for row in asked.values()) == expected["payment_request_count"], asked
    for currency, attempts in expected.get("dunning_attempts", {}).items():
        assert (asked[currency]["attempts_count"] if currency in asked else 0) == attempts, currency
    if "payment_requests" in expected:
        found = [(to_the_second(row["requested_at"]), row["amount_cents"]) for row in requests]
        assert found == [(instant(wanted["at"]), wanted["amount_cents"]) for wanted in expected["payment_requests"]]


def is_that_transaction(wanted: dict[str, Any], row: dict[str, Any]) -> bool:
    checks = [row[column] == wanted[name] for name, column in TRANSACTION_COLUMNS.items() if name in wanted]
    if "credit_amount" in wanted:
        checks.append(row["credit_amount"] == Decimal(wanted["credit_amount"]))
    if "amount" in wanted:
        checks.append(row["amount_cents"] == Decimal(wanted["amount"]) * 100)
    return all(checks)


def test_invoicing_case(case: Case, books: tuple[dict[str, Timeline], Any, Any]) -> None:
    timelines, settlement, drafts = books
    timeline = timelines[case["id"]]
    invoices = invoices_of(timeline, settlement, drafts)
    for invoice in invoices:
        # The mart knows of voids and payments; what a case only calculates is not in it.
        stood = timeline.stood.get(invoice["invoice_id"], {})
        invoice |= {name: stood[name] for name in ("status", "payment_status") if name in stood}
    by_ref = {invoice["ref"]: invoice for invoice in invoices}
    timeline.invoice_ids = {ref: invoice["invoice_id"] for ref, invoice in by_ref.items()}
    for action in case["timeline"]:
        if action["do"] == "check" and "invoice_count" in action["expect"]:
            until = instant(action["at"]) + timedelta(seconds=1)
            assert len(invoices_of(timeline, settlement, drafts, until)) == action["expect"]["invoice_count"], action
    checks = [action for action in case["timeline"] if action["do"] == "check"]
    for action, models in zip(checks, timeline.checked, strict=False):
        assert_wallets(timeline, action["expect"], models)
        assert_shown(timeline, action["expect"].get("invoices", []), models)
        assert_requests(timeline, action["expect"], models, [])
    expected = case["expected"]
    wanted_refusals = [action for action in case["timeline"] if "expect_error" in action]
    assert [action for action, _ in timeline.refused] == wanted_refusals
    assert all(action["expect_error"] in code for action, code in timeline.refused)
    for wanted, sums in timeline.estimated:
        assert not differing(sums, wanted), wanted
    if "invoices" in expected:
        assert len(invoices) == len(expected["invoices"]), [row["ready_at"] for row in invoices]
    for wanted in expected.get("invoices", []):
        assert_invoice(timeline, wanted, by_ref[wanted["ref"]])
    if "final_invoice" in expected:
        assert_invoice(timeline, expected["final_invoice"] | {"ref": "final"}, invoices[-1])
    for code, debited in expected.get("wallet_debits", {}).items():
        wallet_id = timeline.wallet_ids[code]
        uses = [use for use in settlement.tables["wallet_uses"].to_pylist() if use["wallet_id"] == wallet_id]
        assert sum(use["amount_cents"] for use in uses) == debited, code
    last = timeline.checked[len(timeline.checks()) - 1]
    assert_wallets(timeline, expected, last)
    assert_shown(timeline, expected.get("invoices", []), last)
    assert_requests(timeline, expected, last, timeline.requests(settlement))
    if "top_up" in expected:
        made = {f"{'paid' if row['credit_class'] == 'purchased' else 'granted'}_credits": row["credits"] for row in timeline.topped_up}
        assert {name: made[name] for name in expected["top_up"]} == {name: Decimal(credits) for name, credits in expected["top_up"].items()}
    if "credit_notes" in expected:
        notes = credit_notes_of(timeline, settlement, invoices)
        assert len(notes) == len(expected["credit_notes"]), notes
        for wanted, note in zip(expected["credit_notes"], notes, strict=True):
            assert not differing(note, wanted), wanted["ref"]
    for wanted in expected.get("subscriptions", []):
        assert timeline.status_of(wanted["id"]) == wanted["status"]
    if "invoices_having_commitment" in expected:
        assert committed(invoices) == [
            (instant(wanted["created_at"]), wanted["commitment_fee_amount_cents"])
            for wanted in expected["invoices_having_commitment"]
        ]
    if "invoice_numbers_unordered_by_batch" in expected:
        batches = [sorted(batch) for batch in expected["invoice_numbers_unordered_by_batch"]]
        numbers = [timeline.own_number(invoice["number"]) for invoice in invoices]
        assert [
            sorted(numbers[sum(map(len, batches[:i])) :][: len(batch)]) for i, batch in enumerate(batches)
        ] == batches


def test_scope_holds_at_least_166_cases_of_the_shared_file() -> None:
    assert sum(map(is_in_scope, shared_cases("invoicing").values())) >= 166
