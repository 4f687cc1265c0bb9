"""The two jobs: usage (everything but the issue) and billing (everything)."""

from __future__ import annotations

import dagster as dg

from orchestration.lib.dbt import ISSUED
from orchestration.lib.queue import is_waiting

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
# A run that waits for its turn does what another one asked for meanwhile would do, so none is added to it.


@dg.schedule(job=usage_job, cron_schedule="*/5 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def usage_every_five_minutes(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A usage run, unless one of either job waits."""
    return dg.SkipReason("a run is waiting") if is_waiting(context.instance, "usage", "billing") else dg.RunRequest()


@dg.schedule(job=billing_job, cron_schedule="10 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def billing_every_hour(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A billing run, unless one waits."""
    return dg.SkipReason("a run is waiting") if is_waiting(context.instance, "billing") else dg.RunRequest()
