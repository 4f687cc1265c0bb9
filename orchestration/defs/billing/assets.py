"""Issue and publish: both refuse what does not add up."""

from datetime import datetime, timedelta

import dagster as dg
import duckdb

from core import lake
from core.billing import issue_due
from core.catalog import log_retention
from core.settings import Settings
from core.warehouse.last_run import complete, versions
from core.warehouse.moments import instants_after, next_moment
from core.warehouse.publish import Published, publish, published
from core.warehouse.write import open_for_writing
from orchestration.defs.dbt.assets import books_and_marts, drafts
from orchestration.defs.ingestion.assets import WRITER_POOL, raw_facts
from orchestration.lib.dbt import ISSUED
from orchestration.lib.resources import Writer


@dg.asset(
    key=ISSUED,
    group_name="books",
    deps=[["billing", "int_billing__draft_invoices"], ["rating", "int_rating__charge_tiers"]],
    pool=WRITER_POOL,
    kinds={"ducklake"},
)
def issued_invoices(context: dg.AssetExecutionContext, installation: Writer) -> dg.MaterializeResult[None]:
    """Settles every due invoice pass by pass and appends it to the books; refuses if conservation does not hold."""
    report = issue_due(installation.settings, installation.graph)
    context.log.info(f"{report.invoices} invoices issued in {report.passes} passes")
    return dg.MaterializeResult(metadata={"invoices": report.invoices, "passes": report.passes})


@dg.asset(
    key=["published", "snapshots"],
    group_name="published",
    deps=[["marts", "fct_reconciliation"], ["marts", "fct_invoices"]],
    pool=WRITER_POOL,
)
def published_snapshots(context: dg.AssetExecutionContext, installation: Writer) -> dg.MaterializeResult[None]:
    """Points readers at this run's versions, unless a conservation check of the warehouse fails."""
    settings = installation.settings
    with open_for_writing(settings, installation.graph) as warehouse:
        connection = warehouse.connection
        broken = connection.execute(
            "select check_name, left_value, right_value from warehouse.marts.fct_reconciliation where not is_held"
        ).fetchall()
        if broken:
            listed = "; ".join(f"{name}: {left} against {right}" for name, left, right in broken)
            raise dg.Failure(f"not published, because this does not add up: {listed}")
        lake.attach(connection, lake.books(settings), read_only=True)
        row = connection.execute("select as_of from warehouse.raw.run_horizon").fetchone()
        assert row is not None
        pair = Published(
            lake.last_snapshot(connection, lake.warehouse(settings)),
            lake.last_snapshot(connection, lake.books(settings)),
            row[0],
        )
        before = published(settings.published)
        publish(settings.published, pair)
        # Readers may still be on the version before.
        warehouse.forget(keep={at.warehouse_snapshot for at in (before, pair) if at is not None})
        _keep_record(context, settings, connection, pair.as_of)
    forgotten = log_retention.forget(installation.catalog(), installation.clock.now() - timedelta(days=settings.log_retention_days))
    context.log.info(f"{forgotten} old rows of logs dropped")
    return dg.MaterializeResult(
        metadata={
            "warehouse_snapshot": pair.warehouse_snapshot,
            "books_snapshot": pair.books_snapshot,
            "as_of": pair.as_of.isoformat(),
        }
    )


def _keep_record(
    context: dg.AssetExecutionContext, settings: Settings, connection: duckdb.DuckDBPyConnection, as_of: datetime
) -> None:
    """For the next run: what this one built, if it built everything."""
    built = set(context.job_def.asset_layer.executable_asset_keys)
    if built >= {*raw_facts.keys, *drafts.keys, *books_and_marts.keys}:
        complete(
            settings.last_run,
            as_of=as_of,
            holds_until=next_moment(connection, as_of, instants_after(connection, lake.warehouse(settings), as_of)),
            has_issued=ISSUED in built,
            versions=versions(connection),
        )
