"""Random metric expressions with their values in exact fractions, written from the rule and not from the SQL.

Each node knows its text and its value over an event's properties: a Fraction, or a str for a text. The stated domain: 20
integer digits, 18 decimals for products and quotients, results written with 12, divisors with more than 12 decimals below 10^14.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from hypothesis import strategies as st

Value = Fraction | str
Properties = Mapping[str, str]
NAMES = ("a", "b", "c")


class NoValue(Exception):
    """The event has no value; the argument is the kind of fault."""


def near(number: Fraction, decimals: int) -> Fraction:
    """Rounded half away from zero."""
    size = Fraction(10) ** decimals
    whole = floor(abs(number) * size + Fraction(1, 2))
    return Fraction(whole if number >= 0 else -whole) / size


def bounded(number: Fraction) -> Fraction:
    """The number, if it has at most 20 integer digits."""
    if abs(number) >= 10**20:
        raise NoValue("out_of_range")
    return number


def written(value: Value) -> str:
    """The one spelling of a result."""
    if isinstance(value, str):
        return value
    rounded = near(value, 12)
    digits = f"{abs(rounded.numerator) * 10**12 // rounded.denominator:013d}"
    text = f"{digits[:-12]}.{digits[-12:]}".rstrip("0").rstrip(".")
    return f"-{text}" if rounded < 0 else text


def as_number(text: str) -> Fraction | None:
    """The number that a property's text is: an optional minus, digits, and an optional point with digits."""
    whole, point, decimals = text.removeprefix("-").partition(".")
    if not all(part.isascii() and part.isdigit() for part in ([whole, decimals] if point else [whole])):
        return None
    return near(Fraction(text), 18)


class Node:
    """A part of an expression."""

    text: str

    def value(self, properties: Properties) -> Value:
        """Raises NoValue."""
        raise NotImplementedError

    def number(self, properties: Properties) -> Fraction:
        """The value where a number is needed. Raises NoValue."""
        value = self.value(properties)
        if isinstance(value, str):
            raise NoValue("expected_decimal")
        return value


@dataclass(frozen=True)
class Given(Node):
    """A literal: a number, or a text in quotes."""

    text: str

    def value(self, properties: Properties) -> Value:
        return self.text[1:-1] if self.text.startswith("'") else Fraction(self.text)


@dataclass(frozen=True)
class Property(Node):
    """`event.properties.name`."""

    name: str

    @property
    def text(self) -> str:  # type: ignore[override]
        return f"event.properties.{self.name}"

    def value(self, properties: Properties) -> Value:
        if self.name not in properties:
            raise NoValue("missing_variable")
        number = as_number(properties[self.name])
        return properties[self.name] if number is None or abs(number) >= 10**20 else number

    def number(self, properties: Properties) -> Fraction:
        value = self.value(properties)
        if isinstance(value, str):
            raise NoValue("expected_decimal" if as_number(value) is None else "out_of_range")
        return value


@dataclass(frozen=True)
class Operation(Node):
    """Two numbers and a sign, in parentheses, or a minus alone when there is no left."""

    sign: str
    left: Node | None
    right: Node

    @property
    def text(self) -> str:  # type: ignore[override]
        return f"(-{self.right.text})" if self.left is None else f"({self.left.text} {self.sign} {self.right.text})"

    def value(self, properties: Properties) -> Value:
        if self.left is None:
            return -self.right.number(properties)
        a, b = self.left.number(properties), self.right.number(properties)
        if self.sign == "+":
            return bounded(a + b)
        if self.sign == "-":
            return bounded(a - b)
        if self.sign == "*":
            return bounded(near(a * b, 18))
        if b == 0:
            raise NoValue("division_by_zero")
        if abs(b) >= 10**14 and b * 10**12 % 1 != 0:
            raise NoValue("out_of_range")
        return bounded(near(a / b, 18))


