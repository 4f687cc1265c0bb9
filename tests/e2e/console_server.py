"""A served console and a real browser on it, for tests of several files."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

import app
from core.settings import Settings

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_MS = 60_000


@dataclass
class Console:
    """A served console, a browser's page on it, and the same answers by the back door."""

    url: str
    page: Page
    cursor: Any
    shots: Path

    def open(self, path: str, title: str) -> Page:
        """Goes to a page and waits until it has drawn everything without an error."""
        self.page.goto(f"{self.url}/{path}")
        expect(self.page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible(timeout=PATIENCE_MS)
        expect(self.page.get_by_test_id("stApp")).to_have_attribute(
            "data-test-script-state", "notRunning", timeout=PATIENCE_MS
        )
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=PATIENCE_MS)
        expect(self.page.get_by_test_id("stException")).to_have_count(0)
        return self.page

    def shoot(self, name: str) -> None:
        """Keeps what the page looks like."""
        self.page.screenshot(path=self.shots / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
def chromium() -> Path:
    if not CHROMIUM.exists():
        missing = f"{CHROMIUM} is not there; run: apt-get install -y --no-install-recommends chromium"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    return CHROMIUM


def serve(settings: Settings, log: Path, **api: str) -> Iterator[str]:
    """The console as a process of its own, until the test is over; `api_url` and `api_key` are the API that takes its commands."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    main = Path(str(app.__file__)).with_name("main.py")
    options = [
        "--server.port",
        str(port),
        "--server.address",
        "127.0.0.1",
        "--server.headless",
        "true",
        "--server.fileWatcherType",
        "none",
    ]
    told = {f"TALLYSTICK_{name.upper()}": value for name, value in api.items()}
    environment = os.environ | {"TALLYSTICK_HOME": str(settings.home)} | told
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(main), *options],
            env=environment,
            stdout=output,
            stderr=output,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/_stcore/health", server, log)
            yield url
        finally:
            server.terminate()
            server.wait(timeout=20)


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2)
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the console did not start: {log.read_text()}")


@pytest.fixture(scope="module")
def browser_page(chromium: Path) -> Iterator[Page]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=str(chromium), args=arguments)
        yield browser.new_page(viewport={"width": 1360, "height": 1000})
        browser.close()
