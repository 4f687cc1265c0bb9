"""Plans and metrics as YAML files: one file each, in the words of the API's own bodies (lago_api §7.3, §7.4).

A document holds the fields that the API takes when it creates the object, with codes where the API takes ids, and leaves out
what is null or empty. It is the whole statement: a field that a file leaves out has its default. Which fields there are is
the API's own list, so what the API learns the files know too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
import yaml

from api.body import BOOLEAN, DECIMAL, INTEGER, Fields, read_fields
from api.routers.plans import OWNED
from api.schemas import billable_metrics as metric_schema
from api.schemas import plans as plan_schema
from api.sql_models import check_charges, check_metric
from core.catalog import billable_metrics, metadata, plans
from core.catalog.unit_of_work import UnitOfWork
from core.domain.decimals import decimal_text, read_decimal
from core.errors import NotFound, TallystickError, ValidationError, inside

Document = dict[str, Any]
Key = tuple[str, str]
"""(folder, code)."""
METRICS, PLANS = "billable_metrics", "plans"
FIELDS: dict[str, Fields] = {METRICS: metric_schema.FIELDS, PLANS: plan_schema.FIELDS}
_BY_CODE = {"billable_metric_id": "billable_metric_code", "add_on_id": "add_on_code"}
_DEFAULTS = {"invoiceable": True, "late_usage_policy": "next_invoice"}
_WHOLE_NUMBERS = {"package_size", "free_units", "free_units_per_events"}
"""The properties that the API takes as numbers; its other numbers are texts (rating §0.1)."""


class PlanFileError(TallystickError):
    """A file does not say what a plan or metric is."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__("plan_file", f"{file}: {problem}")


@dataclass(frozen=True)
class Change:
    """What applying a document does: `old` is None for a new object; fields are dotted paths with their two values."""

    key: Key
    old: Document | None
    fields: Mapping[str, tuple[Any, Any]]


class _Loader(yaml.SafeLoader):
    """YAML in which 0.10 stays the text 0.10: a float would lose digits of a price."""


_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: str(node.value))


def documents_of(connection: sa.Connection) -> dict[Key, Document]:
    """Every metric and plan of the catalog as a document, without overrides and deleted plans."""
    found: dict[Key, Document] = {}
    for metric in billable_metrics.page(connection).items:
        found[METRICS, metric.code] = _document(metric_schema.metric_object(metric), FIELDS[METRICS])
    for plan in plans.page(connection).items:
        found[PLANS, plan.code] = _document(plan_schema.plan_object(connection, plan), FIELDS[PLANS])
    return dict(sorted(found.items()))


def write_files(documents: Mapping[Key, Document], folder: Path) -> list[Path]:
    """Writes `<folder>/<kind>/<code>.yaml` for each document; other files stay."""
    written = []
    for (kind, code), document in documents.items():
        file = folder / kind / f"{code}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120))
        written.append(file)
    return written


def read_files(folder: Path) -> dict[Key, Document]:
    """The documents below `folder`. Raises PlanFileError with the file and what to correct."""
    found: dict[Key, Document] = {}
    for kind in (METRICS, PLANS):
        for file in sorted((folder / kind).glob("*.y*ml")):
            document = _read(file)
            _refuse_unknown(file, document, FIELDS[kind])
            key = (kind, str(document.get("code") or ""))
            if not key[1]:
                raise PlanFileError(file, "it has no code; add the line `code: …`")
            if key in found:
                raise PlanFileError(
                    file, f"another file of {folder / kind} has the code {key[1]!r} too; give each its own"
                )
            found[key] = _filled(document, FIELDS[kind])
    if not found:
        raise PlanFileError(
            folder, f"there is no {METRICS}/*.yaml or {PLANS}/*.yaml; write them with `tallystick plans export`"
        )
    return found


