with wallets as (
    select * from {{ ref('stg_catalog__wallets') }}
),

wallet_voids as (
    select * from {{ ref('int_billing__wallet_voids') }}
),

reordered as (
    select later.customer_id, later.valid_from as stops_at
    from wallets as later
    inner join wallets as earlier on later.wallet_id = earlier.wallet_id and later.valid_from = earlier.valid_to and later.priority <> earlier.priority
),

top_up_ticks as (
    select * from {{ ref('int_metering__top_up_ticks') }}
),

-- A changed priority changes the order of ranks; what a void takes depends on what was used before it (settlement, section 4), and so does what a rule puts in.
final as (
    select customer_id, stops_at from reordered
    union
    select customer_id, voided_at from wallet_voids
    union
    select customer_id, checked_at from top_up_ticks
)

select * from final
