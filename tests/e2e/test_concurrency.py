"""Eight clients and a billing run at once: nothing is lost, refused for a lock, issued twice or left out of order."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import lake
from core.clock import SystemClock
from core.settings import Settings
from core.warehouse.marts import query_rows
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.settlement import STAGED
from tests.e2e.api_server import ApiServer, install
from tests.e2e.children import bill_everybody
from tests.e2e.installed_world import with_the_facts_of
from tests.support.books import Books, differences

WRITERS = 8
CALLS = {"billable_metric": {"code": "calls", "name": "Calls", "aggregation_type": "sum_agg", "field_name": "n"}}
ADD_ON = {"add_on": {"code": "setup", "name": "Setup", "amount_cents": 700, "amount_currency": "EUR"}}
COUPON = {"coupon": {"code": "ten", "name": "Ten", "coupon_type": "fixed_amount", "amount_cents": 1000, "amount_currency": "EUR", "frequency": "once", "expiration": "no_expiration"}}
TAX = {"tax": {"code": "vat", "name": "VAT", "rate": "19"}}
OF_ORDER = ("number", "entity_sequence", "sql_bundle_id")
"""What of an invoice depends on the order of issue over all customers of a billing entity."""


class Clients:
    """Clients of one served API. What each was answered is kept, and nothing that another command can cause is an error."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=120)
        self.answers: list[tuple[str, int, str]] = []

    def __call__(self, method: str, path: str, body: Any = None, allowed: tuple[int, ...] = (200,)) -> Any:
        response = self._client.request(method, path, json=body)
        self.answers.append((f"{method} {path}", response.status_code, response.text[:300]))
        assert response.status_code in allowed, (method, path, response.status_code, response.text)
        return response.json() | {"http_status": response.status_code}


class Together:
    """Lets all writers give a command in the same moment."""

    def __init__(self, writers: int) -> None:
        self._barrier = threading.Barrier(writers)

    def __call__(self, command: Callable[[], Any]) -> Any:
        self._barrier.wait(300)
        return command()

    def abort(self) -> None:
        """One of them has failed: nobody waits for it."""
        self._barrier.abort()


def prepare(api: Clients) -> None:
    """What is sold, and a customer whom all share."""
    api("POST", "/taxes", TAX)
    metric = api("POST", "/billable_metrics", CALLS)["billable_metric"]
    charge = {"billable_metric_id": metric["lago_id"], "charge_model": "standard", "code": "calls", "properties": {"amount": "0.25"}}
    plan = {"code": "pro", "name": "Pro", "interval": "monthly", "amount_cents": 3100, "amount_currency": "EUR", "pay_in_advance": True, "charges": [charge], "tax_codes": ["vat"]}
    api("POST", "/plans", {"plan": plan})
    api("POST", "/add_ons", ADD_ON)
    api("POST", "/coupons", COUPON)


def live(api: Clients, name: str) -> None:
    """A life of commands and usage that nobody shares."""
    api("POST", "/customers", {"customer": {"external_id": name, "name": "One", "currency": "EUR", "timezone": midday()}})
    api("POST", "/applied_coupons", {"applied_coupon": {"external_customer_id": name, "coupon_code": "ten"}})
    wallet = api("POST", "/wallets", {"wallet": {"external_customer_id": name, "name": "W", "code": "w", "rate_amount": "1", "currency": "EUR", "granted_credits": "5"}})["wallet"]
    api("POST", "/wallet_transactions", {"wallet_transaction": {"wallet_id": wallet["lago_id"], "granted_credits": "2.5"}})
    subscribe(api, name, name)
    usage = [{"external_subscription_id": name, "transaction_id": f"{name}-{place}", "code": "calls", "properties": {"n": "3"}} for place in range(40)]
    api("POST", "/events/batch", {"events": usage})
    for event in usage[:4]:  # sent again: counted once
        api("POST", "/events", {"event": event}, (200, 422))
    bill = api("POST", "/invoices", one_off(name))["invoice"]
    assert bill["status"] in ("finalized", "pending") and bill["fees_amount_cents"] == 1400
    api("POST", "/wallet_transactions", {"wallet_transaction": {"wallet_id": wallet["lago_id"], "paid_credits": "4"}})
    api("DELETE", f"/subscriptions/{name}")


