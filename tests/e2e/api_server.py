"""The API as a process of its own on a free port."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from core.billing.installation import create
from core.catalog import api_keys
from core.catalog.engine import connect
from core.catalog.unit_of_work import unit_of_work
from core.clock import SystemClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph

START_SECONDS = 60.0


def install(home: Path) -> tuple[Settings, str]:
    """A new installation and its API key."""
    settings = Settings(home=home)
    create(settings, PricingGraph.load(), SystemClock())
    engine = connect(settings.catalog)
    with unit_of_work(engine, SystemClock()) as uow:
        _, key = api_keys.create(uow, "e2e")
    engine.dispose()
    return settings, key


class ApiServer:
    """A uvicorn process over `settings`, started at once; it is up when the constructor returns."""

    def __init__(self, settings: Settings) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        port = self.url.rpartition(":")[2]
        code = f"from api.server import serve; from core.settings import Settings; serve(Settings(home={str(settings.home)!r}), port={port})"
        self.process = subprocess.Popen([sys.executable, "-c", code])
        await_answer(f"{self.url}/health", self.process)

    def stop(self) -> None:
        """End it in good order."""
        self.process.terminate()
        self.process.wait(30)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(30)


def await_answer(url: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the address answers; kills the server and raises RuntimeError when it does not."""
    deadline = time.monotonic() + START_SECONDS
    while not _is_up(url):
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise RuntimeError(f"the API did not come up at {url}")
        time.sleep(0.1)


def _is_up(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
