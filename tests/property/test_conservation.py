"""Law 3 and 4 over the books of drawn worlds: sums add up at every level, and no usage is billed twice or left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from core.billing.gates import CHECKS, ConservationBroken
from core.billing.verify import KEYS
from tests.property.conftest import Played
from tests.support.books import Settlement, refuse_unless_conserved

UNISSUED = "int_metering__unissued_items"
# Each query lists what breaks the law. Gaps and overlaps are sought between a subscription's usage periods in order.
LAWS = {
    "lines sum to their invoice": """
        select invoice_id, fees_amount_cents, sum(amount_cents) from invoices left join fees using (invoice_id)
        group by invoice_id, fees_amount_cents having fees_amount_cents <> coalesce(sum(amount_cents), 0)""",
    "an invoice's amounts follow from each other": """
        select * from invoices
        where sub_total_excluding_taxes_amount_cents <> fees_amount_cents - progressive_billing_credit_amount_cents - coupons_amount_cents
            or sub_total_including_taxes_amount_cents <> sub_total_excluding_taxes_amount_cents + taxes_amount_cents
            or total_amount_cents <> sub_total_including_taxes_amount_cents - credit_notes_amount_cents - prepaid_credit_amount_cents
            or least(fees_amount_cents, coupons_amount_cents, taxes_amount_cents, credit_notes_amount_cents, prepaid_credit_amount_cents, total_amount_cents) < 0""",
    "coupon uses sum to the invoice's coupons": """
        select invoice_id from invoices left join coupon_uses using (invoice_id)
        group by invoice_id, coupons_amount_cents having coupons_amount_cents <> coalesce(sum(amount_cents), 0)""",
    "coupon shares of lines sum to the invoice's coupons": """
        select invoice_id from invoices left join fees using (invoice_id)
        group by invoice_id, coupons_amount_cents having coupons_amount_cents <> coalesce(sum(precise_coupons_amount_cents), 0)""",
    "no line is discounted beyond its amount": "select * from fees where precise_coupons_amount_cents > amount_cents - progressive_billing_credit_amount_cents",
    "wallet uses sum to the invoice's prepaid credits": """
        select invoice_id from invoices left join wallet_uses using (invoice_id)
        group by invoice_id, prepaid_credit_amount_cents having prepaid_credit_amount_cents <> coalesce(sum(amount_cents), 0)""",
    "uses of credit notes sum to what they pay of the invoice": """
        select invoice_id from invoices left join credit_note_uses using (invoice_id)
        group by invoice_id, credit_notes_amount_cents having credit_notes_amount_cents <> coalesce(sum(amount_cents), 0)""",
    "a credit note is never used beyond its credit, nor before it is there": """
        select notes.credit_note_id from credit_notes as notes inner join credit_note_uses as uses using (credit_note_id)
        group by notes.credit_note_id, credit_amount_cents, notes.issued_at having sum(uses.amount_cents) > credit_amount_cents or min(uses.issued_at) < notes.issued_at""",
    "a void takes what its note has left, and nothing is used after it": """
        select voids.credit_note_id from credit_note_voids as voids inner join credit_notes as notes using (credit_note_id) left join credit_note_uses as uses using (credit_note_id)
        group by voids.credit_note_id, voids.amount_cents, voids.issued_at, notes.credit_amount_cents
        having voids.amount_cents + coalesce(sum(uses.amount_cents), 0) <> notes.credit_amount_cents or max(uses.issued_at) >= voids.issued_at""",
    "the void of an invoice takes back what notes left of it, and what nobody had paid": """
        with given as (
            select invoice_id, sum(n.sub_total_excluding_taxes_amount_cents) as sub_total, sum(n.taxes_amount_cents) as taxes, sum(n.coupons_adjustment_amount_cents) as coupons,
                sum(n.offset_amount_cents) as offset_cents
            from credit_notes as n group by all
        ),
        paid as (select v.invoice_id, sum(payments.amount_cents) as paid from invoice_voids as v inner join payments on v.invoice_id = payments.invoice_id and payments.valid_from <= v.issued_at group by all)
        select v.invoice_id from invoice_voids as v inner join invoices as i using (invoice_id) left join given using (invoice_id) left join paid using (invoice_id)
        where v.sub_total_excluding_taxes_amount_cents + coalesce(sub_total, 0) <> i.sub_total_excluding_taxes_amount_cents
            or v.taxes_amount_cents + coalesce(taxes, 0) <> i.taxes_amount_cents or v.coupons_amount_cents + coalesce(coupons, 0) <> i.coupons_amount_cents
            or v.due_amount_cents + coalesce(paid, 0) + coalesce(offset_cents, 0) <> i.total_amount_cents
        union all select invoice_id from credit_notes inner join invoice_voids as v using (invoice_id) where credit_notes.issued_at > v.issued_at""",
    "nobody owes anything of an invoice that is void": """
        with entries as (
            select v.invoice_id, p.amount_cents from invoice_voids as v inner join postings as p on p.transaction_id in (v.invoice_id, v.invoice_void_id) and account = 'receivables'
            union all select v.invoice_id, p.amount_cents from invoice_voids as v inner join credit_notes as n using (invoice_id)
                inner join postings as p on p.transaction_id = n.credit_note_id and account = 'receivables'
            union all select invoice_id, -amount_cents from invoice_voids inner join payments using (invoice_id)
        )
        select invoice_id from entries group by all having sum(amount_cents) <> 0""",
    "a wallet in use gets back what it had paid of an invoice that is void, and no other": """
        with used as (select v.invoice_void_id, u.wallet_id, v.issued_at, sum(u.amount_cents) as used from invoice_voids as v inner join wallet_uses as u using (invoice_id) group by all),
        living as (
            select used.*, bool_or((w.terminated_at is null or w.terminated_at > used.issued_at) and (w.expiration_at is null or w.expiration_at > used.issued_at)) as is_used
            from used inner join wallets as w on used.wallet_id = w.id and w.valid_from <= used.issued_at and (w.valid_to is null or w.valid_to > used.issued_at) group by all
        )
        select * from living full join wallet_returns as r using (invoice_void_id, wallet_id) where coalesce(r.amount_cents, 0) <> case when is_used then used else 0 end""",
    "a credit note gives back no more than its invoice billed": """
        select invoice_id from credit_notes inner join invoices using (invoice_id)
        group by invoice_id, sub_total_including_taxes_amount_cents having sum(credit_notes.total_amount_cents) > sub_total_including_taxes_amount_cents + count(*)
        union all select fee_id from credit_note_items inner join fees using (fee_id) group by fee_id, fees.amount_cents having sum(precise_amount_cents) > fees.amount_cents""",
    "a credit note is its parts": """
        select credit_note_id from credit_notes
        where total_amount_cents <> credit_amount_cents + refund_amount_cents + offset_amount_cents
            or total_amount_cents <> sub_total_excluding_taxes_amount_cents + taxes_amount_cents
            or least(credit_amount_cents, refund_amount_cents, offset_amount_cents) < 0""",
    "nothing is refunded that was not paid, and no invoice is paid beyond its total": """
        with paid as (select invoice_id, sum(amount_cents) as paid from payments group by all),
        given as (select invoice_id, sum(refund_amount_cents) as refunded, sum(offset_amount_cents) as offset_cents from credit_notes group by all)
        select invoice_id from given inner join invoices using (invoice_id) left join paid using (invoice_id)
        where refunded > coalesce(paid, 0) or (offset_cents > 0 and offset_cents + coalesce(paid, 0) > total_amount_cents)""",
    "numbers of an invoice's credit notes have no gap": """
        select invoice_id from credit_notes where sequential_id is not null
        group by all having count(*) <> max(sequential_id) or count(distinct sequential_id) <> count(*)""",
    "postings of a transaction sum to zero": "select transaction_id from postings group by transaction_id having sum(amount_cents) <> 0",
    "every line stands on an invoice or alone": """
        select fee_id from fees anti join invoices using (invoice_id) where invoice_id is not null
        union all select fee_id from fees anti join standalone_fees using (fee_id) where invoice_id is null""",
    "a fee alone is its line and its taxes, and what is receivable": """
        select fee_id from standalone_fees as alone
        left join fees using (fee_id) left join postings on transaction_id = alone.fee_id and account = 'receivables'
        where fees.amount_cents is distinct from alone.amount_cents or alone.total_amount_cents <> alone.amount_cents + alone.taxes_amount_cents
            or coalesce(postings.amount_cents, 0) <> alone.total_amount_cents""",
    "an event in advance has one fee per charge": """
        select charge_id from fees where event_transaction_id is not null
        group by charge_id, external_subscription_id, event_transaction_id having count(*) > 1""",
    "an invoice in advance is of one event": """
        select invoice_id from invoice_subscriptions left join fees using (invoice_id) where invoicing_reason = 'in_advance_charge'
        group by invoice_id having count(*) <> 1 or count(event_transaction_id) <> 1""",
    "tiers explain their line": """
        select fee_id from fees inner join fee_tiers using (fee_id)
        group by fee_id, precise_amount having precise_amount <> sum(amount) and not (precise_amount = 0 and min(fee_tiers.units) < 0)""",
    "numbers have no gap, per customer": """
        select customer_id, billing_entity_id from invoices where customer_sequence is not null
        group by all having count(*) <> max(customer_sequence) or min(customer_sequence) <> 1 or count(distinct customer_sequence) <> count(*)""",
    "numbers have no gap, per billing entity": """
        select billing_entity_id from invoices where entity_sequence is not null
        group by all having count(*) <> max(entity_sequence) or min(entity_sequence) <> 1 or count(distinct entity_sequence) <> count(*)""",
    "a number is given once": "select number from invoices where number is not null group by number having count(*) > 1",
    "numbers follow the moments": """
        select * from (select *, lag(issued_at) over (partition by customer_id order by customer_sequence) as before from invoices where number is not null)
        where before > issued_at""",
    "no usage period overlaps the next": """
        select * from usage_periods where next_from_at < usage_to_at""",
    "no usage is left out between two periods": """
        select * from usage_periods where next_from_at > usage_to_at""",
    "an identifier stands for one row": """
        select invoice_id from invoices group by invoice_id having count(*) > 1
        union all select fee_id from fees group by fee_id having count(*) > 1
        union all select posting_id from postings group by posting_id having count(*) > 1
        union all select credit_note_id from credit_notes group by credit_note_id having count(*) > 1
        union all select credit_note_item_id from credit_note_items group by credit_note_item_id having count(*) > 1
        union all select wallet_use_id from wallet_uses group by wallet_use_id having count(*) > 1""",
    "a wallet never gives more than came in": """
        with movements as (
            select wallet_id, credit_class, settled_at as moment, 0 as kind, amount_cents as delta from wallet_inflows where settled_at is not null
            union all select wallet_id, credit_class, issued_at, 0, amount_cents from wallet_returns
            union all select wallet_id, credit_class, issued_at, 1, -amount_cents from wallet_uses)
        select * from (select *, sum(delta) over (partition by wallet_id, credit_class order by moment, kind rows unbounded preceding) as balance from movements)
        where balance < 0""",
    "a coupon that is used once gives no more than its amount": """
        select applied_coupon_id from coupon_uses anti join invoice_voids using (invoice_id) inner join (select distinct id, amount_cents as most from applied_coupons where frequency = 'once' and percentage_rate is null)
            on applied_coupon_id = id
        group by applied_coupon_id, most having sum(amount_cents) > most""",
    "a coupon that recurs is used no more than its number of invoices": """
        select applied_coupon_id from coupon_uses anti join invoice_voids using (invoice_id) inner join (select distinct id, frequency_duration from applied_coupons where frequency = 'recurring') on applied_coupon_id = id
        group by applied_coupon_id, frequency_duration having count(*) > frequency_duration""",
}
# What stands between two bills may be on hold, and nothing else may wait there.
USAGE_PERIODS = """
    create view usage_periods as
    select *, lead(usage_from_at) over (partition by subscription_id order by usage_to_at, usage_from_at) as next_from_at
    from (from invoice_subscriptions union all by name from items_on_hold)
    where usage_from_at is not null and invoicing_reason not in ('in_advance_charge', 'progressive_billing')"""
FAULTS = {
    "lines sum to their invoice": "update fees set amount_cents = amount_cents + 1 where rowid = (select min(rowid) from fees where invoice_id is not null and amount_cents > 0)",
    "an invoice's amounts follow from each other": "update invoices set taxes_amount_cents = taxes_amount_cents + 1 where rowid = 77",
    "coupon uses sum to the invoice's coupons": "delete from coupon_uses where rowid = 5",
    "coupon shares of lines sum to the invoice's coupons": "update fees set precise_coupons_amount_cents = precise_coupons_amount_cents + 0.00001 where rowid = (select min(rowid) from fees where invoice_id is not null and amount_cents > 0)",
    "no line is discounted beyond its amount": "update fees set precise_coupons_amount_cents = amount_cents + 1 where rowid = 77",
    "wallet uses sum to the invoice's prepaid credits": "delete from wallet_uses where rowid = 5",
    "uses of credit notes sum to what they pay of the invoice": "delete from credit_note_uses where rowid = 5",
    "a credit note is never used beyond its credit, nor before it is there": "update credit_notes set credit_amount_cents = 0 where rowid in (select rowid from credit_notes where credit_amount_cents > 0)",
    "a void takes what its note has left, and nothing is used after it": "update credit_note_voids set amount_cents = amount_cents + 1 where rowid = 3",
    "the void of an invoice takes back what notes left of it, and what nobody had paid": "update invoice_voids set taxes_amount_cents = taxes_amount_cents + 1 where rowid = 3",
    "nobody owes anything of an invoice that is void": "delete from postings where account = 'receivables' and transaction_id in (select invoice_void_id from invoice_voids)",
    "a wallet in use gets back what it had paid of an invoice that is void, and no other": "delete from wallet_returns where rowid = 3",
    "a credit note gives back no more than its invoice billed": "update credit_note_items set precise_amount_cents = precise_amount_cents + 1000000000 where rowid = 5",
    "a credit note is its parts": "update credit_notes set refund_amount_cents = refund_amount_cents + 1 where rowid = 5",
    "nothing is refunded that was not paid, and no invoice is paid beyond its total": "update credit_notes set refund_amount_cents = 100000000000 where rowid = 5",
    "numbers of an invoice's credit notes have no gap": "update credit_notes set sequential_id = 2 where rowid in (select min(rowid) from credit_notes where sequential_id = 1)",
    "postings of a transaction sum to zero": "delete from postings where rowid = 5",
    "every line stands on an invoice or alone": "delete from standalone_fees where rowid = 5",
    "a fee alone is its line and its taxes, and what is receivable": "update standalone_fees set total_amount_cents = total_amount_cents + 1 where rowid = 5",
    "an event in advance has one fee per charge": "insert into fees select * replace ('again' as fee_id) from fees where event_transaction_id is not null limit 1",
    "an invoice in advance is of one event": "update invoice_subscriptions set invoicing_reason = 'in_advance_charge'",
    "tiers explain their line": "update fee_tiers set amount = amount + 0.000000000000001 where amount > 0",
    "numbers have no gap, per customer": "delete from invoices where customer_sequence = 1 and rowid < 500",
    "numbers have no gap, per billing entity": "delete from invoices where entity_sequence = 1 and rowid < 500",
    "a number is given once": "update invoices set number = 'N-1' where rowid in (5, 6)",
    "numbers follow the moments": "update invoices set issued_at = issued_at - interval 1000 days where customer_sequence = 2",
    "no usage period overlaps the next": "update invoice_subscriptions set usage_from_at = usage_from_at - interval 1 microsecond",
    "no usage is left out between two periods": "update invoice_subscriptions set usage_from_at = usage_from_at + interval 1 microsecond",
    "an identifier stands for one row": "insert into fees select * from fees limit 1",
    "a wallet never gives more than came in": "update wallet_uses set amount_cents = 1000000000",
    "a coupon that is used once gives no more than its amount": "update coupon_uses set amount_cents = 1000000000",
    "a coupon that recurs is used no more than its number of invoices": "insert into coupon_uses select coupon_uses.* from coupon_uses, range(9)",
}


def items_on_hold(played: Played) -> list[dict[str, Any]]:
    """The usage periods of drafts that nobody has released."""
    held = {invoice_id for player in played.players.values() for invoice_id in player.held}
    names = ("invoice_id", "subscription_id", "invoicing_reason", "usage_from_at", "usage_to_at")
    unissued = played.world.compute((UNISSUED,), played.books)[UNISSUED]
    return [{name: item[name] for name in names} for item in unissued if item["invoice_id"] in held]


def opened(played: Played) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    tables: dict[str, Any] = dict(played.books) | {"wallet_inflows": pa.Table.from_pylist(played.drafts["wallet_inflows"])}
    tables["items_on_hold"] = pa.Table.from_pylist(items_on_hold(played))
    tables["payments"] = played.facts["catalog.payments"]
    tables["wallets"] = played.facts["catalog.wallets"]
    tables["applied_coupons"] = played.facts["catalog.applied_coupons"]
    for name, table in tables.items():
        connection.register("arriving", table)
        connection.execute(f"create table {name} as select * from arriving")
    connection.execute(USAGE_PERIODS)
    return connection


@pytest.fixture(scope="module")
def books(played: Played) -> Iterator[duckdb.DuckDBPyConnection]:
    with opened(played) as connection:
        yield connection


@pytest.mark.parametrize("law", LAWS)
def test_law_holds(books: duckdb.DuckDBPyConnection, law: str) -> None:
    cursor = books.execute(LAWS[law])
    names = [column[0] for column in cursor.description or []]
    broken: list[Mapping[str, Any]] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    assert not broken, f"{len(broken)} times not, first {broken[:2]}"


@pytest.mark.parametrize("law", LAWS)
def test_law_can_fail(books: duckdb.DuckDBPyConnection, law: str) -> None:
    """Negative control: with one fault injected, the law's query finds it."""
    cursor = books.cursor()
    cursor.execute("begin")
    cursor.execute(FAULTS[law])
    found = cursor.execute(LAWS[law]).fetchall()
    cursor.execute("rollback")
    assert found