def changes(current: Mapping[Key, Document], wanted: Mapping[Key, Document]) -> list[Change]:
    """What applying `wanted` would change, metrics before the plans that use them. What is not in `wanted` stays."""
    found = []
    for key, document in wanted.items():
        old = current.get(key)
        fields = dict(_differences("", old and _filled(old, FIELDS[key[0]]), document))
        if fields:
            found.append(Change(key, old, fields))
    return found


def apply(uow: UnitOfWork, wanted: Mapping[Key, Document]) -> list[Change]:
    """Makes the catalog say what `wanted` says; one unit of work, so all or nothing. Returns what changed.

    Raises ValidationError or NotFound with the document's name in front, and PlanFileError when the catalog did not take
    a field over as written.
    """
    planned = changes(documents_of(uow.connection), wanted)
    for change in planned:
        kind, code = change.key
        try:
            (_put_metric if kind == METRICS else _put_plan)(uow, code, wanted[change.key], change.old is None)
        except (ValidationError, NotFound) as error:
            place = f"{'.'.join(error.places)}: " if error.places else ""
            raise PlanFileError(Path(kind, code), place + error.message) from error
    for left in changes(documents_of(uow.connection), wanted):
        names = ", ".join(left.fields)
        raise PlanFileError(
            Path(*left.key),
            f"the catalog keeps another value than the file's for {names}; write it as `tallystick plans export` does. Nothing was applied",
        )
    return planned


def _put_metric(uow: UnitOfWork, code: str, document: Document, is_new: bool) -> None:
    fields = _checked(document, FIELDS[METRICS])
    check_metric(fields)
    if is_new:
        billable_metrics.create(uow, **fields)
    else:
        billable_metrics.update(uow, code, **_changeable(fields))


def _put_plan(uow: UnitOfWork, code: str, document: Document, is_new: bool) -> None:
    charges = []
    for place, charge in enumerate(document["charges"] or []):
        with inside(f"charges[{_label(place, charge)}]"):
            metric = billable_metrics.get(uow.connection, charge.get("billable_metric_code") or "")
            charges.append(charge | {"billable_metric_id": metric.id})
            check_charges(charges[-1:])
    fields = _checked(document | {"charges": charges}, FIELDS[PLANS])
    owned: dict[str, Any] = {argument: fields.pop(name, None) or {} for name, argument in OWNED.items()}
    kept = fields.pop("metadata", None)
    plan = plans.create(uow, **fields, **owned) if is_new else plans.update(uow, code, **_changeable(fields), **owned)
    metadata.replace(uow, plan, kept)


