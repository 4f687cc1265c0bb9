"""Alembic migrations of the catalog, the same for SQLite and Postgres."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from core.catalog.engine import connect, writing
from core.errors import TallystickError


class UnknownMigration(TallystickError):
    """The catalog's schema is none that this version of Tallystick has had."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "unknown_migration",
            f"The catalog cannot be brought to this version's schema: {reason}. Use the version of Tallystick that wrote it, or a newer one.",
        )


def migrate(url: str) -> None:
    """Bring the catalog at `url` to the newest schema. Idempotent, and safe when several processes start at once.

    Raises UnknownMigration.
    """
    config = _config()
    engine = connect(url)
    try:
        with writing(engine) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise UnknownMigration(str(error)) from error
    finally:
        engine.dispose()


def newest() -> str:
    """The migration that this version's catalog is at."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _config() -> Config:
    config = Config()
    # A literal percent sign would be taken for interpolation by Alembic's configuration.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
