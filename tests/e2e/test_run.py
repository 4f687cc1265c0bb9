"""The command that bills, over drawn worlds in a real installation: law 1, law 3 and law 7 through `tallystick run` itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core import lake
from core.settings import Settings
from core.warehouse.publish import Published, published
from tests.e2e.installed_world import InstalledWorld, books, with_the_facts_of
from tests.property.playing import Player
from tests.property.worlds import ENDS_AT, draw
from tests.support.demo_home import copy_of, environment, tallystick

WORLDS = 6
STAGES = (datetime(2024, 8, 31, 22), ENDS_AT)
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Staged:
    """Worlds billed by a run at the end of each stage; `before_last` is the home when the last run was still to come."""

    settings: Settings
    before_last: Path
    looks: list[dict[str, Any]]


def run(settings: Settings) -> dict[str, Any]:
    ran = tallystick(settings.home, "run", "--json", timeout=1200)
    assert ran.returncode == 0, ran.stderr
    report: dict[str, Any] = json.loads(ran.stdout)
    return report


@contextmanager
def reader(home: Path) -> Iterator[list[dict[str, Any]]]:
    """Another process that reads all the while; what it saw is in the list at the end."""
    looks: list[dict[str, Any]] = []
    command = [sys.executable, "-m", "tests.e2e.children.read_while_running", str(home)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(lambda: [json.loads(line) for line in child.stdout or ()])
        yield looks
        assert child.stdin is not None
        child.stdin.close()
        looks += told.result()
    assert child.wait(60) == 0


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    folder = tmp_path_factory.mktemp("staged")
    world = InstalledWorld(folder / "home")
    players = [Player(world, draw(seed)) for seed in range(WORLDS)]
    looks: list[dict[str, Any]] = []
    for stage, instant in enumerate(STAGES):
        for player in players:
            player.play_until(instant)
        if instant == STAGES[-1]:
            world.inbox.close()
            shutil.copytree(world.settings.home, folder / "before_last")
        if stage == 0:
            run(world.settings)
            continue
        with reader(world.settings.home) as seen:
            run(world.settings)
        looks += seen
    return Staged(world.settings, folder / "before_last", looks)


@pytest.mark.timeout(3600)
def test_runs_on_the_way_and_runs_at_the_end_give_the_same_books(staged: Staged, tmp_path: Path) -> None:
    """At the end there are even two at once: they wait for each other, and the second finds nothing to do."""
    once = with_the_facts_of(staged.settings, tmp_path / "once")
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(run, (once, once)))
    expected = books(once)
    assert books(staged.settings) == expected
    assert len(expected["invoices"]) > 5 * WORLDS
    assert sorted(report["invoices"] for report in reports) == [0, len(expected["invoices"])]


def test_readers_in_other_processes_see_whole_versions_only(staged: Staged) -> None:
    assert len({look["warehouse"] for look in staged.looks}) == len(STAGES)
    assert [look for look in staged.looks if not look["whole"]] == []
    # The questions tell a half-built version when they see one.
    assert any(not look["newest_whole"] for look in staged.looks)


FAULTS = {
    "a dropped event": "delete from warehouse.raw.events where transaction_id = (select min(transaction_id) from warehouse.raw.events)",
    "a changed cent": "update books.main.fees set amount_cents = amount_cents + 1 where fee_id = (select min(fee_id) from books.main.fees)",
    "a missing line": "delete from books.main.fees where fee_id = (select min(fee_id) from books.main.fees where amount_cents > 0)",
}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_stops_the_run_before_it_issues_or_publishes(staged: Staged, tmp_path: Path, fault: str) -> None:
    settings = copy_of(staged.before_last, tmp_path / "home")
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.books(settings))
        lake.attach(connection, lake.warehouse(settings))
        connection.execute(FAULTS[fault])
    before, pair = books(settings), published(settings.published)
    refused = tallystick(settings.home, "run", timeout=1200)
    assert refused.returncode == 1
    assert "published nothing" in refused.stderr and "assert_" in refused.stderr and refused.stderr.count("\n") == 1
    assert books(settings) == before
    assert isinstance(pair, Published) and published(settings.published) == pair


@pytest.mark.timeout(1800)
def test_a_price_edited_in_sql_prices_what_is_issued_from_then_on(staged: Staged, tmp_path: Path) -> None:
    """In a copy of the code, volume charges are doubled before the last run: what was issued stays, and verifies."""
    settings = copy_of(staged.before_last, tmp_path / "home")
    code = tmp_path / "code"
    for package in ("core", "ingestion", "orchestration", "api", "app", "cli", "dbt_project"):
        shutil.copytree(ROOT / package, code / package, ignore=shutil.ignore_patterns("target", "__pycache__"))
    model = code / "dbt_project" / "models" / "rating" / "int_rating__volume_tiers.sql"
    rule = "per_unit_total_amount + flat_amount"
    sql = model.read_text()
    assert sql.count(rule) == 1
    model.write_text(sql.replace(rule, f"2 * ({rule})"))
    issued, before = books(settings), _lines(settings)

    def edited(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli.main", *arguments]
        return subprocess.run(
            command, cwd=code, env=environment(settings.home), capture_output=True, text=True, timeout=900
        )

    assert (ran := edited("run")).returncode == 0, ran.stderr
    assert (verified := edited("verify")).returncode == 0, verified.stdout + verified.stderr
    after = books(settings)
    assert set(issued["invoices"]) < set(after["invoices"])
    assert _bundles(settings) == 2
    # Ids are the same as in the home where nothing was edited, so each line has its counterpart.
    unedited, lines = _lines(staged.settings), _lines(settings)
    assert lines.keys() == unedited.keys()
    doubled = {
        fee_id
        for fee_id, (model, amount) in unedited.items()
        if model == "volume" and amount and fee_id not in before
    }
    assert doubled
    for fee_id, (model, amount) in lines.items():
        assert (model, amount) == (model, unedited[fee_id][1] * (2 if fee_id in doubled else 1))


def _bundles(settings: Settings) -> int:
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.books(settings), read_only=True)
        row = connection.execute("select count(distinct sql_bundle_id) from books.main.invoices").fetchone()
        return int(row[0]) if row else 0


def _lines(settings: Settings) -> dict[str, tuple[str | None, Decimal]]:
    """Charge model and precise amount of every line but commitments: they are what the other lines leave of a minimum."""
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.books(settings), read_only=True)
        query = "select fee_id, charge_model, precise_amount from books.main.fees where fee_type <> 'commitment'"
        found = connection.execute(query).fetchall()
        return {fee_id: (model, amount) for fee_id, model, amount in found}
