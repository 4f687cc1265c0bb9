"""Errors in one line, instants, JSON and the numbers of explain."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pytest
import sqlalchemy as sa
import typer
from typer.testing import CliRunner

from cli.explain import plain
from cli.ingest import Totals
from cli.output import FAILED, NOTHING_TO_DO, ReadableErrors, instant, print_json
from core.errors import TallystickError
from ingestion.sources.files import FileReport


def failing(error: Exception) -> typer.Typer:
    app = typer.Typer(cls=ReadableErrors)

    @app.command()
    def break_down() -> None:
        raise error

    @app.command()
    def work() -> None: ...

    return app


def test_an_expected_error_is_one_line_and_exit_code_1() -> None:
    result = CliRunner().invoke(failing(TallystickError("code", "first\n  second [x]")), ["break-down"])
    assert result.exit_code == FAILED
    assert result.stderr == "Error: first second [x]\n"


def test_a_missing_file_is_named() -> None:
    result = CliRunner().invoke(failing(FileNotFoundError(2, "No such file or directory", "books.csv")), ["break-down"])
    assert (result.exit_code, result.stderr) == (FAILED, "Error: No such file or directory: books.csv\n")


@pytest.mark.parametrize(
    "secret",
    [
        "postgres:dbname=lake user=bill password=s3cret host=db",
        r"postgres:password='s3cret \' s3cret' host=db",
        "postgresql://bill:s3cret@db/lake",
    ],
)
def test_a_password_is_not_told(secret: str) -> None:
    result = CliRunner().invoke(failing(TallystickError("code", f"cannot attach {secret}")), ["break-down"])
    assert "s3cret" not in result.stderr and "db" in result.stderr


def test_an_unexpected_error_keeps_its_traceback() -> None:
    result = CliRunner().invoke(failing(RuntimeError("a bug")), ["break-down"])
    assert isinstance(result.exception, RuntimeError)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-01", datetime(2026, 2, 1)),
        ("2026-02-01T01:00:00+01:00", datetime(2026, 2, 1)),
        ("2026-02-01T00:00:00Z", datetime(2026, 2, 1)),
    ],
)
def test_instants_become_naive_utc(text: str, expected: datetime) -> None:
    assert instant(text) == expected


def test_a_wrong_instant_is_wrong_usage() -> None:
    with pytest.raises(typer.BadParameter):
        instant("yesterday")


def test_json_keeps_every_digit(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"amount": Decimal("0.000000000000001"), "at": datetime(2026, 1, 2, tzinfo=UTC)})
    assert json.loads(capsys.readouterr().out) == {"amount": "0.000000000000001", "at": "2026-01-02T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("number", "text"),
    [(Decimal("1000.500"), "1,000.5"), (Decimal("100"), "100"), (Decimal("0E-12"), "0"), (None, ""), (0, "0")],
)
def test_decimals_are_shown_without_padding(number: Decimal | int | None, text: str) -> None:
    assert plain(number) == text


@pytest.mark.parametrize(
    ("reports", "exit_code"),
    [
        ([], NOTHING_TO_DO),
        ([FileReport("a", 2, 0, 0, None, True)], NOTHING_TO_DO),
        ([FileReport("a", 2, 0, 0, None, True), FileReport("b", 2, 1, 1)], 0),
        ([FileReport("a", 2, 2, 0), FileReport("b", 0, 0, 1, "truncated")], FAILED),
    ],
)
def test_exit_code_of_ingest(reports: list[FileReport], exit_code: int) -> None:
    assert Totals.of(reports).exit_code == exit_code


@pytest.mark.parametrize(
    "error",
    [
        duckdb.IOException("IO Error: cannot open\nthe lake"),
        sqlite3.OperationalError("database is locked"),
        sa.exc.OperationalError("select 1", {}, Exception("connection refused")),
    ],
)
def test_a_database_that_does_not_answer_is_one_line_that_sends_to_the_doctor(error: Exception) -> None:
    result = CliRunner().invoke(failing(error), ["break-down"])
    assert result.exit_code == FAILED
    assert result.stderr.count("\n") == 1
    assert "tallystick doctor" in result.stderr and "sqlalche.me" not in result.stderr
    assert "select 1" not in result.stderr, "a statement may hold what is not for a screen"
