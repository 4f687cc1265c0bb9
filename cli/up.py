"""`tallystick up`: API, console, Dagster's pages and its daemon on one machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Annotated

import httpx
import typer

from cli.api_key import lent_key, new_key
from cli.output import console, installed, progress_console
from cli.serve import API_PORT, CONSOLE_PORT, refuse_used_port
from core.errors import TallystickError
from core.locks import Locked, exclusive, holder
from core.settings import Settings

DAGSTER_PORT = 3070
DAGSTER_CONFIG = Path(__file__).resolve().parents[1] / "dagster.yaml"
START_SECONDS = 120.0
STOP_SECONDS = 15.0


class AlreadyUp(TallystickError):
    """The services of this home are up: two daemons would start every scheduled run twice."""

    def __init__(self, home: Path, who: str) -> None:
        super().__init__(
            "already_up", f"`tallystick up` is running for {home} already ({who}); stop that one first, with Ctrl-C"
        )


class ServiceStopped(TallystickError):
    """One of the services ended by itself, so the others were stopped too."""

    def __init__(self, name: str, log: Path) -> None:
        super().__init__(
            "service_stopped", f"{name} stopped by itself and the others were stopped too; its last words are in {log}"
        )


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the API.")] = API_PORT,
    console_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the console.")] = CONSOLE_PORT,
    dagster_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of Dagster's pages.")] = DAGSTER_PORT,
) -> None:
    """Start everything, print the addresses and a working API key, and stop everything on Ctrl-C."""
    settings = installed()
    if len({port, console_port, dagster_port}) < 3:
        raise typer.BadParameter(
            "the API, the console and Dagster need a port each: --port, --console-port, --dagster-port"
        )
    try:
        with exclusive(settings, "up", 0):
            # After the lock, so that a second `up` hears of the first one and not of its port.
            for option, wanted in {
                "--port": port,
                "--console-port": console_port,
                "--dagster-port": dagster_port,
            }.items():
                refuse_used_port("127.0.0.1", wanted, option)
            _serve(settings, port, console_port, dagster_port)
    except Locked as error:
        raise AlreadyUp(settings.home, holder(settings, "up") or "it is just ending") from error
    console.print("Stopped.")


def _serve(settings: Settings, port: int, console_port: int, dagster_port: int) -> None:
    services = Services(settings.home / "logs", _environment(settings))
    addresses = {
        "API": f"http://127.0.0.1:{port}",
        "Console": f"http://127.0.0.1:{console_port}",
        "Dagster": f"http://127.0.0.1:{dagster_port}",
    }
    with services, lent_key(settings, "console of tallystick up") as key:
        services.start("api", "-m", "cli.main", "serve", "--port", f"{port}")
        told = {"TALLYSTICK_API_URL": addresses["API"], "TALLYSTICK_API_KEY": key}
        services.start("console", "-m", "cli.main", "console", "--port", f"{console_port}", **told)
        services.start(
            "dagster-webserver",
            "-m",
            "dagster_webserver",
            "-m",
            "orchestration.definitions",
            "-h",
            "127.0.0.1",
            "-p",
            f"{dagster_port}",
        )
        with progress_console.status("Starting"):
            for path, address in zip(("/health", "/_stcore/health", "/server_info"), addresses.values(), strict=True):
                if not services.await_answer(address + path):
                    return
            # Not before the pages answer: both make Dagster's database when there is none, and one would fail.
            services.start("dagster-daemon", "-m", "dagster._daemon", "run", "-m", "orchestration.definitions")
        for name, address in addresses.items():
            suffix = "  (documentation at /docs)" if name == "API" else ""
            console.print(f"{name:<8} {address}{suffix}", highlight=False)
        console.print(f"API key  {new_key(settings, 'tallystick up')}", highlight=False, soft_wrap=True)
        console.print(f"Logs     {services.logs}\nCtrl-C stops everything.", highlight=False, soft_wrap=True)
        services.watch()


class Services:
    """Child processes, each the leader of a session of its own, so that whatever it starts is stopped with it."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self.logs = logs
        self._environment = environment
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._is_stopping = False

    def __enter__(self) -> Services:
        self.logs.mkdir(parents=True, exist_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop_soon)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def start(self, name: str, *arguments: str, **environment: str) -> None:
        """Start `python *arguments`, with its output in a log file; `environment` is what it alone is told."""
        with (self.logs / f"{name}.log").open("wb") as log:
            self._children[name] = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**self._environment, **environment},
                start_new_session=True,
            )

    def await_answer(self, url: str) -> bool:
        """Wait until the address answers; false when it is to stop before that. Raises ServiceStopped, or TallystickError after two minutes."""
        deadline = time.monotonic() + START_SECONDS
        while not self._is_stopping:
            self._raise_if_stopped()
            try:
                if httpx.get(url, timeout=2).is_success:
                    return True
            except httpx.HTTPError:
                pass
            if time.monotonic() > deadline:
                raise TallystickError(
                    "service_not_ready",
                    f"{url} did not answer within {START_SECONDS:.0f} seconds; see the logs in {self.logs}",
                )
            time.sleep(0.2)
        return False

    def watch(self) -> None:
        """Wait for Ctrl-C (or a termination signal). Raises ServiceStopped when a child ends by itself."""
        while not self._is_stopping:
            self._raise_if_stopped()
            time.sleep(0.3)

    def _raise_if_stopped(self) -> None:
        for name, child in self._children.items():
            if child.poll() is not None and not self._is_stopping:
                raise ServiceStopped(name, self.logs / f"{name}.log")

    def _stop_soon(self, _number: int, _frame: FrameType | None) -> None:
        self._is_stopping = True

    def _stop(self) -> None:
        for child in self._children.values():
            _signal_session(child, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
            # Whatever it had started and did not take along.
            _signal_session(child, signal.SIGKILL)
            child.wait()


def _signal_session(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def _environment(settings: Settings) -> dict[str, str]:
    """What the children are told: where the installation is, and where Dagster keeps its own things."""
    folder = settings.home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(DAGSTER_CONFIG, folder / "dagster.yaml")
    return os.environ | {"TALLYSTICK_HOME": str(settings.home), "DAGSTER_HOME": str(folder), "PYTHONUNBUFFERED": "1"}
