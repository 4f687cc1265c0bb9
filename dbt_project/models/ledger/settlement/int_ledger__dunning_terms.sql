with customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

billing_entities as (
    select * from {{ ref('stg_catalog__billing_entities') }}
),

dunning_campaigns as (
    select * from {{ ref('stg_catalog__dunning_campaigns') }}
),

thresholds as (
    select * from {{ ref('stg_catalog__dunning_campaign_thresholds') }}
),

customer_spans as (
    select
        customer_id, billing_entity_id, applied_dunning_campaign_id, valid_from as from_at,
        coalesce(valid_to, timestamp '9999-12-31 00:00:00') as to_at
    from customers
    where not exclude_from_dunning_campaign
),

entity_spans as (
    select billing_entity_id, applied_dunning_campaign_id, valid_from as from_at, coalesce(valid_to, timestamp '9999-12-31 00:00:00') as to_at
    from billing_entities
),

campaign_spans as (
    select
        thresholds.dunning_campaign_id, thresholds.currency, thresholds.amount_cents, dunning_campaigns.max_attempts, dunning_campaigns.days_between_attempts,
        thresholds.valid_from as from_at, coalesce(thresholds.valid_to, timestamp '9999-12-31 00:00:00') as to_at
    from thresholds
    inner join dunning_campaigns
        on thresholds.dunning_campaign_id = dunning_campaigns.dunning_campaign_id and thresholds.valid_from = dunning_campaigns.valid_from
),

-- The campaign of the customer wins over that of its billing entity (invoicing, section 12).
applied as (
    select
        customer_spans.customer_id,
        coalesce(customer_spans.applied_dunning_campaign_id, entity_spans.applied_dunning_campaign_id) as dunning_campaign_id,
        case when customer_spans.from_at > entity_spans.from_at then customer_spans.from_at else entity_spans.from_at end as from_at,
        case when customer_spans.to_at < entity_spans.to_at then customer_spans.to_at else entity_spans.to_at end as to_at
    from customer_spans
    inner join entity_spans
        on customer_spans.billing_entity_id = entity_spans.billing_entity_id and customer_spans.from_at < entity_spans.to_at and entity_spans.from_at < customer_spans.to_at
),

final as (
    select
        applied.customer_id, applied.dunning_campaign_id, campaign_spans.currency, campaign_spans.amount_cents as threshold_amount_cents,
        campaign_spans.max_attempts, campaign_spans.days_between_attempts,
        case when applied.from_at > campaign_spans.from_at then applied.from_at else campaign_spans.from_at end as from_at,
        case when applied.to_at < campaign_spans.to_at then applied.to_at else campaign_spans.to_at end as to_at
    from applied
    inner join campaign_spans
        on applied.dunning_campaign_id = campaign_spans.dunning_campaign_id and applied.from_at < campaign_spans.to_at and campaign_spans.from_at < applied.to_at
)

select * from final
