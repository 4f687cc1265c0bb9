"""The bill run against the bare minimum, side by side.

    python benchmarks/bill_run.py [--events N] [--subscriptions N] [--rounds N] [--home DIR]

`run` takes landing files to issued invoices (raw facts, drafts with dbt's tests, issue) through Dagster; `start-up` is the
same process on an empty lake; `bare` is `bare.sql` over the same landing files, with the same limits. Each is a process
of its own. Prints (run - start-up) / bare and the peak memory of the run's processes together.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from company import END, found, land
from measure import load_average, measured

from core import lake
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph

AS_OF = END + timedelta(days=1)
HOME = "home"
"""Where an installation is founded it must run: its lakes keep their absolute paths."""


def run(home: str, as_of: datetime) -> None:
    """The child that bills: one run up to the issue at `as_of`. Prints the seconds of its steps."""
    import dagster as dg

    from orchestration.defs.billing.assets import issued_invoices
    from orchestration.defs.dbt.assets import drafts
    from orchestration.defs.ingestion.assets import Horizon, raw_facts
    from orchestration.lib.resources import Installation

    result = dg.materialize(
        [raw_facts, drafts, issued_invoices],
        run_config=dg.RunConfig(ops={"raw_facts": Horizon(as_of=as_of.isoformat())}),
        resources={"installation": Installation(home=home)},
    )
    for event in result.all_events:
        if event.is_step_success:
            print(f"STEP {event.step_key} {event.step_success_data.duration_ms / 1000:.1f} s")
        if event.is_step_materialization and event.step_key == "books__issued_invoices":
            print("STEP", dict(event.step_materialization_data.materialization.metadata))


def bare(home: str) -> None:
    """The child that does the least."""
    files = sorted(str(path) for path in Settings(home=Path(home)).landing.rglob("events/**/*.parquet"))
    connection = lake.connect()
    query = Path(__file__).with_name("bare.sql").read_text()
    connection.execute(f"create table bare as {query}", {"files": files})
    print("STEP", connection.execute("select sum(events), count(*) from bare").fetchone())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--subscriptions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--home", type=Path, help="keep the company here, for the next time")
    parser.add_argument("--child", nargs=2, metavar=("WHAT", "HOME"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        what, home = options.child
        return run(home, AS_OF) if what == "run" else bare(home)
    folder = options.home or Path(tempfile.mkdtemp())
    PricingGraph.load()  # compiled before anything is timed
    try:
        for name, count in (("empty", 0), ("full", options.subscriptions)):
            if not (folder / name).exists():
                settings = Settings(home=folder / HOME)
                found(settings, count)
                if count:
                    land(settings, options.events, count)
                settings.home.rename(folder / name)
        compare(folder, options.rounds)
    finally:
        if not options.home:
            shutil.rmtree(folder)


def compare(folder: Path, rounds: int) -> None:
    ratios = []
    for _ in range(rounds):
        wall, cpu = {}, {}
        for what, name in (("bare", "full"), ("start-up", "empty"), ("run", "full")):
            home = folder / HOME
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(folder / name, home)
            child = measured(Path(__file__), "--child", "bare" if what == "bare" else "run", str(home))
            wall[what], cpu[what] = child.seconds, child.cpu_seconds
            print(
                f"{what}: {child.seconds:.1f} s, {child.cpu_seconds:.1f} s of CPU, peak {child.peak_gib:.2f} GiB, {load_average()}",
                flush=True,
            )
            for line in child.output.splitlines():
                if line.startswith("STEP"):
                    print("   ", line.removeprefix("STEP "))
        ratios.append(_ratio(wall))
        print(f"(run - start-up) / bare: {ratios[-1]:.2f}, in CPU seconds {_ratio(cpu):.2f}", flush=True)
    print(f"median ratio {median(ratios):.2f} over {rounds} rounds")


def _ratio(spent: dict[str, float]) -> float:
    return (spent["run"] - spent["start-up"]) / spent["bare"]


if __name__ == "__main__":
    main()
