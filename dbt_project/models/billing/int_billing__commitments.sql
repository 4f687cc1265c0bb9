with commitment_bills as (
    select * from {{ ref('int_billing__commitment_bills') }}
),

unissued_items as (
    select * from {{ ref('int_metering__unissued_items') }}
),

late_windows as (
    select * from {{ ref('int_metering__late_windows') }}
),

plans as (
    select * from {{ ref('stg_catalog__plans') }} where minimum_commitment_amount_cents > 0
),

invoice_voids as (
    select * from {{ ref('stg_catalog__invoice_voids') }}
),

unissued_invoices as (
    select distinct invoice_id from unissued_items
),

-- Bills with late usage of a period that was topped up before look at it again; of a top-up that is void nothing is owed.
late_bills as (
    select distinct
        subscription_id, invoice_id, invoice_horizon_at, is_due,
        {{ middle_of('from_at', 'to_at') }} as middle_at
    from late_windows
),

measured as (
    select
        commitment_bills.subscription_id, commitment_bills.from_at, commitment_bills.closing_invoice_id,
        commitment_bills.invoice_id, commitment_bills.horizon_at, case when commitment_bills.is_due then 'due' else 'draft' end as fee_state, false as is_late
    from commitment_bills
    inner join unissued_invoices on commitment_bills.invoice_id = unissued_invoices.invoice_id
    union
    select
        commitment_bills.subscription_id, commitment_bills.from_at, commitment_bills.closing_invoice_id,
        late_bills.invoice_id, late_bills.invoice_horizon_at, case when late_bills.is_due then 'due' else 'draft' end, true
    from commitment_bills
    inner join late_bills
        on commitment_bills.subscription_id = late_bills.subscription_id
        and late_bills.middle_at >= commitment_bills.from_at and late_bills.middle_at < commitment_bills.to_at
        and late_bills.invoice_horizon_at > commitment_bills.issued_at
    left join invoice_voids on commitment_bills.invoice_id = invoice_voids.invoice_id and invoice_voids.valid_from <= late_bills.invoice_horizon_at
    where invoice_voids.invoice_id is null
),

-- Days of service over days of the whole period, in whole minor units (invoicing, section 7), by the plan as the bill that tops the period up knows it.
final as (
    select
        {{ deterministic_id(["'commitment'", 'measured.invoice_id', 'measured.subscription_id', instant_text('measured.from_at')]) }} as fee_id,
        measured.invoice_id,
        measured.fee_state,
        measured.is_late,
        commitment_bills.customer_id, commitment_bills.subscription_id, commitment_bills.external_subscription_id, commitment_bills.plan_id,
        plans.code as plan_code,
        coalesce(plans.minimum_commitment_display_name, 'Minimum commitment') as commitment_name,
        commitment_bills.currency,
        commitment_bills.from_at,
        commitment_bills.to_at,
        measured.horizon_at,
        commitment_bills.committed_days,
        commitment_bills.period_days,
        {{ cents(div_round('cast(plans.minimum_commitment_amount_cents as decimal(38, 0)) * commitment_bills.committed_days', 'commitment_bills.period_days')) }} as commitment_cents
    from measured
    inner join commitment_bills
        on measured.subscription_id = commitment_bills.subscription_id and measured.from_at = commitment_bills.from_at
        and measured.closing_invoice_id = commitment_bills.closing_invoice_id
    inner join plans on commitment_bills.plan_id = plans.plan_id and {{ known_at('plans', 'commitment_bills.horizon_at') }}
)

select * from final
