with window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

-- An end of service at local midnight still counts the day that begins there, as the subscription fee does; the day of an
-- upgrade belongs to the next plan, whole.
dated as (
    select
        window_charge_id,
        period_days,
        {{ local_date('from_at', 'timezone') }} as first_on,
        case
            when successor_plan_id is not null then {{ plus_days(local_date('to_at', 'timezone'), -1) }}
            else {{ last_day('to_at', 'timezone', 'ends_with_service') }}
        end as last_on
    from window_charges
),

final as (
    select
        window_charge_id,
        first_on,
        last_on,
        {{ days_between('first_on', 'last_on') }} + 1 as window_days,
        period_days
    from dated
)

select * from final
