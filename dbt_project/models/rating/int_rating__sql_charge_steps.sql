with steps as (
    {{ rows_of_sql_models('sql_charge', sql_charge_models(), sql_charge_columns()) }}
),

final as (
    select sql_charge, usage_id, position, from_value, to_value, units, per_unit_amount, flat_amount, amount from steps
)

select * from final
