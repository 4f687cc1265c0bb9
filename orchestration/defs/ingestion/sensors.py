"""New landing or dropped files start the usage job."""

from pathlib import Path

import dagster as dg

from orchestration.defs.jobs import usage_job
from orchestration.lib.queue import is_waiting
from orchestration.lib.resources import Installation


@dg.sensor(job=usage_job, minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def landing_zone_sensor(
    context: dg.SensorEvaluationContext, watched: Installation
) -> dg.SensorResult | dg.SkipReason:
    """One run per set of files not seen before, unless one waits; the cursor is the newest landing name and the number of dropped files."""
    files = watched.landing().files("events")
    drop = Path(watched.settings.home) / "drop"
    dropped = sum(1 for path in drop.rglob("*") if path.is_file()) if drop.is_dir() else 0
    cursor = f"{files[-1] if files else ''}|{dropped}"
    if cursor == (context.cursor or "|0"):
        return dg.SkipReason("no new files")
    if is_waiting(context.instance, "usage", "billing"):
        return dg.SensorResult(skip_reason="a run is waiting, which takes them in", cursor=cursor)
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=cursor)], cursor=cursor)
