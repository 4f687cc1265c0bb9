"""What finance does in the console, in a real browser over a home that was really billed: each click is a fact in the catalog or the books."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from core import lake
from core.catalog import api_keys, customers, invoice_commands
from core.settings import Settings
from core.warehouse import marts
from core.warehouse.connection import ReadWarehouse
from tests.e2e.api_server import ApiServer
from tests.e2e.console_server import PATIENCE_MS, Console, browser_page, chromium, serve
from tests.e2e.installed_world import InstalledWorld, books
from tests.property.test_held_bills import Customer, sold
from tests.support.demo_home import tallystick

__all__ = ["browser_page", "chromium"]

USED_AT, LOOKED_AT = datetime(2024, 1, 10), datetime(2024, 2, 3)


@pytest.fixture(scope="module")
def world(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> InstalledWorld:
    """A customer whose January is issued, and others whose January is a draft for five days; all look at 3 February."""
    world = InstalledWorld(tmp_path_factory.mktemp("commands") / "home")
    for name, grace in (("acme", 0), ("slow", 5), ("wrong", 5), ("sent", 5), ("kept", 5)):
        customer = Customer(world, name, [sold(name, "2")], grace)
        customer.send(USED_AT, "50")
        world.advance(customer.clock, LOOKED_AT)
    world.inbox.close()
    assert (ran := tallystick(world.settings.home, "run")).returncode == 0, ran.stderr
    return world


@pytest.fixture(scope="module")
def key(world: InstalledWorld) -> str:
    with world.unit() as uow:
        return api_keys.create(uow, "tests")[1]


@pytest.fixture(scope="module")
def api(world: InstalledWorld) -> Iterator[ApiServer]:
    """The API beside the console; the last test ends it before."""
    server = ApiServer(world.settings)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def console(
    world: InstalledWorld, api: ApiServer, key: str, browser_page: Page, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Console]:
    shots = tmp_path_factory.mktemp("screenshots")
    for url in serve(world.settings, shots / "server.log", api_url=api.url, api_key=key):
        yield Console(url, browser_page, ReadWarehouse(world.settings).cursor(), shots)


def invoice_of(console: Console, customer: str) -> dict[str, Any]:
    """The customer's one invoice, as last published."""
    ((invoice,), _) = marts.list_invoices(console.cursor, marts.InvoiceFilter(customer=customer))
    return invoice


def issued(settings: Settings, table: str) -> list[dict[str, Any]]:
    """Rows of the books as they are now."""
    connection = lake.connect()
    try:
        lake.attach(connection, lake.books(settings), read_only=True)
        return marts.query_rows(connection, f"select * from books.main.{table}")
    finally:
        connection.close()


def write(page: Page, label: str, text: str) -> None:
    """Fills a field and leaves it, as a person does."""
    field = page.get_by_role("textbox", name=label).first
    field.fill(text)
    field.press("Enter")
    drawn(page)


def drawn(page: Page) -> None:
    """Waits until the page has drawn everything: what is clicked before that may be drawn away."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE_MS)


def test_a_credit_note_is_estimated_issued_and_voided(console: Console, world: InstalledWorld) -> None:
    invoice = invoice_of(console, "acme")
    page = console.open(f"invoice?invoice={invoice['number']}", "Invoice")
    expect(page.get_by_text("listed after the next one")).to_have_count(0)
    page.get_by_role("button", name="Credit note").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Pick the lines")).to_be_visible(timeout=PATIENCE_MS)
    dialog.get_by_label("Lines").click()
    page.get_by_role("option", name="100.00 EUR").click()
    page.keyboard.press("Tab")  # closes the list
    expect(dialog.get_by_text("At most 100.00").first).to_be_visible(timeout=PATIENCE_MS)
    write(page, "Give back of", "100.01")
    expect(dialog.get_by_text("A line gives back more than is left of it.")).to_be_visible(timeout=PATIENCE_MS)
    write(page, "Give back of", "40")
    expect(dialog.get_by_role("button", name="Issue a credit note of 40.00 EUR")).to_be_visible(timeout=PATIENCE_MS)
    write(page, "Offset", "10")
    dialog.get_by_role("button", name="Issue a credit note").click()
    expect(dialog.get_by_text("must add up to the total")).to_be_visible(timeout=PATIENCE_MS)
    write(page, "Credit (EUR)", "30")
    write(page, "Note", "half of it was ours")
    console.shoot("credit_note")
    dialog.get_by_role("button", name="Issue a credit note").click()
    number = f"{invoice['number']}-CN001"
    expect(page.get_by_text(number).first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("stMetric").filter(has_text="Left to use")).to_contain_text("30.00 EUR")
    console.shoot("credit_notes")
    (note,) = issued(world.settings, "credit_notes")
    assert (note["credit_amount_cents"], note["refund_amount_cents"], note["offset_amount_cents"]) == (3000, 0, 1000)
    world.advance(clock_of(world, "acme"), datetime(2024, 2, 3, 1))  # what is decided at one reading of a test clock waits for its next
    page.get_by_role("button", name="Void").click()
    page.get_by_role("dialog").get_by_role("button", name="Void it").click()
    expect(page.get_by_text(f"{number} is void")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("stMetric").filter(has_text="Left to use")).to_contain_text(re.compile(r"\D0\.00 EUR"), timeout=PATIENCE_MS)
    assert len(books(world.settings)["credit_note_voids"]) == 1


def decide(page: Page, action: str, last: str, **fields: str) -> None:
    """Takes a decision about the draft on the page: its button, the fields of its dialog, the dialog's button."""
    drawn(page)
    page.get_by_role("button", name=action).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name=last)).to_be_visible(timeout=PATIENCE_MS)
    for label, text in fields.items():
        write(page, label.replace("_", " "), text)
    dialog.get_by_role("button", name=last).click()


