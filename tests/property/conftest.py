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
from core.warehouse.settlement import Settlement
from tests.property.playing import Player
from tests.property.worlds import BEGINS_AT, ENDS_AT, draw, near_bounds
from tests.support.books import Books, append
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
            _finalize_some(random, players, drafts["draft_invoices"])
            _pay_some(random, players, books)
    facts = world.facts()
    at_once, drafts = world.settle(facts=facts)
    return Played(world, players, facts, append({}, at_once), drafts, staged)


def _end_of_stage(random: Random, player: Player, stage: int) -> datetime:
    if stage == STAGES - 1:
        return ENDS_AT
    third = (ENDS_AT - BEGINS_AT) / STAGES
    return near_bounds(random, player.script.zone, BEGINS_AT + stage * third, BEGINS_AT + (stage + 1) * third)


def _finalize_some(random: Random, players: Mapping[str, Player], drafts: list[dict[str, Any]]) -> None:
    """Finalizes half of the drafts a moment after the run, as an operator would who looks at its outcome."""
    for draft in sorted(drafts, key=lambda row: row["invoice_id"]):
        if not draft["is_due"] and random.random() < 0.5:
            player = players[draft["customer_id"]]
            player.play_until(player.later())
            player.finalize(draft["invoice_id"])


def _pay_some(random: Random, players: Mapping[str, Player], books: Books) -> None:
    """Pays a third of the issued invoices that nobody has paid, in whole or in part, less what credit notes set against them."""
    offsets: dict[str, int] = {}
    for note in books["credit_notes"].to_pylist():
        offsets[note["invoice_id"]] = offsets.get(note["invoice_id"], 0) + note["offset_amount_cents"]
    for invoice in sorted(books["invoices"].to_pylist(), key=lambda row: row["invoice_id"]):
        player, due = players[invoice["customer_id"]], invoice["total_amount_cents"] - offsets.get(invoice["invoice_id"], 0)
        if due > 0 and random.random() < 0.35:
            player.pay(invoice["invoice_id"], max(1, due // random.choice((1, 1, 2, 3))))
