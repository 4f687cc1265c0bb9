"""The billing job in this process: what `tallystick run` and the demo do is what the schedule does."""

from __future__ import annotations

import contextlib
import logging
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TextIO

import dagster as dg

from core.errors import TallystickError
from core.settings import Settings
from core.warehouse import marts
from core.warehouse.connection import ReadWarehouse
from core.warehouse.publish import published

STEPS = {
    "raw_facts": "Loading facts",
    "drafts": "Building drafts: staging, metering, rating, billing",
    "books__issued_invoices": "Issuing what is due",
    "books_and_marts": "Building ledger and marts",
    "published__snapshots": "Publishing",
}

Progress = Callable[[str, float], None]
"""What a run does now, and which part of its tables has been built, from 0 to 1."""


class RunFailed(TallystickError):
    """A step of the run failed; nothing was published."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__("run_failed", f"the run stopped at {step} and published nothing: {reason}")


@dataclass(frozen=True)
class RunReport:
    """What a run did. `as_of` is the horizon it settled to (naive UTC); `held` are the rows of
    `fct_held_usage` that hold back a bill which is due. `nothing_new_since`: the horizon of the last run, where this one
    had nothing to build.
    """

    as_of: datetime
    invoices: int
    events_accepted: int
    duplicates: int
    seconds: dict[str, float]
    held: list[dict[str, Any]]
    nothing_new_since: datetime | None = None


def run(
    settings: Settings, as_of: datetime | None = None, progress: Progress | None = None, *, rebuild: bool = False
) -> RunReport:
    """Runs the whole billing job; with `as_of` it settles only to that instant, with `rebuild` it builds everything though nothing is new. Raises RunFailed.

    Waits for a run that another process has going on.
    """
    from orchestration.definitions import defs
    from orchestration.lib.dbt import first_failure
    from orchestration.lib.resources import Writer

    job = defs.resolve_job_def("billing")
    config = {
        "ops": {"raw_facts": {"config": {"as_of": as_of.isoformat() if as_of else "", "rebuild": rebuild}}},
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }
    run_id = str(uuid.uuid4())
    # What dbt and Dagster say goes to a file: a failure is told in one line, and its story is kept.
    log = (settings.home / "run.log").open("w")
    with log, contextlib.redirect_stdout(log), _logged(log), dg.DagsterInstance.ephemeral() as instance:
        if progress:
            tables = len(list(job.asset_layer.executable_asset_keys))
            instance.add_event_listener(run_id, _Listener(progress, tables))
        result = job.execute_in_process(
            run_config=config,
            instance=instance,
            resources={"installation": Writer(home=str(settings.home))},
            raise_on_error=False,
            run_id=run_id,
        )
        seconds: dict[str, float] = {}
        numbers = {"invoices": 0, "accepted": 0, "duplicates": 0}
        skipped: dict[str, datetime] = {}
        for event in result.all_events:
            if event.is_step_failure:
                error = event.step_failure_data.error
                reason = (error.cause or error).message.strip() if error else "unknown"
                # What we raised on purpose is a sentence; of anything else the kind of error helps.
                reason = re.sub(r"^(core|ingestion)\.[\w.]+: ", "", reason)
                if "DagsterExecutionInterruptedError" in reason:
                    reason = "it was interrupted; start it again with `tallystick run`"
                raise RunFailed(str(event.step_key), first_failure(reason, settings.home / "dbt" / str(event.step_key)))
            if event.is_step_success:
                seconds[str(event.step_key)] = event.step_success_data.duration_ms / 1000
            if event.is_asset_observation:
                told = event.asset_observation_data.asset_observation.metadata
                skipped = {name: datetime.fromisoformat(str(value.value)) for name, value in told.items()}
            if event.is_step_materialization:
                for name in numbers:
                    value = event.step_materialization_data.materialization.metadata.get(name)
                    numbers[name] = int(str(value.value)) if value is not None else numbers[name]
        if not result.success:
            raise RunFailed("start", "the job did not run to its end")
    pair = published(settings.published)
    assert pair is not None
    with contextlib.closing(ReadWarehouse(settings).cursor()) as cursor:
        held = marts.held_back(cursor)
    return RunReport(
        as_of=skipped.get("as_of", pair.as_of),
        invoices=numbers["invoices"],
        events_accepted=numbers["accepted"],
        duplicates=numbers["duplicates"],
        seconds=seconds,
        held=held,
        nothing_new_since=skipped.get("nothing_new_since"),
    )


@contextlib.contextmanager
def _logged(log: TextIO) -> Iterator[None]:
    """Dagster's own log goes to this file alone; else a handler that dbt's telemetry puts on the root logger prints it."""
    logger = logging.getLogger("dagster")
    handler, propagated = logging.StreamHandler(log), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated


class _Listener:
    """Tells of each step as it starts, and of each table as it is built."""

    def __init__(self, progress: Progress, tables: int) -> None:
        self._progress = progress
        self._tables = tables
        self._built = 0
        self._step = "Waiting for the warehouse"

    def __call__(self, entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            return
        if event.is_step_start:
            self._step = STEPS.get(str(event.step_key), str(event.step_key))
        self._built += event.is_step_materialization
        self._progress(self._step, self._built / self._tables)
