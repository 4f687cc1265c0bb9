"""Law 1 over drawn worlds: whatever the moments of the runs, the books are the same in every row and column."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from tests.property.conftest import WORLDS, Played
from tests.property.worlds import BEGINS_AT, ENDS_AT, MICROSECOND, near_bounds
from tests.support.books import Books, append, differences, rows_where

RUN_SETS = 5


def assert_same(expected: Books, actual: Books) -> None:
    found = differences(expected, actual)
    assert not found, f"{len(found)} rows differ, among them " + "\n".join(str(row) for row in found[:4])


def moments(played: Played, random: Random, runs: int) -> list[dict[str, datetime]]:
    """For each run a reading per customer, not before the last one's: anywhere, at an invoice's moment, or a hair beside it."""
    issued: dict[str, list[datetime]] = {customer_id: [BEGINS_AT] for customer_id in played.players}
    for row in played.books["invoices"].select(["customer_id", "issued_at", "ready_at"]).to_pylist():
        issued[row["customer_id"]] += [row["issued_at"], row["ready_at"]]
    readings: list[dict[str, datetime]] = [{} for _ in range(runs)]
    for customer_id, player in played.players.items():
        drawn = []
        for _ in range(runs - 1):
            near = random.choice(issued[customer_id]) + random.choice((timedelta(), MICROSECOND, -MICROSECOND))
            drawn.append(near if random.random() < 0.5 else near_bounds(random, player.script.zone, BEGINS_AT, ENDS_AT))
        for run, instant in enumerate([*sorted(drawn), ENDS_AT]):
            readings[run][customer_id] = instant
    return readings


def test_the_worlds_have_what_matters(played: Played) -> None:
    """The laws hold of something: every kind of row is there in numbers, and commands are rarely refused."""
    rows = {name: table.num_rows for name, table in played.books.items()}
    assert len(played.players) == WORLDS >= 200
    assert rows["invoices"] > 10 * WORLDS
    # No drawn charge has presentation keys, and no drawn customer a campaign; rules are in test_wallet_rules.
    for name in ("fee_presentation_units", "wallet_top_ups", "payment_requests", "payment_request_invoices"):
        del rows[name]
    notes = {name: rows.pop(name) for name in list(rows) if name.startswith("credit_note")}
    assert notes.pop("credit_note_voids") >= 10
    assert min(notes.values()) >= WORLDS / 4, notes
    assert rows.pop("invoice_voids") >= WORLDS / 2 and rows.pop("wallet_returns") >= WORLDS / 10
    assert min(rows.values()) >= WORLDS, rows
    for part in ("credit_amount_cents", "offset_amount_cents"):
        assert sum(1 for cents in played.books["credit_notes"][part].to_pylist() if cents) >= 5, part
    for column, wanted in (("invoice_type", {"subscription", "one_off", "credit"}), ("status", {"finalized", "closed"})):
        assert set(played.books["invoices"][column].to_pylist()) == wanted
    assert sum(name is not None for name in played.books["fees"]["corrected_invoice_id"].to_pylist()) >= WORLDS / 10
    assert set(played.books["fees"]["charge_model"].to_pylist()) == {None, "standard", "graduated", "package", "volume"}
    # Drafts on hold that were released after their grace period, and some that never were.
    late = {row["invoice_id"] for row in played.books["invoices"].to_pylist() if row["issued_at"] - row["ready_at"] > timedelta(days=10)}
    assert sum(len(player.released & late) for player in played.players.values()) >= WORLDS / 50
    left = {draft["invoice_id"] for draft in played.drafts["draft_invoices"] if not draft["is_due"]}
    assert sum(len(player.held & left) for player in played.players.values()) >= WORLDS / 50
    assert sum(len(player.refused) for player in played.players.values()) < sum(player.played for player in played.players.values()) / 10


def test_runs_while_it_happened_give_the_books_of_one_run_at_the_end(played: Played) -> None:
    """Each stage's run saw no later fact, and ran at the clocks' real readings."""
    assert_same(played.books, played.staged[-1][1])


def test_later_facts_change_nothing_that_was_issued(played: Played) -> None:
    """What a run at A issued when A was now is what a run as of A issues when all that came later is known."""
    for readings, books in played.staged[:-1]:
        assert_same(books, append({}, played.settle(None, readings)))


@pytest.mark.parametrize("run_set", range(RUN_SETS))
def test_random_runs_give_the_books_of_one_run_at_the_end(played: Played, run_set: int) -> None:
    random = Random(run_set)
    runs = 2 + run_set
    books: Books | None = None
    for as_of in moments(played, random, runs):
        settlement = played.settle(books, as_of, random.choice((1, 2, None)) if runs > 4 else None)
        books = append(books or {}, settlement)
    assert books is not None
    assert_same(played.books, books)


def test_twelve_monthly_runs_give_the_books_of_one_run_for_the_year(played: Played) -> None:
    year = rows_where(append({}, played.settle(None, played.everyone_at(datetime(2025, 1, 1)))), "true")
    books: Books = {}
    for month in range(2, 14):
        books = append(books, played.settle(books or None, played.everyone_at(datetime(2024 + month // 13, (month - 1) % 12 + 1, 1))))
    assert_same(year, books)


@pytest.mark.parametrize("at", [datetime(2024, 6, 30, 22), ENDS_AT])
def test_a_second_run_at_the_same_moment_adds_nothing(played: Played, at: datetime) -> None:
    books = append({}, played.settle(None, played.everyone_at(at)))
    again = played.settle(books, played.everyone_at(at))
    assert {name: table.num_rows for name, table in again.tables.items()} == dict.fromkeys(books, 0)


def test_nothing_is_issued_before_its_moment(played: Played) -> None:
    """A run as of A is the prefix, by `issued_at`, of the run at the end; numbers included."""
    at = datetime(2024, 8, 1, 4)
    assert_same(rows_where(played.books, f"issued_at <= timestamp '{at}'"), append({}, played.settle(None, played.everyone_at(at))))


def test_a_difference_is_seen(played: Played) -> None:
    """Negative control: the comparison finds one changed cent."""
    fees: Any = played.books["fees"]
    place = fees.column_names.index("amount_cents")
    cents = fees["amount_cents"].to_pylist()
    cents[len(cents) // 2] += 1
    changed = dict(played.books) | {"fees": fees.set_column(place, fees.field(place), [cents])}
    assert len(differences(played.books, changed)) == 2
