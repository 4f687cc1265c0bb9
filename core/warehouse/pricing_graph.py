"""The pricing graph: dbt's compiled models, run between chosen boundaries on any connection (law 6).

The SQL that bills the whole book each day is the SQL that answers for one customer and that prices a what-if: this
module reads the compiled models and runs the ones between `given` relations and the `targets`, each as a temporary
table, on the caller's connection. Nothing is rewritten but the names of relations, which dbt prints quoted in full.
One temporary table per model, and not one query: inlined, forty chained models did not finish planning. A model that
surely has no rows, since others have none, is not planned: an empty query of its shape stands for it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from core.errors import TallystickError
from core.warehouse import emptiness
from core.warehouse.dbt_project import PROJECT_DIR, BrokenProject, compiled_models
from core.warehouse.kept_plans import Connection, KeptPlans, has_rows, make_table


@dataclass(frozen=True)
class Node:
    """A model, seed or source. `relation` is its quoted name in compiled SQL; `sql` is None unless it is a model.

    `empty_when`: the rule (`core.warehouse.emptiness`) by which it surely has no rows. `is_asked`: whether to
    find out if it has rows that fulfil a condition costs less than to go on without knowing.
    """

    id: str
    kind: str
    name: str
    layer: str
    relation: str
    depends_on: tuple[str, ...]
    sql: str | None = None
    is_view: bool = False
    columns: Mapping[str, str] | None = None
    empty_when: emptiness.Rule = None
    is_asked: bool = True

    @property
    def declared(self) -> str:
        """The declared columns with their types, as `create table` wants them."""
        return ", ".join(f"{quoted(name)} {data_type}" for name, data_type in (self.columns or {}).items())

    @property
    def nothing(self) -> str:
        """A query of the declared columns without rows, in parentheses, to stand where a relation is read."""
        return _nothing((self.columns or {}).items())


class OutOfDomain(TallystickError):
    """A number is beyond what the types of money hold. Nothing wraps and no digit is lost: the engine refuses."""

    def __init__(self, node: Node, error: duckdb.Error) -> None:
        # Without the engine's advice on how to write SQL.
        reason = str(error).splitlines()[0].partition(". ")[0].rstrip(".")
        super().__init__(
            "number_out_of_domain",
            f"{node.name} cannot be computed: {reason}. How large quantities, prices and amounts may be "
            f"is stated in dbt_project/models/{node.layer}/README.md; correct the price or the usage and run again.",
        )


class PricingGraph:
    """Compiled models by name, with what each reads. Immutable; build it once per process."""

    def __init__(self, nodes: Iterable[Mapping[str, Any]]) -> None:
        self._nodes = {
            node["id"]: Node(
                id=node["id"],
                kind=node["kind"],
                name=node["name"],
                layer=node["layer"],
                relation=node["relation"],
                depends_on=tuple(node["depends_on"]),
                sql=node.get("sql"),
                is_view=node.get("materialized") == "view",
                columns=node.get("columns"),
                empty_when=node.get("empty_when") or emptiness.NEVER,
                is_asked=node.get("is_asked", True),
            )
            for node in nodes
        }
        self._shapes: dict[str, str] = {}
        self._ids = {node.name: node.id for node in self._nodes.values()}

    @classmethod
    def load(cls, project_dir: Path = PROJECT_DIR) -> PricingGraph:
        """The graph of the dbt project as it stands on disk."""
        return cls(compiled_models(project_dir))

    def node(self, name: str) -> Node:
        """The node called `name`: a model or seed by its name, a source as `source.table`. Raises KeyError."""
        return self._nodes[self._ids[name]]

    def has(self, name: str) -> bool:
        """Whether the project knows `name`; the SQL of older invoices lacks what came later."""
        return name in self._ids

    def sources(self, source: str) -> list[Node]:
        """The tables of one source."""
        return [node for node in self._nodes.values() if node.kind == "source" and node.name.startswith(f"{source}.")]

    def models(self, layer: str | None = None) -> list[Node]:
        """The models, of one layer (schema) if given."""
        return [node for node in self._nodes.values() if node.kind == "model" and layer in (None, node.layer)]

    def plan(self, targets: Iterable[str], given: Iterable[str] = ()) -> list[Node]:
        """The models to run for `targets`, each after what it reads, going no further up than `given`."""
        stop = {self._ids[name] for name in given}
        ordered: dict[str, Node] = {}

        def visit(node_id: str) -> None:
            node = self._nodes[node_id]
            if node_id in stop or node_id in ordered or node.kind != "model":
                return
            for parent in node.depends_on:
                visit(parent)
            ordered[node_id] = node

        for name in targets:
            visit(self._ids[name])
        return list(ordered.values())

    def standing_on(self, names: Iterable[str]) -> set[str]:
        """The models among `names` and every model that reads one of `names`, directly or through others."""
        wanted = set(names)
        found: set[str] = set()
        for node in self.plan(node.name for node in self.models()):
            if node.name in wanted or any(self._nodes[parent].name in wanted | found for parent in node.depends_on):
                found.add(node.name)
        return found

    def __contains__(self, name: str) -> bool:
        """Whether there is a node of this name."""
        return name in self._ids

    def inputs(self, targets: Iterable[str], given: Iterable[str] = ()) -> list[Node]:
        """What the plan reads without computing it: sources, seeds and the given relations that are really read."""
        plan = self.plan(targets, given)
        planned = {node.id for node in plan}
        read = {parent for node in plan for parent in node.depends_on} - planned
        return [self._nodes[node_id] for node_id in sorted(read)]

    def run(self, connection: Connection, targets: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
        """Runs the plan on `connection`, reading the `given` names from the relations that they map to; one that is
        known to be empty is better given as `Node.nothing`.

        Leaves each target as a temporary table (or view), and returns what to read each model of the plan from: its own
        temporary relation, or, where it surely has no rows, a query of its shape.
        """
        targets = list(targets)
        plan = self.plan(targets, given)
        readings = self._readings(plan)
        names = {self.node(name).relation: relation for name, relation in given.items()}
        rows = _Rows(
            connection,
            names,
            empty={node.relation for node in map(self.node, given) if given[node.name] == node.nothing},
            unasked={node.relation for node in plan if not node.is_asked},
        )
        for node in plan:
            sql = _with_names(node, self._nodes, names)
            if (
                _is_inlined(node)
                and readings[node.relation] < 2
                and node.name not in targets
                and isinstance(connection, KeptPlans)
            ):
                # A view would be one more definition, whose change takes every plan with it. One that is read in several
                # places would be planned and computed in each of them.
                count, names[node.relation] = None, _parenthesized(sql)
            elif not emptiness.holds(node.empty_when, rows.has_none):
                count = self._create(connection, node, sql)
                names[node.relation] = temporary(node.name)
            else:
                count, names[node.relation] = 0, self._without_rows(connection, node, sql)
                if node.name in targets:
                    self._create(connection, node, f"select * from {names[node.relation]}")
            if count == 0:
                rows.empty.add(node.relation)
        return {node.name: names[node.relation] for node in plan}

    def _readings(self, plan: Sequence[Node]) -> Counter[str]:
        """In how many places the models of the plan read each relation."""
        found: Counter[str] = Counter()
        for node in plan:
            for parent in node.depends_on:
                relation = self._nodes[parent].relation
                found[relation] += (node.sql or "").count(relation)
        return found

    def _without_rows(self, connection: Connection, node: Node, sql: str) -> str:
        """A query without rows of the model's shape, which its SQL tells once."""
        if node.name not in self._shapes:
            described = connection.execute(f"describe {sql}").fetchall()
            self._shapes[node.name] = _nothing((column[0], column[1]) for column in described)
        return self._shapes[node.name]

    @staticmethod
    def _create(connection: Connection, node: Node, sql: str) -> int | None:
        """Creates the model's relation; its number of rows, unless it is a view."""
        try:
            if _is_inlined(node) and not isinstance(connection, KeptPlans):
                connection.execute(f"create or replace temp view {quoted(node.name)} as {sql}")
                return None
            return make_table(connection, node.name, sql, is_kept=True)
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            raise OutOfDomain(node, error) from error
        except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
            raise BrokenProject(f"{node.name}.sql in dbt_project/models/{node.layer}: {error}") from error

    def run_only(
        self, connection: duckdb.DuckDBPyConnection, models: Iterable[str], relations: Mapping[str, str]
    ) -> None:
        """Runs just these models, in this order; everything they read must be in `relations`, to which they are not added."""
        names = {self.node(name).relation: relation for name, relation in relations.items()}
        for name in models:
            node = self.node(name)
            self._create(connection, node, _with_names(node, self._nodes, names))

    def inlined(self, name: str, relations: Mapping[str, str]) -> str:
        """The model as a query in parentheses over `relations`, to be read in place of its relation."""
        names = {self.node(read).relation: relation for read, relation in relations.items()}
        return _parenthesized(_with_names(self.node(name), self._nodes, names))

    def bundle(self, targets: Iterable[str]) -> tuple[str, list[dict[str, Any]]]:
        """(id, rows): all that prices `targets`, from the sources on, as rows of the books' `sql_bundles`.

        The id is the hash of the SQL, so the same SQL has the same id wherever and whenever it ran.
        """
        listed = [*self.inputs(targets), *self.plan(targets)]
        digest = hashlib.sha256()
        for node in listed:
            digest.update(f"{node.name}\x00{node.sql or ''}\x00".encode())
        bundle_id = digest.hexdigest()[:32]
        return bundle_id, [
            {
                "sql_bundle_id": bundle_id,
                "position": position,
                "name": node.name,
                "relation": node.relation,
                "sql": node.sql,
            }
            for position, node in enumerate(listed, 1)
        ]

    @classmethod
    def from_bundle(cls, rows: Iterable[Mapping[str, Any]], current: PricingGraph) -> PricingGraph:
        """The graph that a bundle recorded. What was no model then takes its columns and kind from the `current` graph."""
        listed = sorted(rows, key=lambda row: row["position"])
        nodes = []
        for row in listed:
            known = current.node(row["name"]) if row["name"] in current._ids else None
            nodes.append(
                {
                    "id": row["name"],
                    "kind": "model" if row["sql"] is not None else (known.kind if known else "source"),
                    "name": row["name"],
                    "layer": row["relation"].split(".")[1].strip('"'),
                    "relation": row["relation"],
                    "sql": row["sql"],
                    "depends_on": [
                        other["name"]
                        for other in listed
                        if other is not row and row["sql"] and other["relation"] in row["sql"]
                    ],
                    "columns": known.columns if known else None,
                }
            )
        return cls(nodes)

    @cached_property
    def seeds(self) -> list[Node]:
        """The seeds of the project."""
        return [node for node in self._nodes.values() if node.kind == "seed"]


