"""One customer's usage out of the domain of money, through `tallystick run`: the others are billed, and everybody is told."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from tests.e2e.installed_world import InstalledWorld, books
from tests.property.test_held_bills import HUGE, Customer, sold
from tests.support.demo_home import tallystick

USED_AT, LOOKED_AT = datetime(2024, 1, 10), datetime(2024, 2, 3)


def test_a_run_bills_the_others_and_says_what_it_held_back(tmp_path: Path) -> None:
    world = InstalledWorld(tmp_path / "home")
    held, other = (Customer(world, name, [sold(name)]) for name in ("held", "other"))
    held.send(USED_AT, HUGE)
    other.send(USED_AT, "7")
    for customer in (held, other):
        world.advance(customer.clock, LOOKED_AT)
    world.inbox.close()
    ran = tallystick(world.settings.home, "run")
    assert ran.returncode == 0, ran.stderr
    words = "customer held, subscription held, held-units: 999,999,999,999,999 units cannot be priced"
    assert "1 bill is held back" in ran.stdout and f"HELD  {words}" in ran.stdout
    assert "1 invoices issued" in ran.stdout
    again = json.loads(tallystick(world.settings.home, "run", "--json").stdout)
    assert [(row["bill_state"], row["item_code"], row["units"]) for row in again["held"]] == [("due", "held-units", f"{HUGE}.000000000000")]
    doctor = tallystick(world.settings.home, "doctor", "--json")
    wrong = {finding["check"]: finding["found"] for finding in json.loads(doctor.stdout)["findings"] if not finding["ok"]}
    assert doctor.returncode == 1 and words in wrong.pop("bills held back") and wrong == {}
    assert len(books(world.settings)["invoices"]) == 1
    assert tallystick(world.settings.home, "verify").returncode == 0
