"""`tallystick api-key`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated

import typer

from cli.output import Json, ReadableErrors, installed, print_json
from core.catalog import api_keys
from core.catalog.api_keys import ApiKey
from core.catalog.engine import connect, reading
from core.catalog.unit_of_work import UnitOfWork, unit_of_work
from core.clock import SystemClock
from core.settings import Settings

app = typer.Typer(
    help="Keys of the API.",
    epilog="Example: tallystick api-key create --name staging",
    cls=ReadableErrors,
    no_args_is_help=True,
    add_completion=False,
)


Scopes = Annotated[list[str], typer.Option("--scope", help="What it may do: read, write (commands and events), ingest (events alone). Give it once for each; read and write unless given.")]  # fmt: skip


@app.command(epilog="Example: KEY=$(tallystick api-key create --name staging | tail -n 1)")
def create(
    name: Annotated[str, typer.Option(help="What the key is for.")] = "command line",
    scopes: Scopes = list(api_keys.DEFAULT_SCOPES),  # noqa: B006 - typer copies defaults
    days: Annotated[int | None, typer.Option(min=1, help="In how many days it ends; never unless given.")] = None,
    requests_per_second: Annotated[
        int | None, typer.Option(min=1, help="The most that it may ask of one process; no limit unless given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Create a key and print it, alone on the last line. It is shown once and kept as a hash."""
    with _change(installed()) as uow:
        row, key = api_keys.create(
            uow,
            name,
            scopes=scopes,
            expires_at=None if days is None else SystemClock().now() + timedelta(days=days),
            requests_per_second=requests_per_second,
        )
    _show(row, key, as_json)


@app.command(epilog="Example: tallystick api-key rotate 6f1c… --overlap-hours 24")
def rotate(
    key_id: Annotated[str, typer.Argument(help="Its id, as `tallystick api-key list` shows it.")],
    overlap_hours: Annotated[int, typer.Option(min=0, help="How long the old one stays good beside the new one.")] = 24,
    as_json: Json = False,
) -> None:
    """Create a key that may do what another may, and end that one a while later."""
    with _change(installed()) as uow:
        row, key = api_keys.rotate(uow, key_id, timedelta(hours=overlap_hours))
    _show(row, key, as_json)


@app.command(epilog="Example: tallystick api-key revoke 6f1c…")
def revoke(key_id: Annotated[str, typer.Argument(help="Its id, as `tallystick api-key list` shows it.")]) -> None:
    """End a key at once; a running API takes it for 2 more seconds."""
    with _change(installed()) as uow:
        row = api_keys.revoke(uow, key_id)
    typer.echo(f"API key {row.name!r} ({row.prefix}…) is revoked.")


@app.command(name="list", epilog="Example: tallystick api-key list --json")
def list_keys(as_json: Json = False) -> None:
    """List the keys in force, newest first, with what they may do and when they were last used."""
    engine = connect(installed().catalog)
    try:
        with reading(engine) as connection:
            found, uses = api_keys.page(connection).items, api_keys.last_uses(connection)
    finally:
        engine.dispose()
    rows = [
        {
            "id": row.id,
            "name": row.name,
            "prefix": row.prefix,
            "scopes": row.scopes,
            "requests_per_second": row.requests_per_second,
            "created_at": _written(row.created_at),
            "expires_at": _written(row.expires_at),
            "last_used_at": _written(uses.get(row.id)),
        }
        for row in found
    ]
    if as_json:
        print_json({"api_keys": rows})
        return
    for key in found:
        used = f"last used {_written(uses[key.id])}" if key.id in uses else "never used"
        ends = f", ends {_written(key.expires_at)}" if key.expires_at else ""
        most = f", {key.requests_per_second} a second" if key.requests_per_second else ""
        typer.echo(f"{key.id}  {key.prefix}…  {key.name or ''}: {', '.join(key.scopes)}{most}, {used}{ends}")


def _written(at: datetime | None) -> str | None:
    return None if at is None else f"{at.isoformat(timespec='seconds')}Z"


def _show(row: ApiKey, key: str, as_json: bool) -> None:
    if as_json:
        print_json({"id": row.id, "name": row.name, "scopes": row.scopes, "api_key": key})
        return
    typer.echo(f"API key {row.name!r}, shown now and never again:")
    typer.echo(key)


@app.callback()
def keys() -> None:
    """Keys of the API."""


def new_key(settings: Settings, name: str) -> str:
    """The plaintext of a new key."""
    with _change(settings) as uow:
        return api_keys.create(uow, name)[1]


@contextmanager
def lent_key(settings: Settings, name: str) -> Iterator[str]:
    """The plaintext of a key that is revoked when the block ends."""
    with _change(settings) as uow:
        row, plaintext = api_keys.create(uow, name)
    try:
        yield plaintext
    finally:
        with _change(settings) as uow:
            api_keys.revoke(uow, row.id)


@contextmanager
def _change(settings: Settings) -> Iterator[UnitOfWork]:
    engine = connect(settings.catalog)
    try:
        with unit_of_work(engine, SystemClock()) as uow:
            yield uow
    finally:
        engine.dispose()
