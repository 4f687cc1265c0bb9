with contributions as (
    {{ rows_of_sql_models('sql_metric', sql_metric_models(), sql_metric_columns()) }}
),

final as (
    select sql_metric, window_charge_id, charge_filter_id, group_key, external_subscription_id, transaction_id, quantity
    from contributions
)

select * from final