def subscribe(api: Clients, customer: str, name: str) -> None:
    said = {"external_customer_id": customer, "external_id": name, "plan_code": "pro", "billing_time": "anniversary"}
    api("POST", "/subscriptions", {"subscription": said}, (200, 422))


def one_off(customer: str) -> dict[str, Any]:
    return {"invoice": {"external_customer_id": customer, "currency": "EUR", "fees": [{"add_on_code": "setup", "units": "2"}]}}


def midday() -> str:
    """A zone where it is about noon, so that no day ends while the test goes on."""
    return f"Etc/GMT{SystemClock().now().hour - 12:+d}"


def share(api: Clients, together: Together, writer: int) -> Counter[str]:
    """Commands of all writers at the same moment on the same objects. Returns how often each took effect for this one."""
    took = Counter[str]()
    together(lambda: api("POST", "/customers", {"customer": {"external_id": "shared", "currency": "EUR", "timezone": midday()}}))
    wallet = {"external_customer_id": "shared", "name": "W", "code": "w", "rate_amount": "1", "currency": "EUR", "granted_credits": "1"}
    took["wallets"] += together(lambda: api("POST", "/wallets", {"wallet": wallet}, (200, 422)))["http_status"] == 200
    wallet_id = api("GET", "/customers/shared/wallets/w")["wallet"]["lago_id"]
    together(lambda: api("POST", "/wallet_transactions", {"wallet_transaction": {"wallet_id": wallet_id, "granted_credits": "1"}}))
    together(lambda: api("PATCH", "/plans/pro/metadata", {"metadata": {f"key{writer}": str(writer)}}))
    # All that the wallet holds, taken out by two: one gets it, and for the other nothing is left.
    held = api("GET", f"/wallets/{wallet_id}")["wallet"]["credits_balance"]
    void = {"wallet_transaction": {"wallet_id": wallet_id, "voided_credits": held}}
    took["voids"] += together(lambda: writer < 2 and api("POST", "/wallet_transactions", void, (200, 422))["http_status"] == 200)
    together(lambda: subscribe(api, "shared", "shared"))
    event = {"external_subscription_id": "shared", "transaction_id": "same", "code": "calls", "properties": {"n": "1"}}
    together(lambda: api("POST", "/events", {"event": event}, (200, 422)))
    took["one-offs"] += together(lambda: api("POST", "/invoices", one_off("shared")))["http_status"] == 200
    took["ends"] += together(lambda: api("DELETE", "/subscriptions/shared", None, (200, 404, 405)))["http_status"] == 200
    return took


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Settings, ApiServer, str]]:
    settings, key = install(tmp_path / "home")
    server = ApiServer(settings)
    yield settings, server, key
    server.stop()


def test_eight_writers_and_a_run_at_once(served: tuple[Settings, ApiServer, str], tmp_path: Path) -> None:
    settings, server, key = served
    prepare(Clients(server.url, key))
    clients = [Clients(server.url, key) for _ in range(WRITERS)]
    together, took = Together(WRITERS), Counter[str]()

    def write(writer: int) -> Counter[str]:
        try:
            live(clients[writer], f"c{writer}")
            return share(clients[writer], together, writer)
        except BaseException:
            together.abort()
            raise

    with running(settings) as runs, ThreadPoolExecutor(WRITERS) as pool:
        for mine in pool.map(write, range(WRITERS)):
            took += mine
    assert runs and sum(runs) > 0
    assert took == {"wallets": 1, "one-offs": WRITERS, "voids": 1, "ends": 1}
    alone = Clients(server.url, key)
    live(alone, "alone")
    plan = alone("GET", "/plans/pro")["plan"]
    assert plan["metadata"] == {f"key{writer}": str(writer) for writer in range(WRITERS)}
    assert all(status < 500 for api in (*clients, alone) for _, status, _ in api.answers)

    server.stop()  # so that nothing is on its way from the inbox to a file
    books, graph = issued(settings), PricingGraph.load()
    once = settled_at_once(settings, graph, tmp_path / "once")
    assert bill_everybody.run(settings, graph) == once["invoices"].num_rows - books["invoices"].num_rows
    assert bill_everybody.run(settings, graph) == 0
    books = issued(settings)
    assert not differences(without_order(once), without_order(books))
    assert books["invoices"].num_rows == 4 * (WRITERS + 1) + 2 + took["one-offs"]
    check_order_and_sums(books)
    lives = [life_of(settings, name) for name in (*(f"c{writer}" for writer in range(WRITERS)), "alone")]
    assert lives[0] and all(life == lives[-1] for life in lives)


