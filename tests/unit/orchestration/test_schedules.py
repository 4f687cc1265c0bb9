"""Schedules and the sensor ask for a run only while none waits: a run that takes longer than their interval leaves no queue behind."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from orchestration.defs.ingestion.sensors import landing_zone_sensor
from orchestration.defs.jobs import billing_every_hour, usage_every_five_minutes
from orchestration.lib.resources import Installation


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


def add_run(instance: dg.DagsterInstance, job: str, status: dg.DagsterRunStatus) -> None:
    # Dagster wants to know of a queued run where its code is.
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "repository"), job)
    instance.add_run(dg.DagsterRun(job_name=job, run_id=str(uuid.uuid4()), status=status, remote_job_origin=origin))


def asked(schedule: dg.ScheduleDefinition, instance: dg.DagsterInstance) -> bool:
    return bool(schedule.evaluate_tick(dg.build_schedule_context(instance=instance)).run_requests)


@pytest.mark.parametrize(
    ("job", "status", "usage", "billing"),
    [
        ("usage", dg.DagsterRunStatus.QUEUED, False, True),
        ("usage", dg.DagsterRunStatus.STARTED, True, True),
        ("billing", dg.DagsterRunStatus.NOT_STARTED, False, False),
        ("billing", dg.DagsterRunStatus.STARTED, True, True),
        ("billing", dg.DagsterRunStatus.SUCCESS, True, True),
    ],
)
def test_no_run_is_added_to_one_that_waits(
    instance: dg.DagsterInstance, job: str, status: dg.DagsterRunStatus, usage: bool, billing: bool
) -> None:
    add_run(instance, job, status)
    assert (asked(usage_every_five_minutes, instance), asked(billing_every_hour, instance)) == (usage, billing)


def test_new_files_ask_for_one_run_and_are_left_to_the_one_that_waits(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    watched = Installation(home=str(tmp_path))
    (tmp_path / "drop").mkdir()

    def look(cursor: str) -> dg.SensorResult:
        context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"watched": watched})
        result = landing_zone_sensor(context)
        assert isinstance(result, dg.SensorResult | dg.SkipReason)
        return result if isinstance(result, dg.SensorResult) else dg.SensorResult(cursor=cursor)

    assert not look("").run_requests
    (tmp_path / "drop" / "a.csv").write_text("x")
    first = look("")
    assert len(first.run_requests or []) == 1
    add_run(instance, "usage", dg.DagsterRunStatus.QUEUED)
    (tmp_path / "drop" / "b.csv").write_text("x")
    second = look(str(first.cursor))
    assert not second.run_requests and second.cursor != first.cursor
