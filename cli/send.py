"""`tallystick send`: issued invoices go out by e-mail."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import Annotated

import typer

from cli.output import FAILED, NOTHING_TO_DO, Json, console, installed, print_json, progress_console
from core.billing.sending import send_due
from core.clock import SystemClock
from core.warehouse.connection import ReadWarehouse


def send(
    invoice: Annotated[
        str | None, typer.Argument(help="Number or id of one invoice, to send it again.", metavar="INVOICE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Send the invoices that are to go out by e-mail and have not: of billing entities that ask for it, to customers with an address.

    The server is TALLYSTICK_SMTP_URL. Each goes out once; one that is refused is tried five times, at each call; one of whose
    addresses some were refused has gone out to the others. Ends with 1 if an address was refused or the server went away, with 3 if
    there was none to send.
    """
    settings = installed()
    with progress_console.status("Sending"), closing(ReadWarehouse(settings, threads=1).cursor()) as cursor:
        report = send_due(cursor, settings, SystemClock(), only=invoice)
    if as_json:
        print_json(
            {
                "sent": report.sent,
                "failed": _told(report.failed),
                "refused": _told(report.refused),
                "stopped": report.stopped,
            }
        )
    else:
        for word, rows in (("FAILED ", report.failed), ("REFUSED", report.refused)):
            for number, error in rows:
                console.print(f"{word} {number}: {error}", highlight=False, markup=False, soft_wrap=True)
        if report.stopped is not None:
            console.print(f"STOPPED {report.stopped}", highlight=False, markup=False, soft_wrap=True)
        console.print(f"Sent {len(report.sent):,} invoices.", highlight=False)
    if report.failed or report.refused or report.stopped is not None:
        raise typer.Exit(FAILED)
    if not report.sent:
        raise typer.Exit(NOTHING_TO_DO)


def _told(rows: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"number": number, "error": error} for number, error in rows]
