"""dbt's models as assets, in two sets: what leads to the drafts, and what reads the books."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from core.warehouse.dbt_project import PROJECT_DIR, manifest_path
from orchestration.defs.ingestion.assets import WRITER_POOL
from orchestration.lib.dbt import (
    BOOK_LAYERS,
    DRAFT_LAYERS,
    SETTLEMENT,
    LayerTranslator,
    environment,
    profile_target,
    selection,
)
from orchestration.lib.resources import Writer

MANIFEST = manifest_path()
TRANSLATOR = LayerTranslator()


def _build(context: dg.AssetExecutionContext, installation: Writer) -> Iterator[Any]:
    # The dbt of this very environment, which need not be on the PATH.
    executable = Path(sys.executable).with_name("dbt")
    dbt = DbtCliResource(
        project_dir=str(PROJECT_DIR),
        profiles_dir=str(PROJECT_DIR),
        target=profile_target(installation.settings),
        dbt_executable=str(executable),
    )
    # One target for both sets of assets: what dbt has parsed for the first it need not parse for the second.
    target = installation.settings.home / "dbt"
    command = ["build", "--exclude-resource-type", "unit_test", "--log-path", str(target / context.op.name)]
    invocation = dbt.cli(
        command, context=context, manifest=MANIFEST, target_path=target, dagster_dbt_translator=TRANSLATOR
    )
    yield from invocation.stream()


@dbt_assets(
    manifest=MANIFEST,
    select=selection(DRAFT_LAYERS),
    exclude=SETTLEMENT,
    dagster_dbt_translator=TRANSLATOR,
    pool=WRITER_POOL,
    name="drafts",
)
def drafts(context: dg.AssetExecutionContext, installation: Writer) -> Iterator[Any]:
    """staging, metering, rating and billing up to the draft invoices, with their tests as checks."""
    yield from with_lakes(context, installation)


@dbt_assets(
    manifest=MANIFEST,
    select=selection(BOOK_LAYERS),
    exclude=SETTLEMENT,
    dagster_dbt_translator=TRANSLATOR,
    pool=WRITER_POOL,
    name="books_and_marts",
)
def books_and_marts(context: dg.AssetExecutionContext, installation: Writer) -> Iterator[Any]:
    """ledger and marts, with their tests as checks."""
    yield from with_lakes(context, installation)


def with_lakes(context: dg.AssetExecutionContext, installation: Writer) -> Iterator[Any]:
    """Runs dbt with the locations of this installation's lakes in its environment."""
    import os

    before = dict(os.environ)
    os.environ.update(environment(installation.settings))
    try:
        yield from _build(context, installation)
    finally:
        os.environ.clear()
        os.environ.update(before)
