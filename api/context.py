"""What is known of the request that is being served: its id, whose key it carries, and how often that may ask."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import NamedTuple

from fastapi import Request

from core.catalog.activities import SYSTEM, Author
from core.catalog.api_keys import ApiKey

CONSOLE = "tallystick-console"
"""How the console's requests name their client."""


class Limit(NamedTuple):
    """How often a key may ask in a window, how often it still may, and in how many seconds the next one begins."""

    limit: int
    remaining: int
    reset: int


@dataclass
class RequestContext:
    """Made when a request comes; what is learned of it on the way is written into it."""

    request_id: str
    client: str
    key: ApiKey | None = None
    limit: Limit | None = None


CURRENT: ContextVar[RequestContext | None] = ContextVar("request", default=None)


def context_of(request: Request) -> RequestContext:
    """The context of `request`."""
    found: RequestContext = request.scope["tallystick.context"]
    return found


def author() -> Author:
    """Who gives the commands of the request that is being served; the system outside of one."""
    context = CURRENT.get()
    if context is None or context.key is None:
        return SYSTEM
    source = "front" if context.client.startswith(CONSOLE) else "api"
    return Author(source, context.key.name, context.request_id)
