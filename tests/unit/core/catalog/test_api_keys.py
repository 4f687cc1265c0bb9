"""Keys of the API: what they may do, until when, and what takes their place."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.catalog import api_keys
from core.catalog.engine import reading
from core.errors import NotFound, ValidationError
from tests.unit.core.catalog.conftest import NOW, Begin


def test_a_key_may_do_what_it_was_made_for(begin: Begin) -> None:
    with begin() as uow:
        assert api_keys.create(uow)[0].scopes == ["read", "write"]
        assert api_keys.create(uow, scopes=("ingest",))[0].scopes == ["ingest"]
        for scopes in ((), ("read", "all")):
            with pytest.raises(ValidationError) as refused:
                api_keys.create(uow, scopes=scopes)
            assert refused.value.details == {"scopes": ["value_is_invalid"]}
        with pytest.raises(ValidationError):
            api_keys.create(uow, requests_per_second=0)


def test_a_key_is_good_until_it_ends(begin: Begin) -> None:
    with begin() as uow:
        row, plaintext = api_keys.create(uow, expires_at=NOW + timedelta(days=1))
        assert api_keys.verify(uow.connection, plaintext, NOW + timedelta(hours=23)) == row
        assert api_keys.verify(uow.connection, plaintext, NOW + timedelta(days=1)) is None


def test_a_key_that_takes_anothers_place_is_good_beside_it_for_a_while(begin: Begin) -> None:
    with begin() as uow:
        old, old_text = api_keys.create(uow, "ci", scopes=("read",), requests_per_second=7)
        new, new_text = api_keys.rotate(uow, old.id, timedelta(hours=2))
        assert (new.name, new.scopes, new.requests_per_second, new.expires_at) == ("ci", ["read"], 7, None)
        assert new_text != old_text
    with begin() as uow:
        for text in (old_text, new_text):
            assert api_keys.verify(uow.connection, text, NOW + timedelta(hours=1)) is not None
        assert api_keys.verify(uow.connection, old_text, NOW + timedelta(hours=2, seconds=1)) is None
        assert api_keys.verify(uow.connection, new_text, NOW + timedelta(days=900)) == new
        api_keys.rotate(uow, old.id, timedelta(hours=9))
        assert api_keys.verify(uow.connection, old_text, NOW + timedelta(hours=3)) is None  # nothing that ends lives longer
        with pytest.raises(NotFound):
            api_keys.rotate(uow, "none", timedelta())


def test_it_is_known_when_a_key_was_last_used(begin: Begin, catalog: sa.Engine) -> None:
    with begin() as uow:
        row, _ = api_keys.create(uow)
    for at in (NOW, NOW + timedelta(hours=1)):
        api_keys.was_used(catalog, row.id, at)
    with reading(catalog) as connection:
        assert api_keys.last_uses(connection) == {row.id: NOW + timedelta(hours=1)}
