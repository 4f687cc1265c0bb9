"""`tallystick ingest`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from cli.output import FAILED, NOTHING_TO_DO, Json, console, installed, print_json, progress_bar
from core.catalog.engine import connect
from core.clock import SystemClock
from ingestion.calculate import calculator_of
from ingestion.landing import Landing
from ingestion.sources.files import FileReport, ingest_paths
from ingestion.sources.mapping import load_mapping


def ingest(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Files, folders or URLs (s3://bucket/prefix): Parquet, CSV, JSON Lines, CloudEvents.", metavar="PATH…"
        ),
    ],
    mapping: Annotated[
        Path | None,
        typer.Option(
            help="YAML file that says which column gives which field of an event.", exists=True, dir_okay=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Take usage events from files into the landing zone. Each file is taken in once, however often it is named.

    A bad row is set aside with its reason and the rest of its file lands. Ends with 1 if a whole file was set aside,
    with 3 if everything had been taken in before.
    """
    settings = installed()
    columns = load_mapping(mapping) if mapping else None
    with progress_bar() as progress:
        task = progress.add_task("Reading", total=None)
        clock = SystemClock()
        reports = ingest_paths(
            paths,
            Landing(settings.landing),
            clock,
            columns,
            lambda name, rows: progress.update(task, description=f"{name}: {rows:,} rows"),
            calculator_of(connect(settings.catalog), clock),
        )
    totals = Totals.of(reports)
    if as_json:
        print_json(
            {
                "landed": totals.landed,
                "rejected": totals.rejected,
                "files": [msgspec.to_builtins(report) for report in reports],
            }
        )
    else:
        _print(reports, totals)
    raise typer.Exit(totals.exit_code)


@dataclass(frozen=True)
class Totals:
    """Events landed, rows refused, and what the whole comes to."""

    landed: int
    rejected: int
    exit_code: int

    @classmethod
    def of(cls, reports: list[FileReport]) -> Totals:
        """The sums, and 1 if a file was set aside, 3 if there was nothing new, else 0."""
        landed, rejected = sum(report.landed for report in reports), sum(report.rejected for report in reports)
        is_set_aside = any(report.set_aside_reason for report in reports)
        is_new = any(not report.already_ingested for report in reports)
        return cls(landed, rejected, FAILED if is_set_aside else 0 if is_new else NOTHING_TO_DO)


def _print(reports: list[FileReport], totals: Totals) -> None:
    table = Table("File", "Rows", "Landed", "Rejected", "Note")
    for report in reports:
        note = (
            f"set aside: {report.set_aside_reason}"
            if report.set_aside_reason
            else "taken in before"
            if report.already_ingested
            else ""
        )
        table.add_row(report.file, f"{report.rows:,}", f"{report.landed:,}", f"{report.rejected:,}", note)
    console.print(table)
    hint = (
        ""
        if not totals.rejected
        else "; after the next run the console's page on ingestion shows each row with its reason"
    )
    console.print(f"{totals.landed:,} events landed, {totals.rejected:,} rows rejected{hint}", highlight=False)
