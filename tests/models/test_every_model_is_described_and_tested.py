"""Every model says what it is and has a test; every macro says what it means; SQL keeps its grammar."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.warehouse.dbt_project import PROJECT_DIR

MODELS = sorted((PROJECT_DIR / "models").rglob("*.sql"))
MACROS = sorted((PROJECT_DIR / "macros").rglob("*.sql"))
ENFORCED = {"rating", "billing", "ledger", "marts"}
MAX_LINES = 100


def documents(folder: str) -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text()) or {} for path in sorted((PROJECT_DIR / folder).rglob("*.yml"))]


DESCRIBED = {model["name"]: model for document in documents("models") for model in document.get("models", [])}
UNIT_TESTED = {test["model"] for document in documents("models") for test in document.get("unit_tests", [])}
SINGULAR = "\n".join(path.read_text() for path in (PROJECT_DIR / "tests").rglob("*.sql"))


def layer(path: Path) -> str:
    return path.relative_to(PROJECT_DIR / "models").parts[0]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_model_is_described(path: Path) -> None:
    assert path.with_suffix(".yml").exists(), f"{path.stem} has no YAML beside it"
    model = DESCRIBED[path.stem]
    assert re.match(r"(One row|At most one row|No row)", model["description"]), f"{path.stem} does not begin with its grain"
    for column in model["columns"]:
        assert column.get("description"), f"{path.stem}.{column['name']} is not described"
        assert column.get("data_type"), f"{path.stem}.{column['name']} has no data_type"


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_model_is_tested(path: Path) -> None:
    model = DESCRIBED[path.stem]
    has_data_test = bool(model.get("data_tests")) or any(column.get("data_tests") for column in model["columns"])
    assert has_data_test or path.stem in UNIT_TESTED or f"'{path.stem}'" in SINGULAR


@pytest.mark.parametrize("path", [path for path in MODELS if layer(path) == "rating"], ids=lambda path: path.stem)
def test_rating_model_has_a_unit_test(path: Path) -> None:
    assert path.stem in UNIT_TESTED


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_model_keeps_the_grammar(path: Path) -> None:
    """Import CTEs, then steps, then `select * from final`; `select *` only from one relation, or with columns added to it."""
    sql = path.read_text()
    assert len(sql.splitlines()) <= MAX_LINES
    assert sql.rstrip().endswith("select * from final")
    stars = re.findall(r"^\s*select \*.*$", sql, re.MULTILINE)
    allowed = re.compile(r"\s*select \* from ({{ (ref|source)\(.*\) }}.*|[a-z_]+)$|\s*select \*, .* as [a-z_]+$")
    assert [star for star in stars if not allowed.match(star)] == []


@pytest.mark.parametrize("path", [path for path in MODELS if layer(path) in ENFORCED], ids=lambda path: path.stem)
def test_contract_is_enforced(path: Path) -> None:
    project = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text())
    assert project["models"]["tallystick"][layer(path)]["+contract"] == {"enforced": True}
    assert DESCRIBED[path.stem].get("config", {}).get("contract", {}).get("enforced", True)
    assert not re.search(r"\bcontract\b", path.read_text())


@pytest.mark.parametrize("path", [path for path in MODELS if layer(path) in ENFORCED], ids=lambda path: path.stem)
def test_no_column_is_a_binary_number(path: Path) -> None:
    types = {column["name"]: column["data_type"].lower() for column in DESCRIBED[path.stem]["columns"]}
    assert {name for name, data_type in types.items() if re.match(r"double|float|real", data_type)} == set()


def test_every_macro_is_documented() -> None:
    defined = {name for path in MACROS for name in re.findall(r"{%-?\s*macro\s+(\w+)\s*\(", path.read_text())}
    documented = {macro["name"]: macro for document in documents("macros") for macro in document.get("macros", [])}
    wanted = {name for name in defined if not name.startswith(("default__", "spark__"))}
    assert wanted == documented.keys()
    assert [name for name, macro in documented.items() if not macro.get("description")] == []


@pytest.mark.parametrize("folder", ["", "staging", "metering", "rating", "billing", "ledger", "marts"])
def test_layer_has_a_readme(folder: str) -> None:
    readme = PROJECT_DIR / ("models" if folder else "") / folder / "README.md"
    text = readme.read_text()
    assert len(text.splitlines()) <= 60
    if folder:
        for heading in ("Owns", "Does not own", "Times", "Invariants"):
            assert re.search(rf"\b{heading}\b", text), f"{readme} does not say: {heading}"
