"""In which period of its plan a subscription is, by the SQL of the bill (law 6)."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from core.billing.customer import CustomerFacts, give_own_facts
from core.catalog.subscription_versions import Subscription
from core.errors import NotFound
from core.warehouse.kept_plans import Connection, hold
from core.warehouse.pricing_graph import PricingGraph, temporary

PERIODS, HORIZONS = "int_metering__current_periods", "int_metering__horizons"


def plan_period_end(
    connection: Connection,
    graph: PricingGraph,
    facts: CustomerFacts,
    subscription: Subscription,
    at: datetime,
    *,
    has_warehouse: bool = True,
) -> datetime:
    """The end of the plan period that holds `at` (both naive UTC, on the customer's clock). Raises NotFound where it does not run then."""
    relations = give_own_facts(connection, graph, facts, [PERIODS], has_warehouse=has_warehouse, given=(HORIZONS,))
    node = graph.node(HORIZONS)
    seen = pa.table({"customer_id": [subscription.customer_id], "as_of": pa.array([at], pa.timestamp("us"))})
    relations[HORIZONS] = hold(connection, "given.horizons", node.declared, seen)
    graph.run(connection, [PERIODS], relations)
    found = connection.execute(
        f"select plan_period_ends_at from {temporary(PERIODS)} where subscription_id = ?", [subscription.id]
    ).fetchone()
    if found is None:
        raise NotFound("subscription", subscription.external_id)
    ends_at: datetime = found[0]
    return ends_at
