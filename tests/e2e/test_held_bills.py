"""One customer's usage out of the domain of money, through `tallystick run`: the others are billed, and everybody is told."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from tests.e2e.installed_world import InstalledWorld, books, with_the_facts_of
from tests.property.test_held_bills import HUGE, Customer, sold
from tests.support.demo_home import tallystick

USED_AT, LOOKED_AT = datetime(2024, 1, 10), datetime(2024, 2, 3)


def test_a_run_bills_the_others_says_what_it_held_back_and_lets_it_go(tmp_path: Path) -> None:
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
    assert "tallystick set-aside" in ran.stdout
    assert "1 bill is held back" in ran.stdout and f"HELD  {words}" in ran.stdout
    assert "1 invoices issued" in ran.stdout
    again = json.loads(tallystick(world.settings.home, "run", "--json").stdout)
    assert [(row["bill_state"], row["item_code"], row["units"]) for row in again["held"]] == [("due", "held-units", f"{HUGE}.000000000000")]
    doctor = tallystick(world.settings.home, "doctor", "--json")
    wrong = {finding["check"]: finding["found"] for finding in json.loads(doctor.stdout)["findings"] if not finding["ok"]}
    assert doctor.returncode == 1 and words in wrong.pop("bills held back") and wrong == {}
    assert len(books(world.settings)["invoices"]) == 1
    assert tallystick(world.settings.home, "verify").returncode == 0
    listed = json.loads(tallystick(world.settings.home, "set-aside", "--json").stdout)
    (usage,) = listed["held"]
    (event,) = usage["events"]
    assert (usage["item_code"], event["transaction_id"], event["is_billed"]) == ("held-units", "event-1", False)
    event_not_held = tallystick(world.settings.home, "set-aside", "other", "event-2", "--reason", "mine")
    assert event_not_held.returncode == 1 and "event 'event-2' of subscription 'other' holds no bill back" in event_not_held.stderr
    assert tallystick(world.settings.home, "set-aside", "held", "event-1").returncode == 2
    gone = tallystick(world.settings.home, "set-aside", "held", "event-1", "--reason", "a test", "--by", "finance")
    assert gone.returncode == 0 and "The next run issues the bill without it" in gone.stdout, gone.stderr
    assert tallystick(world.settings.home, "set-aside").returncode == 3
    _check_what_was_released(world, tmp_path)


def _check_what_was_released(world: InstalledWorld, tmp_path: Path) -> None:
    home = world.settings.home
    assert json.loads(tallystick(home, "run", "--json").stdout)["held"] == []
    issued = {row[0]: row for row in books(world.settings)["invoices"]}
    assert len(issued) == 2
    verified = json.loads(tallystick(home, "verify", "--json").stdout)
    assert (verified["holds"], verified["set_aside"]) == (True, 1)
    explained = [tallystick(home, "explain", invoice_id).stdout for invoice_id in issued]
    told = [text for text in explained if "Set aside and not counted: event event-1" in text and "by finance: a test" in text]
    assert len(told) == 1
    doctor = tallystick(home, "doctor", "--json")
    found = {finding["check"]: finding for finding in json.loads(doctor.stdout)["findings"]}
    assert doctor.returncode == 0 and found["bills held back"]["found"] == "none"
    assert found["events set aside"]["found"] == "1: event event-1 of subscription held, by finance: a test"
    # An installation that knows the same and has never run bills the same in one run.
    once = with_the_facts_of(world.settings, tmp_path / "once")
    assert tallystick(once.home, "run").returncode == 0
    assert books(once) == books(world.settings)
