with source as (
    select * from {{ source('catalog', 'subscriptions') }}
),

final as (
    select
        id as subscription_id,
        external_id,
        customer_id,
        plan_id,
        name,
        billing_time,
        subscription_at,
        started_at,
        ending_at,
        terminated_at,
        status,
        on_termination_invoice,
        previous_subscription_id,
        created_at,
        creation_sequence,
        progressive_billing_disabled,
        billing_entity_id,
        on_termination_credit_note,
        downgrade_at,
        coalesce(terminated_at, downgrade_at, ending_at) as service_ends_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
