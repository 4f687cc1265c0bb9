"""Bills that are held back because their usage is out of the domain of money (the billing README)."""

from __future__ import annotations

import duckdb

from core.billing.customer import CustomerFacts, compute
from core.errors import UsageOutOfDomain
from core.warehouse.pricing_graph import PricingGraph, temporary

HELD_USAGE = "int_billing__held_usage"


def refuse_while_held(
    connection: duckdb.DuckDBPyConnection, graph: PricingGraph, facts: CustomerFacts, *, has_warehouse: bool = True
) -> None:
    """Raises UsageOutOfDomain while a bill of the customer that is due is held back.

    Bills are issued in order, so an invoice that a command asks for now would have to wait as well. Asked of the facts of
    this moment and not of the last run: usage may have become too large since, or have been set aside.
    """
    compute(connection, graph, facts, [HELD_USAGE], has_warehouse=has_warehouse)
    held = connection.execute(
        f"select * from {temporary(HELD_USAGE)} where bill_state = 'due' order by horizon_at, usage_id"
    ).to_arrow_table()
    if held.num_rows:
        raise UsageOutOfDomain(held.to_pylist())
