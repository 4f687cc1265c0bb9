"""`tallystick verify`."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from contextlib import closing

import pyarrow as pa
import typer

from cli.output import FAILED, Json, console, installed, print_json, progress_console
from core import lake
from core.billing import verify as verification
from core.catalog.engine import connect, reading
from core.catalog.export import export
from core.clock import SystemClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from ingestion.flush import pending_events
from ingestion.inbox import Inbox
from ingestion.landing import Landing


def verify(as_json: Json = False) -> None:
    """Check that everything received is accounted for, then recompute every issued invoice and compare it with the books.

    Each invoice is computed anew from events, catalog history, its cutoff and the SQL that it was billed with. Ends with
    1 if anything differs, or if there was no invoice to recompute.
    """
    started = time.monotonic()
    with progress_console.status("Compiling the models") as status:
        report = verify_installation(installed(), status.update)
    seconds = time.monotonic() - started
    if as_json:
        print_json(dataclasses.asdict(report) | {"holds": report.holds, "seconds": round(seconds, 1)})
    else:
        for difference in report.differences:
            typer.echo(f"DIFFERS  {difference.where}: {difference.what}")
        verdict = (
            "everything agrees"
            if report.holds
            else "nothing was recomputed"
            if not report.invoices
            else f"{len(report.differences)} differences"
        )
        aside = f", {report.set_aside:,} events set aside" if report.set_aside else ""
        console.print(
            f"Recomputed {report.invoices:,} invoices and {report.lines:,} lines, {report.checks} checks of conservation{aside}, in {seconds:.1f} s: {verdict}",
            highlight=False,
            soft_wrap=True,
        )
    if not report.holds:
        raise typer.Exit(FAILED)


def verify_installation(settings: Settings, progress: verification.Progress | None = None) -> verification.VerifyReport:
    """Verifies with the facts that the catalog, the inbox and the landing zone hold at this moment."""

    def catalog() -> Mapping[str, pa.Table]:
        engine = connect(settings.catalog)
        try:
            with reading(engine) as connection:
                return export(connection)
        finally:
            engine.dispose()

    return verification.verify(settings, PricingGraph.load(), catalog, lambda: _tail(settings), progress)


def _tail(settings: Settings) -> Sequence[pa.Table]:
    """What no run has loaded: the inbox first and the landing zone after it, so that nothing is missed on its way."""
    landing = Landing(settings.landing)
    with closing(Inbox(settings.inbox, SystemClock())) as inbox:
        waiting = pending_events(inbox)
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.warehouse(settings), read_only=True)
        loaded = {
            row[0] for row in connection.execute("select landing_file from warehouse.raw.landing_files").fetchall()
        }
    return [waiting, *(landing.read(path) for path in landing.files("events") if path not in loaded)]
