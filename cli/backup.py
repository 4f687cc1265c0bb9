"""`tallystick backup` and `tallystick restore`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from cli.output import Json, console, installed, print_json, progress_console
from core import backup as copying
from core.billing import installation
from core.clock import SystemClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from ingestion.landing import Landing

MEGABYTE = 1_000_000


def backup(
    folder: Annotated[Path, typer.Argument(help="New folder for the backup.", metavar="DIR")], as_json: Json = False
) -> None:
    """Copy the books, the catalog, the landing zone and the inbox to a new folder, while the system runs.

    The warehouse is not copied, since a run rebuilds it; nor are files in the drop folder that no run has taken in.
    """
    settings = installed()
    with progress_console.status(f"Copying {settings.home}"):
        report = copying.backup(settings, folder, SystemClock(), Landing(settings.landing).lock())
    if as_json:
        print_json(dataclasses.asdict(report) | {"folder": folder.absolute()})
    else:
        console.print(
            f"{report.files:,} files, {report.bytes / MEGABYTE:,.1f} MB in {folder}", highlight=False, soft_wrap=True
        )


def restore(
    folder: Annotated[Path, typer.Argument(help="Folder of a backup.", metavar="DIR", exists=True, file_okay=False)],
    as_json: Json = False,
) -> None:
    """Put a backup into the empty home $TALLYSTICK_HOME. Then `tallystick run` rebuilds the warehouse."""
    settings = Settings.load()
    with progress_console.status(f"Restoring into {settings.home}"):
        report = copying.restore(settings, folder)
        installation.create(settings, PricingGraph.load(), SystemClock())
    if as_json:
        print_json(dataclasses.asdict(report) | {"home": settings.home})
    else:
        console.print(
            f"{report.files:,} files restored into {settings.home}. Next: tallystick run, then tallystick verify",
            highlight=False,
            soft_wrap=True,
        )
