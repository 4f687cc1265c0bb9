"""What commands refuse before they do anything, and what the doctor says of it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.output import FAILED, USAGE
from core import lake
from core.billing.installation import create
from core.billing.sending import SendReport
from core.catalog import invoice_emails
from core.catalog.engine import connect
from core.catalog.migrations import migrate, newest
from core.catalog.unit_of_work import unit_of_work
from core.clock import SystemClock
from core.locks import exclusive
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.publish import Published, publish
from core.warehouse.write import open_for_writing, run_lock
from orchestration import run as job


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path))
    migrate(Settings(home=tmp_path).catalog)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def at_migration(home: Path, revision: str) -> None:
    with sqlite3.connect(home / "catalog.sqlite") as connection:
        connection.execute("update alembic_version set version_num = ?", [revision])


def test_a_run_up_to_an_empty_instant_is_wrong_usage(home: Path) -> None:
    assert call("run", "--as-of", "").exit_code == USAGE


def test_up_needs_three_ports(home: Path) -> None:
    result = call("up", "--port", "3103", "--console-port", "3103")
    assert result.exit_code == USAGE and "--console-port" in result.stderr


def test_an_inbox_that_cannot_be_opened_is_told_before_anything_is_served(home: Path) -> None:
    (home / "inbox.sqlite").write_bytes(b"no database" * 500)
    result = call("serve", "--port", "3104")
    assert result.exit_code == FAILED and "not a database" in result.stderr and "API on" not in result.stderr


def test_an_address_of_another_machine_is_named(home: Path) -> None:
    result = call("serve", "--host", "192.0.2.1", "--port", "3104")
    assert result.exit_code == FAILED and "cannot listen on 192.0.2.1:3104" in result.stderr


def test_a_second_up_of_one_home_is_refused_whatever_its_ports(home: Path) -> None:
    with exclusive(Settings(home=home), "up", 0):
        result = call("up", "--port", "3103", "--console-port", "3104", "--dagster-port", "3105")
    assert result.exit_code == FAILED and result.stderr.count("\n") == 1
    assert f"`tallystick up` is running for {home} already (process {os.getpid()} since " in result.stderr


def test_a_run_says_at_once_for_whom_it_waits(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ran(*_: object, **__: object) -> job.RunReport:
        return job.RunReport(datetime(2026, 1, 1), 0, 0, 0, {}, [])

    monkeypatch.setattr(job, "run", ran)
    assert call("run", "--json").stderr == ""
    with run_lock(Settings(home=home)):
        result = call("run", "--json")
    assert result.exit_code == 0
    assert result.stderr.startswith(f"Another run is going on (process {os.getpid()} since ")
    assert "this one starts when it has ended" in result.stderr


def test_a_published_pair_that_cannot_be_read_is_told_in_one_line(home: Path) -> None:
    (home / "published.json").write_text("{")
    result = call("explain", "X-1")
    assert result.exit_code == FAILED
    assert (
        result.stderr.startswith(f"Error: {home / 'published.json'} cannot be read.")
        and "tallystick run" in result.stderr
    )


def test_the_doctor_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path / "none"))
    assert call("doctor").exit_code == FAILED
    assert not (tmp_path / "none").exists()


REFUSED = "gone@example.com: 550 no such mailbox"


def test_the_doctor_names_addresses_that_were_refused(home: Path) -> None:
    settings = Settings(home=home)
    with unit_of_work(connect(settings.catalog), SystemClock()) as uow:
        for invoice, error in (("one", REFUSED), ("two", None)):
            begun = invoice_emails.begin(uow, invoice_id=invoice, recipient="gone@example.com, a@example.com")
            assert begun is not None
            invoice_emails.settle(uow, begun, is_sent=True, error=error)
    findings = {finding["check"]: finding for finding in json.loads(call("doctor", "--json").stdout)["findings"]}
    told = findings["e-mails of invoices"]
    assert not told["ok"] and REFUSED in told["found"]
    assert told["found"].startswith("1 went out, but not to all addresses: one to ")


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (SendReport(("N-1",), (), (("N-1", REFUSED),)), f"REFUSED N-1: {REFUSED}"),
        (SendReport((), (("N-1", REFUSED),)), f"FAILED  N-1: {REFUSED}"),
        (SendReport(("N-1",), (), (), "no e-mail can be sent: gone"), "STOPPED no e-mail can be sent: gone"),
    ],
)
def test_sending_ends_with_1_when_not_all_got_theirs(
    home: Path, monkeypatch: pytest.MonkeyPatch, report: SendReport, line: str
) -> None:
    monkeypatch.setattr("cli.send.send_due", lambda *_, **__: report)
    monkeypatch.setattr("cli.send.ReadWarehouse", MagicMock())
    result = call("send")
    assert result.exit_code == FAILED
    assert result.stdout.splitlines() == [line, f"Sent {len(report.sent)} invoices."]
    told = json.loads(call("send", "--json").stdout)
    assert (told["refused"], told["stopped"]) == (
        [{"number": number, "error": error} for number, error in report.refused],
        report.stopped,
    )


def test_the_doctor_foresees_a_full_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.doctor.LEAST_ROOM_BYTES", shutil.disk_usage(home).total)
    findings = {finding["check"]: finding for finding in json.loads(call("doctor", "--json").stdout)["findings"]}
    assert not findings["disk"]["ok"] and "GB are free" in findings["disk"]["found"]


def test_the_doctor_sees_files_that_belong_to_another_user(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.doctor.os.access", lambda path, mode: Path(path).name != "catalog.sqlite")
    findings = {finding["check"]: finding for finding in json.loads(call("doctor", "--json").stdout)["findings"]}
    assert not findings["files"]["ok"] and findings["files"]["found"] == "catalog.sqlite cannot be written"


def test_a_home_is_named_without_detours(home: Path) -> None:
    assert Settings(home=home / "nowhere" / ".." / "here").home == home / "here"
    assert not (home / "nowhere").exists()


@pytest.mark.parametrize("revision", ["9999", "0001"])
def test_the_doctor_compares_the_catalog_with_this_version(home: Path, revision: str) -> None:
    at_migration(home, revision)
    result = call("doctor", "--json")
    assert result.exit_code == FAILED
    assert f"at migration {revision}, and this version needs {newest()}" in result.stdout


def test_a_catalog_of_an_unknown_version_is_told_in_one_line(home: Path) -> None:
    at_migration(home, "9999")
    result = call("init")
    assert result.exit_code == FAILED and "9999" in result.stderr
    assert result.stderr.count("\n") == 1, result.stderr


def test_the_doctor_after_an_upgrade_says_to_run_and_finds_no_fault(home: Path) -> None:
    """`init` has migrated the catalog, and the published warehouse was built before there were events set aside."""
    settings, graph = Settings(home=home), PricingGraph.load()
    create(settings, graph, SystemClock())
    with open_for_writing(settings, graph) as warehouse:
        for node in graph.models("marts"):
            if node.name not in ("fct_held_usage", "fct_set_aside_events"):
                warehouse.connection.execute(f"create table warehouse.marts.{node.name} ({node.declared})")
        warehouse.connection.execute("drop table warehouse.raw.set_aside_events")
        snapshots = [lake.last_snapshot(warehouse.connection, lake.warehouse(settings))]
        lake.attach(warehouse.connection, lake.books(settings), read_only=True)
        snapshots.append(lake.last_snapshot(warehouse.connection, lake.books(settings)))
    publish(settings.published, Published(*snapshots, datetime(2026, 1, 1)))
    result = call("doctor", "--json")
    findings = {finding["check"]: finding for finding in json.loads(result.stdout)["findings"]}
    assert [name for name, finding in findings.items() if not finding["ok"]] == [], result.stdout
    assert result.exit_code == 0 and findings["bills held back"]["found"] == "none"
    told = findings["published versions"]
    assert "built by another version of this program, without fct_held_usage, fct_set_aside_events" in told["found"]
    assert told["advice"].startswith("start `tallystick run` now")
