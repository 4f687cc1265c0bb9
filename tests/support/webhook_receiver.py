"""A receiver of webhooks: a real HTTP server that keeps what comes, and answers as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Received:
    """One request: when (a monotonic second), to which path, its headers with small names, its bytes."""

    at: float
    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        """The bytes as JSON."""
        return json.loads(self.content)

    @property
    def key(self) -> str:
        """The webhook's id."""
        return self.headers["x-lago-unique-key"]


class Receiver:
    """As a context it listens; `answers` gives the status of the next requests, then each gets 200."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[int] = []
        self.before_answer: Callable[[Received], None] = lambda _: None
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                names = {name.lower(): value for name, value in self.headers.items()}
                request = Received(time.monotonic(), self.path, names, content)
                with receiver._lock:
                    receiver.received.append(request)
                    status = receiver.answers.pop(0) if receiver.answers else 200
                receiver.before_answer(request)
                self.send_response(status)
                told = f"answer {status}".encode()
                self.send_header("Content-Length", str(len(told)))
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def types(self) -> list[str]:
        """The types that came, in their order."""
        return [request.body["webhook_type"] for request in self.received]

    def of(self, webhook_type: str) -> list[Received]:
        """What came of one type."""
        return [request for request in self.received if request.body["webhook_type"] == webhook_type]

    def await_type(self, webhook_type: str, count: int = 1) -> list[Received]:
        """Wait until so many have come; fails when they do not."""
        return self.await_that(lambda: len(self.of(webhook_type)) >= count, webhook_type) and self.of(webhook_type)

    def await_that(self, holds: Callable[[], Any], what: str) -> Any:
        """Wait until something holds; fails when it does not."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not (found := holds()):
            assert time.monotonic() < until, f"{what} did not come; there were {self.types}"
            time.sleep(0.02)
        return found
