"""Features and their privileges: what plans may entitle a customer to (lago_api §7.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.entitlements import read_privileges
from core.domain.problems import Problems
from core.errors import NotFound
from core.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Feature(Version):
    """A feature. `privileges` are mappings of code, name, value_type (integer, boolean, string, select) and config."""

    code: str
    name: str | None
    description: str | None
    privileges: list[dict[str, Any]]


FEATURES = Versions("features", Feature, unique=("code",))
Rows = Sequence[Mapping[str, Any]]


def create(uow: UnitOfWork, *, code: str | None, name: str | None = None, description: str | None = None, privileges: Rows | None = None) -> Feature:
    """A new feature. Raises ValidationError."""
    values = {"code": code, "name": name, "description": description}
    problems = Problems(values)
    problems.key("code")
    problems.text("name", "description")
    kept = read_privileges(privileges or [], [], problems)
    if not problems.details and FEATURES.first(uow.connection, FEATURES.c.code == code):
        problems.add("code", "value_already_exist")
    problems.refuse()
    return FEATURES.add(uow, uow.stamp_for(), id=new_id(), **values, privileges=kept)


def update(uow: UnitOfWork, code: str, /, *, privileges: Rows | None = None, **fields: Any) -> Feature:
    """Change name or description; privileges that are given are added or changed. Raises NotFound, ValidationError."""
    feature = get(uow.connection, code)
    problems = Problems(fields)
    problems.text("name", "description")
    kept = read_privileges(privileges or [], feature.privileges, problems)
    problems.refuse()
    return FEATURES.amend(uow, uow.stamp_for(), feature, **fields, privileges=kept)


def without_privilege(uow: UnitOfWork, feature: Feature, code: str) -> Feature:
    """The feature without one privilege. Raises NotFound `privilege`."""
    left = [privilege for privilege in feature.privileges if privilege["code"] != code]
    if len(left) == len(feature.privileges):
        raise NotFound("privilege", code)
    return FEATURES.amend(uow, uow.stamp_for(), feature, privileges=left)


def get(connection: sa.Connection, code: str) -> Feature:
    """The feature of this code. Raises NotFound."""
    feature = FEATURES.first(connection, FEATURES.c.code == code)
    if feature is None:
        raise NotFound("feature", code)
    return feature


def page(connection: sa.Connection, *, limit: int | None = None, offset: int = 0) -> Page[Feature]:
    """Features, newest first."""
    return FEATURES.page(connection, limit=limit, offset=offset)
