"""Law 6: what `current_usage` says of a customer at the end of a period is what the bill of that period says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import billing
from core.catalog.engine import connect, reading
from core.catalog.export import export
from core.settings import Settings
from core.warehouse.connection import ReadWarehouse
from core.warehouse.kept_plans import KeptPlans, engine_for_kept_plans
from core.warehouse.pricing_graph import PricingGraph
from tests.support.demo_home import demo_home

BILLED = """
    select invoices.customer_id, invoices.ready_at, fees.external_subscription_id, fees.charge_id, fees.charge_filter_id, fees.group_key,
        fees.from_at, fees.units, fees.amount_cents
    from books.main.fees
    inner join books.main.invoices using (invoice_id)
    inner join books.main.invoice_subscriptions using (invoice_id, subscription_id)
    where fees.fee_type = 'charge' and invoice_subscriptions.invoicing_reason = 'periodic'
    qualify invoices.ready_at = max(invoices.ready_at) over (partition by invoices.customer_id)
"""


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(home=demo_home())


def test_current_usage_at_the_end_of_a_period_is_the_bill(settings: Settings) -> None:
    graph, warehouse = PricingGraph.load(), ReadWarehouse(settings)
    bills: dict[str, dict[tuple[object, ...], tuple[object, ...]]] = {}
    moments, owned = {}, {}
    for customer, ready_at, subscription, charge, bucket, group, from_at, units, cents in (
        warehouse.cursor().execute(BILLED).fetchall()
    ):
        bills.setdefault(customer, {})[(charge, bucket, group, from_at)] = (units, cents)
        moments[customer] = ready_at
        owned.setdefault(customer, set()).add(subscription)
    assert len(bills) > 50
    engine = connect(settings.catalog)
    # As the API does: one customer after another on the same plans.
    reader = warehouse.cursor()
    engine_for_kept_plans(reader)
    plans = KeptPlans(reader)
    for customer, bill in bills.items():
        with reading(engine) as catalog:
            exported = export(catalog, [customer])
        just_before = moments[customer] - timedelta(microseconds=1)
        facts = billing.CustomerFacts(exported, sorted(owned[customer]), just_before)
        with plans.request():
            usage = billing.current_usage(plans, graph, facts)
        seen = {
            (fee["charge_id"], fee["charge_filter_id"], fee["group_key"], fee["from_at"]): (
                fee["units"],
                fee["amount_cents"],
            )
            for fee in usage
            if fee["units"] or fee["amount_cents"] or fee["events_count"]
        }
        ended = {key: value for key, value in seen.items() if key[3] in {key[3] for key in bill}}
        assert ended == bill
