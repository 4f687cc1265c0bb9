"""What waits to be run."""

from __future__ import annotations

import dagster as dg

WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]


def is_waiting(instance: dg.DagsterInstance, *jobs: str) -> bool:
    """Whether a run of one of these jobs has been asked for and has not begun."""
    return any(instance.get_runs_count(dg.RunsFilter(job_name=job, statuses=WAITING)) for job in jobs)
