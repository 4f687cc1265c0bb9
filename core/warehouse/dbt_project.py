"""Where the dbt project is, and its models as compiled SQL.

The project is a folder of the repository and is never imported. Compiling it takes seconds, so the result is kept beside
it under a name made of the project's contents: an edited model is compiled anew, an unchanged project is read in
milliseconds.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.errors import TallystickError
from core.warehouse import determinism, emptiness, sql_models
from core.warehouse.sql_models import folder_of, refuse_unsound

PROJECT_DIR = Path(__file__).resolve().parents[2] / "dbt_project"
SOURCES_OF_SQL = ("dbt_project.yml", "profiles.yml", "models", "macros", "seeds")


class BrokenProject(TallystickError):
    """The dbt project, as somebody edits it, does not compile or is no SQL that the engine takes."""

    def __init__(self, message: str) -> None:
        super().__init__("broken_project", message)


def content_hash(project_dir: Path = PROJECT_DIR) -> str:
    """Hash of every file that can change compiled SQL, or what is read from it or thought of it."""
    judges = (emptiness.__file__, determinism.__file__, sql_models.__file__)
    digest = hashlib.sha256(b"".join(Path(file).read_bytes() for file in judges))
    for name in SOURCES_OF_SQL:
        root = project_dir / name
        files = (
            [root]
            if root.is_file()
            else sorted(path for path in root.rglob("*") if path.suffix in {".sql", ".yml", ".csv"})
        )
        for path in files:
            digest.update(str(path.relative_to(project_dir)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def compiled_models(project_dir: Path = PROJECT_DIR, cache_dir: Path | None = None) -> list[dict[str, Any]]:
    """The models, seeds and sources of the project with compiled SQL, compiling it if it has changed.

    Raises BrokenProject with dbt's own message when the project does not compile, UnsoundSqlModel when a SQL metric or SQL
    charge is not deterministic.
    """
    cache = (cache_dir or project_dir / "target") / f"compiled-{content_hash(project_dir)}.json"
    if not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(str(cache) + ".lock"):
            if not cache.exists():
                manifest = _compile(project_dir, cache.parent / "compile")
                nodes = _nodes(manifest)
                refuse_unsound(nodes)
                cache.with_name(cache.name.replace("compiled-", "manifest-")).write_text(json.dumps(manifest))
                temporary = cache.with_suffix(".tmp")
                temporary.write_text(json.dumps(nodes))
                os.replace(temporary, cache)  # last, so that whoever finds it finds the manifest too
    compiled: list[dict[str, Any]] = json.loads(cache.read_text())
    return compiled


def manifest_path(project_dir: Path = PROJECT_DIR) -> Path:
    """dbt's manifest of the project as it stands on disk, compiled if need be."""
    compiled_models(project_dir)
    return project_dir / "target" / f"manifest-{content_hash(project_dir)}.json"


def _compile(project_dir: Path, target_path: Path) -> dict[str, Any]:
    from dbt.cli.main import dbtRunner

    output = io.StringIO()
    arguments = [
        "--quiet",
        "--no-partial-parse",  # which keeps unit tests that are no longer there
        "compile",
        "--target",
        "memory",
        "--project-dir",
        str(project_dir),
        "--profiles-dir",
        str(project_dir),
    ]
    with contextlib.redirect_stdout(output):
        result = dbtRunner().invoke([*arguments, "--target-path", str(target_path), "--log-path", str(target_path)])
    if not result.success:
        reason = str(result.exception) if result.exception else output.getvalue().strip()
        raise BrokenProject(f"dbt could not compile {project_dir}. {reason}")
    manifest: dict[str, Any] = json.loads((target_path / "manifest.json").read_text())
    return manifest


def _how_empty(model: dict[str, Any]) -> dict[str, Any]:
    is_view = model["config"]["materialized"] == "view"
    return {
        "empty_when": emptiness.rule_of(model["compiled_code"]),
        "is_asked": not is_view or emptiness.only_filters(model["compiled_code"]),
    }


def _nodes(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    nodes = []
    for node in manifest["nodes"].values():
        if node["resource_type"] in {"model", "seed"}:
            nodes.append(
                {
                    "id": node["unique_id"],
                    "kind": node["resource_type"],
                    "name": node["name"],
                    "layer": node["schema"],
                    "relation": node["relation_name"],
                    "sql": node.get("compiled_code"),
                    "raw": node.get("raw_code") if folder_of(node["original_file_path"]) else None,
                    **(_how_empty(node) if node["resource_type"] == "model" else {}),
                    "depends_on": node["depends_on"].get("nodes", []),
                    "path": node["original_file_path"],
                    "meta": node["config"]["meta"],
                    "materialized": node["config"]["materialized"],
                    "columns": {name: column["data_type"] for name, column in node["columns"].items()},
                }
            )
    for source in manifest["sources"].values():
        columns = {name: column["data_type"] for name, column in source["columns"].items()}
        nodes.append(
            {
                "id": source["unique_id"],
                "kind": "source",
                "name": f"{source['source_name']}.{source['name']}",
                "layer": source["schema"],
                "relation": source["relation_name"],
                "columns": columns,
                "depends_on": [],
            }
        )
    return nodes
