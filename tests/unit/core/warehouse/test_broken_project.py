from __future__ import annotations

import duckdb
import pytest

from core.warehouse.dbt_project import BrokenProject
from core.warehouse.pricing_graph import PricingGraph


def test_a_model_that_the_engine_does_not_take_is_named() -> None:
    model = {
        "id": "model.charges", "kind": "model", "name": "int_rating__charges", "layer": "rating", "relation": '"rating"."charges"',
        "depends_on": [], "sql": "select ammount from (select 1 as amount) as charge", "materialized": "table",
    }  # fmt: skip
    with pytest.raises(
        BrokenProject, match=r'int_rating__charges.sql in dbt_project/models/rating: .*"ammount" not found'
    ):
        PricingGraph([model]).run(duckdb.connect(), ["int_rating__charges"], {})
