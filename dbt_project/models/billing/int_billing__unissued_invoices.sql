with unissued_items as (
    select * from {{ ref('int_metering__unissued_items') }}
),

one_off_invoices as (
    select * from {{ ref('stg_catalog__one_off_invoices') }}
),

credit_fees as (
    select * from {{ ref('int_billing__credit_fees') }}
),

advance_fees as (
    select * from {{ ref('int_billing__advance_fees') }}
),

progressive_invoices as (
    select * from {{ ref('int_billing__progressive_invoices') }}
),

renewals as (
    select * from {{ ref('int_billing__usage_fees') }} where is_renewed and invoice_id = fee_id
),

customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

subscription_invoices as (
    select
        invoice_id, 'subscription' as invoice_type, customer_id, billing_entity_id, currency, ready_at, issued_at, horizon_at, is_due,
        min(invoicing_reason) as invoicing_reason,
        min(creation_sequence) as creation_sequence
    from unissued_items
    group by invoice_id, customer_id, billing_entity_id, currency, ready_at, issued_at, horizon_at, is_due
),

requests as (
    select
        {{ deterministic_id(["'one_off'", 'one_off_invoice_id']) }} as invoice_id,
        'one_off' as invoice_type, customer_id, currency, valid_from as requested_at, valid_from as horizon_at, true as is_due, sequence as creation_sequence
    from one_off_invoices
    union all
    select invoice_id, 'credit' as invoice_type, customer_id, currency, requested_at, horizon_at, is_due, creation_sequence
    from credit_fees
),

-- A command's invoice has its own moment: the instant at which the command was recorded, or what it waits for came.
requested_invoices as (
    select
        requests.invoice_id, requests.invoice_type, requests.customer_id, customers.billing_entity_id, requests.currency,
        requests.requested_at as ready_at, requests.horizon_at as issued_at, requests.horizon_at,
        requests.is_due, cast(null as string) as invoicing_reason, requests.creation_sequence
    from requests
    inner join horizons on requests.customer_id = horizons.customer_id and requests.requested_at <= horizons.as_of
    inner join customers on requests.customer_id = customers.customer_id and {{ known_at('customers', 'requests.requested_at') }}
    left join issued_invoices on requests.invoice_id = issued_invoices.invoice_id
    where issued_invoices.invoice_id is null
),

-- What is carried over on a charge that is not invoiced is settled just before the bill that opens its period: with it or not at all.
carried_documents as (
    select
        renewals.invoice_id, 'standalone_fee' as invoice_type, unissued_items.customer_id, unissued_items.billing_entity_id, unissued_items.currency,
        unissued_items.ready_at, unissued_items.issued_at, unissued_items.horizon_at, unissued_items.is_due, unissued_items.invoicing_reason,
        cast(0 as bigint) as creation_sequence
    from renewals
    inner join unissued_items
        on renewals.subscription_id = unissued_items.subscription_id
        and renewals.from_at = unissued_items.usage_to_at
        and renewals.to_at = unissued_items.renewed_to_at
),

final as (
    select invoice_id, invoice_type, customer_id, billing_entity_id, currency, ready_at, issued_at, horizon_at, is_due, invoicing_reason, creation_sequence
    from subscription_invoices
    union all
    select invoice_id, invoice_type, customer_id, billing_entity_id, currency, ready_at, issued_at, horizon_at, is_due, invoicing_reason, creation_sequence
    from requested_invoices
    union all
    select invoice_id, invoice_type, customer_id, billing_entity_id, currency, ready_at, issued_at, horizon_at, is_due, invoicing_reason, creation_sequence
    from carried_documents
    union all
    select invoice_id, invoice_type, customer_id, billing_entity_id, currency, horizon_at, horizon_at, horizon_at, true, 'in_advance_charge', received_sequence
    from advance_fees
    union all
    select invoice_id, 'progressive_billing', customer_id, billing_entity_id, currency, ready_at, ready_at, ready_at, true, 'progressive_billing', creation_sequence
    from progressive_invoices
)

select * from final
