with charge_events as (
    select * from {{ ref('int_metering__charge_events') }}
),

charge_presentation_keys as (
    select * from {{ ref('stg_catalog__charge_presentation_keys') }}
),

members as (
    select
        charge_events.window_charge_id, charge_events.external_subscription_id, charge_events.transaction_id,
        charge_presentation_keys.position, charge_presentation_keys.display_in_invoice,
        {{ group_member('charge_presentation_keys.key', 'charge_events.properties') }} as member
    from charge_events
    inner join charge_presentation_keys
        on charge_events.charge_id = charge_presentation_keys.charge_id
        and {{ known_at('charge_presentation_keys', 'charge_events.horizon_at') }}
),

final as (
    select
        window_charge_id, external_subscription_id, transaction_id,
        {{ group_text('member', 'position') }} as presentation_key,
        {{ group_text('case when display_in_invoice then member end', 'position') }} as displayed_key
    from members
    group by window_charge_id, external_subscription_id, transaction_id
)

select * from final
