"""The application: every command is registered here and lives in a file of its own."""

from __future__ import annotations

import typer

from cli import api_key, backup, diff, doctor, explain, ingest, init, plans, run, serve, set_aside, up, verify
from cli import demo_command as demo
from cli.output import EXIT_CODES, ReadableErrors

app = typer.Typer(
    name="tallystick",
    cls=ReadableErrors,
    help="Billing that lives in your warehouse. The installation is the folder $TALLYSTICK_HOME (default ./.tallystick).",
    epilog=f"Example: tallystick demo --events 10000, then tallystick verify\n\n{EXIT_CODES}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(epilog="Example: TALLYSTICK_HOME=/srv/billing tallystick init")(init.init)
app.add_typer(api_key.app, name="api-key")
app.command(epilog="Example: tallystick serve --port 3000")(serve.serve)
app.command(epilog="Example: tallystick console --port 8501")(serve.console)
app.command(epilog="Example: tallystick up")(up.up)
app.command(epilog="Example: tallystick demo --events 100000 --seed 7")(demo.demo)
app.command(epilog="Example: tallystick ingest usage/2026-01.csv --mapping mapping.yml")(ingest.ingest)
app.command(epilog="Example: tallystick run --as-of 2026-02-01T00:00:00Z")(run.run)
app.command(epilog="Example: tallystick explain TAL-4F2A-001-003 --line 2 --events")(explain.explain)
app.command(epilog="Example: tallystick verify --json")(verify.verify)
app.command(epilog="Example: tallystick set-aside acme-calls evt-7731 --reason 'a test of the client' --by finance")(
    set_aside.set_aside
)
app.add_typer(plans.app, name="plans")
app.command(epilog="Example: tallystick diff --against main --fail-on-change")(diff.diff)
app.command(epilog="Example: tallystick doctor")(doctor.doctor)
app.command(epilog="Example: tallystick backup /backups/2026-01-31")(backup.backup)
app.command(epilog="Example: TALLYSTICK_HOME=/srv/new tallystick restore /backups/2026-01-31")(backup.restore)

if __name__ == "__main__":
    app()
