"""What a command costs before it does anything."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"alembic", "dagster", "fastapi", "pyarrow.fs", "streamlit"}


def test_explain_imports_nothing_heavy_that_is_for_others() -> None:
    script = "import sys; from cli.main import Importing; Importing()['explain']; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY & set(loaded) == set()
