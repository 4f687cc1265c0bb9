"""Settings, clock, ids and errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from core.clock import ManualClock, SystemClock, as_utc
from core.errors import NotFound, ValidationError
from core.ids import deterministic_id, new_id
from core.settings import Settings


def test_everything_follows_from_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path))
    settings = Settings.load()
    assert settings.catalog == f"sqlite:///{tmp_path}/catalog.sqlite"
    assert settings.landing == tmp_path / "landing"
    assert settings.books_catalog == tmp_path / "books.sqlite"
    monkeypatch.setenv("TALLYSTICK_CATALOG_URL", "postgresql://db/billing")
    assert Settings.load().catalog == "postgresql://db/billing"


def test_home_is_absolute_below_the_working_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TALLYSTICK_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert Settings.load().home == tmp_path / ".tallystick"


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_instants_are_naive_utc() -> None:
    assert SystemClock().now().tzinfo is None
    assert abs(SystemClock().now() - datetime.now(UTC).replace(tzinfo=None)) < timedelta(seconds=5)
    paris = timezone(timedelta(hours=2))
    assert as_utc(datetime(2026, 6, 1, 2, 0, tzinfo=paris)) == datetime(2026, 6, 1)
    assert as_utc(datetime(2026, 6, 1)) == datetime(2026, 6, 1)


def test_a_manual_clock_stands_still_until_moved() -> None:
    clock = ManualClock(datetime(2026, 1, 1))
    assert clock.now() == clock.now() == datetime(2026, 1, 1)
    clock.advance(timedelta(days=1))
    assert clock.now() == datetime(2026, 1, 2)


def test_a_deterministic_id_is_the_md5_of_its_parts() -> None:
    # From the shell: printf 'a|b' | md5sum
    assert deterministic_id("a", "b") == "d0726241-0206-76b1-4aa6-298ce6a18b21"
    assert deterministic_id("a", "b") != deterministic_id("a|", "b")
    assert new_id() != new_id()


def test_errors_say_what_and_what_to_do() -> None:
    assert NotFound("plan", "x").code == "plan_not_found"
    assert "'x'" in str(NotFound("plan", "x"))
    refused = ValidationError({"code": ["value_already_exist"]})
    assert (refused.code, refused.details) == ("validation_errors", {"code": ["value_already_exist"]})
    assert "code: value_already_exist" in str(refused)
