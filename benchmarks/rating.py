"""Rating of 1,000,000 quantities over all charge models, through the compiled models of the bill.

    python benchmarks/rating.py [--quantities N] [--rounds N]

The quantities of a period are given as the table that metering leaves, prices and tiers as the catalog's export. The
charges alone are one number, the charges with the breakdown that explains each of them the other.
"""

from __future__ import annotations

import argparse
import time
from datetime import datetime
from statistics import median
from typing import Any

import pyarrow as pa
from measure import load_average

from core import lake
from core.catalog.export_schema import EXPLODED
from core.catalog.price_rows import price_rows
from core.warehouse.dbt_project import PROJECT_DIR
from core.warehouse.pricing_graph import PricingGraph, quoted, temporary

AT = datetime(2026, 1, 1)
CHARGES = "int_rating__charges"
QUANTITIES = "int_metering__chargeable_quantities"
EVENTS = "int_metering__event_changes"
SQL_CHARGE_EVENTS = "int_rating__sql_charge_events"
WINDOWS = "int_metering__window_charges"
CHARGES_PER_PRICE = 100
EVENTS_PER_QUANTITY = 3
RANGES = [
    {"from_value": "0", "to_value": "1000", "per_unit_amount": "0.01", "flat_amount": "1", "rate": "1"},
    {"from_value": "1001", "to_value": "5000", "per_unit_amount": "0.008", "flat_amount": "0", "rate": "0.75"},
    {"from_value": "5001", "to_value": None, "per_unit_amount": "0.005", "flat_amount": "0", "rate": "0.5"},
]
ZONES = {"ranges": [{"from": 0, "to": 1000, "eu": "0.02"}, {"from": 1000, "to": None, "eu": "0.01"}]}
PRICES = (
    ("standard", {"amount": "0.0025"}),
    ("graduated", {"graduated_ranges": RANGES}),
    ("graduated_percentage", {"graduated_percentage_ranges": RANGES}),
    ("package", {"amount": "3", "package_size": 100, "free_units": 50}),
    ("percentage", {"rate": "1.5", "fixed_amount": "0.1", "free_units_per_events": 1}),
    ("percentage", {"rate": "1.5", "per_transaction_min_amount": "1", "per_transaction_max_amount": "9"}),
    ("volume", {"volume_ranges": RANGES}),
    ("dynamic", {}),
    ("custom", {"sql_charge": "storage_zones", "custom_properties": ZONES}),
)
"""The percentage prices and the SQL charge look at each event behind the units."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quantities", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    graph = PricingGraph.load()
    connection = lake.connect()
    connection.execute("set threads = 2")
    targets = {"charges": [CHARGES], "charges and breakdown": [CHARGES, "int_rating__charge_tiers"]}
    relations = give(connection, graph, options.quantities, targets["charges and breakdown"])
    for what, models in targets.items():
        rates = []
        for _ in range(options.rounds):
            since = time.perf_counter()
            graph.run(connection, models, relations)
            rates.append(options.quantities / (time.perf_counter() - since))
        print(f"{what}: median {median(rates):,.0f} quantities/s, best {max(rates):,.0f}, {load_average()}", flush=True)
    query = f"select charge_model, count(*), sum(amount) from {temporary(CHARGES)} group by all order by all"
    for row in connection.execute(query).fetchall():
        print("   ", *row)


def give(connection: Any, graph: PricingGraph, count: int, targets: list[str]) -> dict[str, str]:
    """Quantities spread evenly over the prices, and the events behind those whose charge model looks at them."""
    charges = [
        (f"{place}-{n}", place, *PRICES[place]) for place in range(len(PRICES)) for n in range(CHARGES_PER_PRICE)
    ]
    valid = (AT, None, AT, 1)
    priced = price_rows((charge, None, model, properties, valid) for charge, _, model, properties in charges)
    tables = {
        f"catalog.{name}": pa.Table.from_pylist(
            [dict(zip(EXPLODED[name].names, row, strict=True)) for row in rows], EXPLODED[name]
        )
        for name, rows in priced.items()
    }
    connection.register(
        "charges", pa.table({"charge_id": [c[0] for c in charges], "charge_model": [c[2] for c in charges]})
    )
    connection.execute("create temp table numbered_charges as select *, row_number() over () - 1 as n from charges")
    connection.execute(
        f"""create temp table numbers as
        select range as i, 'u' || range as usage_id, numbered_charges.* exclude n from range({count})
        inner join numbered_charges on range % {len(charges)} = n"""
    )
    units = "(hash(i) % 10000)::decimal(38, 12)"
    rows = {
        QUANTITIES: f"""select usage_id, 'period' as usage_kind, usage_id as window_charge_id, charge_id, charge_model, 'USD' as currency,
            false as prorated, timestamp '{AT}' as horizon_at, {units} as units, units as full_units, units as total_aggregated_units,
            {EVENTS_PER_QUANTITY} as events_count, units as precise_total_amount_cents from numbers""",
        WINDOWS: f"""select usage_id as window_charge_id, charge_id, charge_model, 'USD' as currency, 'sum_agg' as aggregation_type,
            timestamp '{AT}' as horizon_at from numbers""",
        EVENTS: f"""select usage_id as window_charge_id, event + 1 as event_number, false as is_carried, ({units} / 3)::decimal(38, 12) as change_quantity,
            change_quantity as prorated_quantity from numbers, range({EVENTS_PER_QUANTITY}) as events(event) where charge_model = 'percentage'""",
        SQL_CHARGE_EVENTS: f"""select usage_id, event + 1 as event_number, ({units} / 3)::decimal(38, 12) as change_quantity,
            '{{"storage_zone":"eu"}}' as properties from numbers, range({EVENTS_PER_QUANTITY}) as events(event) where charge_model = 'custom'""",
    }
    relations = {}
    for node in graph.inputs(targets, [*rows, "int_metering__fixed_charge_quantities"]):
        if node.kind != "seed" and node.name not in tables.keys() | rows.keys():
            relations[node.name] = node.nothing
            continue
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in (node.columns or {}).items())
        seed = f"as select * from read_csv('{PROJECT_DIR}/seeds/{node.name}.csv')"
        relations[node.name] = temporary(f"given {node.name}")
        connection.execute(
            f"create temp table {relations[node.name]} {seed if node.kind == 'seed' else f'({columns})'}"
        )
        if node.name in tables:
            connection.register("arriving", tables[node.name])
            connection.execute(f"insert into {relations[node.name]} by name select * from arriving")
        if node.name in rows:
            connection.execute(f"insert into {relations[node.name]} by name {rows[node.name]}")
    return relations


if __name__ == "__main__":
    main()
