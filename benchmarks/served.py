"""The API as a process of its own, with routes to compare with: one that only answers, one that parses too, and one
that does all that ingest does except keeping anything.

Run as a script it is that process: python benchmarks/served.py HOME PORT [INSTANT]; with INSTANT the clock stands there.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.request import urlopen

from fastapi import Request, Response

from api.main import create_app
from api.schemas.events import batch_answer
from api.server import serve_app
from core.catalog import api_keys
from core.catalog.engine import connect
from core.catalog.unit_of_work import unit_of_work
from core.clock import ManualClock, SystemClock
from core.settings import Settings
from ingestion.inbox import Receipt
from ingestion.validate import Refusal, parse_batch

START_SECONDS = 60.0
NOTHING_KEPT = Receipt(datetime(2026, 1, 1), 1, 100)


def main(home: str, port: str, instant: str | None = None) -> None:
    app = create_app(Settings(home=Path(home)), ManualClock(datetime.fromisoformat(instant)) if instant else None)

    async def only_answer() -> Response:
        return Response(b"{}", media_type="application/json")

    async def parse_and_answer(request: Request) -> Response:
        assert not isinstance(parse_batch(await request.body()), Refusal)
        return Response(b"{}", media_type="application/json")

    async def parse_and_answer_in_full(request: Request) -> Response:
        events = parse_batch(await request.body())
        assert not isinstance(events, Refusal)
        return Response(batch_answer(events, NOTHING_KEPT), media_type="application/json")

    app.router.add_api_route("/benchmark/answer", only_answer, methods=["GET"])
    app.router.add_api_route("/benchmark/parse", parse_and_answer, methods=["POST"])
    app.router.add_api_route("/benchmark/parse_and_answer", parse_and_answer_in_full, methods=["POST"])
    # In front, as the routes for events are: what is compared is the handlers.
    app.router.routes.sort(key=lambda route: not getattr(route, "path", "").startswith("/benchmark/"))
    serve_app(app, host="127.0.0.1", port=int(port))


def new_key(settings: Settings) -> str:
    """An API key of the installation."""
    engine = connect(settings.catalog)
    with unit_of_work(engine, SystemClock()) as uow:
        _, key = api_keys.create(uow, "benchmark")
    engine.dispose()
    return key


@contextmanager
def served(settings: Settings, instant: datetime | None = None) -> Iterator[int]:
    """The port of a server process over the installation, which ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    arguments = [str(settings.home), str(port), *([instant.isoformat()] if instant else [])]
    process = subprocess.Popen([sys.executable, __file__, *arguments])
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _is_up(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the API did not come up on port {port}")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def _is_up(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    main(*sys.argv[1:])
