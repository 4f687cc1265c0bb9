"""Key/value metadata on the wire (lago_api §7.1)."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from api.body import Body, parse
from api.errors import BadRequest


class _AnyFields(Body):
    """Metadata has whatever keys the caller likes, and may be empty."""

    async def __call__(self, request: Request) -> dict[str, Any]:
        content = parse(await request.body()).get(self.root)
        if not isinstance(content, dict):
            raise BadRequest(f"param is missing or the value is empty: {self.root}")
        return content


METADATA = _AnyFields("metadata", {})
