"""What another price list or another pricing SQL would have made of the last bills (law 6).

The last bill of every subscription is priced twice by the pricing graph, as it was known at its cutoff. The second time only
what differs is computed: models whose SQL changed, models that read facts that changed, and all that stands on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from core.warehouse.dbt_project import PROJECT_DIR
from core.warehouse.pricing_graph import PricingGraph, quoted, temporary

FEES = "int_billing__fees"
ITEMS = "int_metering__unissued_items"
WINDOWS = "int_metering__usage_windows"
PRICE_TABLES = (
    "billable_metrics", "charge_filter_values", "charge_filters", "charge_group_keys", "charge_parameters", "charge_presentation_keys", "charge_prices", "charge_tiers", "charges",
    "fixed_charges", "plans",
)  # fmt: skip
"""Tables of the catalog's export that a price list decides."""
_ALWAYS = datetime(1970, 1, 1)
_LAST_ITEMS = f"""select * from {temporary(ITEMS)}
    where is_due and usage_to_at is not null
    qualify row_number() over (partition by subscription_id order by usage_to_at desc, ready_at desc) = 1"""
_CLOSED_WINDOWS = f"select * from {temporary(WINDOWS)} where window_state = 'due'"
_NARROWED = {ITEMS: ("last_items", _LAST_ITEMS), WINDOWS: ("closed_windows", _CLOSED_WINDOWS)}
"""Model -> the relation that stands in for it, and its rows: the last bills, and no period that is still open."""
_LINE = "customer_id, external_subscription_id, fee_type, item_code, item_name, currency"


@dataclass(frozen=True)
class Pricing:
    """One of the two sides: the SQL, and tables of the catalog's export that stand in for the warehouse's, by their name."""

    graph: PricingGraph
    catalog: Mapping[str, pa.Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """Lines of the last bills, those that differ and how many do not; which models the second side computed anew.

    A line is a customer's charge (or plan fee) of one subscription, amounts in minor units: `old_cents`, `new_cents`.
    """

    changed: list[dict[str, Any]]
    unchanged: int
    recomputed: tuple[str, ...]


def compare(connection: duckdb.DuckDBPyConnection, old: Pricing, new: Pricing) -> Comparison:
    """Prices the last closed period of every subscription with both sides.

    `connection` has `warehouse` and `books` attached as published; what a side does not give is read from there.
    """
    relations = _relations(connection, old, "old")
    known = _price(connection, old.graph, relations)
    _keep_lines(connection, "old_lines")
    differing = _differing(old, new)
    kept = {name: relation for name, relation in known.items() if name not in differing and name in new.graph}
    recomputed = _price(connection, new.graph, _relations(connection, new, "new") | kept)
    _keep_lines(connection, "new_lines")
    cursor = connection.execute(
        f"""select coalesce(customers.name, customers.external_id) as customer_name, customers.external_id as customer_external_id, {_LINE},
            coalesce(old_lines.cents, 0) as old_cents, coalesce(new_lines.cents, 0) as new_cents
        from old_lines full join new_lines using ({_LINE}) left join (
            select id as customer_id, external_id, name from {relations["catalog.customers"]} where valid_to is null
        ) as customers using (customer_id)
        order by customer_name, external_subscription_id, fee_type desc, item_code"""
    )
    names = [column[0] for column in cursor.description or []]
    lines = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    changed = [line for line in lines if line["old_cents"] != line["new_cents"]]
    return Comparison(changed, len(lines) - len(changed), tuple(recomputed))


def as_if_always(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """An export in which today's prices have been in force for ever, so that a bill of last month can be priced with them."""
    exported = dict(tables)
    for name in PRICE_TABLES:
        current = tables[name].filter(pc.is_null(tables[name]["valid_to"]))
        place = current.schema.get_field_index("valid_from")
        column = current.schema.field(place)
        exported[name] = current.set_column(place, column, pa.array([_ALWAYS] * len(current), column.type))
    return exported


def _price(connection: duckdb.DuckDBPyConnection, graph: PricingGraph, given: Mapping[str, str]) -> dict[str, str]:
    """Runs the graph to the fees of the last bills; what to read the models that ran from."""
    ran: dict[str, str] = {}
    for name, (relation, rows) in _NARROWED.items():
        if name not in given:
            ran |= graph.run(connection, [name], {**given, **ran})
            connection.execute(f"create or replace temp table {relation} as {rows}")
            ran[name] = temporary(relation)
    return ran | graph.run(connection, [FEES], {**given, **ran})


def _keep_lines(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    connection.execute(
        f"""create or replace temp table {name} as
        select {_LINE}, cast(sum(amount_cents) as bigint) as cents from {temporary(FEES)}
        where subscription_id is not null and fee_state = 'due' group by all"""
    )


def _relations(connection: duckdb.DuckDBPyConnection, side: Pricing, label: str) -> dict[str, str]:
    """Every source and seed that the side's models read."""
    graph, relations = side.graph, {}
    for node in graph.inputs([FEES]):
        short = node.name.removeprefix("catalog.")
        if node.kind == "seed":
            connection.execute(
                f"create or replace temp table {quoted(node.name)} as select * from read_csv(?)",
                [str(PROJECT_DIR / "seeds" / f"{node.name}.csv")],
            )
            relations[node.name] = temporary(node.name)
        elif node.name.startswith(("books.", "settlement.")):
            # As if nothing had been issued: then every bill is there to be priced.
            columns = ", ".join(f"{quoted(column)} {data_type}" for column, data_type in (node.columns or {}).items())
            connection.execute(f"create or replace temp table {quoted(node.name)} ({columns})")
            relations[node.name] = f"temp.main.{quoted(node.name)}"
        elif node.name.startswith("catalog.") and short in side.catalog:
            connection.register(f"{label}.{short}", side.catalog[short])
            relations[node.name] = quoted(f"{label}.{short}")
        else:
            relations[node.name] = node.relation
    return relations


def _differing(old: Pricing, new: Pricing) -> set[str]:
    """Models of the new side that give other rows than the old side's may: changed themselves, or standing on what changed."""
    before = {node.name: node.sql for node in old.graph.models()}
    facts = {
        f"catalog.{name}"
        for name in {*old.catalog, *new.catalog}
        if not _same(old.catalog.get(name), new.catalog.get(name))
    }
    changed = {node.name for node in new.graph.models() if before.get(node.name) != node.sql}
    return new.graph.standing_on(changed | facts)


def _same(old: pa.Table | None, new: pa.Table | None) -> bool:
    if old is None or new is None or old.schema != new.schema or len(old) != len(new):
        return False
    order: Iterable[tuple[str, str]] = [(name, "ascending") for name in old.schema.names]
    return bool(old.sort_by(list(order)).equals(new.sort_by(list(order))))
