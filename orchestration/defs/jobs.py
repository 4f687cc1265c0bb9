"""The two jobs: usage (everything but the issue) and billing (everything)."""

from __future__ import annotations

import dagster as dg

from orchestration.lib.dbt import ISSUED

usage_job = dg.define_asset_job(
    "usage",
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(ISSUED),
    description="Loads facts, rebuilds drafts and marts, publishes. Issues nothing.",
)
billing_job = dg.define_asset_job(
    "billing",
    selection=dg.AssetSelection.all(),
    description="Loads facts, rebuilds drafts, issues what is due, rebuilds the ledger and marts, publishes.",
)

# Only one run at a time may write the warehouse; the pool on the assets holds that also for runs started by hand.
usage_schedule = dg.ScheduleDefinition(
    name="usage_every_five_minutes",
    job=usage_job,
    cron_schedule="*/5 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
billing_schedule = dg.ScheduleDefinition(
    name="billing_every_hour",
    job=billing_job,
    cron_schedule="10 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
