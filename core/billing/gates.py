"""Conservation of what is about to be issued (law 3). A settlement that breaks one of these is not issued at all."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from core.errors import TallystickError

# Each query returns the invoices (or fees without one) that break the rule of its name.
CHECKS = {
    "the lines of an invoice sum to its fees": """
        select invoices.invoice_id from invoices
        left join (select invoice_id, sum(amount_cents) as lines from fees group by invoice_id) as summed using (invoice_id)
        where coalesce(summed.lines, 0) is distinct from invoices.fees_amount_cents""",
    "progressive credits of the lines sum to the invoice's, and none is above its line": """
        select invoices.invoice_id from invoices
        left join (
            select invoice_id, sum(progressive_billing_credit_amount_cents) as credits, max(progressive_billing_credit_amount_cents - amount_cents) as excess
            from fees where progressive_billing_credit_amount_cents <> 0 group by invoice_id
        ) as summed using (invoice_id)
        where coalesce(summed.credits, 0) is distinct from invoices.progressive_billing_credit_amount_cents or summed.excess > 0""",
    "coupon uses sum to the invoice's coupons": """
        select invoices.invoice_id from invoices
        left join (select invoice_id, sum(amount_cents) as used from coupon_uses group by invoice_id) as summed using (invoice_id)
        where coalesce(summed.used, 0) is distinct from invoices.coupons_amount_cents""",
    "coupon shares of the lines sum to the coupons": """
        select invoices.invoice_id from invoices
        left join (select invoice_id, sum(precise_coupons_amount_cents) as shares from fees group by invoice_id) as summed using (invoice_id)
        where coalesce(summed.shares, 0) is distinct from invoices.coupons_amount_cents""",
    "fees less progressive credits and coupons plus taxes less credits are the total, and it is not negative": """
        select invoice_id from invoices
        where fees_amount_cents - progressive_billing_credit_amount_cents - coupons_amount_cents is distinct from sub_total_excluding_taxes_amount_cents
            or sub_total_excluding_taxes_amount_cents + taxes_amount_cents is distinct from sub_total_including_taxes_amount_cents
            or sub_total_including_taxes_amount_cents - coalesce(credit_notes_amount_cents, 0) - prepaid_credit_amount_cents is distinct from total_amount_cents
            or total_amount_cents < 0""",
    "wallet uses sum to the invoice's prepaid credits": """
        select invoices.invoice_id from invoices
        left join (select invoice_id, sum(amount_cents) as used from wallet_uses group by invoice_id) as summed using (invoice_id)
        where coalesce(summed.used, 0) is distinct from invoices.prepaid_credit_amount_cents""",
    "the lines that a wallet use pays sum to it": """
        select uses.invoice_id from wallet_uses as uses
        left join (select wallet_use_id, sum(amount_cents) as lines from wallet_use_fees group by wallet_use_id) as summed using (wallet_use_id)
        where coalesce(summed.lines, 0) is distinct from uses.amount_cents""",
    "uses of credit notes sum to what they pay of the invoice": """
        select invoices.invoice_id from invoices
        left join (select invoice_id, sum(amount_cents) as used from credit_note_uses group by invoice_id) as summed using (invoice_id)
        where coalesce(summed.used, 0) is distinct from coalesce(invoices.credit_notes_amount_cents, 0)""",
    "a credit note is its items less coupons plus taxes, and its parts": """
        select notes.credit_note_id from credit_notes as notes
        left join (select credit_note_id, sum(precise_amount_cents) as items from credit_note_items group by credit_note_id) as summed using (credit_note_id)
        where coalesce(summed.items, 0) is distinct from notes.precise_items_amount_cents
            or notes.sub_total_excluding_taxes_amount_cents + notes.taxes_amount_cents is distinct from notes.total_amount_cents
            or notes.credit_amount_cents + notes.refund_amount_cents + notes.offset_amount_cents is distinct from notes.total_amount_cents
            or least(notes.credit_amount_cents, notes.refund_amount_cents, notes.offset_amount_cents) < 0""",
    "a void takes what its note can still give, and no more": """
        select voids.credit_note_void_id from credit_note_voids as voids
        left join credit_notes as notes using (credit_note_id)
        left join (select credit_note_id, sum(amount_cents) as used from credit_note_uses group by credit_note_id) as uses using (credit_note_id)
        left join (select transaction_id, sum(amount_cents) as balance from postings group by transaction_id) as posted on voids.credit_note_void_id = posted.transaction_id
        where voids.amount_cents < 0 or voids.amount_cents + coalesce(uses.used, 0) > notes.credit_amount_cents or coalesce(posted.balance, 0) <> 0""",
    "the postings of a void of an invoice sum to zero, and it leaves nothing to pay": """
        select voids.invoice_void_id from invoice_voids as voids
        left join (
            select transaction_id, sum(amount_cents) as balance, sum(case when account = 'receivables' then amount_cents else 0 end) as receivable
            from postings group by transaction_id
        ) as posted on voids.invoice_void_id = posted.transaction_id
        where coalesce(posted.balance, 0) <> 0 or coalesce(posted.receivable, 0) is distinct from -voids.due_amount_cents""",
    "no wallet gets back more than it had paid of a void invoice": """
        select returns.invoice_void_id from wallet_returns as returns
        left join (select invoice_id, wallet_id, sum(amount_cents) as used from wallet_uses group by all) as uses using (invoice_id, wallet_id)
        where uses.used is not null and returns.amount_cents <> uses.used""",
    "the postings of a credit note sum to zero": """
        select notes.credit_note_id from credit_notes as notes
        left join (select transaction_id, sum(amount_cents) as balance from postings group by transaction_id) as posted on notes.credit_note_id = posted.transaction_id
        where coalesce(posted.balance, 0) <> 0""",
    "postings sum to zero and receivables to the total": """
        select invoices.invoice_id from invoices
        left join (
            select invoice_id, sum(amount_cents) as balance, sum(case when account = 'receivables' then amount_cents else 0 end) as receivable
            from postings group by invoice_id
        ) as summed using (invoice_id)
        where coalesce(summed.balance, 0) <> 0 or coalesce(summed.receivable, 0) is distinct from invoices.total_amount_cents""",
    "the steps of a line sum to its precise amount": """
        select coalesce(fees.invoice_id, fees.fee_id) from fees
        left join (select fee_id, sum(amount) as stepped from fee_tiers group by fee_id) as summed using (fee_id)
        where fees.charge_model is not null and (fees.units <> 0 or fees.precise_amount <> 0) and summed.stepped is distinct from coalesce(fees.pricing_unit_precise_amount, fees.precise_amount)""",
    "a fee without an invoice is its line and its taxes, and its postings sum to zero": """
        select alone.fee_id from standalone_fees as alone
        left join (select fee_id, sum(amount_cents) as lines from fees where invoice_id is null group by fee_id) as summed using (fee_id)
        left join (
            select transaction_id, sum(amount_cents) as balance, sum(case when account = 'receivables' then amount_cents else 0 end) as receivable
            from postings group by transaction_id
        ) as posted on alone.fee_id = posted.transaction_id
        where coalesce(summed.lines, 0) is distinct from alone.amount_cents
            or alone.amount_cents + alone.taxes_amount_cents is distinct from alone.total_amount_cents
            or coalesce(posted.balance, 0) <> 0 or coalesce(posted.receivable, 0) is distinct from alone.total_amount_cents""",
    "every line belongs to an invoice or stands alone": """
        select fees.fee_id from fees
        left join invoices using (invoice_id) left join standalone_fees as alone on fees.invoice_id is null and fees.fee_id = alone.fee_id
        where invoices.invoice_id is null and alone.fee_id is null""",
    "a payment request is what is due of its invoices": """
        select requests.payment_request_id from payment_requests as requests
        left join (select payment_request_id, sum(amount_cents) as due from payment_request_invoices group by payment_request_id) as summed using (payment_request_id)
        where coalesce(summed.due, 0) is distinct from requests.amount_cents""",
    "every invoice and line is there once": """
        select invoice_id from invoices group by invoice_id having count(*) > 1
        union all select fee_id from fees group by fee_id having count(*) > 1
        union all select credit_note_id from credit_notes group by credit_note_id having count(*) > 1
        union all select credit_note_void_id from credit_note_voids group by credit_note_void_id having count(*) > 1
        union all select invoice_void_id from invoice_voids group by invoice_void_id having count(*) > 1""",
}


class ConservationBroken(TallystickError):
    """What was settled does not add up; nothing of it has been issued."""

    def __init__(self, broken: dict[str, list[str]]) -> None:
        listed = "; ".join(f"{rule}: {len(ids)} times, first {ids[0]}" for rule, ids in broken.items())
        super().__init__("conservation_broken", f"Nothing was issued, because this does not hold: {listed}.")
        self.broken = broken


def refuse_unless_conserved(connection: duckdb.DuckDBPyConnection, relations: Mapping[str, str]) -> None:
    """Raises ConservationBroken, naming every rule that does not hold and the invoices that break it.

    `relations` gives the relation on `connection` of the new rows of each table of the books.
    """
    named = ", ".join(f"{table} as (select * from {relation})" for table, relation in relations.items())
    broken = {
        rule: [row[0] for row in connection.execute(f"with {named} {query}").fetchall()]
        for rule, query in CHECKS.items()
    }
    broken = {rule: ids for rule, ids in broken.items() if ids}
    if broken:
        raise ConservationBroken(broken)
