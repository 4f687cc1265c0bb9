"""The served console in a real browser, over a home that was really billed. Screenshots land in pytest's folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from cli import demo_company
from core.billing import installation
from core.catalog.engine import connect
from core.clock import ManualClock
from core.settings import Settings
from core.warehouse import marts
from core.warehouse.connection import ReadWarehouse
from core.warehouse.line_events import line_events
from core.warehouse.pricing_graph import PricingGraph
from ingestion.landing import Landing
from orchestration.run import run
from tests.e2e.console_server import PATIENCE_MS, Console, browser_page, chromium, serve

__all__ = ["browser_page", "chromium"]

BEGIN, END, AS_OF = datetime(2026, 1, 1), datetime(2026, 3, 1), datetime(2026, 3, 20)
EVENTS = 3000


@pytest.fixture(scope="module")
def home(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The demo company, two months of usage, billed by the real job."""
    settings = Settings(home=tmp_path_factory.mktemp("console") / "home")
    clock = ManualClock(BEGIN - timedelta(hours=1))
    installation.create(settings, PricingGraph.load(), clock)
    subscribers = demo_company.found(connect(settings.catalog), clock, 7)
    for _ in demo_company.land_usage(Landing(settings.landing), subscribers, BEGIN, END, EVENTS, 7):
        pass
    run(settings, AS_OF)
    return settings


