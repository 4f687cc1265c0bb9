"""Settings, read from the environment once at an entry point and passed on from there."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where this installation keeps its things. Everything follows from `home` unless it is set apart."""

    model_config = SettingsConfigDict(env_prefix="TALLYSTICK_", env_ignore_empty=True, frozen=True, extra="ignore")

    home: Path = Field(
        default=Path(".tallystick"), validate_default=True, description="Folder of an embedded installation."
    )
    catalog_url: str = Field(
        default="",
        description="SQLAlchemy URL of the operational catalog; empty means catalog.sqlite in the home folder. "
        "A postgresql:// URL serves many processes.",
    )
    lake_catalog_url: str = Field(
        default="",
        description="postgresql:// URL that holds the DuckLake catalogs of warehouse and books; "
        "empty means two SQLite files in the home folder.",
    )

    smtp_url: str = Field(
        default="",
        description="Server that invoices are e-mailed through: smtp://user:password@host:587 or smtps://user:password@host:465; "
        "empty means that none go out.",
    )

    api_url: str = Field(
        default="",
        description="Where the console finds the API, such as http://127.0.0.1:3000; without it the console only reads.",
    )
    public_url: str = Field(
        default="",
        description="Root of the API as receivers of webhooks know it, such as https://billing.example.com: the issuer of their "
        "signatures; empty means TALLYSTICK_API_URL.",
    )
    log_retention_days: int = Field(
        default=90,
        ge=1,
        le=36_500,
        description="How many days the log of requests and what was sent to webhook endpoints are kept; each run drops what is older. "
        "The audit log stays.",
    )
    api_key: str = Field(default="", repr=False, description="The key that the console sends to the API.")

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().resolve()

    @classmethod
    def load(cls) -> Self:
        """Read the environment (TALLYSTICK_HOME and so on). Call it once, at an entry point."""
        return cls()

    @property
    def issuer(self) -> str:
        """The root of the API, as webhooks name it."""
        return (self.public_url or self.api_url or "http://127.0.0.1:3000").rstrip("/")

    @property
    def catalog(self) -> str:
        """The SQLAlchemy URL of the operational catalog."""
        return self.catalog_url or f"sqlite:///{self.home / 'catalog.sqlite'}"

    @property
    def warehouse_catalog(self) -> Path:
        """DuckLake's own catalog file of the warehouse, used when `lake_catalog_url` is empty."""
        return self.home / "warehouse.sqlite"

    @property
    def warehouse_data(self) -> Path:
        """Folder of the warehouse's Parquet files."""
        return self.home / "warehouse"

    @property
    def books_catalog(self) -> Path:
        """DuckLake's own catalog file of the books, used when `lake_catalog_url` is empty."""
        return self.home / "books.sqlite"

    @property
    def books_data(self) -> Path:
        """Folder of the books' Parquet files."""
        return self.home / "books"

    @property
    def landing(self) -> Path:
        """The landing zone: the immutable archive of what was received."""
        return self.home / "landing"

    @property
    def inbox(self) -> Path:
        """The durable inbox in front of the landing zone."""
        return self.home / "inbox.sqlite"

    @property
    def published(self) -> Path:
        """The file that names the last published pair of snapshots."""
        return self.home / "published.json"

    @property
    def last_run(self) -> Path:
        """The file that says what the last run was built of; without it the next one does everything."""
        return self.home / "last_run.json"
