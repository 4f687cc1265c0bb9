with billed_lines as (
    select * from {{ ref('int_ledger__billed_lines') }}
),

invoice_voids as (
    select * from {{ ref('stg_books__invoice_voids') }}
),

counted as (
    select
        billed_lines.*,
        invoice_voids.issuing_date as voided_on,
        {{ days_between('billed_lines.service_from_on', 'billed_lines.service_to_on') }} + 1 as service_days
    from billed_lines
    inner join invoice_voids on billed_lines.invoice_id = invoice_voids.invoice_id
),

served as (
    select
        *,
        {{ plus_days('voided_on', '1') }} as next_on,
        case
            when voided_on < service_from_on then 0
            when voided_on >= service_to_on then service_days
            else {{ days_between('service_from_on', 'voided_on') }} + 1
        end as served_days
    from counted
),

earned as (
    select
        *,
        {{ cents(div_round('cast(net_amount_cents as decimal(38, 0)) * served_days', 'service_days')) }} as earned_cents
    from served
),

-- A void takes back on its day what was earned of each line by then, and the rest over the days on which it would have been.
final as (
    select
        billed_line_id as revenue_line_id, invoice_id, customer_id, subscription_id, line_type, currency, net_amount_cents, billed_on, service_from_on, service_to_on
    from billed_lines
    union all
    select
        {{ deterministic_id(["'void_of_earned'", 'billed_line_id']) }}, invoice_id, customer_id, subscription_id, 'void', currency, {{ cents('-earned_cents') }},
        voided_on, voided_on, voided_on
    from earned
    where earned_cents <> 0
    union all
    select
        {{ deterministic_id(["'void_of_unearned'", 'billed_line_id']) }}, invoice_id, customer_id, subscription_id, 'void', currency, {{ cents('earned_cents - net_amount_cents') }},
        voided_on, case when voided_on < service_from_on then service_from_on else next_on end, service_to_on
    from earned
    where net_amount_cents <> earned_cents
)

select * from final
