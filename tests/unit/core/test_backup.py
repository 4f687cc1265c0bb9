"""What backup and restore refuse. That they work is shown in tests/e2e/test_backup.py."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from core.backup import CONTENTS, BackupBroken, InsideHome, NotEmpty, ServedElsewhere, backup, restore
from core.books import store
from core.catalog.migrations import migrate
from core.clock import SystemClock
from core.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path / "home")
    store.create(settings)
    migrate(settings.catalog)
    (settings.landing / "events").mkdir(parents=True)
    (settings.landing / "events" / "one.parquet").write_bytes(b"rows")
    (settings.landing / ".lock").touch()
    (settings.landing / ".lock.stamp").write_text("7")
    (settings.landing / ".incoming-two.parquet").write_bytes(b"half")
    return settings


def take(settings: Settings, target: Path) -> None:
    backup(settings, target, SystemClock(), nullcontext())


def test_copies_facts_and_stamps_and_neither_locks_nor_half_written_files(settings: Settings, tmp_path: Path) -> None:
    take(settings, tmp_path / "copy")
    restored = Settings(home=tmp_path / "new")
    restore(restored, tmp_path / "copy")
    names = {path.name for path in restored.landing.rglob("*") if path.is_file()}
    assert names == {"one.parquet", ".lock.stamp"}
    assert not restored.warehouse_catalog.exists()


def test_refuses_a_folder_that_holds_something(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "mine.txt").touch()
    with pytest.raises(NotEmpty):
        take(settings, tmp_path / "copy")
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["mine.txt"]


def test_refuses_a_folder_inside_of_what_it_copies(settings: Settings) -> None:
    with pytest.raises(InsideHome):
        take(settings, settings.home / "copies" / "today")
    assert not (settings.home / "copies").exists()


def test_restore_refuses_a_home_that_is_in_use(settings: Settings, tmp_path: Path) -> None:
    take(settings, tmp_path / "copy")
    with pytest.raises(NotEmpty):
        restore(settings, tmp_path / "copy")


@pytest.mark.parametrize("name", [CONTENTS, "catalog.sqlite", "landing/events/one.parquet"])
def test_restore_refuses_a_backup_with_a_file_missing(settings: Settings, tmp_path: Path, name: str) -> None:
    take(settings, tmp_path / "copy")
    (tmp_path / "copy" / name).unlink()
    with pytest.raises(BackupBroken):
        restore(Settings(home=tmp_path / "new"), tmp_path / "copy")
    assert not (tmp_path / "new").exists()


def test_an_interrupted_backup_leaves_no_folder(settings: Settings, tmp_path: Path) -> None:
    class Broken:
        def __enter__(self) -> None:
            raise KeyboardInterrupt

        def __exit__(self, *_: object) -> None: ...

    with pytest.raises(KeyboardInterrupt):
        backup(settings, tmp_path / "copy", SystemClock(), Broken())
    assert not (tmp_path / "copy").exists()
    take(settings, tmp_path / "copy")


def test_an_installation_on_postgres_has_other_tools(tmp_path: Path) -> None:
    served = Settings(home=tmp_path / "home", catalog_url="postgresql://nowhere/catalog")
    with pytest.raises(ServedElsewhere):
        take(served, tmp_path / "copy")
