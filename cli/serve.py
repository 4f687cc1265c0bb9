"""`tallystick serve` and `tallystick console`: one server each, in the foreground."""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.output import installed, progress_console
from core.clock import SystemClock
from core.errors import TallystickError
from ingestion.inbox import Inbox

API_PORT = 3000
CONSOLE_PORT = 8501
CONSOLE_PAGE = Path(__file__).resolve().parents[1] / "app" / "main.py"

Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every interface.")]


class PortInUse(TallystickError):
    """Somebody else listens there."""

    def __init__(self, port: int, option: str) -> None:
        super().__init__(
            "port_in_use", f"port {port} is in use; stop what listens there, or choose another with {option}"
        )


def refuse_used_port(host: str, port: int, option: str = "--port") -> None:
    """Raises PortInUse. A server would say it in its own way, and only after seconds."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do: a port that was in use a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(port, option) from error
            raise TallystickError("no_such_address", f"cannot listen on {host}:{port}: {error.strerror}") from error


def serve(port: Port = API_PORT, host: Host = "127.0.0.1") -> None:
    """Serve the API (Lago's wire format) until Ctrl-C. Documentation is at /docs."""
    settings = installed()
    refuse_used_port(host, port)
    # What makes it unusable is told here in one line, not by the server in its own way.
    Inbox(settings.inbox, SystemClock()).close()
    progress_console.print(
        f"API on http://{host}:{port}, documentation at /docs; Ctrl-C stops it", highlight=False, soft_wrap=True
    )
    from api import server

    server.serve(settings, host=host, port=port)


def console(port: Port = CONSOLE_PORT, host: Host = "127.0.0.1") -> None:
    """Serve the finance console until Ctrl-C. It decides through the API that TALLYSTICK_API_URL and TALLYSTICK_API_KEY name."""
    settings = installed()
    refuse_used_port(host, port)
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
