"""An API over a home of its own, with a key that works."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from api.deps import Services
from api.main import create_app
from core.billing.installation import create
from core.catalog import api_keys
from core.catalog.engine import connect
from core.catalog.unit_of_work import unit_of_work
from core.clock import ManualClock, SystemClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph


@dataclass
class Api:
    """A client that sends the key and knows the prefix."""

    client: TestClient
    settings: Settings
    key: str

    def app_services(self) -> Services:
        """What the routes work with."""
        found: Services = self.client.app.state.services  # type: ignore[attr-defined]
        return found

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """Send a request below /api/v1."""
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        return self.client.request(method, f"/api/v1{path}", json=body, headers=headers, **options)

    def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The decoded answer of a request that must succeed."""
        response = self(method, path, body, **options)
        assert response.status_code == 200, response.text
        return response.json()

    def refused(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The decoded body of a request that must fail; its `status` must be the HTTP status."""
        response = self(method, path, body, **options)
        assert response.headers["content-type"] == "application/json"
        assert response.json()["status"] == response.status_code >= 400
        return response.json()


class Ticking(ManualClock):
    """Moves on by a millisecond whenever it is read, as time does."""

    def now(self) -> Any:
        self.advance(timedelta(milliseconds=1))
        return super().now()


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A home with books, a catalog to begin each test with, and its key."""
    return installed(tmp_path_factory.mktemp("api"))


def installed(folder: Path) -> tuple[Path, Path, str]:
    """A home in `folder`, as `installation` tells of it."""
    settings = Settings(home=folder / "home")
    create(settings, PricingGraph.load(), SystemClock())
    engine = connect(settings.catalog)
    with unit_of_work(engine, SystemClock()) as uow:
        _, key = api_keys.create(uow, "tests")
    engine.dispose()
    catalog = folder / "fresh.sqlite"
    # A plain copy of the file would miss what is still in its write-ahead log.
    with (
        closing(sqlite3.connect(settings.home / "catalog.sqlite")) as source,
        closing(sqlite3.connect(catalog)) as copy,
    ):
        source.backup(copy)
    return settings.home, catalog, key


@pytest.fixture
def api(installation: tuple[Path, Path, str]) -> Iterator[Api]:
    """The API, running, over a fresh catalog, inbox and landing zone.

    The books stay from test to test, because making them takes seconds; every test has customers of its own.
    """
    home, catalog, key = installation
    for old in (*home.glob("catalog.sqlite*"), *home.glob("inbox.sqlite*")):
        old.unlink()
    shutil.rmtree(home / "landing")
    shutil.copy(catalog, home / "catalog.sqlite")
    settings = Settings(home=home)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield Api(client, settings, key)


@pytest.fixture
def clock() -> Ticking:
    """A month after now, at noon on the 10th: inside a period, and after all that the home has seen."""
    later = SystemClock().now() + timedelta(days=40)
    return Ticking(later.replace(day=10, hour=12, minute=0, second=0, microsecond=0))


@pytest.fixture
def timed(api: Api, clock: Ticking) -> Iterator[Api]:
    """The API on `clock`."""
    with TestClient(create_app(api.settings, clock), raise_server_exceptions=False) as client:
        yield Api(client, api.settings, api.key)
