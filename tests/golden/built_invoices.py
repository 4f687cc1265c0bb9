"""Golden cases that only calculate an invoice: their lines as rows of the models, where a case with usage has the rows of its own.

What follows from them (coupons, wallets) is the same SQL; only where the lines come from differs.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
Rows = dict[str, list[Row]]


def is_built(case: Row) -> bool:
    """Whether the case builds invoices to which nothing but coupons and credit notes, or nothing but wallets, is applied."""
    return all(
        action["do"] == "build_invoice"
        and (action["apply"] == ["wallets"] or all(set(step) <= {"coupon", "credit_notes"} for step in action["apply"]))
        for action in case["timeline"]
    )


def notes_before(action: Row, invoice_id: str, at: datetime, customer: Any) -> list[Row]:
    """Rows of the books: the credit notes that the action applies, in their order, with what they have left."""
    given = [note for step in action["apply"] if "credit_notes" in step for note in step["credit_notes"]]
    return [
        {
            "credit_note_id": f"{invoice_id}-{note['key']}", "invoice_id": f"{invoice_id}-source", "customer_id": customer.id, "billing_entity_id": customer.billing_entity_id,
            "status": "finalized", "currency": action.get("currency", "EUR"), "credit_amount_cents": note["balance_amount_cents"],
            "issued_at": at - timedelta(days=len(given) - position),
        }
        for position, note in enumerate(given)
    ]  # fmt: skip


def built(action: Row, invoice_id: str, at: datetime, customer: Any, metric_ids: dict[str, str]) -> Rows:
    """Model -> rows of one `build_invoice` action, for a customer of the catalog.

    What a line is discounted by before anything is applied is what a progressive invoice billed of it.
    With wallets the case gives the total and the precise tax of each line. A line whose precise amount is that tax, taxed with 100 %,
    has it; what such a rate takes of the rounded amounts is left out of the fees of the invoice, so that its total is right.
    """
    rows: Rows = defaultdict(list)
    common = {"invoice_id": invoice_id, "customer_id": customer.id, "currency": action.get("currency", "EUR")}
    for position, fee in enumerate(action["fees"]):
        fee_id = f"{invoice_id}-{fee['key']}"
        tax = Decimal(fee.get("taxes_precise_amount_cents", "0"))
        metric = {"billable_metric_id": metric_ids.get(fee["metric"], fee["metric"])} if "metric" in fee else {}
        rows["int_billing__fees"].append(
            common | metric | {
                "fee_id": fee_id, "fee_state": "due", "fee_type": fee["type"], "item_position": position, "horizon_at": at, "units": 1, "events_count": 0,
                "unit_amount": 0, "precise_amount": tax / 100, "amount_cents": fee["amount_cents"], "item_code": fee["key"],
            }
        )  # fmt: skip
        if "total_amount_cents" in action:
            rows["int_billing__fee_tax_rates"].append(
                {"fee_id": fee_id, "tax_id": fee_id, "tax_code": fee["key"], "tax_rate": 100}
            )
        credited = Decimal(fee.get("precise_coupons_amount", 0))
        for name, cents in ((invoice_id, fee["amount_cents"]), (f"{invoice_id}-before", int(credited))):
            rows["int_billing__progressive_fees"].append(
                {"fee_id": fee_id if name == invoice_id else f"{fee_id}-before", "invoice_id": name, "subscription_id": "s", "original_charge_id": fee["key"], "amount_cents": cents}
            )  # fmt: skip
    rows["int_billing__progressive_bills"].append(
        {"invoice_id": invoice_id, "credited_invoice_id": f"{invoice_id}-before", "subscription_id": "s"}
    )
    lines = sum(fee["amount_cents"] for fee in action["fees"])
    total = action["total_amount_cents"] - lines if "total_amount_cents" in action else lines
    moments = {"ready_at": at, "issued_at": at, "creation_sequence": 1}
    rows["int_billing__draft_invoices"].append(
        common | moments | {
            "invoice_type": "subscription", "billing_entity_id": customer.billing_entity_id, "is_due": True, "invoicing_reason": "periodic",
            "fees_amount_cents": total, "issuing_date": at.date(), "payment_due_date": at.date(), "timezone": "UTC",
        }
    )  # fmt: skip
    rows["int_billing__invoice_dates"].append(
        {"invoice_id": invoice_id, "is_periodic": True, "timezone": "UTC", "net_payment_term": 0, "issuing_date": at.date(), "payment_due_date": at.date()}
    )  # fmt: skip
    return rows
