"""One customer's usage out of the domain of money, through the command: the others are billed, everybody is told, and there is a way out."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.e2e.installed_world import InstalledWorld, books
from tests.property.test_held_bills import HUGE, Customer, sold
from tests.support.demo_home import tallystick

USED_AT, LOOKED_AT = datetime(2024, 1, 10), datetime(2024, 2, 3)


def test_a_run_bills_the_others_and_the_held_bill_when_its_event_is_set_aside(tmp_path: Path) -> None:
    world = InstalledWorld(tmp_path / "home")
    home = world.settings.home
    held, other = (Customer(world, name, [sold(name)]) for name in ("held", "other"))
    held.send(USED_AT, HUGE)
    other.send(USED_AT, "7")
    for customer in (held, other):
        world.advance(customer.clock, LOOKED_AT)
    world.inbox.close()
    ran = tallystick(home, "run")
    assert ran.returncode == 0, ran.stderr
    words = "customer held, subscription held, held-units: 999,999,999,999,999 units cannot be priced"
    assert "1 bill is held back" in ran.stdout and f"HELD  {words}" in ran.stdout
    assert "1 invoices issued" in ran.stdout and "`tallystick set-aside`" in ran.stdout
    doctor = _findings(home)["bills held back"]
    assert not doctor["ok"] and words in doctor["found"] and "`tallystick set-aside`" in doctor["advice"]
    (issued,) = books(world.settings)["invoices"]
    _set_aside(home)
    again = json.loads(tallystick(home, "run", "--json").stdout)
    assert (again["held"], again["invoices"]) == ([], 1)
    (released,) = [row for row in books(world.settings)["invoices"] if row != issued]
    verified = json.loads(tallystick(home, "verify", "--json").stdout)
    assert (verified["holds"], verified["invoices"], verified["set_aside"]) == (True, 2, 1)
    explained = tallystick(home, "explain", str(released[0])).stdout
    assert "Set aside and not counted: event event-1" in explained and "by finance: a test" in explained
    found = _findings(home)
    assert found["bills held back"]["found"] == "none" and all(finding["ok"] for finding in found.values())
    assert found["events set aside"]["found"] == "1: event event-1 of subscription held, by finance: a test"


def _set_aside(home: Path) -> None:
    (usage,) = json.loads(tallystick(home, "set-aside", "--json").stdout)["held"]
    (event,) = usage["events"]
    assert (usage["item_code"], usage["bill_state"], usage["units"]) == ("held-units", "due", f"{HUGE}.000000000000")
    assert (event["transaction_id"], event["is_billed"], usage["events_total"]) == ("event-1", False, 1)
    refused = tallystick(home, "set-aside", "other", "event-2", "--reason", "mine")
    assert refused.returncode == 1 and "event 'event-2' of subscription 'other' holds no bill back" in refused.stderr
    assert tallystick(home, "set-aside", "held", "event-1").returncode == 2
    gone = tallystick(home, "set-aside", "held", "event-1", "--reason", "a test", "--by", "finance")
    assert gone.returncode == 0 and "The next run issues the bill without it" in gone.stdout, gone.stderr
    assert tallystick(home, "set-aside").returncode == 3


def _findings(home: Path) -> dict[str, dict[str, Any]]:
    """Check -> what the doctor found."""
    return {finding["check"]: finding for finding in json.loads(tallystick(home, "doctor", "--json").stdout)["findings"]}
