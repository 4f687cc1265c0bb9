"""Answers as bytes. Decimals travel as strings; `wire.number` marks the few that are JSON numbers."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

encode = msgspec.json.Encoder(decimal_format="string").encode


def answer(content: Any, status: int = 200) -> Response:
    """`content` as a JSON answer."""
    return Response(encode(content), status, media_type="application/json")


def one(root: str, content: dict[str, Any] | None) -> Response:
    """One object under its singular root (lago_api §3 "Envelopes")."""
    return answer({root: content})
