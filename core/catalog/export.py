"""The one way in which the catalog reaches SQL: every version of every row, as Arrow tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from core.catalog.alerts import ALERTS
from core.catalog.billable_metrics import BILLABLE_METRICS
from core.catalog.charges import CHARGE_FILTERS, CHARGES
from core.catalog.coupons import COUPONS
from core.catalog.dunning_campaigns import DUNNING_CAMPAIGNS
from core.catalog.engine import reading
from core.catalog.export_schema import EXPLODED, PLAIN, VERSION_COLUMNS
from core.catalog.fixed_charges import FIXED_CHARGES
from core.catalog.price_rows import (
    Range,
    Rows,
    alert_threshold_rows,
    coupon_target_rows,
    dunning_threshold_rows,
    filter_value_rows,
    price_rows,
    wallet_target_rows,
)
from core.catalog.unit_of_work import STAMPS, unit_of_work
from core.catalog.versions import Versions
from core.catalog.wallets import WALLETS
from core.clock import Clock

EXPORTED = (
    *(versions for versions, _ in PLAIN.values()),
    *(
        versions
        for versions in (
            ALERTS,
            BILLABLE_METRICS,
            CHARGE_FILTERS,
            CHARGES,
            COUPONS,
            DUNNING_CAMPAIGNS,
            FIXED_CHARGES,
            WALLETS,
        )
        if versions.table.name not in PLAIN
    ),
)
"""All tables of the catalog that an export reads."""


def export(connection: sa.Connection, customer_ids: Collection[str] | None = None) -> dict[str, pa.Table]:
    """Table name -> all versions, with the columns of source `catalog` in the dbt project.

    With `customer_ids`, rows that belong to other customers are left out and everything shared stays. Run it in one
    `reading` transaction, so that the tables agree with each other.
    """
    exported = {}
    for name, (versions, schema) in PLAIN.items():
        rows = _rows(connection, versions, schema.names, customer_ids)
        exported[name] = _table(rows, schema)
    for name, rows in _exploded(connection, customer_ids).items():
        exported[name] = _table(rows, EXPLODED[name])
    return exported


@contextmanager
def fence(engine: sa.Engine, clock: Clock) -> Iterator[tuple[sa.Connection, datetime]]:
    """A `reading` transaction, and the watermark: an instant (wall clock, naive UTC) before which nothing can be recorded any more.

    All that it reads has `recorded_at` below the watermark, and whatever is committed later has it above.
    """
    with ExitStack() as stack:
        # The lock is held only until the snapshot stands; writers need not wait for the export.
        with unit_of_work(engine, clock) as uow:
            watermark = uow.stamp_for().recorded_at
            connection = stack.enter_context(reading(engine))
            # The first query of a transaction fixes what it sees, here while no writer can be at work.
            connection.execute(sa.select(sa.func.max(STAMPS.c.sequence)))
        yield connection, watermark


def export_fence(engine: sa.Engine, clock: Clock) -> tuple[dict[str, pa.Table], datetime]:
    """Everything, and the watermark: see `fence`."""
    with fence(engine, clock) as (connection, watermark):
        return export(connection), watermark


def contents(connection: sa.Connection) -> dict[str, list[Any]]:
    """Table -> how many versions it has and how many have ended, and sequence and time of the newest: equal if and only if the export is.

    Versions are only added and closed (`core.catalog.versions`), each by a command of its own.
    """
    found = {}
    for versions in EXPORTED:
        c = versions.c
        row = connection.execute(
            sa.select(
                sa.func.count(), sa.func.count(c.valid_to), sa.func.max(c.sequence), sa.func.max(c.recorded_at)
            ).select_from(versions.table)
        ).one()
        found[versions.table.name] = [*row[:3], row[3] and row[3].isoformat()]
    return found


def _rows(
    connection: sa.Connection,
    versions: Versions[Any],
    columns: Sequence[str],
    customer_ids: Collection[str] | None = None,
) -> Sequence[Any]:
    statement = sa.select(*(versions.c[name] for name in columns)).order_by(versions.c.sequence, versions.c.id)
    if customer_ids is not None:
        if versions.table.name == "customers":
            statement = statement.where(versions.c.id.in_(customer_ids))
        elif "customer_id" in versions.c:
            owner = versions.c.customer_id
            statement = statement.where(sa.or_(owner.in_(customer_ids), owner.is_(None)))
    return connection.execute(statement).all()


def _exploded(connection: sa.Connection, customer_ids: Collection[str] | None) -> dict[str, Rows]:
    def read(versions: Versions[Any], *columns: str) -> list[tuple[Any, ...]]:
        rows = _rows(connection, versions, (*columns, *VERSION_COLUMNS), customer_ids)
        return [(*row[: len(columns)], _range(row)) for row in rows]

    # A fixed charge is priced by the same models, so its prices are rows of the same tables.
    charges = [row for priced in (CHARGES, FIXED_CHARGES) for row in read(priced, "id", "charge_model", "properties")]
    filters = read(CHARGE_FILTERS, "id", "billable_metric_id", "values", "charge_id", "charge_model", "properties")
    priced = [(charge_id, None, model, properties, valid) for charge_id, model, properties, valid in charges]
    of_filters = [(row[3], row[0], row[4], row[5], row[6]) for row in filters]
    return {
        **price_rows([*priced, *of_filters]),
        "charge_filter_values": filter_value_rows(
            [(row[0], row[1], row[2], row[6]) for row in filters],
            [(row[0], row[1], row[2]) for row in read(BILLABLE_METRICS, "id", "filters")],
        ),
        "alert_thresholds": alert_threshold_rows(read(ALERTS, "id", "thresholds")),
        "dunning_campaign_thresholds": dunning_threshold_rows(read(DUNNING_CAMPAIGNS, "id", "thresholds")),
        "coupon_targets": coupon_target_rows(
            [(row[0], row[1], row[2], row[3]) for row in read(COUPONS, "id", "plan_ids", "billable_metric_ids")]
        ),
        "wallet_targets": wallet_target_rows(
            [
                (row[0], row[1], row[2], row[3])
                for row in read(WALLETS, "id", "allowed_fee_types", "billable_metric_ids")
            ]
        ),
    }


def _range(row: Sequence[Any]) -> Range:
    valid_from, valid_to, recorded_at, sequence = row[-len(VERSION_COLUMNS) :]
    return valid_from, valid_to, recorded_at, sequence


def _table(rows: Sequence[Any], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