class _Rows:
    """Which relations of a run have no rows.

    Whether they have any is known of those in `empty`; the others are taken to have some. Conditions are asked once each,
    but not of the relations in `unasked`.
    """

    def __init__(self, connection: Connection, names: Mapping[str, str], empty: set[str], unasked: set[str]) -> None:
        self.empty = empty
        self._unasked = unasked
        self._connection = connection
        self._names = names
        self._asked: dict[tuple[str, str], bool] = {}

    def has_none(self, relation: str, condition: str | None) -> bool:
        """Whether the relation has no rows that fulfil the condition, or none at all."""
        if relation in self.empty or condition is None or relation in self._unasked:
            return relation in self.empty
        question = relation, condition
        if question not in self._asked:
            query = f"select 1 from {self._names.get(relation, relation)} where {condition} limit 1"
            self._asked[question] = not has_rows(self._connection, query)
        return self._asked[question]


def _is_inlined(node: Node) -> bool:
    return node.is_view and node.layer != "staging"


def _nothing(columns: Iterable[tuple[str, str]]) -> str:
    empty = ", ".join(f"cast(null as {data_type}) as {quoted(name)}" for name, data_type in columns)
    return f"(select {empty} where false)"


def _parenthesized(sql: str) -> str:
    """`sql` as a relation; its last line may be a comment."""
    return f"({sql}\n)"


def quoted(name: str) -> str:
    """`name` as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def temporary(name: str) -> str:
    """The temporary relation that holds the model `name` on a connection."""
    return f"temp.main.{quoted(name)}"


def _with_names(node: Node, nodes: Mapping[str, Node], names: Mapping[str, str]) -> str:
    sql = node.sql or ""
    for parent in node.depends_on:
        relation = nodes[parent].relation
        sql = sql.replace(relation, names.get(relation, relation))
    return sql
