with source as (
    select * from {{ source('catalog', 'invoice_commands') }}
),

final as (
    select
        id as invoice_command_id,
        invoice_id,
        command,
        created_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
