with top_up_moments as (
    select * from {{ ref('int_billing__top_up_moments') }}
),

wallets as (
    select * from {{ ref('stg_catalog__wallets') }}
),

rules as (
    select * from {{ ref('stg_catalog__recurring_transaction_rules') }} where rule_trigger = 'threshold' and status = 'active'
),

wallet_credits as (
    select * from {{ ref('int_billing__wallet_credits') }}
),

wallet_uses as (
    select * from {{ ref('stg_books__wallet_uses') }}
),

void_uses as (
    select * from {{ ref('int_billing__wallet_void_uses') }}
),

wallet_voids as (
    select * from {{ ref('int_billing__wallet_voids') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

looks as (
    select distinct customer_id, checked_at from top_up_moments
),

looked_at as (
    select looks.checked_at, wallets.*
    from looks
    inner join wallets
        on looks.customer_id = wallets.customer_id and {{ known_at('wallets', 'looks.checked_at') }}
        and (wallets.terminated_at is null or wallets.terminated_at > looks.checked_at)
        and (wallets.expiration_at is null or wallets.expiration_at > looks.checked_at)
),

movements as (
    select wallet_id, settled_at as moved_at, amount_cents, 0 as voided_cents, 0 as voided_credits from wallet_credits where settled_at is not null
    union all
    select wallet_id, issued_at, -amount_cents, 0, 0 from wallet_uses
    union all
    select wallet_id, voided_at, -amount_cents, amount_cents, 0 from void_uses
    union all
    select wallet_id, voided_at, 0, 0, credits from wallet_voids
),

held as (
    select
        looked_at.wallet_id, looked_at.checked_at,
        {{ cents('sum(movements.amount_cents)') }} as balance_cents, {{ cents('sum(movements.voided_cents)') }} as voided_cents, {{ share('sum(movements.voided_credits)') }} as voided_credits
    from looked_at
    inner join movements on looked_at.wallet_id = movements.wallet_id and movements.moved_at <= looked_at.checked_at
    group by looked_at.wallet_id, looked_at.checked_at
),

swallowing as (
    select distinct looks.customer_id, looks.checked_at, rules.wallet_id
    from looks
    inner join rules
        on looks.customer_id = rules.customer_id and {{ known_at('rules', 'looks.checked_at') }}
        and (rules.expiration_at is null or rules.expiration_at > looks.checked_at)
),

joined as (
    select
        looked_at.wallet_id, looked_at.customer_id, looked_at.currency, looked_at.checked_at, looked_at.rate_amount, currencies.minor_unit_amount,
        looked_at.priority, looked_at.created_at,
        coalesce(held.balance_cents, 0) as balance_cents, coalesce(held.voided_cents, 0) as voided_cents, coalesce(held.voided_credits, 0) as voided_credits,
        swallowing.wallet_id is not null as is_swallowing
    from looked_at
    inner join currencies on looked_at.currency = currencies.currency
    left join held on looked_at.wallet_id = held.wallet_id and looked_at.checked_at = held.checked_at
    left join swallowing on looked_at.wallet_id = swallowing.wallet_id and looked_at.checked_at = swallowing.checked_at
),

-- A wallet that tops itself up pays all that it may (invoicing, section 9.3).
final as (
    select
        wallet_id, customer_id, currency, checked_at, rate_amount, minor_unit_amount,
        row_number() over (partition by customer_id, currency, checked_at order by priority, created_at, wallet_id) as wallet_rank,
        case when is_swallowing then {{ swallowed() }} else balance_cents end as capacity_cents,
        {{ credits_held('balance_cents', 'voided_cents', 'voided_credits') }} as balance_credits
    from joined
)

select * from final
