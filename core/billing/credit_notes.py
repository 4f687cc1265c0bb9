"""What a credit note by hand would be, and whether it may be given, by the SQL that settles it (law 6; invoicing §10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from core.billing.customer import CustomerFacts, give_own_facts
from core.catalog.credit_notes import PARTS
from core.errors import NotFound, ValidationError
from core.ids import deterministic_id
from core.warehouse.kept_plans import Connection, make_table
from core.warehouse.pricing_graph import PricingGraph, temporary

ESTIMATED = "estimated"
"""Id of the note, or of the void of an invoice, that is not given yet."""
OF_VOID = deterministic_id("invoice_void_note", ESTIMATED)
"""Id of the note that such a void would give for what is asked."""
REQUESTED, QUEUE = "int_billing__requested_credits", "int_billing__settlement_queue"
ESTIMATES, TAXES, PROBLEMS, ITEMS = (
    "int_billing__credit_note_estimates",
    "int_billing__credit_note_taxes",
    "int_billing__credit_note_problems",
    "int_billing__requested_credit_items",
)
NOT_ISSUED = (
    "int_billing__termination_credits",
    "int_billing__unissued_invoices",
    "int_billing__fees",
    "int_billing__fee_taxes",
)
"""Models of what is not in the books: a note by hand is about what is."""
TOP_UPS = "fct_wallet_transactions"

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Estimate:
    """A note that is not given: its sums and limits (a row of ESTIMATES), its taxes, and why it would be refused."""

    sums: Mapping[str, Any]
    taxes: Rows
    problems: Rows


def with_note(
    facts: CustomerFacts, invoice: Mapping[str, Any], items: Sequence[Mapping[str, Any]], at: datetime, **parts: int
) -> CustomerFacts:
    """The facts as if the note had been given at `at` on the customer's clock.

    `invoice` has invoice_id and customer_id; `parts` are the parts that are asked for, none for an estimate.
    """
    given = {"invoice_id": invoice["invoice_id"], "customer_id": invoice["customer_id"], "reason": "other", "id": ESTIMATED}
    moment = {"valid_from": at, "created_at": at, "recorded_at": facts.as_of, "sequence": 2**62}
    amounts = dict.fromkeys(PARTS, 0) | parts
    rows = {
        "credit_notes": [given | moment | amounts],
        "credit_note_items": [
            moment | {"id": f"{ESTIMATED}-{position}", "credit_note_id": ESTIMATED, "position": position, **_item(item)}
            for position, item in enumerate(items)
        ],
    }
    added = {
        name: pa.concat_tables([facts.catalog[name], pa.Table.from_pylist(new, facts.catalog[name].schema)])
        for name, new in rows.items()
    }
    return replace(facts, catalog={**facts.catalog, **added})


def with_void(
    facts: CustomerFacts, invoice: Mapping[str, Any], at: datetime, credit_amount_cents: int, refund_amount_cents: int
) -> CustomerFacts:
    """The facts as if the invoice had been voided at `at` with credit notes: what is asked for is then the note `OF_VOID`."""
    given = {"id": ESTIMATED, "invoice_id": invoice["invoice_id"], "customer_id": invoice["customer_id"], "generate_credit_note": True}
    amounts = {"credit_amount_cents": credit_amount_cents, "refund_amount_cents": refund_amount_cents}
    moment = {"valid_from": at, "created_at": at, "recorded_at": facts.as_of, "sequence": 2**62}
    known = facts.catalog["invoice_voids"]
    added = pa.concat_tables([known, pa.Table.from_pylist([given | amounts | moment], known.schema)])
    return replace(facts, catalog={**facts.catalog, "invoice_voids": added})


def estimate(
    connection: Connection, graph: PricingGraph, facts: CustomerFacts, *, has_warehouse: bool = True, note_id: str = ESTIMATED
) -> Estimate:
    """What the note of `with_note`, or of `with_void` (OF_VOID), would be, on the books as they are. Raises NotFound `fee`."""
    targets = (REQUESTED, ESTIMATES, TAXES, PROBLEMS, ITEMS)
    relations = give_own_facts(connection, graph, facts, targets, has_warehouse=has_warehouse, given=(*NOT_ISSUED, QUEUE))
    return estimated(connection, graph, relations, note_id)


def estimated(
    connection: Connection, graph: PricingGraph, relations: Mapping[str, str], note_id: str = ESTIMATED
) -> Estimate:
    """`estimate` over the relations of the facts. Raises NotFound `fee`."""
    relations = dict(relations) | {name: graph.node(name).nothing for name in NOT_ISSUED}
    relations |= graph.run(connection, [REQUESTED], relations)
    make_table(connection, "estimated_queue", _queue(relations[REQUESTED], note_id))
    relations[QUEUE] = temporary("estimated_queue")
    relations |= graph.run(connection, [ESTIMATES, TAXES, PROBLEMS, ITEMS], relations)
    fees = relations["stg_books__fees"]
    strange = connection.execute(
        f"select items.fee_id from {relations[ITEMS]} as items left join {fees} as fees on items.fee_id = fees.fee_id and items.invoice_id = fees.invoice_id "
        f"where items.credit_note_id = '{note_id}' and fees.fee_id is null"
    ).fetchone()
    if strange is not None:
        raise NotFound("fee", strange[0])
    found = {name: _rows(connection, relations[name], note_id) for name in (ESTIMATES, TAXES, PROBLEMS)}
    if not found[ESTIMATES]:  # no line bills anything
        return Estimate({}, [], [{"field": "credit_amount_cents", "code": "higher_than_remaining_invoice_amount"}])
    return Estimate(found[ESTIMATES][0], found[TAXES], found[PROBLEMS])


def refuse(problems: Rows) -> None:
    """Raises ValidationError with the reasons to refuse a note, rows of PROBLEMS, if there are any."""
    details: dict[str, list[str]] = {}
    for problem in sorted(problems, key=lambda row: (row["field"], row["code"])):
        details.setdefault(problem["field"], []).append(problem["code"])
    if "amount_cents" in details:  # what the whole is worth says nothing while an item cannot be given
        details.pop("base", None)
    if details:
        raise ValidationError(details)


def refuse_beyond_top_up(refund_amount_cents: int, transactions: Rows, fees: Rows) -> None:
    """A top-up gives back at most what is left of it (invoicing §10.2). `transactions` are rows of TOP_UPS, `fees` the invoice's.

    Raises ValidationError.
    """
    bought = {fee["wallet_transaction_id"] for fee in fees if fee["wallet_transaction_id"]}
    left = sum(row["remaining_amount_cents"] or 0 for row in transactions if row["wallet_transaction_id"] in bought)
    if bought and refund_amount_cents > left:
        raise ValidationError({"refund_amount_cents": ["higher_than_wallet_balance"]})


def credit_status(note: Mapping[str, Any]) -> str | None:
    """What has become of the part for later invoices: available, consumed, voided, or None where a note has no such part.

    `note` is a row of `core.warehouse.marts.list_credit_notes`.
    """
    if note["is_voided"]:
        return "voided"
    if not note["credit_amount_cents"]:
        return None
    return "available" if note["balance_amount_cents"] else "consumed"


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"fee_id": item["fee_id"], "amount_cents": item["amount_cents"]}


def _queue(requested: str, note_id: str) -> str:
    return f"""
        select credit_note_id as invoice_id, 'credit_note' as invoice_type, customer_id, billing_entity_id, currency, reason as invoicing_reason,
            issued_at as ready_at, issued_at, creation_sequence, cast(1 as bigint) as queue_position, cast(0 as bigint) as fees_amount_cents
        from {requested} where credit_note_id = '{note_id}'"""


def _rows(connection: Connection, relation: str, note_id: str) -> Rows:
    rows: Rows = connection.execute(f"select * from {relation} where credit_note_id = '{note_id}'").to_arrow_table().to_pylist()
    return rows
