"""History: every table of the catalog holds versions, and a change closes one version and adds the next.

A version is a frozen dataclass and its table is derived from it. `valid_to` of the version that a change closes is the
only column that is ever updated; nothing is deleted.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import sqlalchemy as sa

from core.errors import Conflict

if TYPE_CHECKING:
    from core.catalog.unit_of_work import Stamp, UnitOfWork

METADATA = sa.MetaData()


class Instant(sa.TypeDecorator[datetime]):
    """A naive UTC datetime with microseconds. A value with a zone is refused, because SQLite would drop the zone."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse what is not naive."""
        if value is not None and value.tzinfo is not None:
            raise TypeError(f"{value!r} carries a zone; the catalog takes naive UTC (core.clock.as_utc)")
        return value


class JsonText(sa.TypeDecorator[Any]):
    """A JSON value kept as text. Decimals are written as strings, since a JSON number may lose digits."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """To text."""
        return None if value is None else json.dumps(value, default=_decimal_as_text, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        """From text."""
        return None if value is None else json.loads(value)


def as_stored(value: Any) -> Any:
    """The JSON value as it will be read back: what is checked is then what is kept."""
    return json.loads(json.dumps(value, default=_decimal_as_text))


def _decimal_as_text(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{value!r} cannot be kept as JSON")


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """What every version carries. All instants are naive UTC."""

    id: str
    """Stable over the versions of one object."""
    sequence: int
    """Order of recording over the whole catalog; the rows of one command share it."""
    valid_from: datetime
    """From when it holds, on the owner's clock."""
    valid_to: datetime | None = None
    """Until when, exclusive; None while it is current."""
    recorded_at: datetime
    """Wall-clock instant of recording, strictly increasing over the catalog."""
    created_at: datetime
    """When the object itself (its first version) was created, on the owner's clock."""


_MOST_PARAMETERS = 10_000

