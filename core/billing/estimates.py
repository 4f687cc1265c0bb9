"""What an event would cost in advance, by the SQL of the bill (law 6): on top of what is stored, or on its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.billing.customer import CustomerFacts, give_own_facts
from core.errors import UsageOutOfDomain
from core.warehouse.kept_plans import Connection, make_table
from core.warehouse.pricing_graph import PricingGraph, temporary

FEES, STEPS, TAXES, UNITS = (
    "int_billing__fees",
    "int_billing__fee_steps",
    "int_billing__fee_taxes",
    "int_billing__fee_pricing_units",
)
EVENTS = "int_metering__advance_events"
OUT_OF_DOMAIN = "int_rating__usage_out_of_domain"
TARGETS = (FEES, STEPS, TAXES, UNITS)
NOT_IN_ADVANCE = (
    "stg_books__fees",
    "int_metering__effective_events",
    "int_metering__fixed_charge_quantities",
    "int_metering__quantities",
    "int_metering__advance_usage",
    "int_metering__charge_events",
    "int_metering__window_charges",
    "int_metering__top_up_ticks",
    "int_rating__custom_charges",
    "int_rating__custom_steps",
    "int_rating__prorated_tiers",
    "int_rating__volume_charges",
    "int_rating__volume_tiers",
    "int_billing__adjusted_fees",
    "int_billing__billed_usage_fees",
    "int_billing__charge_true_ups",
    "int_billing__checked_amounts",
    "int_billing__commitment_fees",
    "int_billing__credit_fees",
    "int_billing__fixed_charge_deductions",
    "int_billing__fixed_charge_fees",
    "int_billing__late_fees",
    "int_billing__one_off_fees",
    "int_billing__progressive_credits",
    "int_billing__subscription_fees",
    "int_billing__unissued_invoices",
    "int_billing__usage_amounts",
)
"""Models of which an estimate needs no row: what is issued or adjusted, billed by the period or at a threshold, or priced by a model
that is never in advance. Without them it reads nothing of the books."""
SIDES = "int_metering__advance_quantities"
INSTANT = "int_metering__instant_quantities"
INSTANT_FEES = "int_rating__instant_fees"

Rows = list[dict[str, Any]]


def estimate(
    connection: Connection,
    graph: PricingGraph,
    facts: CustomerFacts,
    transaction_id: str,
    *,
    has_warehouse: bool = True,
    is_instant: bool = False,
) -> Mapping[str, Rows]:
    """The rows of TARGETS and EVENTS for the event `transaction_id` of the tail, one fee per charge in advance on its metric.

    With `is_instant` the event is priced on its own, whatever came before: then the facts should hold no other, and only
    the models whose price does not depend on that are priced. Raises UsageOutOfDomain.
    """
    read = (*TARGETS, SIDES, INSTANT, INSTANT_FEES)
    relations = give_own_facts(connection, graph, facts, read, has_warehouse=has_warehouse, given=NOT_IN_ADVANCE)
    relations |= {name: graph.node(name).nothing for name in NOT_IN_ADVANCE}
    if is_instant:
        relations |= graph.run(connection, [INSTANT], relations)
        relations["int_metering__chargeable_quantities"] = temporary(INSTANT)
        relations |= graph.run(connection, [INSTANT_FEES], relations)
        relations["int_rating__advance_fees"] = temporary(INSTANT_FEES)
    else:
        # Every event of the period is metered, but only this one is priced.
        relations |= graph.run(connection, [SIDES], relations)
        relations[SIDES] = _of(connection, SIDES, transaction_id)
    relations |= graph.run(connection, TARGETS, relations)
    outside = connection.execute(
        f"select units from {relations[OUT_OF_DOMAIN]} order by abs(units) desc"
    ).to_arrow_table()
    if outside.num_rows:
        raise UsageOutOfDomain(outside.to_pylist())
    fees = f"(select fee_id from {temporary(FEES)} where event_transaction_id = ?)"
    found = {
        model: _rows(connection, f"select * from {temporary(model)} where fee_id in {fees}", transaction_id)
        for model in TARGETS
    }
    return found | {
        EVENTS: _rows(connection, f"select * from {relations[EVENTS]} where transaction_id = ?", transaction_id)
    }


def _of(connection: Connection, model: str, transaction_id: str) -> str:
    name = f"this.{model}"
    make_table(connection, name, f"select * from {temporary(model)} where transaction_id = ?", [transaction_id])
    return temporary(name)


def _rows(connection: Connection, query: str, transaction_id: str) -> Rows:
    rows: Rows = connection.execute(query, [transaction_id]).to_arrow_table().to_pylist()
    return rows
