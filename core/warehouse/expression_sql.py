"""A metric's expression as one SQL query over events, for DuckDB (rating §2.8).

The query reads the relation `events` (position, code, seconds, properties as JSON text) and gives per position the value as
text, or the fault as `what@where`. A number is a whole number of 10^-18 in a HUGEINT, so each operation is exact or rounded
once, half away from zero, and overflow is a null that the faults explain. Each operation is a column of its own, in layers of
subqueries: written into one another, the steps of a division would double with each level.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from sqlglot import exp, parse_one

from core.domain.expressions import DECIMALS, INTEGER_DIGITS, is_code, is_property, is_text, position_of

WRITTEN_DECIMALS = 12
"""Of a result as text: what a quantity has in metering."""
_BOUND = 10 ** (DECIMALS + INTEGER_DIGITS)
_STEP_DECIMALS = 6
_STEPS = DECIMALS // _STEP_DECIMALS
_ONE = 10**DECIMALS
_STEP = 10**_STEP_DECIMALS
_MOST_DIVISOR = 10 ** (DECIMALS + INTEGER_DIGITS - _STEP_DECIMALS)
_PLAIN_NUMBER = "'-?[0-9]+([.][0-9]+)?'"

Column = str


def expression_sql(tree: exp.Expr) -> str:
    """The query that evaluates the expression."""
    return _Query(tree).sql()


class _Query:
    """Columns by layer, and the faults in the order in which an evaluation would meet them."""

    def __init__(self, tree: exp.Expr) -> None:
        self._layers: list[list[exp.Expr]] = []
        self._layer_of: dict[Column, int] = dict.fromkeys(("code", "seconds", "properties"), 0)
        self._columns: dict[str, Column] = {}
        self._faults: list[tuple[exp.Expr, str]] = []
        self._value = self._text(tree)

    def sql(self) -> str:
        """The query's text."""
        relation = "events"
        query = exp.select("position")
        layers = []
        for depth, columns in enumerate(self._layers, 1):
            layers.append((f"layer_{depth}", exp.select("*", *columns).from_(relation)))
            relation = f"layer_{depth}"
        fault = exp.Case()
        for condition, name in self._faults:
            fault = fault.when(condition, exp.Literal.string(name))
        # An expression that reads nothing of the event has no fault.
        query = query.select(exp.alias_(fault if self._faults else exp.null(), "fault"))
        query = query.select(exp.alias_(exp.column(self._value), "value")).from_(relation)
        for name, layer in layers:
            query = query.with_(name, as_=layer)
        return query.sql(dialect="duckdb")

    def _text(self, node: exp.Expr) -> Column:
        """The node's value as text; a number in its one spelling."""
        if isinstance(node, exp.Concat):
            given = {f"text_{index}": self._text(part) for index, part in enumerate(node.expressions)}
            return self._add(f"concat({', '.join(f':{name}' for name in given)})", **given)
        if is_code(node):
            return "code"
        if is_text(node):
            return self._place(exp.cast(exp.Literal.string(node.name), "varchar"), ())
        if not is_property(node):
            return self._written(self._number(node))
        text = self._property(node)
        number = self._parsed(text)
        return self._add(
            "case when :number is null then :text else :written end",
            number=number,
            text=text,
            written=self._written(number),
        )

    def _number(self, node: exp.Expr) -> Column:
        """The node's value as a whole number of 10^-18; null, and a fault, where it has none."""
        if isinstance(node, exp.Literal):
            digits, _, decimals = node.name.partition(".")
            scaled = int(digits + decimals.ljust(DECIMALS, "0"))
            return self._place(exp.cast(exp.Literal.string(str(scaled)), "hugeint", dialect="duckdb"), ())
        if is_property(node):
            return self._property_number(node)
        if isinstance(node, exp.Column):
            return self._add(f"cast(:seconds as hugeint) * {_ONE}", seconds="seconds")
        if isinstance(node, exp.Neg):
            return self._add("-:operand", operand=self._number(node.this))
        if isinstance(node, (exp.Least, exp.Greatest)):
            given = {f"n_{index}": self._number(part) for index, part in enumerate((node.this, *node.expressions))}
            return self._add(f"{node.key}({', '.join(f':{name}' for name in given)})", **given)
        if isinstance(node, exp.Binary):
            return self._operation(node, self._number(node.left), self._number(node.right))
        return self._rounded(node)

    def _operation(self, node: exp.Binary, left: Column, right: Column) -> Column:
        if isinstance(node, exp.Div):
            self._fault_if(":right = 0", "division_by_zero", node, right=right)
            return self._divided(node, left, right)
        if isinstance(node, exp.Mul):
            product = (
                f":a // {_ONE} * :b + :a % {_ONE} * (:b // {_ONE})"
                f" + (:a % {_ONE} * (:b % {_ONE}) + sign(:a) * sign(:b) * {_ONE // 2}) // {_ONE}"
            )
        else:
            product = ":a + :b" if isinstance(node, exp.Add) else ":a - :b"
        return self._bounded(node, product, a=left, b=right)

    def _divided(self, node: exp.Expr, left: Column, right: Column) -> Column:
        """Long division, six decimals at a time; the decimals that the divisor does not use shift by nothing.

        Remainder times 10^6 must fit, so a divisor with more than 12 decimals must be below 10^14.
        """
        places = [(shift, _STEP**shift) for shift in range(_STEPS, 0, -1)]
        unused = self._add(
            "case " + " ".join(f"when :right % {power} = 0 then {shift}" for shift, power in places) + " else 0 end",
            right=right,
        )
        divisor = self._add(
            "case " + " ".join(f"when :unused = {shift} then :right // {power}" for shift, power in places) + " else :right end",
            unused=unused, right=right,
        )  # fmt: skip
        divisor = self._add(f"case when abs(:divisor) < {_MOST_DIVISOR} then :divisor end", divisor=divisor)
        quotient = self._add(":left // :divisor", left=left, divisor=divisor)
        rest = self._add(":left % :divisor", left=left, divisor=divisor)
        for step in range(1, _STEPS + 1):
            factor = self._add(f"case when :unused + {step} <= {_STEPS} then {_STEP} else 1 end", unused=unused)
            used = {"q": quotient, "r": rest, "d": divisor, "f": factor}
            quotient = self._add("try(:q * :f + :r * :f // :d)", **used)
            del used["q"]
            rest = self._add(":r * :f % :d", **used)
        last = "case when abs(:r) * 2 >= abs(:d) then sign(:r) * sign(:d) else 0 end"
        return self._bounded(node, f":q + {last}", q=quotient, r=rest, d=divisor)

    def _rounded(self, node: exp.Expr) -> Column:
        """To a multiple of the unit that the digits say: to the nearest, halves away from zero, or up, or down."""
        number, digits = self._number(node.this), node.args["decimals"]
        if digits is None:
            unit = self._add(f"cast({_ONE} as hugeint)")
        else:
            places = self._number(digits)
            outside = f":places % {_ONE} <> 0 or abs(:places) > {DECIMALS * _ONE}"
            self._fault_if(outside, "digits_out_of_range", digits, places=places)
            unit = self._add(
                f"case when not ({outside}) then cast('1' || repeat('0', cast({DECIMALS} - :places // {_ONE} as integer)) as hugeint) end",
                places=places,
            )
        moved = {
            "round": "(:n + sign(:n) * (:u // 2)) // :u * :u",
            "ceil": ":n + (:u - :n % :u) % :u",
            "floor": ":n - (:u + :n % :u) % :u",
        }[node.key]
        return self._bounded(node, moved, n=number, u=unit)

    def _property(self, node: exp.Expr) -> Column:
        """The text of the event's property; a fault where the event has none."""
        text = self._add(f"json_extract_string(:properties, '$.{node.name}')", properties="properties")
        self._fault_if(":text is null", "missing_variable", node, text=text)
        return text

    def _parsed(self, text: Column) -> Column:
        """The number that the text is, null when it is none or too large; digits beyond the 18th decimal are rounded.

        From the digits, because DuckDB takes 15 microseconds to cast a text to decimal(38, 18), fifty times as long.
        """
        whole = self._add(
            f"try_cast(case when regexp_full_match(:text, {_PLAIN_NUMBER})"
            f" then split_part(:text, '.', 1) || rpad(split_part(:text, '.', 2), {DECIMALS}, '0') end as hugeint)",
            text=text,
        )
        number = self._add(
            f":whole + case when substr(split_part(:text, '.', 2), {DECIMALS + 1}, 1) < '5' then 0 when left(:text, 1) = '-' then -1 else 1 end",
            whole=whole, text=text,
        )  # fmt: skip
        return self._within(number)

    def _property_number(self, node: exp.Expr) -> Column:
        text = self._property(node)
        number = self._parsed(text)
        self._fault_if(f"not regexp_full_match(:text, {_PLAIN_NUMBER})", "expected_decimal", node, text=text)
        self._fault_if(":number is null", "out_of_range", node, number=number)
        return number

    def _written(self, number: Column) -> Column:
        """The number as text: at most 12 decimals, none at the end that says nothing."""
        step, one = 10 ** (DECIMALS - WRITTEN_DECIMALS), 10**WRITTEN_DECIMALS
        whole = self._add(f"(:n + sign(:n) * {step // 2}) // {step}", n=number)
        return self._add(
            f"case when :w < 0 then '-' else '' end || rtrim(rtrim(cast(abs(:w) // {one} as varchar) || '.'"
            f" || lpad(cast(abs(:w) % {one} as varchar), {WRITTEN_DECIMALS}, '0'), '0'), '.')",
            w=whole,
        )

    def _bounded(self, node: exp.Expr, template: str, **columns: Column) -> Column:
        """The result of an operation, kept to 20 integer digits: null, and a fault, beyond."""
        number = self._within(self._add(f"try({template})", **columns))
        self._fault_if(":number is null", "out_of_range", node, number=number)
        return number

    def _within(self, number: Column) -> Column:
        return self._add(f"case when :number > -{_BOUND} and :number < {_BOUND} then :number end", number=number)

    def _add(self, template: str, **columns: Column) -> Column:
        """A column computed from columns."""
        return self._place(_filled(template, columns), columns.values())

    def _place(self, made: exp.Expr, used: Iterable[Column]) -> Column:
        """The column in the layer after those that it uses; the same one again if it is there already."""
        key = made.sql(dialect="duckdb")
        if key not in self._columns:
            depth = max((self._layer_of[column] for column in used), default=0)
            name = f"c{len(self._columns) + 1}"
            if depth == len(self._layers):
                self._layers.append([])
            self._layers[depth].append(exp.alias_(made, name))
            self._layer_of[name] = depth + 1
            self._columns[key] = name
        return self._columns[key]

    def _fault_if(self, template: str, what: str, node: exp.Expr, **columns: Column) -> None:
        self._faults.append((_filled(template, columns), f"{what}@{position_of(node)}"))


def _filled(template: str, columns: dict[str, Column]) -> exp.Expr:
    return exp.replace_placeholders(
        _parsed_template(template).copy(), **{name: exp.column(column) for name, column in columns.items()}
    )


@cache
def _parsed_template(template: str) -> exp.Expr:
    return parse_one(template, dialect="duckdb")
