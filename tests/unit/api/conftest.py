"""An API over a home of its own, with a key that works."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from core.catalog import api_keys
from core.catalog.bootstrap import bootstrap
from core.catalog.engine import connect
from core.catalog.migrations import migrate
from core.catalog.unit_of_work import unit_of_work
from core.clock import SystemClock
from core.settings import Settings


@dataclass
class Api:
    """A client that sends the key and knows the prefix."""

    client: TestClient
    settings: Settings
    key: str

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


@pytest.fixture(scope="session")
def migrated_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home with a bootstrapped catalog to copy from, and its key."""
    settings = Settings(home=tmp_path_factory.mktemp("template") / "home")
    migrate(settings.catalog)
    engine = connect(settings.catalog)
    with unit_of_work(engine, SystemClock()) as uow:
        bootstrap(uow)
        _, key = api_keys.create(uow, "tests")
    engine.dispose()
    return settings.home, key


@pytest.fixture
def api(migrated_home: tuple[Path, str], tmp_path: Path) -> Iterator[Api]:
    """The API, running, over a fresh home."""
    template, key = migrated_home
    settings = Settings(home=tmp_path / "home")
    shutil.copytree(template, settings.home)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield Api(client, settings, key)
