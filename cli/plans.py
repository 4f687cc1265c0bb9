"""`tallystick plans`: prices as files that can be reviewed, and applied in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.output import NOTHING_TO_DO, Json, console, installed, print_json
from cli.plan_files import Change, apply, documents_of, read_files, write_files
from core.catalog.engine import connect, reading
from core.catalog.unit_of_work import trial, unit_of_work
from core.clock import SystemClock

app = typer.Typer(
    help="Plans, charges and metrics as YAML files.",
    epilog="Example: tallystick plans export prices, edit the files, then tallystick plans apply prices",
    no_args_is_help=True,
    add_completion=False,
)
Folder = Annotated[Path, typer.Argument(help="Folder of the files.", metavar="DIR", file_okay=False)]


@app.command(epilog="Example: tallystick plans export prices")
def export(folder: Folder, as_json: Json = False) -> None:
    """Write every plan and metric as a file: DIR/plans/CODE.yaml and DIR/billable_metrics/CODE.yaml."""
    engine = connect(installed().catalog)
    with reading(engine) as connection:
        documents = documents_of(connection)
    engine.dispose()
    written = write_files(documents, folder)
    if as_json:
        print_json({"files": [str(file) for file in written]})
    else:
        console.print(f"Wrote {len(written)} files to {folder}.", highlight=False, soft_wrap=True)


@app.command("apply", epilog="Example: tallystick plans apply prices --dry-run")
def apply_command(
    folder: Folder,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    as_json: Json = False,
) -> None:
    """Make plans and metrics what the files say: shows the changes, asks, and applies all of them in one transaction.

    What has no file is left alone. Invoices that were issued do not change; `tallystick diff --against DIR` shows what the
    last bills would have been. Ends with 3 if the files change nothing.
    """
    settings = installed()
    wanted = read_files(folder)
    engine = connect(settings.catalog)
    try:
        with trial(engine, SystemClock()) as uow:
            planned = apply(uow, wanted)
        if as_json and (dry_run or not yes):
            print_json({"applied": False, "changes": _told(planned)})
        elif not as_json:
            show(planned)
        if not planned:
            raise typer.Exit(NOTHING_TO_DO)
        if dry_run or (not yes and (as_json or not typer.confirm("Apply?"))):
            return
        with unit_of_work(engine, SystemClock()) as uow:
            applied = apply(uow, wanted)
    finally:
        engine.dispose()
    if as_json:
        print_json({"applied": True, "changes": _told(applied)})
    else:
        console.print(f"Changes applied: {len(applied)}.", highlight=False)


def show(planned: Sequence[Change]) -> None:
    """Prints what will change, field by field."""
    if not planned:
        console.print("The files change nothing.")
    for change in planned:
        kind, code = change.key
        console.print(f"[bold]{escape(kind)}/{escape(code)}[/bold]{'' if change.old else '  (new)'}", highlight=False)
        for path, (old, new) in change.fields.items():
            if change.old is None and new in (None, [], False):
                continue
            before = "" if change.old is None else f"{escape(str(old))} -> "
            console.print(f"  {escape(path)}: {before}{escape(str(new))}", highlight=False, soft_wrap=True)


def _told(planned: Sequence[Change]) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind,
            "code": code,
            "is_new": change.old is None,
            "fields": {path: {"old": old, "new": new} for path, (old, new) in change.fields.items()},
        }
        for change in planned
        for kind, code in [change.key]
    ]
