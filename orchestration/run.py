"""The billing job in this process: what `tallystick run` and the demo do is what the schedule does."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from core.errors import TallystickError
from core.settings import Settings
from core.warehouse.publish import published

STEPS = {
    "raw_facts": "facts loaded",
    "drafts": "drafts built",
    "books__issued_invoices": "invoices issued",
    "books_and_marts": "marts built",
    "published__snapshots": "published",
}


class RunFailed(TallystickError):
    """A step of the run failed; nothing was published."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__("run_failed", f"the run stopped at {step} and published nothing: {reason}")


@dataclass(frozen=True)
class RunReport:
    """What a run did. `as_of` is the horizon it settled to (naive UTC)."""

    as_of: datetime
    invoices: int
    events_accepted: int
    duplicates: int
    seconds: dict[str, float]


def run(settings: Settings, as_of: datetime | None = None, progress: Callable[[str], None] | None = None) -> RunReport:
    """Runs the whole billing job; with `as_of` it settles only to that instant. Raises RunFailed."""
    from orchestration.definitions import defs
    from orchestration.lib.resources import Installation

    job = defs.resolve_job_def("billing")
    config = {
        "ops": {"raw_facts": {"config": {"as_of": as_of.isoformat() if as_of else ""}}},
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }
    # What dbt says goes to a file: a failure is told in one line, and its story is kept.
    log = (settings.home / "run.log").open("w")
    with log, contextlib.redirect_stdout(log), dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            run_config=config,
            instance=instance,
            resources={"installation": Installation(home=str(settings.home))},
            raise_on_error=False,
        )
        seconds: dict[str, float] = {}
        numbers = {"invoices": 0, "accepted": 0, "duplicates": 0}
        for event in result.all_events:
            if event.is_step_failure:
                error = event.step_failure_data.error
                raise RunFailed(str(event.step_key), (error.cause or error).message.strip() if error else "unknown")
            if event.is_step_success:
                seconds[str(event.step_key)] = event.step_success_data.duration_ms / 1000
            if event.is_step_materialization:
                for name in numbers:
                    value = event.step_materialization_data.materialization.metadata.get(name)
                    numbers[name] = int(str(value.value)) if value is not None else numbers[name]
        if not result.success:
            raise RunFailed("start", "the job did not run to its end")
    pair = published(settings.published)
    assert pair is not None
    if progress:
        for step in seconds:
            progress(STEPS.get(step, step))
    return RunReport(pair.as_of, numbers["invoices"], numbers["accepted"], numbers["duplicates"], seconds)
