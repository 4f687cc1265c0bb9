"""Usage thresholds, alerts and historical usage: codes, identity over changes, and what reaches SQL."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from core.catalog import alerts, billable_metrics, customers, deletions, lifetime_usages, plans, subscriptions, wallets
from core.catalog.engine import reading
from core.catalog.export import export
from core.catalog.subscription_versions import Subscription
from core.catalog.usage_thresholds import USAGE_THRESHOLDS, thresholds_of
from core.errors import BatchRefused, NotFound, ValidationError
from tests.unit.core.catalog.conftest import NOW, Begin

STEPS: list[dict[str, Any]] = [
    {"amount_cents": 500, "threshold_display_name": "Soft"},
    {"amount_cents": 200, "recurring": True},
]
ALERT: dict[str, Any] = {"alert_type": "current_usage_amount", "code": "usage", "thresholds": [{"code": "warn", "value": "10.50"}, {"value": 100, "recurring": True}]}  # fmt: skip


@pytest.fixture
def subscription(begin: Begin, basic_plan: plans.Plan) -> Subscription:
    """Subscription `s` on plan `basic`."""
    with begin() as uow:
        return subscriptions.create(uow, external_id="s", external_customer_id="acme", plan_code="basic")


def refusals(call: Any) -> Any:
    with pytest.raises((ValidationError, BatchRefused)) as refused:
        call()
    return refused.value.details


def test_a_plans_thresholds_keep_their_identity(catalog: sa.Engine, begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        plans.update(uow, "basic", usage_thresholds_input=STEPS)
        before = thresholds_of(uow.connection, "plan", [basic_plan.id])[basic_plan.id]
    assert [(row.amount_cents, row.recurring, row.threshold_display_name) for row in before] == [
        (500, False, "Soft"),
        (200, True, None),
    ]
    with begin() as uow:
        plans.update(uow, "basic", usage_thresholds_input=[{"amount_cents": 500}, {"amount_cents": 200}])
        after = thresholds_of(uow.connection, "plan", [basic_plan.id])[basic_plan.id]
    assert [(row.amount_cents, row.recurring, row.threshold_display_name) for row in after] == [
        (200, False, None),
        (500, False, None),
    ]
    assert after[1].id == before[0].id and after[0].id != before[1].id
    with begin() as uow:
        plans.update(uow, "basic", name="Other")
        assert thresholds_of(uow.connection, "plan", [basic_plan.id])[basic_plan.id] == after
        plans.update(uow, "basic", usage_thresholds_input=[])
        assert thresholds_of(uow.connection, "plan", [basic_plan.id]) == {}
    with reading(catalog) as connection:
        assert [row.valid_to is None for row in USAGE_THRESHOLDS.history(connection, before[0].id)] == [False, False]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"amount_cents": None}], "value_is_mandatory"),
        ([{"amount_cents": 0}], "value_is_out_of_range"),
        ([{"amount_cents": 1, "recurring": "yes"}], "value_is_invalid"),
        ([{"amount_cents": 1}, {"amount_cents": 1}], "duplicate_threshold_values"),
        (
            [{"amount_cents": 1, "recurring": True}, {"amount_cents": 2, "recurring": True}],
            "multiple_recurring_thresholds",
        ),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(
    begin: Begin, basic_plan: plans.Plan, rows: list[dict[str, Any]], code: str
) -> None:
    with begin() as uow:
        assert refusals(lambda: plans.update(uow, "basic", usage_thresholds_input=rows)) == {"usage_thresholds": [code]}


def test_a_subscription_has_its_own_thresholds_and_may_opt_out(
    catalog: sa.Engine, begin: Begin, subscription: Subscription
) -> None:
    assert not subscription.progressive_billing_disabled
    with begin() as uow:
        subscriptions.update(uow, "s", usage_thresholds_input=STEPS, progressive_billing_disabled=True)
        other = subscriptions.create(
            uow, external_id="t", external_customer_id="acme", plan_code="basic", usage_thresholds_input=STEPS[:1]
        )
    with reading(catalog) as connection:
        assert subscriptions.get(connection, "s", NOW).progressive_billing_disabled
        owned = thresholds_of(connection, "subscription", [subscription.id, other.id])
        tables = export(connection, [subscription.customer_id])
    assert {owner: len(rows) for owner, rows in owned.items()} == {subscription.id: 2, other.id: 1}
    assert tables["usage_thresholds"].num_rows == 3
    assert tables["subscriptions"]["progressive_billing_disabled"].to_pylist() == [False, True, False]
    with begin() as uow:
        subscriptions.update(uow, "s", usage_thresholds_input=[])
        assert thresholds_of(uow.connection, "subscription", [subscription.id]) == {}


def test_historical_usage_is_put_and_put_again(catalog: sa.Engine, begin: Begin, subscription: Subscription) -> None:
    with begin() as uow:
        first = lifetime_usages.put(uow, subscription, 100)
    with begin() as uow:
        again = lifetime_usages.put(uow, subscription, 250)
        assert again.id == first.id == lifetime_usages.id_of(subscription.id)
        for wrong, code in ((None, "value_is_mandatory"), (-1, "value_is_out_of_range")):
            assert refusals(lambda amount=wrong: lifetime_usages.put(uow, subscription, amount)) == {
                "external_historical_usage_amount_cents": [code]
            }  # type: ignore[misc]
    with reading(catalog) as connection:
        assert export(connection)["lifetime_usages"]["historical_usage_amount_cents"].to_pylist() == [100, 250]


def test_an_alert_and_its_thresholds_reach_sql(catalog: sa.Engine, begin: Begin, subscription: Subscription) -> None:
    with begin() as uow:
        alert = alerts.create(uow, subscription, **ALERT)
        other = subscriptions.create(uow, external_id="o", external_customer_id="other", plan_code="basic")
        alerts.create(uow, other, **ALERT)
    with begin() as uow:
        alerts.update(uow, alert, name="Usage", thresholds=[{"value": "7"}])
        assert alerts.get(uow.connection, subscription, "usage").id == alert.id
    with reading(catalog) as connection:
        tables = export(connection, [subscription.customer_id])
    rows = [
        (row["alert_id"], row["position"], row["code"], row["value"], row["recurring"], row["valid_to"] is None)
        for row in tables["alert_thresholds"].to_pylist()
    ]
    assert rows == [
        (alert.id, 1, "warn", "10.5", False, False),
        (alert.id, 2, None, "100", True, False),
        (alert.id, 1, None, "7", False, True),
    ]
    assert [
        (row["name"], row["external_subscription_id"], row["wallet_id"]) for row in tables["alerts"].to_pylist()
    ] == [(None, "s", None), ("Usage", "s", None)]
    with begin() as uow:
        alerts.delete(uow, alerts.get(uow.connection, subscription, "usage"))
        with pytest.raises(NotFound, match="alert"):
            alerts.get(uow.connection, subscription, "usage")


@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ({"code": " "}, {"code": ["value_is_mandatory"]}),
        ({"alert_type": "wallet_balance_amount"}, {"alert_type": ["invalid_type"]}),
        ({"thresholds": []}, {"thresholds": ["value_is_mandatory"]}),
        ({"thresholds": [{"value": n} for n in range(21)]}, {"thresholds": ["too_many_thresholds"]}),
        ({"thresholds": [{"value": "1"}, {"value": "1.0"}]}, {"thresholds": ["duplicate_threshold_values"]}),
        (
            {"thresholds": [{"value": "1"}, {"value": "1", "recurring": True}, {"value": "2", "recurring": True}]},
            {"thresholds": ["multiple_recurring_thresholds"]},
        ),
        ({"thresholds": [{"value": "0", "recurring": True}]}, {"thresholds:value": ["recurring_value_is_negative"]}),
        ({"thresholds": [{"value": "x"}, {}]}, {"thresholds:value": ["value_is_invalid", "value_is_mandatory"]}),
        ({"billable_metric_code": "calls"}, {"billable_metric": ["value_must_be_blank"]}),
        ({"alert_type": "billable_metric_current_usage_units"}, {"billable_metric": ["value_is_mandatory"]}),
    ],
)
def test_alerts_that_make_no_sense_are_refused(
    begin: Begin, subscription: Subscription, changes: dict[str, Any], details: dict[str, list[str]]
) -> None:
    with begin() as uow:
        assert refusals(lambda: alerts.create(uow, subscription, **ALERT | changes)) == details


def test_one_alert_per_code_and_one_per_watched_value(begin: Begin, subscription: Subscription) -> None:
    units = {"alert_type": "billable_metric_current_usage_units", "billable_metric_code": "calls"}
    with begin() as uow:
        alerts.create(uow, subscription, **ALERT)
        alerts.create(uow, subscription, **ALERT | units | {"code": "units"})
        billable_metrics.create(uow, code="other", name="Other", aggregation_type="count_agg")
        third = alerts.create(uow, subscription, **ALERT | units | {"billable_metric_code": "other", "code": "others"})
        taken = {"code": ["value_already_exist"], "base": ["alert_already_exists"]}
        assert refusals(lambda: alerts.create(uow, subscription, **ALERT)) == taken
        assert refusals(lambda: alerts.update(uow, third, code="usage", billable_metric_code="calls")) == taken
        assert refusals(lambda: alerts.create_many(uow, subscription, [])) == {"alerts": ["no_alerts"]}
        lifetime = ALERT | {"alert_type": "lifetime_usage_amount", "code": "life"}
        assert refusals(lambda: alerts.create_many(uow, subscription, [lifetime, ALERT])) == {"1": taken}
        with pytest.raises(NotFound, match="billable_metric"):
            alerts.create(uow, subscription, **ALERT | units | {"code": "z", "billable_metric_code": "none"})
        deletions.delete_metric(uow, "calls")
        assert {row.code for row in alerts.alerts_of(uow.connection, subscription)} == {"usage", "others", "life"}


def test_a_wallet_has_alerts_of_its_own(begin: Begin, subscription: Subscription) -> None:
    with begin() as uow:
        customers.upsert(uow, "acme", currency="EUR")
        wallet = wallets.create(uow, external_customer_id="acme", rate_amount="1")
        made = alerts.create(uow, wallet, **ALERT | {"alert_type": "wallet_balance_amount"})
        assert refusals(lambda: alerts.create(uow, wallet, **ALERT | {"code": "b"})) == {"alert_type": ["invalid_type"]}
        assert (made.wallet_id, made.external_subscription_id) == (wallet.id, None)
        assert (
            alerts.alerts_of(uow.connection, wallet) == [made] and alerts.alerts_of(uow.connection, subscription) == []
        )
