"""`tallystick demo`: a company, three months of usage, a real run, and what came out of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from cli import demo_company
from cli.output import progress_bar
from core.billing import installation
from core.catalog.engine import connect
from core.clock import ManualClock, SystemClock
from core.errors import TallystickError
from core.settings import Settings
from core.warehouse import marts
from core.warehouse.connection import ReadWarehouse
from core.warehouse.pricing_graph import PricingGraph
from ingestion.landing import Landing

# Where the bar stands after the first two steps: about their part of the time.
FOUNDED, LANDED = 0.1, 0.15


@dataclass
class Timings:
    """Seconds per step, in order."""

    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.monotonic)

    def mark(self, step: str) -> None:
        """The step has ended now."""
        now = time.monotonic()
        self.seconds[step] = now - self._since
        self._since = now


def run_demo(settings: Settings, events: int, seed: int, console: Console) -> None:
    """Creates the company in `settings.home`, bills it and prints what happened. Raises TallystickError for a used home."""
    from orchestration.run import run

    if settings.published.exists():
        raise TallystickError(
            "home_in_use",
            f"{settings.home} already holds an installation; remove it or set TALLYSTICK_HOME to a new folder",
        )
    timings = Timings()
    end = demo_company.months_back(SystemClock().now(), 0)
    begin = demo_company.months_back(end, demo_company.MONTHS)
    graph = PricingGraph.load()
    with progress_bar(keep=True) as progress:
        task = progress.add_task("Founding the company", total=1)
        clock = ManualClock(begin - timedelta(hours=1))
        installation.create(settings, graph, clock)
        subscribers = demo_company.found(connect(settings.catalog), clock, seed)
        timings.mark("company founded")
        landing = Landing(settings.landing)
        for landed in demo_company.land_usage(landing, subscribers, begin, end, events, seed):
            part = FOUNDED + (LANDED - FOUNDED) * landed / events
            progress.update(task, description=f"Landing usage: {landed:,} events", completed=part)
        timings.mark("usage landed")
        report = run(
            settings,
            progress=lambda step, part: progress.update(
                task, description=f"Dagster: {step}", completed=LANDED + (1 - LANDED) * part
            ),
        )
        timings.mark("run")
        progress.update(task, description=f"Billed {report.invoices:,} invoices", completed=1)
    cursor = ReadWarehouse(settings).cursor()
    console.print(
        f"[bold]{report.invoices:,} invoices[/bold] from {report.events_accepted:,} events of {len(subscribers)} customers, {begin:%d %b %Y} to {end:%d %b %Y}\n"
    )
    _invoice_table(console, cursor)
    explained = _one_explained(console, cursor)
    _conservation(console, cursor)
    _timing_table(console, timings, report.seconds)
    console.print(
        "\nNext:\n"
        "  [bold]make up[/bold]                                                 API, console, Dagster; prints an API key\n"
        "  [bold].venv/bin/tallystick verify[/bold]                              recompute every invoice\n"
        f"  [bold].venv/bin/tallystick explain {explained or 'INVOICE'} --events[/bold]",
        highlight=False,
        soft_wrap=True,
    )


def _invoice_table(console: Console, cursor: Any) -> None:
    rows, total = marts.list_invoices(cursor, page=1, per_page=12)
    table = Table(title=f"Newest invoices (12 of {total:,})", title_justify="left")
    table.add_column("Number", no_wrap=True, min_width=16)  # it is what `explain` is called with
    for name in ("Customer", "Issued", "Status"):
        table.add_column(name)
    for name in ("Fees", "Coupons", "Taxes", "Credits", "Total"):
        table.add_column(name, justify="right")
    for row in rows:
        amounts = [
            marts.money(row[f"{name}_amount_cents"] or 0, row["currency"])
            for name in ("fees", "coupons", "taxes", "prepaid_credit", "total")
        ]
        table.add_row(
            row["number"] or "draft",
            row["customer_name"] or row["customer_external_id"],
            f"{row['issuing_date']}",
            row["status"],
            *amounts,
        )
    console.print(table)


def _one_explained(console: Console, cursor: Any) -> str:
    """Prints the invoice with the most tiers; returns its number, empty when no invoice has any."""
    from cli.explain import print_invoice

    row = cursor.execute(
        "select invoices.invoice_id, invoices.number from books.main.invoices inner join books.main.fee_tiers using (invoice_id) "
        "where invoices.taxes_amount_cents > 0 and step_kind = 'tier' group by all order by count(*) desc, invoices.invoice_id limit 1"
    ).fetchone()
    if not row:
        return ""
    print_invoice(console, cursor, row[0], events=3)
    return str(row[1])


def _conservation(console: Console, cursor: Any) -> None:
    table = Table(
        title="Conservation",
        title_justify="left",
        caption="Rows, or minor units over all currencies; each invoice is checked by itself.",
        caption_justify="left",
    )
    for name in ("Check", "Left", "Right", "Holds"):
        table.add_column(name, justify="right" if name in ("Left", "Right") else "left")
    for row in marts.reconciliation(cursor):
        table.add_row(
            row["check_name"],
            f"{row['left_value']:,}",
            f"{row['right_value']:,}",
            "yes" if row["is_held"] else "[red]NO[/red]",
        )
    console.print(table)


def _timing_table(console: Console, timings: Timings, steps: dict[str, float]) -> None:
    table = Table(title="Timings (seconds)", title_justify="left")
    table.add_column("Step")
    table.add_column("Seconds", justify="right")
    for step, seconds in timings.seconds.items():
        table.add_row(step, f"{seconds:.1f}")
    for step, seconds in steps.items():
        table.add_row(f"  {step}", f"{seconds:.1f}")
    console.print(table)
