with issue_wallet_uses as (
    select * from {{ ref('int_billing__issue_wallet_uses') }}
),

wallet_shares as (
    select * from {{ source('settlement', 'wallet_shares') }}
),

final as (
    select
        issue_wallet_uses.wallet_use_id,
        issue_wallet_uses.invoice_id,
        wallet_shares.fee_id,
        wallet_shares.amount_cents
    from issue_wallet_uses
    inner join wallet_shares
        on issue_wallet_uses.invoice_id = wallet_shares.invoice_id and issue_wallet_uses.wallet_id = wallet_shares.wallet_id
        and issue_wallet_uses.credit_class = wallet_shares.credit_class and issue_wallet_uses.inbound_priority = wallet_shares.inbound_priority
    where wallet_shares.amount_cents <> 0
)

select * from final
