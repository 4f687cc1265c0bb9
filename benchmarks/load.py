"""Load on a server of this machine: requests made beforehand, over connections that stay open. Bounded in time."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Sequence

HOST = "127.0.0.1"


def request(method: str, path: str, key: str, body: bytes = b"") -> bytes:
    """An HTTP request as bytes."""
    head = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"Authorization: Bearer {key}"]
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body


def answered(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> float:
    """Requests per second that are answered with 200, each connection sending its next one when it has its answer."""
    selector = selectors.DefaultSelector()
    for number in range(connections):
        client = _Client(port, requests[number % len(requests)])
        selector.register(client.socket, selectors.EVENT_READ, client)
        client.send()
    begin = time.perf_counter()
    until, count = begin + seconds, 0
    while time.perf_counter() < until:
        for selected, _ in selector.select(timeout=1.0):
            if selected.data.receive():
                count += 1
                selected.data.send()
    elapsed = time.perf_counter() - begin
    for waiting in [entry.data for entry in selector.get_map().values()]:
        while not waiting.receive():  # nobody hangs up on a server that works for him
            pass
        waiting.socket.close()
    selector.close()
    return count / elapsed


def round_trip(port: int, sent: bytes) -> tuple[float, bytes]:
    """(milliseconds, body) of one request over a new connection."""
    client = _Client(port, sent)
    begin = time.perf_counter()
    client.send()
    while not client.receive():
        pass
    elapsed = (time.perf_counter() - begin) * 1000
    client.socket.close()
    return elapsed, client.body


class _Client:
    """One connection, with one request under way at a time."""

    def __init__(self, port: int, sent: bytes) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.body = b""
        self._sent = sent
        self._parts: list[bytes] = []
        self._missing = 0

    def send(self) -> None:
        self._parts, self._missing = [], -1
        self.socket.sendall(self._sent)

    def receive(self) -> bool:
        """Takes what has come; whether the answer is whole. Raises RuntimeError unless it is a 200."""
        part = self.socket.recv(1 << 18)
        if not part:
            raise RuntimeError("the server closed a connection")
        self._parts.append(part)
        if self._missing < 0:
            head, found, body = b"".join(self._parts).partition(b"\r\n\r\n")
            if not found:
                return False
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"answered {head.splitlines()[0].decode()}: {body[:300].decode()}")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self._parts, self._missing = [body], int(length.split(b":")[1]) - len(body)
        else:
            self._missing -= len(part)
        if self._missing:
            return False
        self.body = b"".join(self._parts)
        return True
