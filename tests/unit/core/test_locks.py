"""The lock of a run and the lock of the books, as files and as advisory locks of Postgres."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.books import store
from core.books.store import BooksBusy
from core.locks import holder
from core.settings import Settings
from core.warehouse.write import WarehouseBusy, run_lock

HOLDER = """
import sys
from core.books import store
from core.settings import Settings
with store.lock(Settings.load()):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def settings(catalog_url: str, tmp_path: Path) -> Settings:
    """An installation whose lakes' catalogs are where the operational catalog is."""
    return Settings(home=tmp_path, lake_catalog_url=catalog_url if catalog_url.startswith("postgres") else "")


def test_a_second_run_waits_and_then_says_why(settings: Settings) -> None:
    with run_lock(settings), pytest.raises(WarehouseBusy, match="another run"), run_lock(settings, 0.2):
        pass
    with run_lock(settings, 0.2):
        pass


def test_a_run_does_not_keep_a_command_from_issuing(settings: Settings) -> None:
    with run_lock(settings), store.lock(settings, 0.2):
        pass


def test_what_goes_wrong_under_a_lock_is_not_taken_for_a_lock_that_is_held(settings: Settings) -> None:
    with pytest.raises(TimeoutError, match="a bucket"), store.lock(settings):
        raise TimeoutError("a bucket did not answer")


def test_the_lock_of_a_killed_process_is_free(settings: Settings) -> None:
    environment = {"TALLYSTICK_HOME": str(settings.home), "TALLYSTICK_LAKE_CATALOG_URL": settings.lake_catalog_url}
    command = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        with pytest.raises(BooksBusy, match="another issue"), store.lock(settings, 0.2):
            pass
        told = "another process" if settings.lake_catalog_url else f"process {process.pid} since "
        assert (holder(settings, "books") or "").startswith(told)
        process.kill()
    with store.lock(settings, 10):
        pass
    assert holder(settings, "books") is None