@contextmanager
def running(settings: Settings) -> Iterator[list[int]]:
    """Runs in another process, one after the other; when the block has ended, how many invoices each has issued."""
    command = [sys.executable, "-m", "tests.e2e.children.bill_everybody", str(settings.home)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    issued_by_runs: list[int] = []
    try:
        yield issued_by_runs
        output = process.communicate()[0]
        assert process.returncode == 0
        issued_by_runs += map(int, output.split())
    finally:
        process.kill()


def settled_at_once(settings: Settings, graph: PricingGraph, home: Path) -> Books:
    """What one run at the end gives to an installation that knows the same and has issued nothing."""
    fresh = with_the_facts_of(settings, home)
    bill_everybody.run(fresh, graph)
    return issued(fresh)


def issued(settings: Settings) -> Books:
    """Every row that issues have put into the books."""
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.books(settings), read_only=True)
        return {name: connection.execute(f"select * from books.main.{name}").to_arrow_table() for name in STAGED}


def without_order(books: Books) -> Books:
    return {name: table.drop_columns([column for column in OF_ORDER if column in table.column_names]) for name, table in books.items()}


def check_order_and_sums(books: Books) -> None:
    """Numbers have no gap and are given once, and postings of a transaction sum to zero."""
    rows = books["invoices"].to_pylist()
    numbers = sorted(row["entity_sequence"] for row in rows)
    assert numbers == list(range(1, len(rows) + 1))
    assert len({row["number"] for row in rows}) == len({row["invoice_id"] for row in rows}) == len(rows)
    own = Counter(row["customer_id"] for row in rows)
    assert {(row["customer_id"], row["customer_sequence"]) for row in rows} == {(owner, place + 1) for owner, count in own.items() for place in range(count)}
    sums = Counter[str]()
    for row in books["postings"].to_pylist():
        sums[row["transaction_id"]] += row["amount_cents"]
    assert sums and not any(sums.values())


def life_of(settings: Settings, name: str) -> dict[str, list[tuple[Any, ...]]]:
    """What the books hold of a customer, without ids, numbers of the entity, and times."""
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.books(settings), read_only=True)
        own = f"(select * from books.main.invoices where customer_external_id = '{name}')"
        return {
            table: sorted(tuple(row.values()) for row in query_rows(connection, f"select {columns} from books.main.{table} inner join {own} as own using (invoice_id)"))
            for table, columns in {
                "invoices": "own.customer_sequence, own.invoice_type, own.fees_amount_cents, own.coupons_amount_cents, own.taxes_amount_cents, own.prepaid_credit_amount_cents, own.credit_notes_amount_cents, own.total_amount_cents",
                "fees": "fee_type, item_code, units, precise_amount, amount_cents, fees.taxes_amount_cents",
                "coupon_uses": "own.customer_sequence, coupon_code, amount_cents",
                "wallet_uses": "own.customer_sequence, credit_class, amount_cents",
                "credit_notes": "own.customer_sequence, reason, credit_amount_cents, refund_amount_cents, credit_notes.total_amount_cents",
                "credit_note_uses": "own.customer_sequence, amount_cents",
            }.items()
        }  # fmt: skip
