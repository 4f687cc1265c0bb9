with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }}
),

standard_charges as (
    select * from {{ ref('int_rating__standard_charges') }}
),

graduated_charges as (
    select * from {{ ref('int_rating__graduated_charges') }}
),

package_charges as (
    select * from {{ ref('int_rating__package_charges') }}
),

volume_charges as (
    select * from {{ ref('int_rating__volume_charges') }}
),

rated as (
    select usage_id, amount, unit_amount from standard_charges
    union all
    select usage_id, amount, unit_amount from graduated_charges
    union all
    select usage_id, amount, unit_amount from package_charges
    union all
    select usage_id, amount, unit_amount from volume_charges
),

-- Negative units or a negative amount bill nothing (rating, section 0.1).
final as (
    select
        priced_usage.usage_id,
        priced_usage.window_charge_id,
        priced_usage.charge_id,
        priced_usage.charge_filter_id,
        priced_usage.group_key,
        priced_usage.charge_model,
        priced_usage.events_count,
        case when priced_usage.units < 0 or rated.amount < 0 then {{ quantity('0') }} else priced_usage.full_units end as units,
        priced_usage.total_aggregated_units,
        case when priced_usage.units < 0 or rated.amount < 0 then {{ working('0') }} else rated.amount end as amount,
        case when priced_usage.units < 0 or rated.amount < 0 then {{ working('0') }} else rated.unit_amount end as unit_amount
    from priced_usage
    inner join rated on priced_usage.usage_id = rated.usage_id
)

select * from final
