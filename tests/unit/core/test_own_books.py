"""What one customer is computed from: what the books hold of that customer, a fee without an invoice too."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pyarrow as pa

from core.billing.customer import CustomerFacts, compute
from core.catalog.export_schema import EXPLODED, PLAIN
from core.warehouse.pricing_graph import PricingGraph

FEES = "stg_books__fees"
INVOICES = "stg_books__invoices"


def fees_of(customer: str, fees: list[tuple[str, str | None, str]], invoices: list[tuple[str, str]]) -> list[str]:
    """The fees that the SQL sees for the customer. `fees`: id, invoice, customer; `invoices`: id, customer."""
    graph = PricingGraph.load()
    schemas = {name: schema for name, (_, schema) in PLAIN.items()} | EXPLODED
    catalog = {name: schema.empty_table() for name, schema in schemas.items()}
    row = dict.fromkeys(catalog["customers"].schema.names) | {"id": customer}
    catalog["customers"] = pa.Table.from_pylist([row], catalog["customers"].schema)
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as books")
        for node in graph.sources("books"):
            columns = ", ".join(f'"{name}" {kind}' for name, kind in (node.columns or {}).items())
            connection.execute(f"create table {node.relation} ({columns})")
        for fee in fees:
            connection.execute("insert into books.main.fees (fee_id, invoice_id, customer_id) values (?, ?, ?)", fee)
        for invoice in invoices:
            connection.execute("insert into books.main.invoices (invoice_id, customer_id) values (?, ?)", invoice)
        facts = CustomerFacts(catalog, [], datetime(2026, 1, 1))
        compute(connection, graph, facts, [FEES, INVOICES], has_warehouse=False)
        return [found[0] for found in connection.execute(f"select fee_id from temp.main.{FEES} order by 1").fetchall()]


def test_the_fees_of_the_customer_with_and_without_an_invoice() -> None:
    fees = [("f1", "i1", "mine"), ("f2", None, "mine"), ("f3", "i2", "other"), ("f4", None, "other")]
    assert fees_of("mine", fees, [("i1", "mine"), ("i2", "other")]) == ["f1", "f2"]


def test_a_fee_without_an_invoice_is_seen_though_the_customer_has_none() -> None:
    assert fees_of("mine", [("f2", None, "mine"), ("f4", None, "other")], [("i2", "other")]) == ["f2"]


def test_nothing_of_others() -> None:
    assert fees_of("mine", [("f3", "i2", "other")], [("i2", "other")]) == []
