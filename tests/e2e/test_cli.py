"""The command as others' scripts use it: names, exit codes, output."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from core.catalog import api_keys
from core.catalog.engine import connect, reading
from core.clock import SystemClock
from core.settings import Settings
from tests.support.demo_home import EVENTS, copy_of, demo_home, environment, tallystick

COMMANDS = (
    "init",
    "api-key create",
    "serve",
    "console",
    "up",
    "demo",
    "ingest",
    "run",
    "explain",
    "verify",
    "doctor",
    "backup",
    "restore",
    "set-aside",
    "plans export",
    "plans apply",
    "diff",
    "webhooks list",
    "webhooks show",
    "webhooks resend",
    "webhooks deliver",
    "webhooks secrets",
)
GROUPS = ("", "api-key", "plans", "webhooks")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of an installation without anything in it."""
    home = tmp_path_factory.mktemp("fresh") / "home"
    made = tallystick(home, "init", "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout) == {"home": str(home)}
    return home


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str, tmp_path: Path) -> None:
    shown = tallystick(tmp_path, *command.split(), "--help")
    assert shown.returncode == 0
    assert "Example:" in shown.stdout and f"tallystick {command.split()[0]}" in shown.stdout


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_explains_itself_with_an_example(group: str, tmp_path: Path) -> None:
    shown = tallystick(tmp_path, *group.split(), "--help")
    assert shown.returncode == 0
    assert "Example:" in shown.stdout and f"tallystick {group}" in shown.stdout


def test_init_again_changes_nothing(fresh: Path) -> None:
    before = sorted(path.relative_to(fresh) for path in fresh.rglob("*"))
    assert tallystick(fresh, "init").returncode == 0
    assert sorted(path.relative_to(fresh) for path in fresh.rglob("*")) == before


def test_api_key_is_alone_on_the_last_line_and_works(fresh: Path) -> None:
    made = tallystick(fresh, "api-key", "create", "--name", "[staging]")
    key = made.stdout.splitlines()[-1]
    engine = connect(Settings(home=fresh).catalog)
    with reading(engine) as connection:
        found = api_keys.verify(connection, key, SystemClock().now())
        assert found is not None and found.name == "[staging]"
        assert api_keys.verify(connection, key + "x", SystemClock().now()) is None
    engine.dispose()


@pytest.mark.parametrize(
    "arguments", [("run",), ("ingest", "."), ("verify",), ("explain", "X"), ("api-key", "create"), ("backup", "b")]
)
def test_without_an_installation_one_line_says_what_to_do(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = tallystick(tmp_path / "none", *arguments)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "tallystick init" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("run", "--as-of", "yesterday"), ("ingest",), ("explain",), ("nonsense",), ("restore", "/does/not/exist")],
)
def test_wrong_usage_is_exit_code_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = tallystick(tmp_path, *arguments)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr


def test_ingest_takes_each_file_once_and_says_what_it_set_aside(fresh: Path, tmp_path: Path) -> None:
    usage = tmp_path / "usage.csv"
    usage.write_text(
        "external_subscription_id,transaction_id,code,timestamp\ns,1,calls,1700000000\ns,2,calls,nonsense\n"
    )
    first = tallystick(fresh, "ingest", str(usage), "--json")
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert (told["landed"], told["rejected"]) == (1, 1)
    assert tallystick(fresh, "ingest", str(usage)).returncode == 3
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and then nothing")
    set_aside = tallystick(fresh, "ingest", str(broken))
    assert set_aside.returncode == 1
    assert "set aside" in set_aside.stdout
    assert "no file or folder" in tallystick(fresh, "ingest", str(tmp_path / "absent")).stderr


def test_verify_before_any_run_says_so(fresh: Path) -> None:
    result = tallystick(fresh, "verify")
    assert (result.returncode, result.stderr) == (
        1,
        "Error: no run has published yet; start one with `tallystick run`\n",
    )


def test_doctor_finds_nothing_in_a_billed_installation_and_something_in_none(tmp_path: Path) -> None:
    well = tallystick(demo_home(), "doctor", "--json")
    assert well.returncode == 0, well.stdout
    assert json.loads(well.stdout)["ok"]
    ill = tallystick(tmp_path / "none", "doctor", "--json")
    assert ill.returncode == 1
    wrong = {finding["check"]: finding["advice"] for finding in json.loads(ill.stdout)["findings"] if not finding["ok"]}
    assert "tallystick init" in wrong["home"] and "tallystick init" in wrong["catalog"]
    assert not (tmp_path / "none").exists()


def test_doctor_sees_a_warehouse_without_its_files(tmp_path: Path) -> None:
    settings = copy_of(demo_home(), tmp_path / "home")
    shutil.rmtree(settings.warehouse_data)
    found = json.loads(tallystick(settings.home, "doctor", "--json").stdout)["findings"]
    (warehouse,) = [finding for finding in found if finding["check"] == "warehouse"]
    assert not warehouse["ok"] and "remove warehouse.sqlite" in warehouse["advice"]


