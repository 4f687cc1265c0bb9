"""The expression of a billable metric: its grammar, and what can be known to be wrong before any event (rating §2.8).

    expression = term {("+" | "-") term}
    term       = operand {("*" | "/") operand}
    operand    = ["-"] primary
    primary    = number | 'text' | "(" expression ")" | function "(" expression {"," expression} ")"
               | "event.code" | "event.timestamp" | "event.properties." name

A parsed expression is a sqlglot tree whose columns are `event.code`, `event.timestamp` and `event.properties.name`;
`core.warehouse.expression_sql` makes SQL of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeVar

from sqlglot import exp

from core.errors import TallystickError

DECIMALS = 18
"""Numbers are worked with at 18 decimals and 20 integer digits; a result is written with at most 12 decimals."""
INTEGER_DIGITS = 20
MOST_OPERATIONS = 100
MOST_NESTED = 50

T = TypeVar("T")
Fault = Literal["parse_error", "expected_decimal", "out_of_range"]

_number = re.compile(r"[0-9]+(\.[0-9]+)?").match
_text = re.compile(r"'([^']*)'").match
_name = re.compile(r"[A-Za-z][A-Za-z0-9_]*").match
_binary: dict[str, type[exp.Binary]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul, "/": exp.Div}
_TEXTS = (exp.Concat,)
_SHOWN = 20


class InvalidExpression(TallystickError):
    """The expression can never give a value. `position` counts its characters from 1."""

    def __init__(self, fault: Fault, position: int, problem: str, advice: str) -> None:
        super().__init__(fault, f"expression, position {position}: {problem}; {advice}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Calculation:
    """What a metric computes of each event before it is stored: the value of `expression`, for the property `field_name`."""

    field_name: str
    expression: str


@dataclass(frozen=True, slots=True)
class Function:
    """How many arguments a function takes, what it makes of them, and whether it takes texts too."""

    least: int
    most: int | None
    build: Callable[[list[exp.Expr]], exp.Expr]
    takes_texts: bool = False


def _rounding(kind: type[exp.Func]) -> Callable[[list[exp.Expr]], exp.Expr]:
    return lambda given: kind(this=given[0], decimals=given[1] if len(given) > 1 else None)


FUNCTIONS = {
    "round": Function(1, 2, _rounding(exp.Round)),
    "ceil": Function(1, 2, _rounding(exp.Ceil)),
    "floor": Function(1, 2, _rounding(exp.Floor)),
    "concat": Function(1, None, lambda given: exp.Concat(expressions=given), takes_texts=True),
    "least": Function(1, None, lambda given: exp.Least(this=given[0], expressions=given[1:])),
    "greatest": Function(1, None, lambda given: exp.Greatest(this=given[0], expressions=given[1:])),
}


def parse(text: str) -> exp.Expr:
    """The tree of the expression; each node's `position_of` is where it begins. Raises InvalidExpression."""
    return _Parser(text).whole()


def position_of(node: exp.Expr) -> int:
    """Where the node begins in the expression's text, from 1; for an operation, where its sign is."""
    position: int = node.meta["position"]
    return position


def is_text(node: exp.Expr) -> bool:
    """Whether the node gives text whatever the event says. Only a property may be either."""
    return isinstance(node, _TEXTS) or (isinstance(node, exp.Literal) and node.is_string) or is_code(node)


def is_code(node: exp.Expr) -> bool:
    """Whether the node is `event.code`."""
    return isinstance(node, exp.Column) and not node.db and node.name == "code"


def is_property(node: exp.Expr) -> bool:
    """Whether the node is `event.properties.name`; then `node.name` is the name."""
    return isinstance(node, exp.Column) and node.table == "properties"


