"""Tables of versions, as migrations make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

TEXT, INTEGER, FLAG, INSTANT = sa.Text, sa.BigInteger, sa.Boolean, sa.DateTime

Columns = dict[str, Any]
"""Column -> type, without the columns that every table of versions has; a name with a question mark may be null."""


def create_versions(name: str, columns: Columns, unique: Sequence[str], index: Sequence[str]) -> None:
    """A table of versions. Columns in `unique` are unique among current versions, those in `index` are looked up."""
    op.create_table(
        name,
        sa.Column("id", TEXT, nullable=False),
        sa.Column("sequence", INTEGER, nullable=False),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("valid_to", INSTANT),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        *(sa.Column(column.rstrip("?"), kind, nullable=column.endswith("?")) for column, kind in columns.items()),
        sa.PrimaryKeyConstraint("id", "sequence"),
    )
    current = sa.text("valid_to IS NULL")
    for column in ("id", *unique, *index):
        op.create_index(
            f"ix_{name}_{'current' if column == 'id' else column}",
            name,
            [column],
            unique=column == "id" or column in unique,
            sqlite_where=current,
            postgresql_where=current,
        )
