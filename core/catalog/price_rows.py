"""Prices, filter values, coupon targets and alert thresholds as rows: tiers and filters are rows in SQL, never arrays (DESIGN §8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.catalog.charges import ALL_FILTER_VALUES
from core.domain.decimals import decimal_text
from core.domain.pricing import PriceTerms, parse_properties

Rows = list[tuple[Any, ...]]
Range = tuple[datetime, datetime | None, datetime, int]
"""valid_from, valid_to, recorded_at, sequence."""


def price_rows(priced: Iterable[tuple[str, str | None, str, Mapping[str, Any], Range]]) -> dict[str, Rows]:
    """Rows of charge_prices, charge_tiers, charge_group_keys, charge_presentation_keys and charge_parameters.

    `priced` gives, for each version of a charge or filter: charge id, filter id, charge model, properties, range.
    """
    names = ("charge_prices", "charge_tiers", "charge_group_keys", "charge_presentation_keys", "charge_parameters")
    rows: dict[str, Rows] = {name: [] for name in names}
    for charge_id, filter_id, model, properties, valid in priced:
        terms = parse_properties(model, properties)
        rows["charge_prices"].append((charge_id, filter_id, *_scalars(terms), *valid))
        rows["charge_tiers"].extend((charge_id, filter_id, *tier, *valid) for tier in _tiers(terms))
        rows["charge_group_keys"].extend(
            (charge_id, filter_id, position, key, *valid) for position, key in enumerate(terms.group_keys, start=1)
        )
        if filter_id is None:
            rows["charge_presentation_keys"].extend(
                (charge_id, position, key, key in terms.displayed_keys, *valid)
                for position, key in enumerate(terms.presentation_keys, start=1)
            )
        rows["charge_parameters"].extend((charge_id, filter_id, *astuple(each), *valid) for each in terms.parameters)
    return rows


def filter_value_rows(
    filters: Iterable[tuple[str, str, Mapping[str, Sequence[str]], Range]],
    metrics: Iterable[tuple[str, Sequence[Mapping[str, Any]], Range]],
) -> Rows:
    """Rows of charge_filter_values. `filters` gives filter id, metric id, accepted values, range; `metrics` gives metric
    id, declared filters, range.

    The marker for all values becomes the declared values of each version of the metric, for as long as both hold.
    """
    versions_of: dict[str, list[tuple[Sequence[Mapping[str, Any]], Range]]] = {}
    for metric_id, declared, valid in metrics:
        versions_of.setdefault(metric_id, []).append((declared, valid))
    rows: Rows = []
    for filter_id, metric_id, values, valid in filters:
        for key, accepted in values.items():
            if ALL_FILTER_VALUES not in accepted:
                rows.extend((filter_id, key, value, *valid) for value in dict.fromkeys(accepted))
                continue
            for declared, metric_valid in versions_of.get(metric_id, []):
                both = _intersect(valid, metric_valid)
                if both is not None:
                    rows.extend((filter_id, key, value, *both) for value in _declared(declared, key))
    return rows


def coupon_target_rows(coupons: Iterable[tuple[str, Sequence[str], Sequence[str], Range]]) -> Rows:
    """Rows of coupon_targets. `coupons` gives coupon id, plan ids, metric ids, range."""
    rows: Rows = []
    for coupon_id, plan_ids, metric_ids, valid in coupons:
        rows.extend((coupon_id, plan_id, None, *valid) for plan_id in plan_ids)
        rows.extend((coupon_id, None, metric_id, *valid) for metric_id in metric_ids)
    return rows


def wallet_target_rows(wallets: Iterable[tuple[str, Sequence[str], Sequence[str], Range]]) -> Rows:
    """Rows of wallet_targets. `wallets` gives wallet id, fee types, metric ids, range."""
    rows: Rows = []
    for wallet_id, fee_types, metric_ids, valid in wallets:
        rows.extend((wallet_id, fee_type, None, *valid) for fee_type in fee_types)
        rows.extend((wallet_id, None, metric_id, *valid) for metric_id in metric_ids)
    return rows


def _scalars(terms: PriceTerms) -> tuple[Any, ...]:
    return (
        _text(terms.amount),
        terms.package_size,
        terms.free_units,
        _text(terms.rate),
        _text(terms.fixed_amount),
        terms.free_units_per_events,
        _text(terms.free_units_per_total_aggregation),
        _text(terms.per_transaction_min_amount),
        _text(terms.per_transaction_max_amount),
        terms.bills_flat_without_usage,
        terms.sql_charge,
    )


def alert_threshold_rows(alerts: Iterable[tuple[Any, ...]]) -> Rows:
    """Rows of alert_thresholds. `alerts` gives alert id, thresholds, range."""
    return [
        (alert_id, position, row["code"], row["value"], row["recurring"], *valid)
        for alert_id, thresholds, valid in alerts
        for position, row in enumerate(thresholds, start=1)
    ]


def dunning_threshold_rows(campaigns: Iterable[tuple[Any, ...]]) -> Rows:
    """Rows of dunning_campaign_thresholds. `campaigns` gives campaign id, thresholds, range."""
    return [
        (campaign_id, row["currency"], row["amount_cents"], *valid)
        for campaign_id, thresholds, valid in campaigns
        for row in thresholds
    ]


def _tiers(terms: PriceTerms) -> Iterator[tuple[Any, ...]]:
    for tier in sorted(terms.tiers, key=lambda tier: tier.position):
        yield (
            tier.position,
            decimal_text(tier.from_value),
            _text(tier.to_value),
            _text(tier.per_unit_amount),
            _text(tier.rate),
            decimal_text(tier.flat_amount),
        )


def _text(number: Decimal | None) -> str | None:
    return None if number is None else decimal_text(number)


def _declared(declared: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return [value for row in declared if row["key"] == key for value in row["values"]]


def _intersect(one: Range, other: Range) -> Range | None:
    starts = max(one[0], other[0])
    ends = min((end for end in (one[1], other[1]) if end is not None), default=None)
    if ends is not None and ends <= starts:
        return None
    return starts, ends, max(one[2], other[2]), max(one[3], other[3])
