"""Whether this process serves."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter, Response

from api.answers import answer
from api.deps import Served

router = APIRouter(tags=["Health"])


@router.get("/health")
def health(served: Served) -> Response:
    """200 when the catalog answers; needs no key."""
    with served.look():
        return answer({"version": version("tallystick"), "github_url": "", "message": "Success"})