@dataclass(frozen=True)
class Call(Node):
    """A function of its arguments."""

    name: str
    arguments: tuple[Node, ...]

    @property
    def text(self) -> str:  # type: ignore[override]
        return f"{self.name}({', '.join(argument.text for argument in self.arguments)})"

    def value(self, properties: Properties) -> Value:
        name = self.name.lower()
        if name == "concat":
            return "".join(written(argument.value(properties)) for argument in self.arguments)
        numbers = [argument.number(properties) for argument in self.arguments]
        if name in ("least", "greatest"):
            return (min if name == "least" else max)(numbers)
        digits = numbers[1] if len(numbers) > 1 else Fraction(0)
        if digits % 1 != 0 or abs(digits) > 18:
            raise NoValue("digits_out_of_range")
        if name == "round":
            return bounded(near(numbers[0], int(digits)))
        size = Fraction(10) ** int(digits)
        return bounded(Fraction((ceil if name == "ceil" else floor)(numbers[0] * size)) / size)


def digits(most_integer: int, most_decimals: int) -> st.SearchStrategy[str]:
    """Unsigned numbers as text; short ones, whole ones, powers of ten and long ones are all frequent."""
    whole = st.one_of(
        st.integers(0, 20),
        st.integers(0, 10**most_integer - 1),
        st.integers(0, most_integer - 1).map(lambda power: 10**power),
    ).map(str)
    decimals = st.one_of(
        st.just(""), st.integers(0, 9).map(str), st.text("0123456789", min_size=1, max_size=most_decimals)
    )
    return st.tuples(whole, decimals).map(lambda parts: ".".join(filter(None, parts)))


def nodes() -> st.SearchStrategy[Node]:
    """Expressions that give a number, or a text at the very top."""
    leaves: st.SearchStrategy[Node] = st.one_of(
        digits(20, 18).map(Given), st.sampled_from(NAMES).map(Property), st.sampled_from(NAMES).map(Property)
    )

    def extend(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        spelled = st.sampled_from([str.lower, str.upper, str.capitalize])
        name = lambda *names: st.tuples(st.sampled_from(names), spelled).map(lambda pair: pair[1](pair[0]))  # noqa: E731
        places = st.one_of(
            st.integers(-18, 18).map(lambda n: Operation("-", None, Given(str(-n))) if n < 0 else Given(str(n))), inner
        )
        return st.one_of(
            st.builds(Operation, st.sampled_from("+-*/"), inner, inner),
            st.builds(Operation, st.sampled_from("*/"), inner, inner),
            st.builds(lambda right: Operation("-", None, right), inner),
            st.builds(lambda f, a: Call(f, (a,)), name("round", "ceil", "floor"), inner),
            st.builds(lambda f, a, n: Call(f, (a, n)), name("round", "ceil", "floor"), inner, places),
            st.builds(
                lambda f, given: Call(f, tuple(given)),
                name("least", "greatest"),
                st.lists(inner, min_size=1, max_size=3),
            ),
        )

    numbers = st.recursive(leaves, extend, max_leaves=6)
    texts = st.lists(
        st.one_of(numbers, st.text("xyz 0-.", max_size=4).map(lambda text: Given(f"'{text}'"))), min_size=1, max_size=3
    )
    return st.one_of(numbers, numbers, texts.map(lambda parts: Call("concat", tuple(parts))))


def events() -> st.SearchStrategy[list[Properties]]:
    """Properties of some events: mostly numbers in any spelling, sometimes a text or nothing."""
    number = st.tuples(st.sampled_from(["", "", "-", "00", "-0"]), digits(21, 21)).map("".join)
    texts = st.sampled_from(["test", "", "1e3", "+5", " 5", ".5", "5.", "-", "1.1.1"])
    value = st.one_of(number, number, number, number, number, texts)
    return st.lists(st.dictionaries(st.sampled_from(NAMES), value, min_size=2), min_size=1, max_size=20)
