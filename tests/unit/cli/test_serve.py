"""A port that is in use is said in one line, before anything starts."""

from __future__ import annotations

import socket

import pytest

from cli.serve import PortInUse, refuse_used_port


def test_a_used_port_is_refused_and_the_option_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"port {port} is in use.*--console-port"):
            refuse_used_port("127.0.0.1", port, "--console-port")
    refuse_used_port("127.0.0.1", port)
