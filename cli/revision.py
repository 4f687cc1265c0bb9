"""A folder of this repository as it was at another git revision."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from core.errors import TallystickError


class UnknownRevision(TallystickError):
    """Git does not know the revision, or the folder is not in it."""

    def __init__(self, what: str) -> None:
        super().__init__("unknown_revision", what)


def folder_at(revision: str, folder: Path, into: Path) -> Path:
    """A copy of `folder` as of `revision`, below `into`; taken once per commit, so later calls are quick.

    Raises UnknownRevision with git's own words.
    """
    root = Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip())
    commit = (
        _git(
            folder,
            "rev-parse",
            "--verify",
            "--quiet",
            f"{revision}^{{commit}}",
            problem=f"{revision!r} is neither a folder nor a git revision here",
        )
        .decode()
        .strip()
    )
    path = folder.resolve().relative_to(root.resolve())
    target = into / commit
    if not (target / path).is_dir():
        archive = _git(root, "archive", commit, "--", str(path), problem=f"{path} is not in the revision {revision!r}")
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(target, filter="data")
    return target / path


def _git(folder: Path, *arguments: str, problem: str = "") -> bytes:
    ran = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True)
    if ran.returncode:
        raise UnknownRevision(problem or ran.stderr.decode().strip() or f"git {arguments[0]} failed in {folder}")
    return ran.stdout
