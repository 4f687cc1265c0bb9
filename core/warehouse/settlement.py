"""Settlement: drives the compiled settlement models pass by pass until nothing is due (settlement reference, section 4).

All rules are in the SQL. This driver only repeats it: a pass settles a prefix of every customer's queue; within a pass the
coupon models run once per coupon rank and the wallet models once per wallet rank, since the number of ranks is data.
What a pass settles is staged beside the books, so the next pass sees it; the books themselves are written elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from core import lake
from core.warehouse.pricing_graph import PricingGraph, quoted, temporary

WAITING = "int_billing__settlement_waiting"
QUEUE = "int_billing__settlement_queue"
COUPON_RANK = (
    "int_billing__coupon_lines",
    "int_billing__coupon_wishes",
    "int_billing__coupon_rank_uses",
    "int_billing__coupon_rank_shares",
)
WALLET_RANK = (
    "int_billing__wallet_rank_lines",
    "int_billing__wallet_rank_demands",
    "int_billing__wallet_rank_uses",
    "int_billing__wallet_rank_shares",
)
CREDIT_NOTES = (
    "int_billing__credit_note_scales",
    "int_billing__credit_note_items",
    "int_billing__credit_note_taxes",
    "int_billing__credit_note_totals",
    "int_billing__credit_note_limits",
    "int_billing__credit_note_parts",
    "int_billing__credit_note_candidates",
)
LEGS = ("int_billing__credit_note_legs", "int_billing__invoice_void_legs")
CREDIT_NOTE_RANK = "int_billing__credit_note_rank_uses"
NUMBERED = "int_billing__numbered_invoices"
ISSUES = {
    "invoice_subscriptions": "int_billing__issue_invoice_subscriptions",
    "fees": "int_billing__issue_fees",
    "standalone_fees": "int_billing__issue_standalone_fees",
    "fee_tiers": "int_billing__issue_fee_tiers",
    "fee_presentation_units": "int_billing__issue_fee_presentation_units",
    "fee_taxes": "int_billing__issue_fee_taxes",
    "invoice_taxes": "int_billing__issue_invoice_taxes",
    "coupon_uses": "int_billing__issue_coupon_uses",
    "wallet_uses": "int_billing__issue_wallet_uses",
    "wallet_use_fees": "int_billing__issue_wallet_use_fees",
    "credit_notes": "int_billing__issue_credit_notes",
    "credit_note_items": "int_billing__issue_credit_note_items",
    "credit_note_taxes": "int_billing__issue_credit_note_taxes",
    "credit_note_uses": "int_billing__issue_credit_note_uses",
    "credit_note_voids": "int_billing__issue_credit_note_voids",
    "invoice_voids": "int_billing__issue_invoice_voids",
    "wallet_returns": "int_billing__issue_wallet_returns",
    "postings": "int_billing__issue_postings",
}
# The models of the ranks are named too: they reach the issued rows through working tables, not through references.
TARGETS = (
    *ISSUES.values(),
    "int_billing__issue_invoices",
    NUMBERED,
    "int_billing__coupon_candidates",
    *COUPON_RANK,
    "int_billing__settlement_totals",
    CREDIT_NOTE_RANK,
    "int_billing__top_ups",
    "int_billing__wallet_candidates",
    "int_billing__wallet_lines",
    *WALLET_RANK,
    "int_ledger__dunning_request_invoices",
)
OF_NOTES = {
    *CREDIT_NOTES[:-1],
    *LEGS,
    "int_billing__issue_credit_notes",
    "int_billing__issue_credit_note_items",
    "int_billing__issue_credit_note_taxes",
    "int_billing__issue_credit_note_voids",
    "int_billing__issue_invoice_voids",
    "int_billing__issue_wallet_returns",
}
"""Models that have no row in a pass without credit notes and voids."""
TOP_UPS = (
    "int_billing__wallet_void_uses",
    "int_billing__top_up_moments",
    "int_billing__top_up_wallets",
    "int_billing__top_up_usage",
    "int_billing__top_up_checks",
    "int_billing__top_ups",
)
"""What rules put into wallets, at the first tick of every customer that does; the last has the rows of the books."""
AFTER_TOP_UPS = (
    "int_billing__wallet_inflows",
    "int_billing__wallet_credits",
    "int_billing__credit_fees",
    "int_billing__wallet_voids",
    "int_billing__queue_stops",
    "int_billing__unissued_invoices",
    "int_billing__invoice_dates",
    "int_billing__unrounded_fees",
    "int_billing__rounded_fees",
    "int_billing__fees",
    "int_billing__draft_invoices",
)
"""Models up to the drafts that what a rule puts in changes: its credits, and the invoice of those that are bought."""
DUNNING = (
    "int_ledger__overdue_spans",
    "int_ledger__dunning_resets",
    "int_ledger__dunning_ticks",
    "int_ledger__dunning_attempts",
    "int_ledger__dunning_requests",
    "int_ledger__dunning_request_invoices",
)
"""What campaigns ask for, at the next tick of every customer at which one does; the last two have the rows of the books."""
DUNNING_TERMS = "int_ledger__dunning_terms"
UNLIMITED = 2**62
DOCUMENTS = (
    "invoices",
    "standalone_fees",
    "credit_notes",
    "credit_note_voids",
    "invoice_voids",
    "wallet_top_ups",
    "payment_requests",
)
"""Tables with a row per thing that is settled: an invoice, a fee that is not invoiced, a credit note, the void of either, what a rule puts into a wallet, or a payment request of a campaign."""
STAGED = ("invoices", *ISSUES, "wallet_top_ups", "payment_requests", "payment_request_invoices")
"""Tables of the books that settlement fills."""
SEEN = (
    "invoices",
    "standalone_fees",
    "progressive_fees",
    "coupon_uses",
    "wallet_uses",
    "credit_notes",
    "credit_note_items",
    "credit_note_uses",
    "credit_note_voids",
    "invoice_voids",
    "wallet_returns",
    "wallet_top_ups",
    "payment_requests",
    "payment_request_invoices",
)
"""What a settled prefix changes for the next."""
SEEN_WHOLE = ("fees", "fee_taxes")
"""The same, of tables with so many rows that they are looked into and not copied."""


@dataclass(frozen=True)
class Settled:
    """What stands settled on a connection: the relation of the rows for each table of the books, and how many passes it took.

    A year of many customers is more than memory holds, so it is never fetched whole on its way to the books.
    """

    connection: duckdb.DuckDBPyConnection
    relations: Mapping[str, str]
    passes: int

    def rows(self, table: str) -> int:
        """How many rows the table of the books gets."""
        return _rows(self.connection, self.relations[table])

    @property
    def is_empty(self) -> bool:
        """Whether nothing was due: no invoice, no fee that is not invoiced, no credit note, no void, no top-up by a rule and no payment request."""
        return not any(self.rows(name) for name in DOCUMENTS)


def base_models(graph: PricingGraph) -> list[str]:
    """The models that settlement reads and does not run itself: everything up to the drafts."""
    planned = {node.name for node in graph.plan(_targets(graph))}
    return sorted(name for name in planned if not _is_settlement(name))


def _targets(graph: PricingGraph) -> list[str]:
    """What the graph has of the targets: the SQL of older invoices lacks what came later."""
    return [name for name in TARGETS if graph.has(name)]


def settle(
    connection: duckdb.DuckDBPyConnection,
    graph: PricingGraph,
    relations: Mapping[str, str],
    prefix_limit: int = UNLIMITED,
) -> Settled:
    """Settles every invoice that is due on the drafts of `relations`; leaves the rows to append to the books on `connection`.

    `relations` maps each base model (see `base_models`), catalog source and books source to a relation of `connection`.
    `prefix_limit` is the most invoices of one customer per pass; every limit gives the same books, which tests use.
    """
    return _Driver(connection, graph, relations, prefix_limit).run()


def _is_settlement(name: str) -> bool:
    prefixes = (
        "settlement_",
        "top_up",
        "coupon_",
        "credit_note_",
        "invoice_void_",
        "wallet_candidates",
        "wallet_lines",
        "wallet_rank",
        "issue_",
        "numbered_",
    )
    if name in (*DUNNING, DUNNING_TERMS):
        return True
    return name.startswith(tuple(f"int_billing__{prefix}" for prefix in prefixes))


class _Driver:
    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        graph: PricingGraph,
        relations: Mapping[str, str],
        prefix_limit: int,
    ) -> None:
        self.connection = connection
        self.graph = graph
        self.books = {name: relation for name, relation in relations.items() if name.startswith("books.")}
        self.relations = dict(relations)
        self.prefix_limit = prefix_limit
        self.issues = {table: model for table, model in ISSUES.items() if graph.has(model)}
        self.bundle_id, _ = graph.bundle(_targets(graph))
        self.has_notes = False
        self.has_rules = False

    def run(self) -> Settled:
        self._create_working_tables()
        ticks = "int_metering__top_up_ticks"
        self.has_rules = self.graph.has(TOP_UPS[-1]) and self._count(self.relations[ticks]) > 0
        passes = 0
        while self._settle_prefix():
            passes += 1
        while self._ask_for_what_is_overdue():
            passes += 1
        self._run(NUMBERED)
        self.connection.execute(f"insert into temp.main.staged_numbered by name select * from {temporary(NUMBERED)}")
        staged = {"invoices": "staged_numbered"} | {name: f"staged_{name}" for name in STAGED[1:]}
        return Settled(self.connection, {name: f"temp.main.{quoted(table)}" for name, table in staged.items()}, passes)

    def _create_working_tables(self) -> None:
        for node in self.graph.sources("settlement"):
            table = quoted(f"working.{node.name}")
            self.connection.execute(f"create or replace temp table {table} ({node.declared})")
            self.relations[node.name] = f"temp.main.{table}"
        for name in STAGED:
            books = self.books[f"books.{name}"]
            self.connection.execute(
                f"create or replace temp table {quoted(f'staged_{name}')} as select * from {books} limit 0"
            )
            seen = f"select * from temp.main.{quoted(f'staged_{name}')}"
            # To read a table without rows costs DuckLake tens of milliseconds, and each pass reads all of them.
            if lake.has_rows(self.connection, books):
                seen = f"select * from {books} union all by name {seen}"
            self.connection.execute(f"create or replace temp view {quoted(f'seen_{name}')} as {seen}")
        self.connection.execute(
            f"create or replace temp table staged_numbered as select * from {self.books['books.invoices']} limit 0"
        )
        self._see_staged(True)

    def _see_staged(self, seen: bool) -> None:
        """Whether models read the books with what this run has staged, or the books alone (as numbering does)."""
        for name in STAGED:
            source = f"books.{name}"
            self.relations[source] = f"temp.main.{quoted(f'seen_{name}')}" if seen else self.books[source]
        for name in SEEN_WHOLE:
            if self.graph.has(f"stg_books__{name}"):
                self.relations[f"stg_books__{name}"] = self.graph.inlined(f"stg_books__{name}", self.relations)
        numbering = {node.name for node in self.graph.plan([NUMBERED])}
        names = [node.name for node in self.graph.plan(self._seen()) if seen or node.name in numbering]
        for name in names:
            self.relations[name] = temporary(name)
        self._run(*names)

    def _seen(self) -> list[str]:
        return [model for model in (f"stg_books__{name}" for name in SEEN) if self.graph.has(model)]

    def _settle_prefix(self) -> bool:
        self._steer(0)
        self._run(WAITING)
        if self._top_up():
            return True
        self._run(QUEUE)
        if not self._count(temporary(QUEUE)):
            return False
        notes = f"(select 1 from {temporary(QUEUE)} where invoice_type in ('credit_note', 'credit_note_void', 'invoice_void'))"
        self.has_notes = self._count(notes) > 0
        self._empty("coupon_uses", "coupon_shares", "wallet_uses", "wallet_shares")
        if self.graph.has("settlement.credit_note_uses"):
            self._empty("credit_note_uses")
        self._run("int_billing__progressive_credits", "int_billing__coupon_candidates")
        for rank in range(1, self._last_rank("int_billing__coupon_candidates") + 1):
            self._steer(rank)
            self._run(*COUPON_RANK)
            self._keep("coupon_uses", "int_billing__coupon_rank_uses")
            self._keep("coupon_shares", "int_billing__coupon_rank_shares")
        self._forget(*COUPON_RANK)
        self._run("int_billing__fee_taxes", "int_billing__settlement_totals")
        self._give_and_use_credit_notes()
        self._run("int_billing__wallet_credits", "int_billing__wallet_void_uses", "int_billing__wallet_candidates")
        self._run("int_billing__wallet_lines")
        for rank in range(1, self._last_rank("int_billing__wallet_candidates") + 1):
            self._steer(rank)
            self._run(*WALLET_RANK)
            self._keep("wallet_uses", "int_billing__wallet_rank_uses")
            self._keep("wallet_shares", "int_billing__wallet_rank_shares")
        self._forget("int_billing__wallet_candidates", "int_billing__wallet_lines", *WALLET_RANK)
        self._stage()
        return True

    def _top_up(self) -> bool:
        """Whether a rule put something into a wallet before what is due next. All that follows from it is computed again."""
        if not self.has_rules:
            return False
        self._run(*TOP_UPS)
        made = temporary(TOP_UPS[-1])
        if not self._count(made):
            return False
        self.connection.execute(f"insert into temp.main.staged_wallet_top_ups by name select * from {made}")
        self._run("stg_books__wallet_top_ups", *AFTER_TOP_UPS)
        return True

    def _ask_for_what_is_overdue(self) -> bool:
        """Whether a campaign asked a customer, at the next tick of each; that decides when it asks again, so all runs again.

        Nothing that is issued depends on it, so it comes after everything that is due.
        """
        if not self.graph.has(DUNNING_TERMS):  # the SQL of older invoices
            return False
        if not self._count(self.relations["catalog.dunning_campaign_thresholds"]):  # there was never a campaign
            return False
        if DUNNING_TERMS not in self.relations:
            self._run(DUNNING_TERMS)
        if not self._count(self.relations[DUNNING_TERMS]):
            return False
        self._run(*DUNNING)
        for name, model in (("payment_requests", DUNNING[-2]), ("payment_request_invoices", DUNNING[-1])):
            self.connection.execute(f"insert into temp.main.staged_{name} by name select * from {temporary(model)}")
        self._run("stg_books__payment_requests", "stg_books__payment_request_invoices")
        return self._count(temporary(DUNNING[-2])) > 0

    def _give_and_use_credit_notes(self) -> None:
        if not self.graph.has(CREDIT_NOTE_RANK):  # the SQL of older invoices
            return
        self._run(*CREDIT_NOTES)
        for rank in range(1, self._last_rank(CREDIT_NOTES[-1]) + 1):
            self._steer(rank)
            self._run(CREDIT_NOTE_RANK)
            self._keep("credit_note_uses", CREDIT_NOTE_RANK)

    def _stage(self) -> None:
        *issued, postings = self.issues.values()
        self._run("int_billing__issue_invoices", *issued, *LEGS, postings)
        staged_invoices = self.relations["settlement.staged_invoices"]
        self.connection.execute(
            f"insert into {staged_invoices} by name select * from {temporary('int_billing__issue_invoices')}"
        )
        columns = ", ".join(quoted(name) for name in self._shared_columns())
        self.connection.execute(
            f"insert into temp.main.staged_invoices by name select {columns} from {temporary('int_billing__issue_invoices')}"
        )
        for name, model in self.issues.items():
            self.connection.execute(
                f"insert into temp.main.{quoted(f'staged_{name}')} by name select * from {self.relations[model]}"
            )
        self._forget("int_billing__coupon_candidates", "int_billing__issue_invoices", *self.issues.values())
        self._run(*self._seen())

    def _shared_columns(self) -> list[str]:
        def columns(relation: str) -> list[str]:
            return [row[0] for row in self.connection.execute(f"describe {relation}").fetchall()]

        issued = set(columns("temp.main.staged_invoices"))
        return [name for name in columns(temporary("int_billing__issue_invoices")) if name in issued]

    def _run(self, *models: str) -> None:
        if NUMBERED in models:
            self._see_staged(False)
        for model in filter(self.graph.has, models):
            if model in OF_NOTES and not self.has_notes:
                self.relations[model] = self.graph.node(model).nothing
                continue
            self.graph.run_only(self.connection, [model], self.relations)
            self.relations[model] = temporary(model)

    def _forget(self, *models: str) -> None:
        """Gives back the memory of what no later step of the pass reads."""
        for model in models:
            self.connection.execute(f"drop table if exists {temporary(model)}")

    def _steer(self, rank: int) -> None:
        control = self.relations["settlement.control"]
        self.connection.execute(f"delete from {control}")
        self.connection.execute(f"insert into {control} values (?, ?, ?)", [self.prefix_limit, rank, self.bundle_id])

    def _empty(self, *names: str) -> None:
        for name in names:
            self.connection.execute(f"delete from {self.relations[f'settlement.{name}']}")

    def _keep(self, name: str, model: str) -> None:
        if not self.graph.has(model):
            return  # the SQL of older invoices lacks what came later
        self.connection.execute(
            f"insert into {self.relations[f'settlement.{name}']} by name select * from {temporary(model)}"
        )

    def _last_rank(self, model: str) -> int:
        row = self.connection.execute(f"select coalesce(max(rank_number), 0) from {temporary(model)}").fetchone()
        return int(row[0]) if row else 0

    def _count(self, relation: str) -> int:
        return _rows(self.connection, relation)


def _rows(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0
