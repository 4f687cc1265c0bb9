"""Which files of golden cases a run reads: those of `--cases`, else the project's own copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

Case = dict[str, Any]
OWN = Path(__file__).parent / "cases"


def read_cases(config: pytest.Config, name: str) -> list[Case]:
    """The cases of every file of `--cases`, or of `cases/<name>.yaml`. Raises UsageError for an id that occurs twice."""
    files = [Path(file) for file in config.getoption("--cases") or [OWN / f"{name}.yaml"]]
    cases = [case for file in files for case in yaml.load(file.read_text(), yaml.CSafeLoader)["cases"]]
    ids = [case["id"] for case in cases]
    if twice := sorted({case_id for case_id in ids if ids.count(case_id) > 1}):
        raise pytest.UsageError(f"{', '.join(map(str, files))}: case ids occur twice: {', '.join(twice)}")
    return cases
