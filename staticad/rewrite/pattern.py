"""Patterns of nodes: the left-hand sides of equations, and the templates of their right-hand sides.

    x, y = Variable("x"), Variable("y")
    equation(call(LOG, 1 + x), call(LOG1P, x))

A variable matches any tensor, the same one wherever it recurs; a number matches a tensor all of whose elements are
known to be that number (0.0 does not match -0.0); operands of commutative ops match in either order. A right-hand
side gets the shape of what it replaces by broadcasting.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Union

from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ADD, DIV, MUL, NEG, POW, SUB
from staticad.ops.base import Op, apply
from staticad.records import dataclass
from staticad.rewrite.match import NUMBERS, Number, fit, is_constant, number

Found = dict[str, Tensor]
Operand = Union["Pattern", Number]
Build = Callable[[Tensor], Tensor | Sequence[Tensor] | None]
Fits = Callable[[Sequence[Op]], bool]


class Pattern:
    """What a tensor may look like; combined with + - * / ** and unary minus."""

    def match(self, tensor: Tensor, found: Found) -> Found | None:
        """``found`` with the tensors for the pattern's variables, or None."""
        raise NotImplementedError

    def build(self, found: Found, like: Tensor) -> Tensor:
        """The tensor that the pattern describes; numbers take the dtype of ``like``."""
        raise NotImplementedError

    def __add__(self, other: Operand) -> Call:
        return call(ADD, self, other)

    def __radd__(self, other: Operand) -> Call:
        return call(ADD, other, self)

    def __sub__(self, other: Operand) -> Call:
        return call(SUB, self, other)

    def __rsub__(self, other: Operand) -> Call:
        return call(SUB, other, self)

    def __mul__(self, other: Operand) -> Call:
        return call(MUL, self, other)

    def __rmul__(self, other: Operand) -> Call:
        return call(MUL, other, self)

    def __truediv__(self, other: Operand) -> Call:
        return call(DIV, self, other)

    def __rtruediv__(self, other: Operand) -> Call:
        return call(DIV, other, self)

    def __pow__(self, other: Operand) -> Call:
        return call(POW, self, other)

    def __neg__(self) -> Call:
        return call(NEG, self)


@dataclass(frozen=True)
class Variable(Pattern):
    """Any tensor."""

    name: str

    def match(self, tensor: Tensor, found: Found) -> Found | None:
        known = found.get(self.name)
        if known is None:
            return {**found, self.name: tensor}
        return found if known is tensor else None

    def build(self, found: Found, like: Tensor) -> Tensor:
        return found[self.name]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Literal(Pattern):
    """A tensor of one known number."""

    value: Number

    def match(self, tensor: Tensor, found: Found) -> Found | None:
        return found if is_constant(tensor, self.value) else None

    def build(self, found: Found, like: Tensor) -> Tensor:
        return number(self.value, like)

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Call(Pattern):
    """The result of an op without attributes."""

    op: Op
    operands: tuple[Pattern, ...]

    def match(self, tensor: Tensor, found: Found) -> Found | None:
        node = tensor.node
        if node.op is not self.op:
            return None
        inputs = node.inputs
        matched = self._match_in_order(inputs, found)
        if matched is None and len(inputs) == 2 and getattr(self.op, "commutative", False):
            return self._match_in_order(inputs[::-1], found)
        return matched

    def _match_in_order(self, inputs: tuple[Tensor, ...], found: Found) -> Found | None:
        for operand, tensor in zip(self.operands, inputs, strict=True):
            matched = operand.match(tensor, found)
            if matched is None:
                return None
            found = matched
        return found

    def build(self, found: Found, like: Tensor) -> Tensor:
        return apply(self.op, *(operand.build(found, like) for operand in self.operands))

    def __str__(self) -> str:
        symbol = _SYMBOLS.get(self.op)
        texts = [f"({o})" if isinstance(o, Call) and o.op in _SYMBOLS else str(o) for o in self.operands]
        if symbol is None:
            return f"{self.op.name}({', '.join(map(str, self.operands))})"
        return f"-{texts[0]}" if self.op is NEG else f"{texts[0]} {symbol} {texts[1]}"


_SYMBOLS: dict[Op, str] = {ADD: "+", SUB: "-", MUL: "*", DIV: "/", POW: "**", NEG: "-"}


def call(op: Op, *operands: Operand) -> Call:
    """The pattern of an op applied to patterns or numbers."""
    return Call(op, tuple(o if isinstance(o, Pattern) else Literal(o) for o in operands))


@dataclass(frozen=True)
class Rule:
    """One equation. ``build(tensor)`` gives the replacement of a tensor made by one of ``ops``, or None. For an op of
    several outputs it is called with the first of them, and gives replacements of all.

    Where the rule holds of too many ops to list them, ``kind`` says of an op whether it is one of them.

    ``unsound`` says where the two sides differ in more than rounding; such a rule is applied only on request.
    ``left`` is the left-hand side of a rule that was written as an equation of patterns. ``begin()`` gives the
    ``build`` of one pass, which may remember what it has seen of the graph. ``fits`` is asked once for the ops that
    make the operands of a node: with those for which it is False the rule never fires.
    """

    name: str
    ops: tuple[Op, ...]
    build: Build
    unsound: str = ""
    left: Call | None = None
    begin: Callable[[], Build] | None = None
    fits: Fits | None = None
    kind: Callable[[Op], bool] | None = None

    def begun(self) -> Rule:
        """The rule for one pass."""
        return self if self.begin is None else replace(self, build=self.begin())


def remembering(name: str, ops: tuple[Op, ...], begin: Callable[[], Build], fits: Fits | None = None) -> Rule:
    """A rule that is more than a look at one node: ``begin()`` gives its ``build`` for one pass."""
    return Rule(name, ops, lambda tensor: begin()(tensor), begin=begin, fits=fits)


def every(ops: Collection[Op]) -> Fits:
    """For rules that fire only where each operand is made by one of these ops."""
    return lambda found: all(op in ops for op in found)


def some(ops: Collection[Op]) -> Fits:
    """For rules that fire only where an operand is made by one of these ops."""
    return lambda found: any(op in ops for op in found)


def _heads(operand: Pattern) -> frozenset[Op] | None:
    """The ops that may have made what the operand of a pattern matches; None for any."""
    if isinstance(operand, Call):
        return frozenset((operand.op,))
    return NUMBERS if isinstance(operand, Literal) else None


def equation(
    left: Call, right: Operand, when: Callable[..., bool] | None = None, unsound: str = "", name: str = ""
) -> Rule:
    """The rule ``left = right``, applied from left to right where ``when`` holds of the variables' tensors."""
    target = right if isinstance(right, Pattern) else Literal(right)
    first, last = _heads(left.operands[0]), _heads(left.operands[-1])
    same = len(left.operands) == 2 and isinstance(left.operands[0], Variable) and left.operands[0] == left.operands[1]
    either_order = len(left.operands) == 2 and getattr(left.op, "commutative", False)

    def fits(ops: Sequence[Op]) -> bool:
        one, other = ops[0], ops[-1]
        if same and one is not other:
            return False
        return ((first is None or one in first) and (last is None or other in last)) or (
            either_order and (first is None or other in first) and (last is None or one in last)
        )

    def build(tensor: Tensor) -> Tensor | None:
        found = left.match(tensor, {})
        if found is None or (when is not None and not when(**found)):
            return None
        return fit(target.build(found, tensor), tensor.type)

    return Rule(name or f"{left} = {target}", (left.op,), build, unsound, left, fits=fits)
