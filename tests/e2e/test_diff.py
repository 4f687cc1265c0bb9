"""`tallystick diff` on a billed installation: old is what was billed, new is what the change makes of it, nothing is written."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core import lake
from core.settings import Settings
from core.warehouse.dbt_project import PROJECT_DIR
from tests.support.demo_home import copy_of, demo_home, tallystick


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of(demo_home(), tmp_path_factory.mktemp("diff") / "home").home


@pytest.fixture(scope="module")
def prices(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's prices as files, with seats at twice their price for one plan."""
    folder = tmp_path_factory.mktemp("prices")
    assert tallystick(home, "plans", "export", str(folder)).returncode == 0
    file = folder / "plans" / "growth_eur.yaml"
    text = file.read_text()
    assert text.count("amount: '12'") == 1
    file.write_text(text.replace("amount: '12'", "amount: '24'"))
    return folder


def told(home: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    ran = tallystick(home, "diff", "--json", *arguments)
    assert ran.returncode == code, ran.stdout + ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def issued(home: Path) -> dict[tuple[str, str], int]:
    """(subscription, line) -> what the books say of its last bill."""
    settings = Settings(home=home)
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.books(settings), read_only=True)
        rows = connection.execute(
            """select fees.external_subscription_id, fees.item_code, fees.amount_cents
            from books.main.fees inner join (
                select subscription_id, invoice_id from books.main.invoice_subscriptions where usage_to_at is not null
                qualify row_number() over (partition by subscription_id order by usage_to_at desc) = 1
            ) as bills using (subscription_id, invoice_id)"""
        ).fetchall()
    return {(subscription, item): cents for subscription, item, cents in rows}


def test_a_price_list_moves_its_charge_and_nothing_else(home: Path, prices: Path) -> None:
    found = told(home, "--against", str(prices))
    billed = issued(home)
    assert {line["item_code"] for line in found["changed"]} == {"seats"}
    for line in found["changed"]:
        assert line["old_cents"] == billed[line["external_subscription_id"], "seats"]
        assert line["new_cents"] == 2 * line["old_cents"]
    assert len(found["changed"]) + found["unchanged"] >= len(billed) > 300
    total = sum(line["new_cents"] - line["old_cents"] for line in found["changed"])
    assert found["totals"]["EUR"]["difference_cents"] == total > 0
    assert "int_rating__standard_charges" in found["recomputed"]
    assert "int_metering__service_periods" not in found["recomputed"]


def test_the_same_files_and_the_same_sql_differ_in_nothing(home: Path, prices: Path, tmp_path: Path) -> None:
    same = tmp_path / "same"
    shutil.copytree(prices, same)
    file = same / "plans" / "growth_eur.yaml"
    file.write_text(file.read_text().replace("amount: '24'", "amount: '12'"))
    assert told(home, "--against", str(same), "--fail-on-change")["changed"] == []
    assert told(home, "--against", str(PROJECT_DIR), "--fail-on-change") | {"unchanged": 0} == {
        "changed": [], "unchanged": 0, "recomputed": [], "totals": {},
    }  # fmt: skip


def test_another_pricing_sql_is_priced_from_its_changed_models_on(home: Path, tmp_path: Path) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(PROJECT_DIR, project, ignore=shutil.ignore_patterns("target", "logs"))
    model = project / "models" / "rating" / "int_rating__package_charges.sql"
    text = model.read_text()
    assert text.count("units - free_units") == 1
    model.write_text(text.replace("units - free_units", "units - free_units - 50"))
    found = told(home, "--against", str(project), "--fail-on-change", code=1)
    billed = issued(home)
    assert {line["item_code"] for line in found["changed"]} == {"images"}
    for line in found["changed"]:
        # Old is the other project: a package counted there from its middle on.
        assert line["old_cents"] < line["new_cents"] == billed[line["external_subscription_id"], "images"]
    assert "int_rating__package_charges" in found["recomputed"]
    assert not any(name.startswith("int_metering__") for name in found["recomputed"])


def test_a_person_sees_a_table_and_a_wrong_name_in_one_line(home: Path, prices: Path) -> None:
    ran = tallystick(home, "diff", "--against", str(prices))
    assert ran.returncode == 0 and "Total" in ran.stdout and "lines differ" in ran.stdout
    wrong = tallystick(home, "diff", "--against", "no-such-revision")
    assert wrong.returncode == 1
    assert wrong.stderr.strip().splitlines() == [
        "Error: 'no-such-revision' is neither a folder nor a git revision here"
    ]


def test_apply_asks_applies_and_then_there_is_nothing_left(prices: Path, tmp_path: Path) -> None:
    home = copy_of(demo_home(), tmp_path / "home").home
    tried = tallystick(home, "plans", "apply", str(prices), "--dry-run")
    assert tried.returncode == 0 and "charges[seats].properties.amount: 12 -> 24" in tried.stdout
    applied = tallystick(home, "plans", "apply", str(prices), "--yes")
    assert applied.returncode == 0 and "Changes applied: 1." in applied.stdout
    assert tallystick(home, "plans", "apply", str(prices), "--yes").returncode == 3
