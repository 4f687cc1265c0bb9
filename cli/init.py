"""`tallystick init`."""

from __future__ import annotations

from cli.output import Json, console, print_json, progress_console
from core.billing import installation
from core.clock import SystemClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph


def init(as_json: Json = False) -> None:
    """Create the installation: folders, catalog with migrations, books and warehouse. Doing it again changes nothing."""
    settings = Settings.load()
    with progress_console.status("Compiling the models and creating the installation"):
        installation.create(settings, PricingGraph.load(), SystemClock())
    if as_json:
        print_json({"home": settings.home})
    else:
        console.print(
            f"Ready: {settings.home}. Next: tallystick api-key create, then tallystick up",
            highlight=False,
            soft_wrap=True,
        )
