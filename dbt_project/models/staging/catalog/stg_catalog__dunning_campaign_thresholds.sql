with source as (
    select * from {{ source('catalog', 'dunning_campaign_thresholds') }}
),

final as (
    select
        dunning_campaign_id,
        currency,
        amount_cents,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
