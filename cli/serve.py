"""`tallystick serve` and `tallystick console`: one server each, in the foreground."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.output import installed

API_PORT = 3000
CONSOLE_PORT = 8501
CONSOLE_PAGE = Path(__file__).resolve().parents[1] / "app" / "main.py"

Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every interface.")]


def serve(port: Annotated[int, typer.Option(help="Port to listen on.")] = API_PORT, host: Host = "127.0.0.1") -> None:
    """Serve the API (Lago's wire format) until Ctrl-C. Documentation is at /docs."""
    from api import server

    server.serve(installed(), host=host, port=port)


def console(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = CONSOLE_PORT, host: Host = "127.0.0.1"
) -> None:
    """Serve the finance console until Ctrl-C."""
    settings = installed()
    options = {
        "server.port": f"{port}",
        "server.address": host,
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    # In place of this process, so that a signal reaches Streamlit itself.
    os.execve(
        sys.executable,
        [sys.executable, "-m", "streamlit", "run", str(CONSOLE_PAGE), *arguments],
        os.environ | {"TALLYSTICK_HOME": str(settings.home)},
    )
