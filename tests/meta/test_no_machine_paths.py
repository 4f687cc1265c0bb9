"""Nothing committed knows the machine it was written on, or the registry that it installed from."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MACHINE = re.compile(
    r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)/\w|--(?:extra-)?index-url|\bindex-url\s*=|"
    r"https?://[^\s\"']*(?:artifactory|nexus|devpi|pypi|simple/|registry\.npm)",
    re.IGNORECASE,
)


def test_no_committed_file_names_a_machine_path_or_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path == Path(__file__).resolve() or not path.is_file():
            continue
        lines = path.read_text(errors="replace").splitlines()
        found += [f"{name}:{number}: {line.strip()[:120]}" for number, line in enumerate(lines, 1) if MACHINE.search(line)]
    assert not found, "\n".join(found)


def test_a_machine_path_and_a_registry_are_found() -> None:
    assert MACHINE.search("see /" + "work/shared")
    assert MACHINE.search("pip --index-" + "url x")
    assert not MACHINE.search("the network /api/v1/events and ./workers/x")