class _Parser:
    """Recursive descent, one method per rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._operations = 0
        self._nested = 0

    def whole(self) -> exp.Expr:
        tree = self._expression()
        if self._peek():
            raise self._unexpected("an operator or the end")
        return tree

    def _expression(self) -> exp.Expr:
        return self._operations_of("+-", self._term)

    def _term(self) -> exp.Expr:
        return self._operations_of("*/", self._operand)

    def _operations_of(self, signs: str, operand: Callable[[], exp.Expr]) -> exp.Expr:
        left = operand()
        while (sign := self._peek()) and sign in signs:
            at = self._at
            self._at += 1
            right = operand()
            left = self._made(_binary[sign](this=self._as_number(left), expression=self._as_number(right)), at)
        return left

    def _operand(self) -> exp.Expr:
        if self._peek() != "-":
            return self._primary()
        at = self._at
        self._at += 1
        return self._made(exp.Neg(this=self._as_number(self._primary())), at)

    def _primary(self) -> exp.Expr:
        first = self._peek()
        at = self._at
        if found := _number(self._text, at):
            self._at = found.end()
            return self._literal(found.group(), at)
        if first == "'":
            found = _text(self._text, at)
            if not found:
                raise InvalidExpression("parse_error", at + 1, "the text has no end", "close it with a single quote")
            self._at = found.end()
            return self._made(exp.Literal.string(found.group(1)), at)
        if first == "(":
            return self._in_parentheses(self._expression)
        if found := _name(self._text, at):
            self._at = found.end()
            return self._event_field(at) if found.group() == "event" else self._call(found.group(), at)
        raise self._unexpected("a number, a 'text', an event field, a function or '('")

    def _literal(self, digits: str, at: int) -> exp.Expr:
        number = Decimal(digits)
        exponent = number.as_tuple().exponent
        if number.adjusted() >= INTEGER_DIGITS or not isinstance(exponent, int) or -exponent > DECIMALS:
            raise InvalidExpression(
                "out_of_range",
                at + 1,
                f"the number {digits} has too many digits",
                f"at most {INTEGER_DIGITS} before the point and {DECIMALS} after it are kept exactly",
            )
        return self._made(exp.Literal.number(digits), at)

    def _event_field(self, at: int) -> exp.Expr:
        field = self._dotted("code, timestamp or properties")
        if field in ("code", "timestamp"):
            return self._made(exp.column(field, table="event"), at)
        if field != "properties":
            raise InvalidExpression(
                "parse_error", at + 1, f"an event has no field {field!r}", "use code, timestamp or properties.NAME"
            )
        return self._made(exp.column(self._dotted("the name of a property"), table="properties", db="event"), at)

    def _dotted(self, wanted: str) -> str:
        """The name after a point, without spaces in between."""
        found = _name(self._text, self._at + 1) if self._text.startswith(".", self._at) else None
        if not found:
            raise self._unexpected(f"a point and {wanted} (letters, digits and underscores, a letter first)")
        self._at = found.end()
        return found.group()

    def _call(self, name: str, at: int) -> exp.Expr:
        function = FUNCTIONS.get(name.lower())
        if function is None or name not in (name.lower(), name.upper(), name.capitalize()):
            raise InvalidExpression(
                "parse_error",
                at + 1,
                f"there is no function {name!r}",
                f"use {', '.join(FUNCTIONS)}, in small, capital or Capitalised letters; texts stand in single quotes",
            )
        if self._peek() != "(":
            raise self._unexpected(f"'(' after {name}")
        given = self._in_parentheses(self._arguments)
        if len(given) < function.least or (function.most is not None and len(given) > function.most):
            raise InvalidExpression(
                "parse_error",
                at + 1,
                f"{name} was given {len(given)} arguments",
                f"give at most {function.most}",
            )
        arguments = given if function.takes_texts else [self._as_number(argument) for argument in given]
        return self._made(function.build(arguments), at)

    def _arguments(self) -> list[exp.Expr]:
        given = [self._expression()]
        while self._peek() == ",":
            self._at += 1
            given.append(self._expression())
        return given

    def _in_parentheses(self, inside: Callable[[], T]) -> T:
        self._nested += 1
        if self._nested > MOST_NESTED:
            raise InvalidExpression(
                "parse_error", self._at + 1, f"more than {MOST_NESTED} parentheses are open", "write it flatter"
            )
        self._at += 1
        found = inside()
        if self._peek() != ")":
            raise self._unexpected("an operator or ')'")
        self._at += 1
        self._nested -= 1
        return found

    def _made(self, node: exp.Expr, at: int) -> exp.Expr:
        node.meta["position"] = at + 1
        if not isinstance(node, exp.Literal):
            self._operations += 1
            if self._operations > MOST_OPERATIONS:
                raise InvalidExpression(
                    "parse_error",
                    at + 1,
                    f"the expression has more than {MOST_OPERATIONS} operations and event fields",
                    "compute a part of it before sending the event",
                )
        return node

    def _as_number(self, node: exp.Expr) -> exp.Expr:
        if is_text(node):
            raise InvalidExpression(
                "expected_decimal",
                position_of(node),
                "a text stands where a number is needed",
                "texts only go into concat",
            )
        return node

    def _peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while self._text.startswith(" ", self._at):
            self._at += 1
        return self._text[self._at : self._at + 1]

    def _unexpected(self, wanted: str) -> InvalidExpression:
        rest = self._text[self._at : self._at + _SHOWN]
        problem = f"unexpected {rest!r}" if rest else "the expression ends too early"
        return InvalidExpression("parse_error", self._at + 1, problem, f"expected {wanted}")