def test_a_draft_is_held_with_a_reason_released_and_issued(console: Console, world: InstalledWorld) -> None:
    draft = invoice_of(console, "slow")
    page = console.open(f"invoice?invoice={draft['invoice_id']}", "Invoice")
    expect(page.get_by_text("until its grace period ends on 6 Feb 2024, 00:00 UTC")).to_be_visible()
    expect(page.get_by_text("over the usage that the last run loaded")).to_be_visible()
    console.shoot("draft")
    decide(page, "Hold", "Hold it", Reason="")
    expect(page.get_by_text("Needed: your name, a reason.").or_(page.get_by_text("Needed: a reason, your name."))).to_be_visible(timeout=PATIENCE_MS)
    write(page, "Reason", "the usage looks odd")
    write(page, "Your name", "ann")
    page.get_by_role("dialog").get_by_role("button", name="Hold it").click()
    expect(page.get_by_text("by ann: the usage looks odd")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Release")).to_be_visible(timeout=PATIENCE_MS)
    console.shoot("draft_on_hold")
    world.advance(clock_of(world, "slow"), datetime(2024, 2, 10))
    decide(page, "Release", "Release it", Your_name="bob")
    expect(page.get_by_role("heading", name=re.compile("-001$"))).to_be_visible(timeout=PATIENCE_MS)
    (invoice,) = [row for row in issued(world.settings, "invoices") if row["customer_external_id"] == "slow"]
    assert (invoice["invoice_id"], str(invoice["issuing_date"]), invoice["total_amount_cents"]) == (draft["invoice_id"], "2024-02-10", 10100)
    assert given(world, draft) == [("hold", "ann"), ("release", "bob")]


def test_a_line_of_a_draft_is_corrected_with_a_reason(console: Console, world: InstalledWorld) -> None:
    draft = invoice_of(console, "wrong")
    page = console.open(f"invoice?invoice={draft['invoice_id']}", "Invoice")
    page.get_by_role("button", name="Correct a line").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Correct the line")).to_be_visible(timeout=PATIENCE_MS)
    write(page, "Units", "3")
    page.get_by_role("dialog").get_by_role("button", name="Correct the line").click()
    expect(page.get_by_text(re.compile("Needed: .*a reason"))).to_be_visible(timeout=PATIENCE_MS)
    write(page, "Reason", "three seats were agreed")
    write(page, "Your name", "ann")
    console.shoot("correction")
    page.get_by_role("dialog").get_by_role("button", name="Correct the line").click()
    expect(page.get_by_test_id("stMetric").filter(has_text="Total")).to_contain_text("103.00 EUR", timeout=PATIENCE_MS)
    console.shoot("corrected")


def test_a_draft_is_approved_with_usage_that_no_run_has_loaded(console: Console, api: ApiServer, key: str, world: InstalledWorld) -> None:
    draft = invoice_of(console, "wrong")
    event = {"transaction_id": "late", "external_subscription_id": "wrong", "code": "wrong-units", "timestamp": int(USED_AT.replace(tzinfo=UTC).timestamp()), "properties": {"value": "7"}}
    httpx.post(f"{api.url}/api/v1/events", json={"event": event}, headers={"Authorization": f"Bearer {key}"}).raise_for_status()
    page = console.open(f"invoice?invoice={draft['invoice_id']}", "Invoice")
    expect(page.get_by_test_id("stMetric").filter(has_text="Total")).to_contain_text("103.00 EUR")
    world.advance(clock_of(world, "wrong"), datetime(2024, 2, 3, 1))
    decide(page, "Approve now", "Issue the invoice", Your_name="ann")
    expect(page.get_by_role("heading", name=re.compile("-001$"))).to_be_visible(timeout=PATIENCE_MS)
    (invoice,) = [row for row in issued(world.settings, "invoices") if row["customer_external_id"] == "wrong"]
    # The plan's fee of 1.00 is three of them, as corrected; 57 units at 2.00.
    assert (invoice["invoice_id"], str(invoice["issuing_date"]), invoice["total_amount_cents"]) == (draft["invoice_id"], "2024-02-03", 11700)
    expect(page.get_by_test_id("stMetric").filter(has_text="Total")).to_contain_text("117.00 EUR")
    expect(page.get_by_text("events that came in since are listed after the next one")).to_be_visible(timeout=PATIENCE_MS)
    console.shoot("approved")
    assert given(world, draft) == [("finalize", "ann")]
    assert tallystick(world.settings.home, "verify").returncode == 0


def clock_of(world: InstalledWorld, customer: str) -> str:
    """The test clock that the customer carries."""
    with world.unit() as uow:
        return str(customers.get(uow.connection, customer).test_clock_id)


def test_the_api_holds_and_releases_a_draft(console: Console, api: ApiServer, key: str, world: InstalledWorld) -> None:
    draft = invoice_of(console, "sent")

    def put(action: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        url = f"{api.url}/api/v1/invoices/{draft['invoice_id']}/{action}"
        answer = httpx.put(url, json=body, headers={"Authorization": f"Bearer {key}"}, timeout=60)
        return answer.status_code, answer.json()

    status, refused = put("hold", {"reason": "odd"})
    assert (status, refused["error_details"]) == (422, {"given_by": ["value_is_mandatory"]})
    status, refused = put("release")
    assert (status, refused["code"], refused["message"]) == (405, "not_on_hold", "The draft is not on hold, so there is nothing to release.")
    status, held = put("hold", {"reason": "odd", "given_by": "ann"})
    assert (status, held["invoice"]["status"]) == (200, "draft")
    world.advance(clock_of(world, "sent"), datetime(2024, 2, 10))
    status, released = put("release")
    assert (status, released["invoice"]["status"], released["invoice"]["issuing_date"]) == (200, "finalized", "2024-02-10")
    assert given(world, draft) == [("hold", "ann"), ("release", None)]


def given(world: InstalledWorld, draft: dict[str, Any]) -> list[tuple[str, str | None]]:
    """What the catalog keeps of the decisions about a draft, and of who took them."""
    with world.unit() as uow:
        return [(command.command, command.given_by) for command in invoice_commands.of(uow.connection, draft["invoice_id"])]


def test_without_an_api_the_console_reads_and_says_what_to_start(console: Console, api: ApiServer, world: InstalledWorld, tmp_path: Path) -> None:
    number = invoice_of(console, "acme")["number"]
    page = console.open(f"invoice?invoice={number}", "Invoice")
    api.stop()
    page.get_by_role("button", name="Credit note").click()
    page.get_by_role("dialog").get_by_label("Lines").click()
    page.get_by_role("option").first.click()
    page.keyboard.press("Tab")
    expect(page.get_by_role("dialog").get_by_text(f"The API does not answer at {api.url}, so nothing was decided.")).to_be_visible(timeout=PATIENCE_MS)
    console.shoot("api_stopped")
    for url in serve(world.settings, tmp_path / "server.log"):
        alone = Console(url, console.page, console.cursor, console.shots)
        page = alone.open(f"invoice?invoice={number}", "Invoice")
        expect(page.get_by_text("start the API with tallystick serve, and the console with TALLYSTICK_API_URL and TALLYSTICK_API_KEY set")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.get_by_role("button", name="Credit note")).to_be_disabled()
        page = alone.open(f"invoice?invoice={invoice_of(console, 'kept')['invoice_id']}", "Invoice")
        for action in ("Correct a line", "Hold", "Approve now"):
            expect(page.get_by_role("button", name=action)).to_be_disabled()
        alone.shoot("without_api")
