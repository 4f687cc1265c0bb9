"""Facts into the warehouse: landing files, the catalog's export, and the watermark that both allow (law 1)."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import dagster as dg

from core.billing.nothing_new import built_of, nothing_new_since
from core.catalog.export import contents, export, fence
from core.clock import as_utc
from core.warehouse.last_run import begin
from core.warehouse.write import open_for_writing
from ingestion.calculate import calculator_of
from ingestion.flush import drain
from ingestion.sources.files import adopt_foreign, ingest_paths
from orchestration.lib.dbt import ISSUED
from orchestration.lib.resources import Writer

CATALOG_TABLES = (
    "add_ons", "applied_coupons", "applied_taxes", "billable_metrics", "billing_entities", "charge_filter_values", "charge_filters", "charge_group_keys", "charge_parameters",
    "charge_presentation_keys", "charge_prices", "charge_tiers", "charges", "coupon_targets", "coupons", "customers", "invoice_commands", "one_off_fees", "one_off_invoices", "payments",
    "plans", "recurring_transaction_rules", "schedule_ticks", "schedules", "set_aside_events", "subscriptions", "taxes", "test_clocks", "wallet_transactions", "wallets",
)  # fmt: skip
LANDING_TABLES = ("events", "rejections", "landing_files", "run_horizon")
WRITER_POOL = "warehouse_writer"


class Horizon(dg.Config):
    """How far the run may settle: an ISO instant, or empty for the watermark itself."""

    as_of: str = ""
    rebuild: bool = False
    """Build everything, also where nothing is new."""


@dg.multi_asset(
    specs=[
        *(
            dg.AssetSpec(["landing", name], group_name="raw", kinds={"ducklake"}, skippable=True)
            for name in LANDING_TABLES
        ),
        *(
            dg.AssetSpec(["catalog", name], group_name="raw", kinds={"ducklake"}, skippable=True)
            for name in CATALOG_TABLES
        ),
    ],
    pool=WRITER_POOL,
    name="raw_facts",
)
def raw_facts(
    context: dg.AssetExecutionContext, config: Horizon, installation: Writer
) -> Iterator[dg.MaterializeResult[None] | dg.AssetObservation]:
    """Takes in dropped files, drains the inbox, loads what is new, exports the catalog and sets the horizon of the run.

    Where nothing is new since the last run it says so and yields nothing else, and all that follows is skipped.
    """
    settings = installation.settings
    landing = installation.landing()
    drop = Path(installation.settings.home) / "drop"
    calculator = calculator_of(installation.catalog(), installation.clock)
    reports = adopt_foreign(landing, installation.clock, calculator=calculator)
    if drop.is_dir():
        reports += ingest_paths([drop], landing, installation.clock, calculator=calculator)
    inbox = installation.inbox()
    try:
        drained = drain(inbox, landing, installation.clock)
    finally:
        inbox.close()
    with fence(installation.catalog(), installation.clock) as (catalog, exported):
        watermark = min(drained, exported)
        as_of = as_utc(datetime.fromisoformat(config.as_of)) if config.as_of else watermark
        events, rejections = landing.files("events"), landing.files("rejections")
        given = built_of(contents(catalog), [*events, *rejections])
        must_issue = ISSUED in context.job_def.asset_layer.executable_asset_keys
        last = (
            None
            if config.rebuild or as_of > watermark
            else nothing_new_since(settings, given, as_of, must_issue=must_issue)
        )
        if last is not None:
            context.log.info(
                f"nothing is new since the run as of {last.as_of}, and nothing falls due before {last.holds_until}"
            )
            yield dg.AssetObservation(
                asset_key=["landing", "run_horizon"],
                metadata={
                    "as_of": as_of.isoformat(),
                    "nothing_new_since": last.as_of.isoformat(),
                    "holds_until": last.holds_until.isoformat(),
                },
            )
            return
        tables = export(catalog)
    with open_for_writing(settings, installation.graph) as warehouse:
        warehouse.create()
        warehouse.set_horizon(as_of, watermark)
        begin(settings.last_run, given)
        loaded = warehouse.load_events(Path(landing.root), events, watermark)
        refused = warehouse.load_rejections(Path(landing.root), rejections, watermark)
        warehouse.load_catalog(tables)
    context.log.info(
        f"{loaded.accepted} events accepted, {loaded.duplicates} duplicates, {refused} rows refused, {len(reports)} files taken in"
    )
    counts = {
        "events": {"accepted": loaded.accepted, "duplicates": loaded.duplicates, "files": loaded.files},
        "rejections": {"rows": refused},
    }
    counts["run_horizon"] = {"as_of": as_of.isoformat(), "watermark": watermark.isoformat()}  # type: ignore[dict-item]
    for name in LANDING_TABLES:
        yield dg.MaterializeResult(asset_key=["landing", name], metadata=counts.get(name))
    for name in CATALOG_TABLES:
        yield dg.MaterializeResult(asset_key=["catalog", name], metadata={"versions": tables[name].num_rows})
