"""Every setting that can be given from outside is in the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for folder in ("core", "ingestion", "orchestration", "api", "app", "cli") for path in (ROOT / folder).rglob("*.py")]
PROFILE = ROOT / "dbt_project" / "profiles.yml"


def variables() -> set[str]:
    """Names of the settings object, and of whatever else reads the environment under our prefix."""
    names = {f"TALLYSTICK_{field.upper()}" for field in Settings.model_fields}
    for path in [*SOURCES, PROFILE]:
        names |= set(re.findall(r"[\"'](TALLYSTICK_[A-Z_]+)[\"']", path.read_text()))
    # Set by the run for dbt itself, from the settings above; nobody sets them by hand.
    return names - {f"TALLYSTICK_{lake}{part}" for lake in ("WAREHOUSE", "BOOKS") for part in ("", "_DATA", "_OPTIONS")}


@pytest.mark.parametrize("name", sorted(variables()))
def test_setting_is_in_the_readme(name: str) -> None:
    readme = ROOT / "README.md"
    assert re.search(rf"\b{name}\b", readme.read_text()), f"{name} is not described in README.md"


def test_settings_have_descriptions() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
