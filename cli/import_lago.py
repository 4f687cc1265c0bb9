"""`tallystick import-lago`: moves in from a running Lago, through its own API."""

from __future__ import annotations

from typing import Annotated

import httpx
import typer

from cli.lago import Lago, read, take_over
from cli.output import NOTHING_TO_DO, Json, console, installed, print_json
from core.catalog.engine import connect
from core.catalog.unit_of_work import trial, unit_of_work
from core.clock import SystemClock

TIMEOUT_SECONDS = 60.0


def import_lago(
    url: Annotated[str, typer.Option(help="Address of the Lago API, such as https://api.getlago.com.")],
    key: Annotated[str, typer.Option(envvar="LAGO_API_KEY", help="A key of that Lago that may read.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would come.")] = False,
    as_json: Json = False,
) -> None:
    """Take over taxes, sellers, metrics, add-ons, plans, coupons, customers, subscriptions, applied coupons and wallets.

    Shows what is not here yet, asks, and makes it in one transaction; a second run adds what is new there. Coupons come with what is left
    of them, wallets with their balance as granted credits. What fell due before is billed there: bills begin here with the next one that falls due,
    and drafts that wait there are to be finalized first.
    Ends with 3 if there is nothing to take over.
    """
    settings = installed()
    headers = {"Authorization": f"Bearer {key}", "User-Agent": "tallystick import-lago"}
    base = f"{url.rstrip('/').removesuffix('/api/v1')}/api/v1"
    with httpx.Client(base_url=base, headers=headers, timeout=TIMEOUT_SECONDS) as client:
        found = read(Lago(client))
    engine = connect(settings.catalog)
    try:
        with trial(engine, SystemClock()) as uow:
            planned = take_over(uow, found)
        is_only_shown = dry_run or (as_json and not yes)
        if not as_json:
            _show(planned)
        if planned and not is_only_shown and (yes or typer.confirm("Take this over?")):
            with unit_of_work(engine, SystemClock()) as uow:
                planned = take_over(uow, found)
        else:
            is_only_shown = True
    finally:
        engine.dispose()
    if as_json:
        print_json({"taken_over": not is_only_shown, "objects": planned})
    elif not is_only_shown:
        console.print("Taken over. Send events here from now on; `tallystick doctor` says whether all is well.", highlight=False)
    if not planned:
        raise typer.Exit(NOTHING_TO_DO)


def _show(planned: dict[str, list[str]]) -> None:
    if not planned:
        console.print("Everything is here already.")
    for kind, keys in planned.items():
        shown = ", ".join(keys[:10]) + (f" and {len(keys) - 10} more" if len(keys) > 10 else "")
        console.print(f"{kind.replace('_', ' ')}: {shown}", highlight=False, soft_wrap=True, markup=False)
