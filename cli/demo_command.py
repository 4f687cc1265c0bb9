"""`tallystick demo`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.output import console
from core.settings import Settings


def demo(
    events: Annotated[int, typer.Option(min=1, help="How many usage events to land.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same company and usage.")] = 1,
) -> None:
    """Create a believable LLM-API company with three months of usage in a new home, bill it, and show what came out."""
    from cli.demo import run_demo

    run_demo(Settings.load(), events, seed, console)
