"""What all commands share: consoles, JSON, exit codes, and errors in one readable line."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import duckdb
import sqlalchemy as sa
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from typer.core import TyperGroup

from core.catalog.engine import connect
from core.clock import as_utc
from core.errors import TallystickError
from core.settings import Settings

FAILED = 1
USAGE = 2
NOTHING_TO_DO = 3
EXIT_CODES = "Exit codes: 0 done, 1 failed or something differs, 2 wrong usage, 3 nothing to do."

console = Console()
progress_console = Console(stderr=True)

WAY_OUT = (
    "`tallystick set-aside` shows the events behind it and sets one aside, so that the next run can issue the bill"
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, and nothing else there.")]


def progress_bar(*, keep: bool = False) -> Progress:
    """A bar on standard error for work that takes long; only a terminal sees it. `keep` leaves the full bar there."""
    return Progress(
        SpinnerColumn(finished_text="✓"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=progress_console,
        transient=not keep,
        disable=not progress_console.is_terminal,
    )


class ReadableErrors(TyperGroup):
    """A group of commands whose expected errors end in one line and exit code 1, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except TallystickError as error:
            _fail(error.message)
        except OSError as error:
            _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        except (duckdb.Error, sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            _fail(f"{_without_links(error)}; `tallystick doctor` says which part of the installation does not answer")


class NotInitialised(TallystickError):
    """There is no installation in the home folder."""

    def __init__(self, home: Path) -> None:
        super().__init__(
            "not_initialised",
            f"There is no installation in {home}; run `tallystick init`, or set TALLYSTICK_HOME to its folder",
        )


def installed() -> Settings:
    """The settings of an installation that exists. Raises NotInitialised."""
    settings = Settings.load()
    if settings.catalog.startswith("sqlite:///"):
        is_there = Path(settings.catalog.removeprefix("sqlite:///")).is_file()
    else:
        is_there = sa.inspect(connect(settings.catalog)).has_table("alembic_version")
    if not is_there:
        raise NotInitialised(settings.home)
    return settings


def instant(text: str) -> datetime:
    """An ISO 8601 instant as naive UTC; without a zone it is UTC already. For options: a wrong one is wrong usage."""
    try:
        return as_utc(datetime.fromisoformat(text))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 instant; write 2026-01-31T00:00:00Z") from error


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object; instants as ISO text, decimals as strings so that no digit is lost."""
    typer.echo(json.dumps(value, default=_plain, ensure_ascii=False))


def held_line(row: Mapping[str, Any]) -> str:
    """One row of `fct_held_usage` in words."""
    return (
        f"customer {row['customer_external_id']}, subscription {row['external_subscription_id']}, {row['item_code']}: "
        f"{row['units'].normalize():,f} units cannot be priced (the quantity, or its product with its prices, reaches 10^14)"
    )


def _plain(value: object) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def _without_links(error: Exception) -> str:
    """What a database said, without the statement and its values, and without SQLAlchemy's pointer to its own documentation."""
    said = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig else error
    return " ".join(line for line in f"{said}".splitlines() if "sqlalche.me" not in line)


def without_passwords(text: str) -> str:
    """The text with the passwords of database URLs and connection strings made unreadable."""
    text = re.sub(r"(\bpassword=)('(?:\\.|[^'\\])*'|[^\s\"']+)", r"\1***", text)
    return re.sub(r"(://[^:/@\s]*:)[^/@\s]+@", r"\1***@", text)


def _fail(message: str) -> None:
    # Not through rich: a message may hold square brackets, and must stay on one line.
    typer.echo(f"Error: {' '.join(without_passwords(message).split())}", err=True)
    raise typer.Exit(FAILED)
