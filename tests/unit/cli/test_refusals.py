"""What commands refuse before they do anything, and what the doctor says of it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.output import FAILED, USAGE
from core.catalog.migrations import migrate, newest
from core.settings import Settings


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


def test_a_published_pair_that_cannot_be_read_is_told_in_one_line(home: Path) -> None:
    (home / "published.json").write_text("{")
    result = call("explain", "X-1")
    assert result.exit_code == FAILED
    assert (
        result.stderr.startswith(f"Error: {home / 'published.json'} cannot be read.")
        and "tallystick run" in result.stderr
    )


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
