with invoice_commands as (
    select * from {{ ref('stg_catalog__invoice_commands') }} where command in ('hold', 'release')
),

ordered as (
    select
        invoice_id, command, valid_from, sequence,
        lag(command) over (partition by invoice_id order by valid_from, sequence) as previous_command
    from invoice_commands
),

turned as (
    select
        invoice_id, command,
        valid_from as held_at,
        lead(valid_from) over (partition by invoice_id order by valid_from, sequence) as released_at
    from ordered
    where coalesce(previous_command, 'release') <> command
),

final as (
    select invoice_id, held_at, released_at
    from turned
    where command = 'hold'
)

select * from final
