"""A process measured from outside: its seconds, and the peak memory of it with all its children."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.1
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Measured:
    """`cpu_seconds`: of all its processes, which a busy machine distorts less. `peak_gib` is the highest sum of the resident memory of the process and its descendants that was seen."""

    seconds: float
    cpu_seconds: float
    peak_gib: float
    output: str


def measured(script: Path, *arguments: str) -> Measured:
    """Runs a Python script to its end. Raises RuntimeError with what it said when it fails."""
    since, spent = time.monotonic(), _spent()
    process = subprocess.Popen(
        [sys.executable, str(script), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    peak = [0]
    sampler = threading.Thread(target=_sample, args=(process, peak), daemon=True)
    sampler.start()
    output, _ = process.communicate()
    seconds = time.monotonic() - since
    sampler.join()
    if process.returncode:
        raise RuntimeError(f"{script.name} {' '.join(arguments)} failed:\n{output[-4000:]}")
    return Measured(seconds, _spent() - spent, peak[0] / 1024**3, output)


def load_average() -> str:
    """What else the machine does, to be printed beside every number."""
    return "load average " + " ".join(f"{value:.1f}" for value in os.getloadavg())


def _spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _sample(process: subprocess.Popen[str], peak: list[int]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], sum(_resident(pid) for pid in _tree(process.pid)))
        time.sleep(SAMPLE_SECONDS)


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found += [int(child) for child in path.read_text().split()]
            except OSError:
                continue  # it ended in between
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0