def test_demo_shows_invoices_conservation_and_what_comes_next() -> None:
    output = (demo_home().parent / "output.txt").read_text()
    assert (demo_home().parent / "errors.txt").read_text() == ""
    assert f"{EVENTS:,} events" in output
    for words in ("Newest invoices", "Conservation", "Timings", "tiers", "tallystick verify"):
        assert words in output
    again = tallystick(demo_home(), "demo", "--events", "10")
    assert again.returncode == 1 and "already holds" in again.stderr


def test_explain_leads_from_a_line_to_its_events(tmp_path: Path) -> None:
    home = demo_home()
    invoice_id = _explained_invoice(home)
    whole = json.loads(tallystick(home, "explain", invoice_id, "--json", "--events", "--limit", "100000").stdout)
    assert sum(fee["amount_cents"] for fee in whole["fees"]) == whole["fees_amount_cents"]
    usage = [fee for fee in whole["fees"] if fee["events_count"]]
    assert usage
    for fee in usage:
        # A seat is one user, however many of the user's events are behind the line.
        counted = {
            event["field_text"] if fee["billable_metric_code"] == "seats" else event["transaction_id"]
            for event in fee["events"]
        }
        assert fee["events_total"] == len(fee["events"]) and fee["events_count"] == len(counted)
    by_number = tallystick(home, "explain", whole["number"], "--line", f"{usage[0]['position']}", "--events")
    assert by_number.returncode == 0, by_number.stderr
    assert usage[0]["events"][0]["transaction_id"] in by_number.stdout
    unknown = tallystick(home, "explain", "nothing")
    assert unknown.returncode == 1 and unknown.stderr.startswith("Error: ")
    assert tallystick(home, "explain", invoice_id, "--line", "999").returncode == 1


def _explained_invoice(home: Path) -> str:
    """An issued invoice with a tiered line that has usage."""
    from core.warehouse.connection import ReadWarehouse

    row = (
        ReadWarehouse(Settings(home=home))
        .cursor()
        .execute(
            "select fees.invoice_id from books.main.fees inner join books.main.fee_tiers using (fee_id) where events_count > 1 order by fees.invoice_id limit 1"
        )
        .fetchone()
    )
    assert row is not None
    return str(row[0])


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def processes_of(home: Path) -> list[int]:
    """Ids of living processes that were told of this home."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ, state = (folder / "environ").read_bytes(), (folder / "stat").read_text()
        except OSError:
            continue
        if f"TALLYSTICK_HOME={home}\0".encode() in environ and state.rpartition(")")[2].split()[0] != "Z":
            found.append(int(folder.name))
    return found


def environ_of(process: int) -> dict[str, str]:
    """What a process was told when it began."""
    text = Path(f"/proc/{process}/environ").read_bytes().decode()
    return dict(line.split("=", 1) for line in text.split("\0") if "=" in line)


def test_up_serves_everything_and_leaves_no_orphans(tmp_path: Path) -> None:
    settings = copy_of(demo_home(), tmp_path / "home")
    api, console, dagster = free_ports(3)
    arguments = ["up", "--port", f"{api}", "--console-port", f"{console}", "--dagster-port", f"{dagster}"]
    with (tmp_path / "output").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", *arguments],
            env=environment(settings.home),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 150
        while "Ctrl-C" not in (told := (tmp_path / "output").read_text()):
            assert process.poll() is None and time.monotonic() < deadline, told
            time.sleep(0.3)
        key = next(line.split()[-1] for line in told.splitlines() if line.startswith("API key"))
        answer = httpx.get(f"http://127.0.0.1:{api}/api/v1/customers", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200 and answer.json()["customers"]
        assert httpx.get(f"http://127.0.0.1:{console}/").status_code == 200
        assert httpx.get(f"http://127.0.0.1:{dagster}/server_info").status_code == 200
        assert len(processes_of(settings.home)) >= 5
        told_of_api = {
            (found["TALLYSTICK_API_URL"], found["TALLYSTICK_API_KEY"])
            for found in map(environ_of, processes_of(settings.home))
            if "TALLYSTICK_API_KEY" in found
        }
        ((url, lent),) = told_of_api  # the console alone
        assert lent != key and httpx.get(f"{url}/api/v1/customers", headers={"Authorization": f"Bearer {lent}"}).status_code == 200
        other = [
            argument
            for port in zip(("--port", "--console-port", "--dagster-port"), map(str, free_ports(3)), strict=True)
            for argument in port
        ]
        second = tallystick(settings.home, "up", *other)
        assert (
            second.returncode == 1
            and f"is running for {settings.home} already (process {process.pid} since" in second.stderr
        )
        assert second.stderr.count("\n") == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert processes_of(settings.home) == []
        with reading(connect(settings.catalog)) as connection:
            assert api_keys.verify(connection, key, SystemClock().now()) is not None and api_keys.verify(connection, lent, SystemClock().now()) is None
    finally:
        for child in processes_of(settings.home):
            os.kill(child, signal.SIGKILL)
