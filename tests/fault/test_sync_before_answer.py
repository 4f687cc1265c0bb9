"""The order of system calls: synced before answered, landed before deleted. Watched with strace."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.e2e.api_server import await_answer, free_port, install

CHILD = Path(__file__).parent / "children" / "answer_and_flush.py"
CALLS = "write,writev,sendto,sendmsg,pwrite64,fsync,fdatasync,rename"

_unfinished = re.compile(r"(?P<pid>\d+) +(?P<call>\w+\(.*) <unfinished \.\.\.>$").match
_resumed = re.compile(r"(?P<pid>\d+) +<\.\.\. \w+ resumed>(?P<rest>.*)$").match


def completed_calls(home: Path, *arguments: str) -> list[str]:
    """The successful calls of the child in the order of their completion, as `name(file or text...`."""
    watched = [sys.executable, str(CHILD), str(home), *arguments]
    subprocess.run([*strace(home / "trace"), *watched], check=True, timeout=60)
    return calls_in(home / "trace")


def strace(trace: Path) -> list[str]:
    """The command that watches another and writes its calls to `trace`."""
    found = shutil.which("strace")
    if found is None:
        missing = "strace is not installed; run: apt-get install -y --no-install-recommends strace"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    assert found is not None
    return [found, "-f", "-y", "-e", f"trace={CALLS}", "-o", str(trace)]


def calls_in(trace: Path) -> list[str]:
    """The successful calls of a trace, see `completed_calls`."""
    begun: dict[str, str] = {}
    calls = []
    for line in trace.read_text(errors="replace").splitlines():
        if match := _unfinished(line):
            begun[match["pid"]] = match["call"]
        elif match := _resumed(line):
            calls.append(begun.pop(match["pid"]) + match["rest"])
        else:
            calls.append(line.split(maxsplit=1)[1])
    return [call for call in calls if re.search(r"\) += \d+$", call)]


def position(calls: list[str], pattern: str, start: int = 0) -> int:
    """Where the first such call is, from `start` on; -1 when there is none."""
    return next((index for index, call in enumerate(calls) if index >= start and re.search(pattern, call)), -1)


WAL_WRITE = r"^pwrite64\(\d+<[^>]*inbox\.sqlite-wal>"
WAL_SYNC = r"^f(data)?sync\(\d+<[^>]*inbox\.sqlite-wal>"


def is_synced_before(calls: list[str], answer: str) -> bool:
    """Whether, between `ready` and the answer, something was written to the inbox and synced after the last write."""
    ready = position(calls, r'^write\(1<.*"ready"')
    answered = position(calls, rf'^write\(1<.*"{answer}"')
    assert -1 < ready < answered
    writes = [index for index in range(ready, answered) if re.search(WAL_WRITE, calls[index])]
    syncs = [index for index in range(ready, answered) if re.search(WAL_SYNC, calls[index])]
    return bool(writes and syncs) and writes[-1] < syncs[-1]


def test_an_event_is_synced_to_disk_before_it_is_answered(tmp_path: Path) -> None:
    assert is_synced_before(completed_calls(tmp_path), "200")


@pytest.mark.parametrize("synchronous", ["off", "normal"])
def test_the_watch_notices_an_inbox_that_does_not_sync(tmp_path: Path, synchronous: str) -> None:
    assert not is_synced_before(completed_calls(tmp_path, synchronous), "200")


def test_a_landing_file_is_synced_and_renamed_before_the_inbox_forgets(tmp_path: Path) -> None:
    calls = completed_calls(tmp_path)
    answered = position(calls, r'^write\(1<.*"200"')
    written = position(calls, r"^write\(\d+<[^>]*\.incoming-[^>]*parquet>", answered)
    synced = position(calls, r"^fsync\(\d+<[^>]*\.incoming-[^>]*parquet>", written)
    renamed = position(calls, r"^rename\(.*\.incoming-.*received_date=", synced)
    folder = position(calls, r"^fsync\(\d+<[^>]*received_date=[0-9-]+>", renamed)
    new_folder = position(calls, r"^fsync\(\d+<[^>]*/landing/events>", renamed)
    forgotten = position(calls, WAL_WRITE, answered)
    assert -1 < answered < written < synced < renamed < min(folder, new_folder)
    assert max(folder, new_folder) < forgotten


HTTP_ANSWER = r'^(write|writev|sendto|sendmsg)\(.*"HTTP/1\.1 200'


def answered_by_the_api(home: Path, *synchronous: str) -> list[str]:
    """What the real server did between its answer before and its answer to one POST of an event, that one included."""
    settings, key = install(home / "home")
    port, trace = free_port(), home / "trace"
    child = [sys.executable, "-m", "tests.fault.children.serve_api", str(settings.home), f"{port}", *synchronous]
    server = subprocess.Popen([*strace(trace), *child])
    url = f"http://127.0.0.1:{port}"
    try:
        await_answer(f"{url}/health", server)
        event = {"transaction_id": "t", "external_subscription_id": "s", "code": "calls"}
        answer = httpx.post(
            f"{url}/api/v1/events", json={"event": event}, headers={"Authorization": f"Bearer {key}"}, timeout=60
        )
        assert answer.status_code == 200
    finally:
        for watched in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split():
            os.kill(int(watched), signal.SIGKILL)
        server.wait(30)
    calls = calls_in(trace)
    *_, before, last = [index for index, call in enumerate(calls) if re.search(HTTP_ANSWER, call)]
    return calls[before : last + 1]


@pytest.mark.parametrize(("synchronous", "is_durable"), [((), True), (("off",), False)])
def test_the_api_syncs_an_event_before_it_answers(
    tmp_path: Path, synchronous: tuple[str, ...], is_durable: bool
) -> None:
    """The whole server, and as negative control the same server with an inbox that does not sync."""
    calls = answered_by_the_api(tmp_path, *synchronous)
    writes = [index for index, call in enumerate(calls) if re.search(WAL_WRITE, call)]
    syncs = [index for index, call in enumerate(calls) if re.search(WAL_SYNC, call)]
    assert writes, "nothing was stored before the answer"
    assert (bool(syncs) and writes[-1] < syncs[-1]) is is_durable
