"""Which files of golden cases a run reads: those of `--cases`, else the project's own copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

Case = dict[str, Any]
OWN = Path(__file__).parent / "cases"


def read_cases(config: pytest.Config, name: str) -> list[Case]:
    """The cases of every file of `--cases`, or of the project's `own_files`. Raises UsageError for a file that is none of cases, and for
    an id that occurs twice.
    """
    files = [Path(file) for file in config.getoption("--cases") or own_files(name)]
    cases = [case for file in files for case in _cases_of(file)]
    ids = [case["id"] for case in cases]
    if twice := sorted({case_id for case_id in ids if ids.count(case_id) > 1}):
        raise pytest.UsageError(f"{', '.join(map(str, files))}: case ids occur twice: {', '.join(twice)}")
    return cases


def _cases_of(file: Path) -> list[Case]:
    try:
        told = yaml.load(file.read_text(), yaml.CSafeLoader)
    except (OSError, yaml.YAMLError) as fault:
        raise pytest.UsageError(f"{file}: {fault}") from fault
    cases = told.get("cases") if isinstance(told, dict) else None
    if not isinstance(cases, list):
        raise pytest.UsageError(f"{file}: a file of cases has a list under `cases`")
    for place, case in enumerate(cases, 1):
        missing = [name for name in ("id", "kind", "expected") if not isinstance(case, dict) or not case.get(name)]
        if missing:
            named = case.get("id", place) if isinstance(case, dict) else place
            raise pytest.UsageError(f"{file}: case {named} has no {', no '.join(missing)}")
    return list(cases)


def own_files(name: str) -> list[Path]:
    """The copy of the shared file, and beside it the cases of our own in the same schema, if there are any."""
    return [OWN / f"{name}.yaml", *sorted(OWN.glob(f"{name}_own*.yaml"))]


def shared_cases(name: str) -> dict[str, Case]:
    """The cases of our copy of the shared file, by id."""
    return {case["id"]: case for case in yaml.load((OWN / f"{name}.yaml").read_text(), yaml.CSafeLoader)["cases"]}
