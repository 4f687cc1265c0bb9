"""The exact events behind a charge line, by the SQL that metered it (law 6).

The line's own window is given to the metering models in place of all windows: the window of the books, closed at the
line's knowledge horizon. What they put into the line's bucket is what was billed. What a recurring metric carries over
rests on every event before the window; a renewal in advance on those before its period alone (rating §2, §5.3).
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

import duckdb

from core import lake
from core.warehouse import marts
from core.warehouse.pricing_graph import PricingGraph, quoted, temporary

EVENTS = "int_metering__bucketed_events"
CONTRIBUTIONS = "int_metering__sql_metric_contributions"
TARGETS = (EVENTS, CONTRIBUTIONS)
WINDOWS = "int_metering__usage_windows"


def line_events(
    cursor: duckdb.DuckDBPyConnection,
    fee_id: str,
    *,
    limit: int = 100,
    offset: int = 0,
    graph: PricingGraph | None = None,
) -> tuple[list[dict[str, Any]], int]:
    """(events of the line by time, how many in all); none for a line that no usage made. Raises NotFound.

    The fee's `events_count` is this number, but for a unique count (there it is the number of values that are active at the
    end, and every event that added or removed one is behind the line) and for what a recurring metric carries over. A fee in
    advance of one event has that event. `is_counted` is false for an event without
    the number that its metric needs, or without effect on a SQL metric; of a SQL metric, `contributed_quantity` is what the
    event adds. `graph` is the SQL to use: the one in force unless given.
    Leaves temporary tables on the cursor.
    """
    fee = marts.get_fee(cursor, fee_id)
    if fee["fee_type"] != "charge" or fee["true_up_parent_fee_id"] is not None:
        return [], 0
    graph = graph or _current_graph()
    is_recurring, is_renewal = _kind(cursor, graph, fee)
    if is_renewal:
        fee |= {"to_at": fee["from_at"]}
    relations = _inputs(cursor, graph) | {
        WINDOWS: _window(cursor, graph, fee),
        "landing.events": _events(cursor, fee, is_recurring),
    }
    ran = graph.run(cursor, TARGETS, relations)
    query = f"""
        from {temporary(EVENTS)} as bucketed
        inner join {ran["int_metering__window_charges"]} as charges using (window_charge_id)
        left join {temporary(CONTRIBUTIONS)} as contributions
            on bucketed.window_charge_id = contributions.window_charge_id
            and bucketed.external_subscription_id = contributions.external_subscription_id
            and bucketed.transaction_id = contributions.transaction_id
        where charges.charge_id = ? and bucketed.charge_filter_id is not distinct from ? and bucketed.group_key is not distinct from ?
            and bucketed.transaction_id = coalesce(?, bucketed.transaction_id)
            and (? is null or bucketed.known_at > ?)"""
    arguments = [
        fee["charge_id"], fee["charge_filter_id"], fee["group_key"], fee["event_transaction_id"],
        fee["known_after_at"], fee["known_after_at"],
    ]  # fmt: skip
    counted = cursor.execute(f"select count(*) {query}", arguments).fetchone()
    result = cursor.execute(
        f"""select bucketed.external_subscription_id, bucketed.transaction_id, charges.billable_metric_code as code, bucketed.timestamp, bucketed.properties,
            bucketed.received_at, bucketed.field_text, bucketed.field_value, contributions.quantity as contributed_quantity,
            bucketed.is_counted and (charges.aggregation_type <> 'custom_agg' or contributions.quantity is not null) as is_counted
        {query} order by bucketed.timestamp, bucketed.received_at, bucketed.transaction_id limit {int(limit)} offset {int(offset)}""",
        arguments,
    )
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()], int(counted[0]) if counted else 0


def _inputs(cursor: duckdb.DuckDBPyConnection, graph: PricingGraph) -> dict[str, str]:
    """What the metering models read of the published version. Of a table without rows DuckLake would ask for the statistics
    of every column; one that came after that version is empty in it."""
    return {
        node.name: node.relation if lake.has_rows(cursor, node.relation) else node.nothing
        for node in graph.inputs(TARGETS, [WINDOWS])
        if node.kind == "source"
    }


def _window(cursor: duckdb.DuckDBPyConnection, graph: PricingGraph, fee: dict[str, Any]) -> str:
    declared = graph.node(WINDOWS).columns or {}
    values = {
        **fee,
        "usage_window_id": fee["fee_id"],
        # No event is in a window or out of it by the zone.
        "timezone": "UTC" if fee["invoice_id"] is None else marts.invoice_timezone(cursor, fee["invoice_id"]),
        "period_days": None,
        "ends_with_service": False,
        "successor_plan_id": None,
        "renewed_to_at": None,
        "known_until_at": fee["horizon_at"],
        "horizon_at": _priced_at(cursor, fee),
        "window_state": "billed",
    }
    cursor.execute(
        f"create or replace temp table line_window ({', '.join(f'{quoted(name)} {kind}' for name, kind in declared.items())})"
    )
    cursor.execute(
        f"insert into line_window values ({', '.join('?' * len(declared))})", [values[name] for name in declared]
    )
    return "temp.main.line_window"


def _priced_at(cursor: duckdb.DuckDBPyConnection, fee: dict[str, Any]) -> datetime:
    """The horizon of the charges and prices of a line: of late usage, that of the invoice that it corrects."""
    found = cursor.execute(
        "select issued_at from books.main.invoices where invoice_id = ?", [fee["corrected_invoice_id"]]
    ).fetchone()
    priced_at: datetime = found[0] if found else fee["horizon_at"]
    return priced_at


def _kind(cursor: duckdb.DuckDBPyConnection, graph: PricingGraph, fee: dict[str, Any]) -> tuple[bool, bool]:
    """(whether the line's metric is recurring, whether the line bills in advance what its period begins with)."""
    charges, metrics = (graph.node(f"catalog.{name}").relation for name in ("charges", "billable_metrics"))
    found = cursor.execute(
        f"""select metrics.recurring, charges.pay_in_advance from {charges} as charges
        inner join {metrics} as metrics on charges.billable_metric_id = metrics.id
        where charges.id = $charge and charges.valid_from <= $at and metrics.valid_from <= $at
        order by charges.valid_from desc, metrics.valid_from desc limit 1""",
        {"charge": fee["charge_id"], "at": _priced_at(cursor, fee)},
    ).fetchone()
    is_recurring, in_advance = map(bool, found or (False, False))
    return is_recurring, is_recurring and in_advance and fee["event_transaction_id"] is None


def _events(cursor: duckdb.DuckDBPyConnection, fee: dict[str, Any], is_recurring: bool) -> str:
    """Only what can be in the window: the lake's statistics then skip most files."""
    cursor.execute(
        f"""create or replace temp table line_candidates as select * from warehouse.raw.events
        where external_subscription_id = ? and code = ? and timestamp < ? {"" if is_recurring else "and timestamp >= ?"}""",
        [
            fee["external_subscription_id"],
            fee["billable_metric_code"],
            fee["to_at"],
            *([] if is_recurring else [fee["from_at"]]),
        ],
    )
    return "temp.main.line_candidates"


@cache
def _current_graph() -> PricingGraph:
    return PricingGraph.load()
