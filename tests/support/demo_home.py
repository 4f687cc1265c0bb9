"""A billed installation for end-to-end tests: the demo's company with little usage, made once by the command itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

from core.settings import Settings

EVENTS = 3_000
# Names the folder that the test processes of one run share; tests/conftest.py makes and removes it.
FOLDER = "TALLYSTICK_TESTS_FOLDER"


def tallystick(home: Path, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process of its own, as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def environment(home: Path) -> dict[str, str]:
    """This process's environment with the home set, and wide enough output for tables."""
    return os.environ | {"TALLYSTICK_HOME": str(home), "COLUMNS": "200", "NO_COLOR": "1"}


def demo_home() -> Path:
    """The home of the demo, made once for all of pytest's processes; look, and change only copies of it."""
    folder = Path(os.environ[FOLDER])
    output = folder / "output.txt"
    with FileLock(folder / "demo.lock"):
        if not output.exists():
            made = tallystick(folder / "home", "demo", "--events", f"{EVENTS}")
            assert made.returncode == 0, made.stdout + made.stderr
            (folder / "errors.txt").write_text(made.stderr)
            output.write_text(made.stdout)
    return folder / "home"


def copy_of(home: Path, target: Path) -> Settings:
    """A copy that can be changed."""
    shutil.copytree(home, target)
    return Settings(home=target)
