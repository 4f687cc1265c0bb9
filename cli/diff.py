"""`tallystick diff`: what another pricing SQL, or another price list, would have made of the last bills."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer
from rich.markup import escape
from rich.table import Table

from cli.output import FAILED, Json, console, installed, print_json, progress_console
from cli.plan_files import apply, read_files
from cli.revision import folder_at
from core.billing.what_if import Comparison, Pricing, as_if_always, compare
from core.catalog.engine import connect
from core.catalog.export import export
from core.catalog.unit_of_work import trial
from core.clock import SystemClock
from core.settings import Settings
from core.warehouse import marts
from core.warehouse.connection import ReadWarehouse
from core.warehouse.dbt_project import PROJECT_DIR
from core.warehouse.pricing_graph import PricingGraph

REVISIONS = PROJECT_DIR / "target" / "revisions"


def diff(
    against: Annotated[
        str,
        typer.Option(help="A git revision, a folder with a dbt project, or a folder of plan files.", metavar="REV|DIR"),
    ],
    plans: Annotated[
        Path | None,
        typer.Option(
            help="With a revision: compare the plan files of this folder, not the SQL.",
            metavar="DIR",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    fail_on_change: Annotated[
        bool, typer.Option("--fail-on-change", help="End with 1 if any line differs, for CI.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Re-rate the last closed period of every subscription twice and show, per customer and charge, what moves.

    Against a revision or a dbt project: old is its pricing SQL, new is the SQL as it stands here. Against plan files: old is
    the catalog as it is, new is what `tallystick plans apply` would make of it; both are priced as if in force all along.
    Nothing is written. Only models that differ, and what stands on them, are computed a second time.
    """
    settings = installed()
    with progress_console.status("Compiling the models"):
        old, new = _sides(settings, against, plans)
    with progress_console.status("Pricing the last bills twice"), closing(ReadWarehouse(settings).cursor()) as cursor:
        found = compare(cursor, old, new)
    if as_json:
        print_json(
            {
                "changed": found.changed,
                "unchanged": found.unchanged,
                "recomputed": list(found.recomputed),
                "totals": totals(found),
            }
        )
    else:
        _show(found)
    if found.changed and fail_on_change:
        raise typer.Exit(FAILED)


def totals(found: Comparison) -> dict[str, dict[str, int]]:
    """Currency -> old, new and difference in minor units, over the lines that differ."""
    summed: dict[str, dict[str, int]] = defaultdict(lambda: {"old_cents": 0, "new_cents": 0, "difference_cents": 0})
    for line in found.changed:
        total = summed[line["currency"]]
        total["old_cents"] += line["old_cents"]
        total["new_cents"] += line["new_cents"]
        total["difference_cents"] += line["new_cents"] - line["old_cents"]
    return dict(sorted(summed.items()))


def _sides(settings: Settings, against: str, plans: Path | None) -> tuple[Pricing, Pricing]:
    folder, here = Path(against), PricingGraph.load()
    if plans is not None:
        files = folder if folder.is_dir() else folder_at(against, plans, REVISIONS)
        return Pricing(here, _priced_by(settings, files)), Pricing(here, _priced_by(settings, plans))
    if folder.is_dir() and not (folder / "dbt_project.yml").is_file():
        return Pricing(here, _priced_by(settings, None)), Pricing(here, _priced_by(settings, folder))
    project = folder.resolve() if folder.is_dir() else folder_at(against, PROJECT_DIR, REVISIONS)
    return Pricing(PricingGraph.load(project)), Pricing(here)


def _priced_by(settings: Settings, folder: Path | None) -> Mapping[str, pa.Table]:
    """The catalog's export as it would be with the plan files of `folder` applied; the catalog itself stays as it is."""
    engine = connect(settings.catalog)
    with trial(engine, SystemClock()) as uow:
        if folder is not None:
            apply(uow, read_files(folder))
        tables = export(uow.connection)
    engine.dispose()
    return as_if_always(tables)


def _show(found: Comparison) -> None:
    if found.changed:
        table = Table("Customer", "Subscription", "Charge")
        for name in ("Old", "New", "Difference"):
            table.add_column(name, justify="right", no_wrap=True)
        for line in found.changed:
            table.add_row(
                escape(line["customer_name"]),
                escape(line["external_subscription_id"]),
                escape(_item(line)),
                *_amounts(line, line["currency"]),
            )
        table.add_section()
        for currency, total in totals(found).items():
            table.add_row("Total", "", "", *_amounts(total, currency), style="bold")
        console.print(table)
    models = f", {len(found.recomputed)} models computed anew" if found.recomputed else ", no model differs"
    console.print(
        f"{len(found.changed):,} lines differ, {found.unchanged:,} do not{models}.", highlight=False, soft_wrap=True
    )


def _item(line: Mapping[str, Any]) -> str:
    return str(line["item_name"] or line["item_code"])


def _amounts(line: Mapping[str, Any], currency: str) -> tuple[str, str, str]:
    difference = line["new_cents"] - line["old_cents"]
    sign = "+" if difference > 0 else ""
    return (
        marts.money(line["old_cents"], currency),
        marts.money(line["new_cents"], currency),
        sign + marts.money(difference, currency),
    )
