"""The main job with everything that can be in Postgres there: the operational catalog and DuckLake's catalogs of both lakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import run_on_postgres
from tests.support.demo_home import tallystick

EVENTS = 500


def test_the_demo_is_billed_and_verified_on_postgres(
    postgres_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server trusts everyone; the password shows that whatever is in one reaches the database, and no message.
    server = postgres_server.replace("postgres@", "postgres:s3cret%40%20'@")
    for variable, database in (("TALLYSTICK_CATALOG_URL", "served"), ("TALLYSTICK_LAKE_CATALOG_URL", "served_lake")):
        run_on_postgres(postgres_server, f"create database {database}")
        monkeypatch.setenv(variable, server.format(database=database))
    home = tmp_path / "home"
    early = tallystick(home, "api-key", "create")
    assert early.returncode == 1 and "run `tallystick init`" in early.stderr and "Traceback" not in early.stderr

    made = tallystick(home, "demo", "--events", f"{EVENTS}", timeout=1200)
    assert made.returncode == 0, made.stderr
    assert {path.name for path in home.glob("*.sqlite")} <= {"inbox.sqlite"}
    verified = tallystick(home, "verify", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["invoices"] > 500
    examined = tallystick(home, "doctor", "--json")
    assert examined.returncode == 0, examined.stdout
    assert "s3cret" not in examined.stdout
