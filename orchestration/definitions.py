"""The code location: assets, jobs, schedules and the sensor."""

from __future__ import annotations

import dagster as dg

from orchestration.defs.billing.assets import issued_invoices, published_snapshots
from orchestration.defs.billing.sending import sending_every_ten_minutes, sending_job
from orchestration.defs.billing.webhooks import webhooks_every_minute, webhooks_job
from orchestration.defs.dbt.assets import books_and_marts, drafts
from orchestration.defs.ingestion.assets import raw_facts
from orchestration.defs.ingestion.sensors import landing_zone_sensor
from orchestration.defs.jobs import billing_every_hour, billing_job, usage_every_five_minutes, usage_job
from orchestration.lib.resources import Installation, Writer

defs = dg.Definitions(
    assets=[raw_facts, drafts, issued_invoices, books_and_marts, published_snapshots],
    jobs=[usage_job, billing_job, sending_job, webhooks_job],
    schedules=[usage_every_five_minutes, billing_every_hour, sending_every_ten_minutes, webhooks_every_minute],
    sensors=[landing_zone_sensor],
    resources={"installation": Writer(), "watched": Installation()},
    # One process per run: what it holds of the warehouse it holds from the first step to the last.
    executor=dg.in_process_executor,
)
