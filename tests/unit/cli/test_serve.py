"""A port that is in use is said in one line, before anything starts."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from cli.serve import PortInUse, refuse_used_port
from cli.up import Services


def test_a_used_port_is_refused_and_the_option_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"port {port} is in use.*--console-port"):
            refuse_used_port("127.0.0.1", port, "--console-port")
    refuse_used_port("127.0.0.1", port)


def test_ctrl_c_while_it_starts_starts_nothing_more(tmp_path: Path) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        with Services(tmp_path, os.environ) as services:
            os.kill(os.getpid(), signal.SIGINT)
            assert not services.await_answer("http://127.0.0.1:9")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
