-- Computed on the price list, not per quantity: there are few tiers and many quantities.
with charge_tiers as (
    select * from {{ ref('stg_catalog__charge_tiers') }}
),

followed as (
    select
        *,
        lag(to_value) over (partition by charge_id, charge_filter_id, valid_from, sequence order by position) as previous_to_value
    from charge_tiers
),

-- A tier that begins at the bound before it (10-20 after 0-10) is adjacent; one that begins a whole unit later (11-20) is gapped.
final as (
    select
        charge_id,
        charge_filter_id,
        valid_from,
        valid_to,
        position,
        from_value,
        to_value,
        coalesce(from_value = previous_to_value, false) as is_adjacent,
        per_unit_amount,
        rate,
        flat_amount
    from followed
)

select * from final
