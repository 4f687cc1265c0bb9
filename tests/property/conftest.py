"""Two hundred drawn worlds in one catalog, played once per test session in three stages, with a real run after each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from core.warehouse.pricing_graph import PricingGraph
from tests.property.playing import Player
from tests.property.worlds import BEGINS_AT, ENDS_AT, draw, near_bounds
from tests.support.books import Books, Settlement, append
from tests.support.world import World

WORLDS = 200
STAGES = 3


@dataclass(frozen=True)
class Played:
    """The worlds after their last action.

    `facts` is all that was ever recorded; `books` what one run at the end makes of it; `staged` the books after the run
    at the end of each stage, each made when later facts did not exist yet, with the readings of the clocks at that run.
    """

    world: World
    players: Mapping[str, Player]
    facts: Mapping[str, pa.Table]
    books: Books
    drafts: Mapping[str, list[dict[str, Any]]]
    staged: list[tuple[Mapping[str, datetime], Books]]

    def everyone_at(self, instant: datetime) -> dict[str, datetime]:
        """That reading, for every customer."""
        return dict.fromkeys(self.players, instant)

    def settle(self, books: Books | None, as_of: Mapping[str, datetime], prefix_limit: int | None = None) -> Settlement:
        """A run as of these readings over all the facts."""
        return self.world.settle(books, prefix_limit, facts=self.facts, as_of=as_of)[0]


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    world = World(tmp_path_factory.mktemp("worlds"), PricingGraph.load())
    players = {player.customer_id: player for player in (Player(world, draw(seed)) for seed in range(WORLDS))}
    random = Random(7)
    books: Books = {}
    staged: list[tuple[Mapping[str, datetime], Books]] = []
    for stage in range(STAGES):
        readings = {customer_id: _end_of_stage(random, player, stage) for customer_id, player in players.items()}
        for customer_id, player in players.items():
            player.play_until(readings[customer_id])
        settlement, drafts = world.settle(books)
        books = append(books, settlement)
        staged.append((readings, books))
        if stage < STAGES - 1:
            finalized = _finalize_some(random, players, drafts["draft_invoices"])
            _reprice_some(Random(stage), finalized)
            _hold_and_release_some(Random(stage), players, drafts["draft_invoices"])
            _pay_some(random, players, books)
            _credit_some(Random(stage), players, books)
            _void_some(Random(stage), players, books)
            _void_invoices(Random(stage), players, books)
    facts = world.facts()
    at_once, drafts = world.settle(facts=facts)
    return Played(world, players, facts, append({}, at_once), drafts, staged)


def _end_of_stage(random: Random, player: Player, stage: int) -> datetime:
    if stage == STAGES - 1:
        return ENDS_AT
    third = (ENDS_AT - BEGINS_AT) / STAGES
    return near_bounds(random, player.script.zone, BEGINS_AT + stage * third, BEGINS_AT + (stage + 1) * third)


def _finalize_some(random: Random, players: Mapping[str, Player], drafts: list[dict[str, Any]]) -> list[Player]:
    """Finalizes half of the drafts a moment after the run, as an operator would who looks at its outcome. Returns whose they are."""
    finalized = {}
    for draft in sorted(drafts, key=lambda row: row["invoice_id"]):
        if not draft["is_due"] and random.random() < 0.5:
            player = players[draft["customer_id"]]
            player.play_until(player.later())
            player.finalize(draft["invoice_id"])
            finalized[player.customer_id] = player
    return list(finalized.values())


def _reprice_some(random: Random, finalized: list[Player]) -> None:
    """Changes prices while the grace period of what was just finalized goes on: of the plans for all, or of every subscription by itself."""
    for player in finalized:
        player.play_until(player.later())
        if random.random() < 0.4:
            for plan in player.script.plans:
                player.do("update_plan", code=plan["code"], amount_cents=plan["amount_cents"] + 7, cascade_updates=random.random() < 0.5)
        elif random.random() < 0.7:
            for external_id in sorted({action.terms["external_id"] for action in player.script.actions if action.do == "subscribe"}):
                player.do("override", external_id=external_id, overrides={"amount_cents": random.randrange(100000)})


def _hold_and_release_some(random: Random, players: Mapping[str, Player], drafts: list[dict[str, Any]]) -> None:
    """Releases most of the drafts on hold and holds most of the others, a moment after the run; some of them were finalized just now."""
    for draft in sorted(drafts, key=lambda row: row["invoice_id"]):
        if not draft["is_due"]:
            player = players[draft["customer_id"]]
            player.play_until(player.later())
            if draft["invoice_id"] not in player.held and random.random() < 0.7:
                player.hold(draft["invoice_id"])
            elif draft["invoice_id"] in player.held and random.random() < 0.8:
                player.release(draft["invoice_id"])


def _credit_some(random: Random, players: Mapping[str, Player], books: Books) -> None:
    """Gives a tenth of the issued invoices a credit note by hand, some a second one: of one line or two, in part or whole, to one
    place or several, never more refunded than was paid or set off than is due. What is asked of a line may be more than is left.
    """
    fees: dict[str, list[dict[str, Any]]] = {}
    for fee in sorted(books["fees"].to_pylist(), key=lambda row: str(row["fee_id"])):
        if fee["amount_cents"] > 0:
            fees.setdefault(fee["invoice_id"], []).append(fee)
    given: dict[str, int] = {}
    for note in books["credit_notes"].to_pylist():
        given[note["invoice_id"]] = given.get(note["invoice_id"], 0) + note["refund_amount_cents"] + note["offset_amount_cents"]
    for invoice in sorted(books["invoices"].to_pylist(), key=lambda row: row["invoice_id"]):
        invoice_id, player = invoice["invoice_id"], players[invoice["customer_id"]]
        if invoice["invoice_type"] == "credit" or invoice_id not in fees or invoice_id in player.void or random.random() > 0.1:
            continue
        for _ in range(random.choice((1, 1, 2))):
            some = random.sample(fees[invoice_id], min(random.choice((1, 2)), len(fees[invoice_id])))
            items = [{"fee_id": fee["fee_id"], "amount_cents": random.choice((fee["amount_cents"], 1, random.randrange(fee["amount_cents"]) + 1))} for fee in some]
            paid = player.paid.get(invoice_id, 0)
            left = 0 if invoice_id in given else random.choice((0, 1, paid or invoice["total_amount_cents"]))
            given[invoice_id] = left
            part = "refund" if paid else "offset"
            player.play_until(player.later())
            player.credit(invoice_id, items, **{f"{part}_amount_cents": left, "credit_amount_cents": random.choice((1, 10**6))})


def _void_some(random: Random, players: Mapping[str, Player], books: Books) -> None:
    """Voids most of the credit notes that have something left to give, a moment after the run."""
    used: dict[str, int] = {}
    for use in books["credit_note_uses"].to_pylist():
        used[use["credit_note_id"]] = used.get(use["credit_note_id"], 0) + use["amount_cents"]
    for note in sorted(books["credit_notes"].to_pylist(), key=lambda row: row["credit_note_id"]):
        if note["credit_amount_cents"] > used.get(note["credit_note_id"], 0) and random.random() < 0.6:
            player = players[note["customer_id"]]
            player.play_until(player.later())
            player.void_credit_note(note["credit_note_id"])


def _void_invoices(random: Random, players: Mapping[str, Player], books: Books) -> None:
    """Voids a twelfth of the issued invoices, and a third of those that coupons or wallets paid; top-ups stay."""
    for invoice in sorted(books["invoices"].to_pylist(), key=lambda row: row["invoice_id"]):
        player = players[invoice["customer_id"]]
        is_helped = invoice["coupons_amount_cents"] or invoice["prepaid_credit_amount_cents"]
        if invoice["invoice_type"] == "credit" or invoice["status"] != "finalized" or invoice["invoice_id"] in player.void:
            continue
        if random.random() < (0.3 if is_helped else 0.08):
            player.play_until(player.later())
            player.void_invoice(invoice["invoice_id"])


def _pay_some(random: Random, players: Mapping[str, Player], books: Books) -> None:
    """Pays a third of the issued invoices that nobody has paid, in whole or in part, less what credit notes set against them."""
    offsets: dict[str, int] = {}
    for note in books["credit_notes"].to_pylist():
        offsets[note["invoice_id"]] = offsets.get(note["invoice_id"], 0) + note["offset_amount_cents"]
    for invoice in sorted(books["invoices"].to_pylist(), key=lambda row: row["invoice_id"]):
        player, due = players[invoice["customer_id"]], invoice["total_amount_cents"] - offsets.get(invoice["invoice_id"], 0)
        if due > 0 and random.random() < 0.35 and invoice["invoice_id"] not in player.void:
            player.pay(invoice["invoice_id"], max(1, due // random.choice((1, 1, 2, 3))))
