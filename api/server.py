"""Running the application as a server."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI

from api.main import create_app
from core.settings import Settings


def serve(settings: Settings, *, host: str = "127.0.0.1", port: int = 3000) -> None:
    """Serve the API until it is told to stop (SIGINT or SIGTERM); then what the inbox holds is flushed."""
    serve_app(create_app(settings), host=host, port=port)


def serve_app(app: FastAPI, *, host: str, port: int) -> None:
    """`serve` for an application that exists."""
    uvicorn.run(
        app,
        host=host,
        port=port,
        http="httptools",
        loop="uvloop",
        log_level="warning",
        access_log=False,
    )
