"""The tables of the books: what was issued, append-only.

This module is the one statement of their columns. The lake is created from it, staged rows are checked against it, and
the dbt sources of the books are tested to agree with it. Money is in minor units (`_cents`, BIGINT) unless its name
says `precise`; instants are UTC without a zone. Every row carries the moment at which it took effect, never the moment
at which some run wrote it (law 1).
"""

from __future__ import annotations

PRECISE_AMOUNT = "DECIMAL(38,15)"
QUANTITY = "DECIMAL(38,12)"
SHARE = "DECIMAL(38,5)"

TABLES: dict[str, dict[str, str]] = {
    # One row per issued invoice. `issued_at` is its moment K: the knowledge horizon it was computed at.
    "invoices": {
        "invoice_id": "VARCHAR",
        "customer_id": "VARCHAR",
        "billing_entity_id": "VARCHAR",
        "invoice_type": "VARCHAR",  # subscription, one_off, credit, progressive_billing
        "status": "VARCHAR",  # finalized, closed (nothing to bill and set to skip; takes no number)
        "currency": "VARCHAR",
        "number": "VARCHAR",
        "customer_sequence": "BIGINT",
        "entity_sequence": "BIGINT",
        "ready_at": "TIMESTAMP",
        "issued_at": "TIMESTAMP",
        "issuing_date": "DATE",
        "payment_due_date": "DATE",
        "net_payment_term": "BIGINT",
        "fees_amount_cents": "BIGINT",
        "progressive_billing_credit_amount_cents": "BIGINT",
        "coupons_amount_cents": "BIGINT",
        "sub_total_excluding_taxes_amount_cents": "BIGINT",
        "taxes_amount_cents": "BIGINT",
        "taxes_rate": SHARE,
        "sub_total_including_taxes_amount_cents": "BIGINT",
        "prepaid_credit_amount_cents": "BIGINT",
        "total_amount_cents": "BIGINT",
        "customer_name": "VARCHAR",
        "customer_external_id": "VARCHAR",
        "customer_address": "VARCHAR",
        "customer_email": "VARCHAR",
        "customer_tax_identification_number": "VARCHAR",
        "billing_entity_name": "VARCHAR",
        "billing_entity_address": "VARCHAR",
        "billing_entity_tax_identification_number": "VARCHAR",
        "timezone": "VARCHAR",
        "sql_bundle_id": "VARCHAR",
        "credit_notes_amount_cents": "BIGINT",  # null in rows from before there were credit notes
    },
    # One row per invoice and subscription on it. Periods are half-open; null where that kind of period is absent.
    "invoice_subscriptions": {
        "invoice_id": "VARCHAR",
        "subscription_id": "VARCHAR",
        "external_subscription_id": "VARCHAR",
        "plan_id": "VARCHAR",
        "invoicing_reason": "VARCHAR",  # starting, trial, periodic, terminating, fixed_charge_change, in_advance_charge, progressive_billing
        "fee_from_at": "TIMESTAMP",
        "fee_to_at": "TIMESTAMP",
        "usage_from_at": "TIMESTAMP",
        "usage_to_at": "TIMESTAMP",
        "issued_at": "TIMESTAMP",
        "fixed_charges_from_at": "TIMESTAMP",
        "fixed_charges_to_at": "TIMESTAMP",
        "credited_invoice_id": "VARCHAR",  # the progressive invoice whose usage this one bills again and credits
    },
    # One row per line of an invoice, or fee without one. precise_amount is in currency units before rounding to amount_cents.
    "fees": {
        "fee_id": "VARCHAR",
        "invoice_id": "VARCHAR",
        "position": "BIGINT",
        "fee_type": "VARCHAR",  # subscription, charge, fixed_charge, commitment, add_on, credit
        "customer_id": "VARCHAR",
        "subscription_id": "VARCHAR",
        "external_subscription_id": "VARCHAR",
        "plan_id": "VARCHAR",
        "charge_id": "VARCHAR",
        "charge_filter_id": "VARCHAR",
        "charge_model": "VARCHAR",
        "billable_metric_id": "VARCHAR",
        "billable_metric_code": "VARCHAR",
        "group_key": "VARCHAR",  # canonical JSON text of the pricing group, null without one
        "add_on_id": "VARCHAR",
        "wallet_transaction_id": "VARCHAR",
        "item_code": "VARCHAR",
        "item_name": "VARCHAR",
        "description": "VARCHAR",
        "from_at": "TIMESTAMP",
        "to_at": "TIMESTAMP",
        "units": QUANTITY,
        "events_count": "BIGINT",
        "unit_amount": PRECISE_AMOUNT,
        "precise_amount": PRECISE_AMOUNT,
        "amount_cents": "BIGINT",
        "currency": "VARCHAR",
        "precise_coupons_amount_cents": SHARE,
        "taxes_rate": SHARE,
        "taxes_amount_cents": "BIGINT",
        "issued_at": "TIMESTAMP",
        "true_up_parent_fee_id": "VARCHAR",
        "pricing_unit_id": "VARCHAR",
        "pricing_unit_code": "VARCHAR",
        "pricing_unit_short_name": "VARCHAR",
        "conversion_rate": QUANTITY,
        "pricing_unit_unit_amount": PRECISE_AMOUNT,
        "pricing_unit_precise_amount": PRECISE_AMOUNT,
        "pricing_unit_amount_cents": "BIGINT",
        "event_transaction_id": "VARCHAR",  # the event of a fee in advance, else null
        "total_aggregated_units": QUANTITY,
        "progressive_billing_credit_amount_cents": "BIGINT",
        "corrected_invoice_id": "VARCHAR",  # the invoice whose period late usage is settled by this line, else null
        "known_after_at": "TIMESTAMP",  # late usage: the line is what became known later than this
    },
    # One row per fee in advance that is not invoiced; its line is in fees, with the same fee_id and no invoice_id.
    "standalone_fees": {
        "fee_id": "VARCHAR",
        "customer_id": "VARCHAR",
        "billing_entity_id": "VARCHAR",
        "currency": "VARCHAR",
        "issuing_date": "DATE",
        "amount_cents": "BIGINT",
        "taxes_amount_cents": "BIGINT",
        "total_amount_cents": "BIGINT",
        "issued_at": "TIMESTAMP",
        "sql_bundle_id": "VARCHAR",
    },
    # One row per step that explains a charge fee: a tier, what was free, packages, fixed amounts; amounts unrounded.
    "fee_tiers": {
        "fee_id": "VARCHAR",
        "invoice_id": "VARCHAR",
        "position": "BIGINT",
        "from_value": QUANTITY,
        "to_value": QUANTITY,
        "units": QUANTITY,
        "per_unit_amount": QUANTITY,
        "flat_amount": QUANTITY,
        "amount": PRECISE_AMOUNT,
        "step_kind": "VARCHAR",
        "rate": QUANTITY,
        "package_size": QUANTITY,
        "flat_count": QUANTITY,
        "per_unit_total_amount": PRECISE_AMOUNT,
    },
    # One row per charge fee and presentation group: its units, which have no part in the price.
    "fee_presentation_units": {
        "fee_id": "VARCHAR",
        "invoice_id": "VARCHAR",
        "presentation_key": "VARCHAR",  # canonical JSON text of the group
        "displayed_key": "VARCHAR",  # the same by the keys that stand on the invoice, null where none does
        "units": QUANTITY,
    },
    # One row per tax of a fee, rounded for display; the invoice's tax is rounded once and stands on the invoice.
    "fee_taxes": {
        "fee_id": "VARCHAR",
        "invoice_id": "VARCHAR",
        "tax_id": "VARCHAR",
        "tax_code": "VARCHAR",
        "tax_name": "VARCHAR",
        "tax_rate": QUANTITY,
        "taxable_base_cents": SHARE,
        "amount_cents": "BIGINT",
    },
    # One row per tax of an invoice (display line, rounded on its own).
    "invoice_taxes": {
        "invoice_id": "VARCHAR",
        "tax_id": "VARCHAR",
        "tax_code": "VARCHAR",
        "tax_name": "VARCHAR",
        "tax_rate": QUANTITY,
        "taxable_base_cents": SHARE,
        "amount_cents": "BIGINT",
    },
    # One row per use of an applied coupon on an invoice.
    "coupon_uses": {
        "invoice_id": "VARCHAR",
        "applied_coupon_id": "VARCHAR",
        "coupon_id": "VARCHAR",
        "coupon_code": "VARCHAR",
        "coupon_name": "VARCHAR",
        "customer_id": "VARCHAR",
        "currency": "VARCHAR",
        "amount_cents": "BIGINT",
        "issued_at": "TIMESTAMP",
    },
    # One row per invoice, wallet and class of credits that paid part of it; amount_cents is positive.
    "wallet_uses": {
        "wallet_use_id": "VARCHAR",
        "invoice_id": "VARCHAR",
        "wallet_id": "VARCHAR",
        "customer_id": "VARCHAR",
        "credit_class": "VARCHAR",  # granted, purchased
        "inbound_priority": "BIGINT",
        "currency": "VARCHAR",
        "amount_cents": "BIGINT",
        "issued_at": "TIMESTAMP",
    },
    # One row per use of a wallet and line that it pays; amount_cents is with tax, and the lines of a use add up to it.
    "wallet_use_fees": {
        "wallet_use_id": "VARCHAR",
        "invoice_id": "VARCHAR",
        "fee_id": "VARCHAR",
        "amount_cents": "BIGINT",
    },
    # One row per class of credits that a rule put into a wallet, at the tick that saw its threshold or interval.
    "wallet_top_ups": {
        "wallet_transaction_id": "VARCHAR",
        "wallet_id": "VARCHAR",
        "customer_id": "VARCHAR",
        "recurring_transaction_rule_id": "VARCHAR",
        "top_up_source": "VARCHAR",
        "credit_class": "VARCHAR",
        "credits": SHARE,
        "inbound_priority": "BIGINT",
        "invoice_requires_successful_payment": "BOOLEAN",
        "transaction_name": "VARCHAR",
        "topped_up_at": "TIMESTAMP",
        "sql_bundle_id": "VARCHAR",
    },
    # One row per payment request that a dunning campaign made, at the tick of schedule dunning that saw what was overdue.
    "payment_requests": {
        "payment_request_id": "VARCHAR",
        "customer_id": "VARCHAR",
        "billing_entity_id": "VARCHAR",
        "dunning_campaign_id": "VARCHAR",
        "currency": "VARCHAR",
        "amount_cents": "BIGINT",
        "attempt": "BIGINT",
        "requested_at": "TIMESTAMP",
        "sql_bundle_id": "VARCHAR",
    },
    # One row per invoice of a payment request that a dunning campaign made.
    "payment_request_invoices": {
        "payment_request_id": "VARCHAR",
        "customer_id": "VARCHAR",
        "invoice_id": "VARCHAR",
        "amount_cents": "BIGINT",
        "requested_at": "TIMESTAMP",
    },
    # One row per credit note. `issued_at` is its moment; the number is its invoice's and `sequential_id`.
    "credit_notes": {
        "credit_note_id": "VARCHAR",
        "invoice_id": "VARCHAR",  # the invoice that it corrects
        "customer_id": "VARCHAR",
        "billing_entity_id": "VARCHAR",
        "subscription_id": "VARCHAR",  # whose end gave it, else null
        "status": "VARCHAR",  # finalized, closed (nothing was left to credit; takes no number)
        "reason": "VARCHAR",
        "currency": "VARCHAR",
        "sequential_id": "BIGINT",
        "issuing_date": "DATE",
        "precise_items_amount_cents": SHARE,
        "precise_coupons_adjustment_amount_cents": SHARE,
        "coupons_adjustment_amount_cents": "BIGINT",
        "sub_total_excluding_taxes_amount_cents": "BIGINT",
        "precise_taxes_amount_cents": SHARE,
        "taxes_amount_cents": "BIGINT",
        "taxes_rate": SHARE,
        "total_amount_cents": "BIGINT",
        "credit_amount_cents": "BIGINT",
        "refund_amount_cents": "BIGINT",
        "offset_amount_cents": "BIGINT",
        "issued_at": "TIMESTAMP",
        "sql_bundle_id": "VARCHAR",
    },
    # One row per fee that a credit note gives back in part or whole, before coupons and taxes.
    "credit_note_items": {
        "credit_note_item_id": "VARCHAR",
        "credit_note_id": "VARCHAR",
        "invoice_id": "VARCHAR",
        "fee_id": "VARCHAR",
        "currency": "VARCHAR",
        "precise_amount_cents": SHARE,
        "amount_cents": "BIGINT",
        "precise_coupons_amount_cents": SHARE,
    },
    # One row per tax of a credit note (display line, rounded on its own).
    "credit_note_taxes": {
        "credit_note_id": "VARCHAR",
        "tax_id": "VARCHAR",
        "tax_code": "VARCHAR",
        "tax_name": "VARCHAR",
        "tax_rate": QUANTITY,
        "taxable_base_cents": SHARE,
        "amount_cents": "BIGINT",
    },
    # One row per invoice and credit note that paid part of it; amount_cents is positive.
    "credit_note_uses": {
        "credit_note_use_id": "VARCHAR",
        "invoice_id": "VARCHAR",
        "credit_note_id": "VARCHAR",
        "customer_id": "VARCHAR",
        "currency": "VARCHAR",
        "amount_cents": "BIGINT",
        "issued_at": "TIMESTAMP",
    },
    # One row per credit note that was voided, with what it had left to give.
    "credit_note_voids": {
        "credit_note_void_id": "VARCHAR",
        "credit_note_id": "VARCHAR",
        "invoice_id": "VARCHAR",  # the invoice that the note corrects
        "customer_id": "VARCHAR",
        "currency": "VARCHAR",
        "amount_cents": "BIGINT",
        "issued_at": "TIMESTAMP",
        "sql_bundle_id": "VARCHAR",
    },
    # One row per invoice that was voided, with what the void took back; the invoice stays as it was issued.
    "invoice_voids": {
        "invoice_void_id": "VARCHAR",
        "invoice_id": "VARCHAR",
        "customer_id": "VARCHAR",
        "billing_entity_id": "VARCHAR",
        "currency": "VARCHAR",
        "issuing_date": "DATE",
        "sub_total_excluding_taxes_amount_cents": "BIGINT",
        "coupons_amount_cents": "BIGINT",
        "taxes_amount_cents": "BIGINT",
        "due_amount_cents": "BIGINT",
        "issued_at": "TIMESTAMP",
        "sql_bundle_id": "VARCHAR",
    },
    # One row per void of an invoice and wallet that gets back what it had paid of it, as granted credits.
    "wallet_returns": {
        "wallet_return_id": "VARCHAR",
        "invoice_void_id": "VARCHAR",
        "invoice_id": "VARCHAR",
        "wallet_id": "VARCHAR",
        "customer_id": "VARCHAR",
        "currency": "VARCHAR",
        "credit_class": "VARCHAR",
        "inbound_priority": "BIGINT",
        "amount_cents": "BIGINT",
        "issued_at": "TIMESTAMP",
    },
    # One row per leg of a double-entry transaction; the legs of a transaction sum to zero (debit positive).
    "postings": {
        "posting_id": "VARCHAR",
        "transaction_id": "VARCHAR",
        "invoice_id": "VARCHAR",
        "customer_id": "VARCHAR",
        "account": "VARCHAR",
        "fee_id": "VARCHAR",
        "currency": "VARCHAR",
        "amount_cents": "BIGINT",
        "posted_at": "TIMESTAMP",
    },
    # One row per relation of a SQL bundle: the compiled models that priced an invoice, in the order they ran.
    "sql_bundles": {
        "sql_bundle_id": "VARCHAR",
        "position": "BIGINT",
        "name": "VARCHAR",
        "relation": "VARCHAR",
        "sql": "VARCHAR",  # null for what the models read: sources and seeds
    },
}
"""Table name -> column name -> DuckDB type, in order."""
