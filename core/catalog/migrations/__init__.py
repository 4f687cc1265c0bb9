"""Alembic migrations of the catalog, the same for SQLite and Postgres."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from core.catalog.engine import connect, writing


def migrate(url: str) -> None:
    """Bring the catalog at `url` to the newest schema. Idempotent, and safe when several processes start at once."""
    config = Config()
    # A literal percent sign would be taken for interpolation by Alembic's configuration.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    engine = connect(url)
    try:
        with writing(engine) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
