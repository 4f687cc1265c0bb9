"""The application: every command is listed here and lives in a file of its own, which is imported when it is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import typer

from cli.output import EXIT_CODES, ReadableErrors


class Listed(NamedTuple):
    """Where a command is: `module:function`, or `module:app` for a group of commands, which says its own example."""

    place: str
    example: str | None = None


COMMANDS = {
    "init": Listed("cli.init:init", "TALLYSTICK_HOME=/srv/billing tallystick init"),
    "api-key": Listed("cli.api_key:app"),
    "serve": Listed("cli.serve:serve", "tallystick serve --port 3000"),
    "console": Listed("cli.serve:console", "tallystick console --port 8501"),
    "up": Listed("cli.up:up", "tallystick up"),
    "demo": Listed("cli.demo_command:demo", "tallystick demo --events 100000 --seed 7"),
    "ingest": Listed("cli.ingest:ingest", "tallystick ingest usage/2026-01.csv --mapping mapping.yml"),
    "import-lago": Listed("cli.import_lago:import_lago", "tallystick import-lago --url https://api.getlago.com --key KEY --dry-run"),
    "run": Listed("cli.run:run", "tallystick run --as-of 2026-02-01T00:00:00Z"),
    "explain": Listed("cli.explain:explain", "tallystick explain TAL-4F2A-001-003 --line 2 --events"),
    "verify": Listed("cli.verify:verify", "tallystick verify --json"),
    "send": Listed("cli.send:send", "tallystick send"),
    "webhooks": Listed("cli.webhooks:app"),
    "set-aside": Listed(
        "cli.set_aside:set_aside", "tallystick set-aside acme-calls evt-7731 --reason 'a test of the client' --by finance"
    ),
    "plans": Listed("cli.plans:app"),
    "diff": Listed("cli.diff:diff", "tallystick diff --against main --fail-on-change"),
    "doctor": Listed("cli.doctor:doctor", "tallystick doctor"),
    "backup": Listed("cli.backup:backup", "tallystick backup /backups/2026-01-31"),
    "restore": Listed("cli.backup:restore", "TALLYSTICK_HOME=/srv/new tallystick restore /backups/2026-01-31"),
}


class Importing(Mapping[str, Any]):
    """COMMANDS, each imported when it is asked for: all of them together take a second."""

    def __getitem__(self, name: str) -> Any:
        place, example = COMMANDS[name]
        module, _, attribute = place.partition(":")
        found: Any = getattr(import_module(module), attribute)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False)
            alone.command(name, epilog=f"Example: {example}")(found)
            found = alone
        command = typer.main.get_command(found)
        command.name = name
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Commands(ReadableErrors):
    """The group of COMMANDS."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.commands: Any = Importing()


app = typer.Typer(
    name="tallystick",
    cls=Commands,
    help="Billing that lives in your warehouse. The installation is the folder $TALLYSTICK_HOME (default ./.tallystick).",
    epilog=f"Example: tallystick demo --events 10000, then tallystick verify\n\n{EXIT_CODES}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Typer makes a group of an application that has a callback.
    callback=lambda: None,
)

if __name__ == "__main__":
    app()
