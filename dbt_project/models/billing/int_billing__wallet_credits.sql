{{ config(materialized='view') }}
with wallet_inflows as (
    select * from {{ ref('int_billing__wallet_inflows') }}
),

wallet_returns as (
    select * from {{ ref('stg_books__wallet_returns') }}
),

invoice_voids as (
    select * from {{ ref('stg_catalog__invoice_voids') }}
),

final as (
    select
        wallet_transaction_id, wallet_id, customer_id, currency, credit_class, inbound_priority,
        requested_at, settled_at, settled_sequence, cast(null as string) as voided_invoice_id, amount_cents, top_up_source, invoice_requires_successful_payment
    from wallet_inflows
    union all
    select
        wallet_returns.wallet_return_id, wallet_returns.wallet_id, wallet_returns.customer_id, wallet_returns.currency,
        wallet_returns.credit_class, wallet_returns.inbound_priority, wallet_returns.issued_at, wallet_returns.issued_at,
        invoice_voids.sequence, wallet_returns.invoice_id, wallet_returns.amount_cents, 'manual', false
    from wallet_returns
    left join invoice_voids on wallet_returns.invoice_void_id = invoice_voids.invoice_void_id
)

select * from final
