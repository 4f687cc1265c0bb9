-- Fails if two loaded events share an identity: an event counts once, the first received wins (law 4).
select external_subscription_id, transaction_id
from {{ ref('stg_landing__events') }}
group by external_subscription_id, transaction_id
having count(*) > 1
