"""Every dbt test is a check of an asset, so that Dagster shows it and stops what stands on it."""

from __future__ import annotations

import json

from core.warehouse.dbt_project import manifest_path
from orchestration.defs.dbt.assets import books_and_marts, drafts


def test_every_test_of_dbt_is_an_asset_check() -> None:
    nodes = json.loads(manifest_path().read_text())["nodes"].values()
    # The settlement driver runs its models itself, and dbt leaves them out.
    tests = {node["name"] for node in nodes if node["resource_type"] == "test" and "settlement" not in node["fqn"]}
    checks = {key.name for assets in (drafts, books_and_marts) for key in assets.check_keys}
    assert tests and tests - checks == set()