@pytest.mark.parametrize("table", KEYS)
def test_what_verify_compares_by_is_one_row(books: duckdb.DuckDBPyConnection, table: str) -> None:
    """Else verify would compare rows that have nothing to do with each other."""
    key = ", ".join(KEYS[table])
    assert books.execute(f"select {key} from {table} group by {key} having count(*) > 1").fetchall() == []


# Rule of the gate before issue -> a fault in what was settled that breaks it.
GATE_FAULTS = {
    "the lines of an invoice sum to its fees": "delete from fees where rowid = (select min(rowid) from fees where amount_cents > 0 and invoice_id is not null)",
    "progressive credits of the lines sum to the invoice's, and none is above its line": "update fees set progressive_billing_credit_amount_cents = 1 where rowid = (select min(rowid) from fees where invoice_id is not null)",
    "coupon uses sum to the invoice's coupons": "delete from coupon_uses where rowid = 5",
    "coupon shares of the lines sum to the coupons": "update fees set precise_coupons_amount_cents = precise_coupons_amount_cents + 0.00001 where rowid = (select min(rowid) from fees where invoice_id is not null and amount_cents > 0)",
    "fees less progressive credits and coupons plus taxes less credits are the total, and it is not negative": "update invoices set total_amount_cents = total_amount_cents + 1 where rowid = 77",
    "wallet uses sum to the invoice's prepaid credits": "update wallet_uses set amount_cents = amount_cents + 1 where rowid = 5",
    "the lines that a wallet use pays sum to it": "update wallet_use_fees set amount_cents = amount_cents + 1 where rowid = 5",
    "uses of credit notes sum to what they pay of the invoice": "update credit_note_uses set amount_cents = amount_cents + 1 where rowid = 5",
    "a credit note is its items less coupons plus taxes, and its parts": "update credit_notes set credit_amount_cents = credit_amount_cents + 1 where rowid = 5",
    "a void takes what its note can still give, and no more": "update credit_note_voids set amount_cents = amount_cents + 1 where rowid = 0",
    "the postings of a void of an invoice sum to zero, and it leaves nothing to pay": "update invoice_voids set due_amount_cents = due_amount_cents + 1 where rowid = 0",
    "no wallet gets back more than it had paid of a void invoice": "update wallet_returns set amount_cents = amount_cents + 1 where rowid = 0",
    "the postings of a credit note sum to zero": "update credit_notes set credit_note_id = (select min(invoice_id) from invoices where total_amount_cents > 0); delete from postings where transaction_id in (select credit_note_id from credit_notes) and account = 'receivables'",
    "postings sum to zero and receivables to the total": "delete from postings where rowid = (select min(rowid) from postings where invoice_id is not null)",
    "the steps of a line sum to its precise amount": "update fee_tiers set amount = amount + 0.000000000000001 where amount > 0",
    "a fee without an invoice is its line and its taxes, and its postings sum to zero": "update standalone_fees set taxes_amount_cents = taxes_amount_cents + 1 where rowid = 5",
    "every line belongs to an invoice or stands alone": "delete from standalone_fees where rowid = 5",
    "a payment request is what is due of its invoices": "insert into payment_requests (payment_request_id, amount_cents) values ('p', 1)",
    "every invoice and line is there once": "insert into fees select * from fees limit 1",
}


def test_what_adds_up_may_be_issued(played: Played) -> None:
    refuse_unless_conserved(Settlement(played.books, 1))


@pytest.mark.parametrize("rule", CHECKS)
def test_a_settlement_that_breaks_a_rule_is_not_issued(books: duckdb.DuckDBPyConnection, played: Played, rule: str) -> None:
    cursor = books.cursor()
    cursor.execute("begin")
    cursor.execute(GATE_FAULTS[rule])
    damaged = {name: cursor.execute(f"select * from {name}").to_arrow_table() for name in played.books}
    cursor.execute("rollback")
    with pytest.raises(ConservationBroken) as refused:
        refuse_unless_conserved(Settlement(damaged, 1))
    assert rule in refused.value.broken