@pytest.fixture(scope="module")
def console(home: Settings, browser_page: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    shots = tmp_path_factory.mktemp("screenshots")
    for url in serve(home, shots / "server.log"):
        yield Console(url, browser_page, ReadWarehouse(home).cursor(), shots)


def test_invoices_come_to_the_totals_of_the_books(console: Console) -> None:
    page = console.open("", "Invoices")
    totals = marts.invoice_totals(console.cursor)
    assert totals
    for row in totals:
        expect(page.get_by_text(f"Invoiced in {row['currency']}")).to_be_visible()
        expect(page.get_by_text(f"{row['invoices_count']:,} issued")).to_be_visible()
        expect(page.get_by_text(marts.money(row["total_amount_cents"], row["currency"]), exact=True)).to_be_visible()
    count = sum(row["invoices_count"] + row["drafts_count"] for row in totals)
    expect(page.get_by_text(f"{count:,} invoices. Click")).to_be_visible()
    console.shoot("invoices")


def choose(page: Page, label: str, option: str) -> None:
    """Picks an option of a select box. What was done before may still redraw the page, which closes an open list: it is opened until it stays."""
    for _ in range(5):
        page.get_by_label(label, exact=False).first.click()
        with suppress(PlaywrightTimeout):
            page.get_by_role("option", name=option).click(timeout=PATIENCE_MS / 6)
            return
        page.keyboard.press("Escape")
    pytest.fail(f"{label} never offered {option}")


def test_a_filter_narrows_the_invoices(console: Console) -> None:
    page = console.open("", "Invoices")
    # From the last page of all, which the fewer do not have.
    last = page.get_by_role("spinbutton", name=re.compile("Page"))
    last.fill(last.get_attribute("max") or "")
    last.press("Enter")
    choose(page, "Currency", "JPY")
    (wanted,) = marts.invoice_totals(console.cursor, marts.InvoiceFilter(currency="JPY"))
    expect(page.get_by_text(f"{wanted['invoices_count'] + wanted['drafts_count']:,} invoices. Click")).to_be_visible(
        timeout=PATIENCE_MS
    )
    expect(page.get_by_text("Invoiced in USD")).to_have_count(0)
    expect(page.get_by_text("No invoice matches")).to_have_count(0)


def test_an_invoice_is_followed_to_its_events_and_downloads_as_pdf(console: Console) -> None:
    fees, _ = marts.list_fees(console.cursor, fee_type="charge", per_page=5000)
    fee = max(fees, key=lambda row: row["amount_cents"] if row["currency"] == "EUR" and row["events_count"] else 0)
    invoice = marts.get_invoice(console.cursor, fee["invoice_id"])
    largest = max((row for row in invoice["fees"] if row["events_count"]), key=lambda row: row["amount_cents"])
    _, count = line_events(console.cursor, largest["fee_id"])
    page = console.open(f"invoice?invoice={invoice['number']}", "Invoice")
    expect(page.get_by_role("heading", name=invoice["number"])).to_be_visible()
    expect(page.get_by_text(marts.money(invoice["total_amount_cents"], "EUR"), exact=True).first).to_be_visible()
    amount = marts.money(largest["amount_cents"], "EUR")
    expect(page.get_by_role("heading", name=f"Why {largest['item_name']} is {amount}")).to_be_visible(
        timeout=PATIENCE_MS
    )
    assert count >= largest["events_count"] > 0  # of a unique count, the fee counts values and not events
    expect(page.get_by_text(f"{count:,} event", exact=False).first).to_be_visible(timeout=PATIENCE_MS)
    console.shoot("invoice")
    with page.expect_download() as download:
        page.get_by_role("button", name="PDF").click()
    pdf = pypdf.PdfReader(download.value.path())
    assert invoice["number"] in pdf.pages[0].extract_text()


def test_a_click_on_a_row_opens_its_invoice(console: Console) -> None:
    page = console.open("", "Invoices")
    rows, _ = marts.list_invoices(console.cursor, per_page=2)
    table = page.get_by_test_id("stDataFrame").first
    expect(table).to_be_visible()
    table.click(position={"x": 17, "y": 88})  # the table is a canvas: the box of its second row
    expect(page.get_by_role("heading", name="Invoice", exact=True, level=1)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("heading", name=rows[1]["number"])).to_be_visible(timeout=PATIENCE_MS)


def test_an_unknown_invoice_is_said_in_words(console: Console) -> None:
    page = console.open("invoice?invoice=NOPE-1", "Invoice")
    expect(page.get_by_text("There is no invoice NOPE-1")).to_be_visible()


def test_customers_are_found_by_name(console: Console) -> None:
    page = console.open("customers", "Customers")
    customers = marts.list_customers(console.cursor)
    expect(page.get_by_text(f"{len(customers):,} customers. Click")).to_be_visible()
    console.shoot("customers")
    search = page.get_by_placeholder("Name, id or mail")
    search.fill("customer_017")
    search.press("Enter")
    expect(page.get_by_text("1 customer. Click")).to_be_visible(timeout=PATIENCE_MS)


def test_plans_count_their_subscriptions(console: Console) -> None:
    page = console.open("plans", "Plans")
    active = sum(row["active_subscriptions_count"] for row in marts.list_plans(console.cursor))
    assert active
    expect(page.get_by_test_id("stMetric").filter(has_text="Active subscriptions")).to_contain_text(f"{active:,}")
    console.shoot("plans")


def test_a_wallet_shows_its_balance_over_time(console: Console) -> None:
    page = console.open("wallets", "Wallets")
    wallet = max(
        marts.wallet_balances(console.cursor),
        key=lambda row: (row["used_amount_cents"] > 0, row["balance_cents"] > 0, row["used_amount_cents"]),
    )
    balance = page.get_by_test_id("stMetric").filter(has_text="Balance")
    expect(balance).to_contain_text(marts.money(wallet["balance_cents"], wallet["currency"]))
    movements = marts.wallet_movements(console.cursor, wallet["wallet_id"])
    assert movements[-1]["balance_cents"] == wallet["balance_cents"] == sum(row["amount_cents"] for row in movements)
    expect(page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first).to_be_visible(
        timeout=PATIENCE_MS
    )
    console.shoot("wallets")


def test_usage_counts_every_event(console: Console) -> None:
    page = console.open("usage", "Usage")
    expect(page.get_by_test_id("stMetric").filter(has_text="Events").first).to_contain_text(f"{EVENTS:,}")
    console.shoot("usage")


def test_revenue_is_that_of_the_issued_invoices(console: Console) -> None:
    page = console.open("revenue", "Revenue")
    row = console.cursor.execute(
        "select cast(sum(sub_total_excluding_taxes_amount_cents) as bigint) from books.main.invoices where currency = 'EUR' and status = 'finalized' and invoice_type <> 'credit'"
    ).fetchone()
    expect(page.get_by_test_id("stMetric").filter(has_text="Revenue")).to_contain_text(marts.money(row[0], "EUR"))
    console.shoot("revenue")


def test_revenue_is_earned_recurs_and_is_owed(console: Console) -> None:
    page = console.open("revenue", "Revenue")
    page.get_by_role("tab", name="Earned").click()
    expect(page.get_by_text("Deferred is billed for service that is still to come")).to_be_visible(timeout=PATIENCE_MS)
    console.shoot("revenue_earned")
    page.get_by_role("tab", name="Recurring").click()
    expect(page.get_by_role("tabpanel").filter(visible=True).get_by_test_id("stVegaLiteChart").first).to_be_visible(
        timeout=PATIENCE_MS
    )
    console.shoot("revenue_recurring")
    page.get_by_role("tab", name="Owed").click()
    row = console.cursor.execute(
        "select cast(sum(total_amount_cents) as bigint) from books.main.invoices where currency = 'EUR'"
    ).fetchone()
    expect(page.get_by_test_id("stMetric").filter(has_text="Left to pay")).to_contain_text(marts.money(row[0], "EUR"))
    console.shoot("revenue_owed")


def test_ingestion_adds_up(console: Console) -> None:
    page = console.open("ingestion", "Ingestion")
    checks = marts.reconciliation(console.cursor)
    assert all(row["is_held"] for row in checks)
    expect(page.get_by_test_id("stMetric").filter(has_text="Accepted")).to_contain_text(f"{EVENTS:,}")
    expect(page.get_by_test_id("stMetric").filter(has_text="Checks that hold")).to_contain_text(
        f"{len(checks)} of {len(checks)}"
    )
    console.shoot("ingestion")


def test_before_the_first_run_the_console_says_what_to_do(browser_page: Page, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "empty")
    for url in serve(settings, tmp_path / "server.log"):
        for path in ("", "invoice", "wallets"):
            browser_page.goto(f"{url}/{path}")
            expect(browser_page.get_by_text("Nothing is published yet")).to_be_visible(timeout=PATIENCE_MS)
        browser_page.screenshot(path=tmp_path / "nothing.png")
