"""`tallystick webhooks`: what endpoints were told, sending it again, delivering without an API, and the secrets to verify with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table

from api.deps import Services
from api.webhook_delivery import deliver as deliver_due
from cli.output import FAILED, NOTHING_TO_DO, Json, ReadableErrors, console, installed, print_json, progress_console
from core.catalog import webhook_endpoints, webhook_keys, webhooks
from core.catalog.webhooks import Webhook
from core.clock import SystemClock
from core.locks import Locked

MOST = 10_000

app = typer.Typer(
    help="What webhook endpoints were told; sending it again; the secrets to verify it with.",
    epilog="Example: tallystick webhooks list --status failed",
    cls=ReadableErrors,
    no_args_is_help=True,
    add_completion=False,
)


class Status(StrEnum):
    """What became of a webhook."""

    PENDING = webhooks.PENDING
    SUCCEEDED = webhooks.SUCCEEDED
    FAILED = webhooks.FAILED


@app.command("list", epilog="Example: tallystick webhooks list --status failed --type invoice.created")
def listed(
    status: Annotated[Status | None, typer.Option(help="Only those in this status.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Only those of this type.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="How many at most.")] = 50,
    as_json: Json = False,
) -> None:
    """List webhooks, newest first, with what became of the last attempt. Ends with 3 if there is none."""
    with _services() as services, services.look() as connection:
        page = webhooks.page(connection, status=status, webhook_type=kind, limit=limit)
        urls = {row.id: row.webhook_url for row in webhook_endpoints.everyone(connection)}
    if as_json:
        print_json({"webhooks": [_told(row, urls) for row in page.items], "total_count": page.total})
    else:
        table = Table("Webhook", "Type", "Object", "Endpoint", "Status", "Attempts", "Answered")
        for row in page.items:
            answered = " ".join(filter(None, (str(row.http_status or ""), row.response or "")))[:60]
            table.add_row(
                row.id,
                row.webhook_type,
                row.object_id,
                urls.get(row.endpoint_id, "deleted"),
                row.status,
                str(row.attempts),
                answered,
            )
        console.print(table)
        console.print(f"{len(page.items):,} of {page.total:,} webhooks.", highlight=False)
    if not page.items:
        raise typer.Exit(NOTHING_TO_DO)


@app.command(epilog="Example: tallystick webhooks show 1c9e… --json")
def show(webhook_id: Annotated[str, typer.Argument(metavar="WEBHOOK")], as_json: Json = False) -> None:
    """Show one webhook: its body, and each attempt with what was answered."""
    with _services() as services, services.look() as connection:
        row = webhooks.get(connection, webhook_id)
        attempts = webhooks.attempts(connection, webhook_id)
        content = webhooks.payloads(connection, [row.fact_id]).get(row.fact_id)
        urls = {endpoint.id: endpoint.webhook_url for endpoint in webhook_endpoints.everyone(connection)}
    made = [
        {"attempted_at": row.attempted_at, "http_status": row.http_status, "response": row.response} for row in attempts
    ]
    if as_json:
        print_json(_told(row, urls) | {"attempts_made": made, "body": content})
        return
    console.print(
        f"{row.webhook_type} of {row.object_id} to {urls.get(row.endpoint_id, 'a deleted endpoint')}: {row.status}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    for attempt in made:
        console.print(
            f"{attempt['attempted_at']} {attempt['http_status'] or 'no answer'} {attempt['response']}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    console.print(content or "Its body has not been made yet.", highlight=False, markup=False, soft_wrap=True)


@app.command(epilog="Example: tallystick webhooks resend --failed")
def resend(
    webhook_ids: Annotated[list[str] | None, typer.Argument(metavar="WEBHOOK…", help="Ids of webhooks.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All that failed for good.")] = False,
    as_json: Json = False,
) -> None:
    """Send webhooks again, under the same key and with the same body: now, and twice more where that fails.

    Ends with 1 if one was not taken, with 3 if there was none to send.
    """
    if bool(webhook_ids) == failed:
        raise typer.BadParameter("name webhooks, or give --failed")
    with _services() as services:
        with services.look() as connection:
            heard = {row.id for row in webhook_endpoints.everyone(connection)}
            lost = webhooks.page(connection, status=webhooks.FAILED).items if failed else []
        wanted = webhook_ids or [row.id for row in lost if row.endpoint_id in heard]
        for webhook_id in wanted:
            with services.change() as uow:
                webhooks.send_again(uow, webhook_id)
        _deliver(services, as_json)


@app.command(epilog="Example: tallystick webhooks deliver")
def deliver(as_json: Json = False) -> None:
    """Deliver what is due, where no API does: with one running there is no need to.

    Ends with 1 if one was not taken (it is tried again at a later call), with 3 if there was none to send.
    """
    with _services() as services:
        _deliver(services, as_json)


@app.command(epilog="Example: tallystick webhooks secrets --json")
def secrets(as_json: Json = False) -> None:
    """Print what receivers verify with: the public key, the HMAC key, and the same as Standard Webhooks' libraries take it."""
    with _services() as services, services.change() as uow:
        keys = webhook_keys.ensure(uow)
    if as_json:
        print_json({"public_key": keys.public_key, "hmac_key": keys.hmac_key, "standard_secret": keys.standard_secret})
        return
    typer.echo(keys.public_key.strip())
    typer.echo(f"HMAC key: {keys.hmac_key}")
    typer.echo(f"Secret of Standard Webhooks: {keys.standard_secret}")


@app.callback()
def group() -> None:
    """What webhook endpoints were told; sending it again; the secrets to verify it with."""


def _deliver(services: Services, as_json: bool) -> None:
    try:
        with progress_console.status("Delivering"):
            delivered = deliver_due(services)
    except Locked:
        if as_json:
            print_json({"delivered_by": "another process"})
        else:
            console.print("Another process delivers webhooks, these among them.", highlight=False)
        return
    if as_json:
        print_json({"taken": delivered.taken, "failed": delivered.failed})
    else:
        console.print(f"{delivered.taken:,} webhooks taken, {delivered.failed:,} attempts failed.", highlight=False)
    if delivered.failed:
        raise typer.Exit(FAILED)
    if not delivered.taken:
        raise typer.Exit(NOTHING_TO_DO)


def _told(row: Webhook, urls: dict[str, str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "webhook_type": row.webhook_type,
        "object_id": row.object_id,
        "webhook_url": urls.get(row.endpoint_id),
        "status": row.status,
        "attempts": row.attempts,
        "created_at": row.created_at,
        "attempted_at": row.attempted_at,
        "http_status": row.http_status,
        "response": row.response,
    }


@contextmanager
def _services() -> Iterator[Services]:
    services = Services(installed(), SystemClock())
    try:
        yield services
    finally:
        services.close()
