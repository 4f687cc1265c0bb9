"""`tallystick set-aside`: the way out of a bill that is held back."""

from __future__ import annotations

import dataclasses
import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from api.deps import Services
from cli.explain import plain
from cli.output import NOTHING_TO_DO, Json, console, held_line, installed, print_json, progress_console
from core.billing import held
from core.catalog import customers
from core.clock import SystemClock
from core.settings import Settings
from core.warehouse import marts
from core.warehouse.connection import ReadWarehouse
from core.warehouse.publish import published

EVENTS_SHOWN = 10


def set_aside(
    subscription: Annotated[
        str | None, typer.Argument(help="External id of the event's subscription.", metavar="SUBSCRIPTION")
    ] = None,
    transaction: Annotated[
        str | None, typer.Argument(help="Transaction id of the event.", metavar="TRANSACTION")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why; kept with the event. Needed to set one aside.")] = None,
    by: Annotated[str | None, typer.Option(help="Who decides; your user name unless given.")] = None,
    as_json: Json = False,
) -> None:
    """List the bills that are held back since their usage cannot be priced, with the largest events behind them, or set one event aside.

    An event that is set aside stays in the landing zone and in the conservation table, and no bill counts it any more;
    there is no way back. Only an event that holds a bill back can be, and that no earlier bill has counted. The next run
    issues the bill without it. Ends with 3 when no bill is held back.
    """
    if (subscription is None) != (transaction is None):
        raise typer.BadParameter(
            "name the subscription and the transaction of the event, or neither to list what is held"
        )
    settings = installed()
    with _services(settings) as services:
        if subscription is None or transaction is None:
            with progress_console.status("Looking"):
                found = list(_held(services, _customers(settings)))
            _tell(found, as_json)
            raise typer.Exit(0 if found else NOTHING_TO_DO)
        if not (reason or "").strip():
            raise typer.BadParameter("say why with --reason; it is kept with the event")
        with progress_console.status("Looking"):
            command = held.set_aside(
                settings,
                services.clock,
                lambda customer_id: services.billing.rows(customer_id, held.HELD_EVENTS)[held.HELD_EVENTS],
                external_subscription_id=subscription,
                transaction_id=transaction,
                reason=reason or "",
                set_aside_by=by or getpass.getuser(),
            )
            still = list(_held(services, [command.customer_id]))
    if as_json:
        print_json({"set_aside": dataclasses.asdict(command), "held": still})
        return
    console.print(
        f"Set aside: event {transaction} of subscription {subscription}, by {command.set_aside_by}: {command.reason}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    if still:
        _tell(still, as_json=False)
    else:
        console.print("The next run issues the bill without it: `tallystick run`.", highlight=False)


@contextmanager
def _services(settings: Settings) -> Iterator[Services]:
    services = Services(settings, SystemClock())
    try:
        yield services
    finally:
        services.close()


def _customers(settings: Settings) -> list[str]:
    """Who had a bill held back when a run last published."""
    if published(settings.published) is None:
        return []
    with closing(ReadWarehouse(settings, threads=1).cursor()) as cursor:
        return sorted({row["customer_id"] for row in marts.held_back(cursor)})


def _held(services: Services, customer_ids: list[str]) -> Iterator[dict[str, Any]]:
    """The usage that holds bills of these customers back at this moment, with its largest `events` and how many there are."""
    for customer_id in customer_ids:
        with services.look() as connection:
            external_id = customers.by_id(connection, customer_id).external_id
        rows = services.billing.rows(customer_id, held.HELD_USAGE, held.HELD_EVENTS)
        for usage in rows[held.HELD_USAGE]:
            if usage["bill_state"] == "due":
                events = [event for event in rows[held.HELD_EVENTS] if event["usage_id"] == usage["usage_id"]]
                events.sort(key=lambda event: (-abs(event["field_value"] or 0), event["timestamp"]))
                named = {"customer_external_id": external_id, "events_total": len(events)}
                yield usage | named | {"events": events[:EVENTS_SHOWN]}


def _tell(found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json({"held": found})
        return
    if not found:
        console.print("No bill is held back.")
    for usage in found:
        console.print(f"HELD  {held_line(usage)}", highlight=False, markup=False, soft_wrap=True)
        title = f"{len(usage['events']):,} of {usage['events_total']:,} events, the largest first"
        table = Table("Transaction", "Time (UTC)", "Value", "Properties", "", title=title, title_justify="left")
        for event in usage["events"]:
            note = "in an earlier bill" if event["is_billed"] else ""
            value = plain(event["field_value"])
            table.add_row(
                escape(event["transaction_id"]), f"{event['timestamp']}", value, escape(event["properties"] or ""), note
            )
        console.print(table)
    if found:
        console.print(
            "Set one aside: tallystick set-aside SUBSCRIPTION TRANSACTION --reason WHY", markup=False, highlight=False
        )
