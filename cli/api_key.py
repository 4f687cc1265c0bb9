"""`tallystick api-key`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from cli.output import Json, ReadableErrors, installed, print_json
from core.catalog import api_keys
from core.catalog.engine import connect
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


@app.command(epilog="Example: KEY=$(tallystick api-key create --name staging | tail -n 1)")
def create(
    name: Annotated[str, typer.Option(help="What the key is for.")] = "command line", as_json: Json = False
) -> None:
    """Create a key and print it, alone on the last line. It is shown once and kept as a hash."""
    key = new_key(installed(), name)
    if as_json:
        print_json({"name": name, "api_key": key})
        return
    typer.echo(f"API key {name!r}, shown now and never again:")
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
