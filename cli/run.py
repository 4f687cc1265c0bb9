"""`tallystick run`."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from cli.output import WAY_OUT, Json, console, held_line, installed, instant, print_json, progress_bar, progress_console
from core.locks import holder


def run(
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            help="Settle only up to this instant (ISO 8601, UTC unless it names a zone). Without it: up to now.",
            metavar="T",
        ),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build every table, also when nothing is new since the last run.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Load what has arrived, rate it, issue every invoice that is due and publish, through the same Dagster job as the schedule.

    When nothing arrived, changed or fell due since the last run, its tables stand and nothing is built. Waits, and says so, while another run is going on. A bill whose usage is too large to be priced is held back and told; the run then still ends with 0.
    """
    horizon = None if as_of is None else instant(as_of)
    settings = installed()
    other = holder(settings, "warehouse")
    if other is not None:
        progress_console.print(
            f"Another run is going on ({other}); this one starts when it has ended.", highlight=False, soft_wrap=True
        )
    # Late, because Dagster and dbt take seconds to import.
    with progress_bar() as progress:
        task = progress.add_task("Starting Dagster", total=1)
        from orchestration import run as job

        report = job.run(
            settings,
            horizon,
            lambda step, part: progress.update(task, description=step, completed=part),
            rebuild=rebuild,
        )
    if as_json:
        print_json(dataclasses.asdict(report))
        return
    bills = {row["bill_id"] for row in report.held}
    if bills:
        console.print(
            f"{len(bills)} {'bill is' if len(bills) == 1 else 'bills are'} held back, with what comes after for the same customers; everybody else was billed:",
            soft_wrap=True,
        )
    for row in report.held:
        console.print(f"HELD  {held_line(row)}", highlight=False, markup=False, soft_wrap=True)
    if bills:
        console.print(f"{WAY_OUT}.", highlight=False, soft_wrap=True)
    for step, seconds in report.seconds.items():
        console.print(f"{seconds:7.1f} s  {step}", highlight=False)
    if report.nothing_new_since is not None:
        console.print(
            f"Nothing is new since the run as of {report.nothing_new_since:%Y-%m-%d %H:%M:%S} UTC, and nothing fell due: its tables stand.",
            highlight=False,
            soft_wrap=True,
        )
    console.print(
        f"As of {report.as_of:%Y-%m-%d %H:%M:%S} UTC: {report.events_accepted:,} events accepted, {report.duplicates:,} duplicates, {report.invoices:,} invoices issued",
        highlight=False,
        soft_wrap=True,
    )
