with wallets as (
    select * from {{ ref('stg_catalog__wallets') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

wallet_movements as (
    select * from {{ ref('fct_wallet_movements') }}
),

wallet_voids as (
    select * from {{ ref('int_billing__wallet_voids') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

summed as (
    select
        wallet_id,
        {{ cents("sum(case when movement_type = 'inflow' then amount_cents else 0 end)") }} as inflow_amount_cents,
        {{ cents("sum(case when movement_type = 'use' then -amount_cents else 0 end)") }} as used_amount_cents,
        {{ cents("sum(case when movement_type = 'void' then -amount_cents else 0 end)") }} as voided_amount_cents
    from wallet_movements
    group by wallet_id
),

voided as (
    select wallet_voids.wallet_id, {{ share('sum(wallet_voids.credits)') }} as voided_credits
    from wallet_voids
    inner join horizons on wallet_voids.customer_id = horizons.customer_id and wallet_voids.voided_at <= horizons.as_of
    group by wallet_voids.wallet_id
),

joined as (
    select
        wallets.*,
        horizons.as_of,
        currencies.minor_unit_amount,
        coalesce(summed.inflow_amount_cents, 0) as inflow_amount_cents,
        coalesce(summed.used_amount_cents, 0) as used_amount_cents,
        coalesce(summed.voided_amount_cents, 0) as voided_amount_cents,
        coalesce(voided.voided_credits, 0) as voided_credits,
        {{ cents('coalesce(summed.inflow_amount_cents, 0) - coalesce(summed.used_amount_cents, 0) - coalesce(summed.voided_amount_cents, 0)') }} as balance_cents
    from wallets
    inner join horizons on wallets.customer_id = horizons.customer_id and {{ known_at('wallets', 'horizons.as_of') }}
    inner join currencies on wallets.currency = currencies.currency
    left join summed on wallets.wallet_id = summed.wallet_id
    left join voided on wallets.wallet_id = voided.wallet_id
),

final as (
    select
        wallet_id, customer_id, code, name, currency, rate_amount, priority,
        case when terminated_at <= as_of or expiration_at <= as_of then 'terminated' else 'active' end as status,
        expiration_at, terminated_at, created_at,
        inflow_amount_cents, used_amount_cents, voided_amount_cents, balance_cents,
        {{ credits_held('balance_cents', 'voided_amount_cents', 'voided_credits') }} as balance_credits
    from joined
)

select * from final