def _checked(document: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """The fields as the API reads them. Raises ValidationError with the place in the document."""
    for name, kind in fields.items():
        for place, item in enumerate(document.get(name) or [] if kind.fields is not None else []):
            with inside(f"{name}[{_label(place, item)}]"):
                _checked(item, kind.fields or {})
    return read_fields(document, fields)


def _changeable(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "code"}


def _document(answered: Mapping[str, Any], fields: Fields) -> Document:
    """The part of an answer of the API that its body would take, without nulls and empty lists."""
    document: Document = {}
    for name, kind in fields.items():
        if name == "id":
            continue
        if name == "tax_codes":
            value: Any = [tax["code"] for tax in answered.get("taxes", [])]
        elif name in _BY_CODE:
            name, value = _BY_CODE[name], answered.get(_BY_CODE[name])
        else:
            value = answered.get(name)
        if kind is DECIMAL:
            value = _decimal(value)
        if kind is FIELDS[PLANS]["minimum_commitment"]:
            value = _document(value, plan_schema.COMMITMENT_FIELDS) if value else None
        if kind.fields is not None:
            value = [_document(item, kind.fields) for item in value or []]
        elif name == "properties":
            value = {key: item for key, item in value.items() if key != "grouped_by"}
        if value not in (None, [], {}):
            document[name] = value
    return {
        name: document[name] for name in ("code", *(name for name in document if name != "code")) if name in document
    }


def _filled(document: Mapping[str, Any], fields: Fields) -> Document:
    """The document with the default of each field that it leaves out."""
    filled: Document = {}
    for name, kind in fields.items():
        if name == "id":
            continue
        name = _BY_CODE.get(name, name)
        default: Any = False if kind is BOOLEAN else 0 if kind is INTEGER and name.endswith("_cents") else None
        value = document.get(name, _DEFAULTS.get(name, default))
        if kind is DECIMAL:
            value = _decimal(value)
        elif name == "properties":
            value = _texts(value)
        filled[name] = value if kind.fields is None else [_filled(item, kind.fields) for item in value or []]
    return filled


def _texts(properties: Any) -> Any:
    """Prices written without quotes, as people write them in YAML, in the API's spelling. A SQL charge's own parameters stay as they are."""
    if isinstance(properties, Mapping):
        stays = _WHOLE_NUMBERS | {"custom_properties"}
        return {name: item if name in stays else _texts(item) for name, item in properties.items()}
    if isinstance(properties, list):
        return [_texts(item) for item in properties]
    return str(properties) if isinstance(properties, int) and not isinstance(properties, bool) else properties


def _decimal(value: Any) -> str | None:
    """A number of the API or of YAML in one spelling, None for 0; what is no number stays, for the catalog to refuse."""
    text = bytes(value).decode() if isinstance(value, msgspec.Raw) else value
    number = read_decimal(text)
    return (decimal_text(number) if number else None) if number is not None else text


def _differences(path: str, old: Any, new: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Dotted path -> (old, new) for every value that differs; items of a list are told apart by their code, else by place."""
    if isinstance(new, Mapping) and (old is None or isinstance(old, Mapping)):
        for name in dict.fromkeys([*(old or {}), *new]):
            yield from _differences(f"{path}.{name}" if path else name, (old or {}).get(name), new.get(name))
    elif (
        isinstance(new, list)
        and (old is None or isinstance(old, list))
        and any(isinstance(item, Mapping) for item in [*(old or []), *new])
    ):
        before, after = ({_label(place, item): item for place, item in enumerate(items or [])} for items in (old, new))
        for label in dict.fromkeys([*before, *after]):
            yield from _differences(f"{path}[{label}]", before.get(label), after.get(label))
    elif old != new and not (old in (None, []) and new in (None, [])):
        yield path, (old, new)


def _label(place: int, item: Any) -> str:
    return str(item.get("code") or item.get("key") or place) if isinstance(item, Mapping) else str(place)


def _read(file: Path) -> Document:
    try:
        document = yaml.load(file.read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise PlanFileError(file, f"it cannot be read: {error}; save it as text in UTF-8") from error
    except (yaml.YAMLError, ValueError) as error:
        raise PlanFileError(file, f"it is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise PlanFileError(file, "it must hold the fields of one plan or metric")
    return document


def _refuse_unknown(file: Path, document: Mapping[str, Any], fields: Fields, path: str = "") -> None:
    known = {_BY_CODE.get(name, name): kind for name, kind in fields.items() if name != "id"}
    for name, value in document.items():
        if name not in known:
            raise PlanFileError(file, f"there is no field {path}{name}; there are {', '.join(sorted(known))}")
        inner = known[name].fields
        if inner is not None:
            if not isinstance(value, list | None):
                raise PlanFileError(file, f"{path}{name} must be a list, each item with `-` before its first field")
            labels = []
            for place, item in enumerate(value or []):
                if not isinstance(item, dict):
                    raise PlanFileError(file, f"{path}{name}[{place}] must hold fields")
                labels.append(_label(place, item))
                if labels.count(labels[-1]) > 1:
                    raise PlanFileError(
                        file, f"{path}{name} has {labels[-1]!r} twice; give each its own code, or take one away"
                    )
                _refuse_unknown(file, item, inner, f"{path}{name}[{place}].")