V = TypeVar("V", bound=Version)
T = TypeVar("T")
_TYPES: dict[Any, Any] = {str: sa.Text, int: sa.BigInteger, bool: sa.Boolean, datetime: Instant}


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list, with the number of rows in the whole of it."""

    items: list[T]
    total: int


class Versions(Generic[V]):
    """The table of one kind of version."""

    def __init__(self, name: str, record: type[V], *, unique: Sequence[str] = (), index: Sequence[str] = ()) -> None:
        """`unique` columns hold a value once among current versions; `index` columns are looked up often."""
        self.record = record
        current: dict[str, Any] = {
            "sqlite_where": sa.text("valid_to IS NULL"),
            "postgresql_where": sa.text("valid_to IS NULL"),
        }
        self.table = sa.Table(
            name,
            METADATA,
            *_columns(record),
            sa.PrimaryKeyConstraint("id", "sequence"),
            sa.Index(f"ix_{name}_current", "id", unique=True, **current),
            *(sa.Index(f"ix_{name}_{column}", column, unique=True, **current) for column in unique),
            *(sa.Index(f"ix_{name}_{column}", column, **current) for column in index),
        )
        self.c = self.table.c
        self.is_current = self.c.valid_to.is_(None)

    def new(self, stamp: Stamp, **payload: Any) -> V:
        """The first version of an object, or the first after it had ended; not written yet. `payload` includes its id."""
        return self.record(
            sequence=stamp.sequence,
            valid_from=stamp.valid_from,
            recorded_at=stamp.recorded_at,
            created_at=stamp.instant,
            **payload,
        )

    def write(self, uow: UnitOfWork, versions: Sequence[V]) -> None:
        """Write versions in one statement."""
        if versions:
            names = [column.name for column in self.table.columns]
            rows = [{name: getattr(version, name) for name in names} for version in versions]
            uow.connection.execute(self.table.insert(), rows)
            for version in versions:
                uow.wrote(self.table.name, version)

    def add(self, uow: UnitOfWork, stamp: Stamp, **payload: Any) -> V:
        """Make and write a first version."""
        version = self.new(stamp, **payload)
        self.write(uow, [version])
        return version

    def amend(self, uow: UnitOfWork, stamp: Stamp, version: V, **changes: Any) -> V:
        """Close `version` and write the next one with `changes`. Nothing happens when nothing differs."""
        if all(getattr(version, name) == value for name, value in changes.items()):
            return version
        self.end(uow, stamp, version)
        following = dataclasses.replace(
            version,
            sequence=stamp.sequence,
            valid_from=stamp.valid_from,
            valid_to=None,
            recorded_at=stamp.recorded_at,
            **changes,
        )
        self.write(uow, [following])
        return following

    def end(self, uow: UnitOfWork, stamp: Stamp, version: V) -> None:
        """Close `version`: it holds until the stamp, and nothing follows.

        Raises Conflict when the stamp is not after the version's start, which happens only when an object of the wall
        clock is changed on a test clock or the reverse.
        """
        if stamp.valid_from <= version.valid_from:
            raise Conflict(
                "version_out_of_order",
                f"{self.table.name} {version.id} holds from {version.valid_from} and cannot change at "
                f"{stamp.valid_from}; change it on the clock that it was created on",
            )
        uow.connection.execute(
            self.table.update()
            .where(self.c.id == version.id, self.c.sequence == version.sequence)
            .values(valid_to=stamp.valid_from)
        )
        uow.ended(self.table.name, version)

    def first(self, connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> V | None:
        """The current version that meets the conditions, newest first, or None."""
        statement = self._select(conditions).order_by(self.c.sequence.desc()).limit(1)
        row = connection.execute(statement).one_or_none()
        return None if row is None else self._read(row)

    def all(self, connection: sa.Connection, *conditions: sa.ColumnElement[bool], order: Any = None) -> list[V]:
        """The current versions that meet the conditions, oldest first unless `order` says otherwise."""
        statement = self._select(conditions).order_by(self.c.created_at if order is None else order, self.c.sequence)
        return [self._read(row) for row in connection.execute(statement)]

    def where_in(self, connection: sa.Connection, column: str, values: Iterable[str]) -> list[V]:
        """The current versions whose `column` is one of `values`, however many those are."""
        wanted = sorted(set(values))
        found: list[V] = []
        # Databases bound the number of parameters of one statement (SQLite 32,766, Postgres 65,535).
        for start in range(0, len(wanted), _MOST_PARAMETERS):
            found += self.all(connection, self.c[column].in_(wanted[start : start + _MOST_PARAMETERS]))
        return found

    def page(
        self, connection: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int | None, offset: int
    ) -> Page[V]:
        """Some of the current versions, newest object first then by id, and how many there are (lago_api §3)."""
        statement = self._select(conditions).order_by(self.c.created_at.desc(), self.c.id)
        total = connection.execute(
            sa.select(sa.func.count()).select_from(self.table).where(self.is_current, *conditions)
        ).scalar_one()
        rows = connection.execute(statement.limit(limit).offset(offset))
        return Page([self._read(row) for row in rows], total)

    def history(self, connection: sa.Connection, object_id: str) -> list[V]:
        """Every version of one object, oldest first."""
        statement = sa.select(self.table).where(self.c.id == object_id).order_by(self.c.sequence)
        return [self._read(row) for row in connection.execute(statement)]

    def _select(self, conditions: Iterable[sa.ColumnElement[bool]]) -> sa.Select[Any]:
        return sa.select(self.table).where(self.is_current, *conditions)

    def _read(self, row: sa.Row[Any]) -> V:
        return self.record(**row._mapping)


def _columns(record: type[Version]) -> list[sa.Column[Any]]:
    hints = get_type_hints(record)
    columns: list[sa.Column[Any]] = []
    for field in dataclasses.fields(record):
        hint = hints[field.name]
        choices = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        (plain,) = (choice for choice in choices if choice is not NoneType)
        kind = JsonText if get_origin(plain) in (list, dict) else _TYPES[plain]
        columns.append(sa.Column(field.name, kind(), nullable=NoneType in choices))
    return columns
