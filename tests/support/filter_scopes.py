"""Which events the filters of a charge take by set exclusion, as rating §3.1 tells it: to compare with, not to bill by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

Values = Mapping[str, Sequence[str]]
ALL = "__ALL_FILTER_VALUES__"


def takers(filters: Sequence[tuple[str, Values]], declared: Values, properties: Mapping[str, str]) -> list[str]:
    """The names of the filters, given oldest first, that count an event with these properties: none, one or several."""
    known = spelled(filters, declared)
    taking = []
    for place, (name, values) in enumerate(known):
        wildcards = {key for key, accepted in filters[place][1].items() if ALL in accepted}
        others = [(position < place, other) for position, (_, other) in enumerate(known) if position != place]
        conditions = [exclusion(values, other, wildcards, is_older=is_older) for is_older, other in others]
        if meets(properties, values) and not any(condition and meets(properties, condition) for condition in conditions):
            taking.append(name)
    return taking


def spelled(filters: Sequence[tuple[str, Values]], declared: Values) -> list[tuple[str, Values]]:
    """The filters with the declared values in place of the marker for all of them."""
    return [(name, {key: declared[key] if ALL in values else values for key, values in each.items()}) for name, each in filters]


def exclusion(values: Values, other: Values, wildcards: set[str], *, is_older: bool) -> Values:
    """The condition by which one filter leaves events to another; empty for none."""
    if not all(set(accepted) & set(other.get(key, ())) for key, accepted in values.items()):
        return {}
    if len(other) > len(values):
        return other
    sets = {key: (set(values[key]), set(other[key])) for key in values}
    if all(own == theirs for own, theirs in sets.values()):
        return other if is_older else {}
    if all(theirs <= own for own, theirs in sets.values()):
        return other
    left = {key: [value for value in other[key] if key in wildcards or value not in values[key]] for key in other}
    return {key: kept for key, kept in left.items() if kept}


def meets(properties: Mapping[str, str], condition: Values) -> bool:
    """An event meets a condition when each of its properties has one of the values."""
    return all(properties.get(key) in accepted for key, accepted in condition.items())


def probes(declared: Values) -> list[dict[str, str]]:
    """Events that tell filters apart: every combination of declared values, of one that is not declared, and of none."""
    choices = [[*dict.fromkeys(values), "undeclared", None] for values in declared.values()]
    combinations = (zip(declared, combination, strict=True) for combination in product(*choices))
    return [{key: value for key, value in combination if value is not None} for combination in combinations]


def partition(filters: Sequence[tuple[str, Values]], declared: Values) -> bool:
    """Whether set exclusion counts every event that any of the filters matches exactly once."""
    known = spelled(filters, declared)
    return all(len(takers(filters, declared, event)) == any(meets(event, values) for _, values in known) for event in probes(declared))
