with final as (
    {{ names_of_sql_models('sql_charge', sql_charge_models()) }}
)

select * from final
