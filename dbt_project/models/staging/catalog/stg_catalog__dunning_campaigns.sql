with source as (
    select * from {{ source('catalog', 'dunning_campaigns') }}
),

final as (
    select
        id as dunning_campaign_id,
        code,
        name,
        max_attempts,
        days_between_attempts,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
