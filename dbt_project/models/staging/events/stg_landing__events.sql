with source as (
    select * from {{ source('landing', 'events') }}
),

final as (
    select
        external_subscription_id,
        transaction_id,
        code,
        timestamp,
        properties,
        try_cast(precise_total_amount_cents as decimal(38, 12)) as precise_total_amount_cents,
        received_at,
        received_sequence,
        source,
        source_row,
        landing_file
    from source
)

select * from final
