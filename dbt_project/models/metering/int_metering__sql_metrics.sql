with final as (
    {{ names_of_sql_models('sql_metric', sql_metric_models()) }}
)

select * from final
