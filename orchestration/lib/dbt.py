"""Arguments and environment of dbt, as pure functions, and the one translator from dbt nodes to assets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings

from core import lake
from core.settings import Settings

DRAFT_LAYERS = ("staging", "metering", "rating", "billing")
BOOK_LAYERS = ("ledger", "marts")
ISSUED = dg.AssetKey(["books", "issued_invoices"])


def selection(layers: tuple[str, ...]) -> str:
    """dbt's selector for the models of some layers, by the schema that is the layer's name (seeds are staging)."""
    return " ".join(f"config.schema:{layer}" for layer in layers)


SETTLEMENT = "fqn:tallystick.billing.settlement fqn:tallystick.ledger.settlement"
"""Models that the settlement driver runs, pass by pass; a run of dbt leaves them out."""


def environment(settings: Settings) -> dict[str, str]:
    """The variables of dbt's profile: where the two lakes are."""
    warehouse, books = lake.warehouse(settings), lake.books(settings)
    return {
        "TALLYSTICK_WAREHOUSE": warehouse.location,
        "TALLYSTICK_WAREHOUSE_DATA": warehouse.data_path,
        "TALLYSTICK_BOOKS": books.location,
        "TALLYSTICK_BOOKS_DATA": books.data_path,
        "TALLYSTICK_MEMORY_LIMIT": lake.MEMORY_LIMIT,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def profile_target(settings: Settings) -> str:
    """The output of dbt's profile that attaches this installation's lakes."""
    return "duckdb" if lake.warehouse(settings).is_embedded else "postgres"


class LayerTranslator(DagsterDbtTranslator):
    """Assets are named by layer; what reads the books comes after the issue."""

    def __init__(self) -> None:
        super().__init__(
            settings=DagsterDbtTranslatorSettings(enable_asset_checks=True, enable_duplicate_source_asset_keys=True)
        )

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`[layer, model]`; sources as `[source, table]`."""
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey([dbt_resource_props["source_name"], dbt_resource_props["name"]])
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The layer."""
        return str(dbt_resource_props["schema"])

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        """The ledger reads the books through staging views, so it also waits for the issue."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id)
        if node is not None and node["resource_type"] == "model" and node["schema"] in BOOK_LAYERS:
            spec = spec.replace_attributes(deps=[*spec.deps, dg.AssetDep(ISSUED)])
        return spec


def first_failure(message: str, logs: Path) -> str:
    """The first thing that failed in dbt, in a line that names the log with the rest; any message of one line as it is."""
    message = re.sub("\x1b\\[[0-9;]*m", "", message)
    failures = re.findall(r"^Failure in (.+?) \(.*\)\n((?:[ \t]+.*\n?|\n(?=[ \t]))+)", message, re.MULTILINE)
    if not failures:
        # No model failed: dbt itself did, and what it says is followed by its own stack.
        told = re.search(r"^\w+(?: \w+)* Error: .*?(?=^Traceback|\Z)", message, re.MULTILINE | re.DOTALL)
        return f"{' '.join(told[0].split())}; the whole is in {logs / 'dbt.log'}" if told else message
    name, story = failures[0]
    lines = [line.strip() for line in story.splitlines() if line.strip()]
    # What the engine says, above the place that it points at; of a test that found rows, the last line.
    reason = next((line for line in lines if re.match(r"\w+( \w+)* Error: ", line)), lines[-1])
    others = f", and {len(failures) - 1} more" if len(failures) > 1 else ""
    return f"{name}: {reason}{others}; the whole is in {logs / 'dbt.log'}"
