"""What becomes of each op of complex tensors: a function of pairs, of which there is one for every op or family."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from staticad.errors import VerifyError
from staticad.functional.comparison import equal, isfinite, isinf, isnan, logical_and, logical_not, logical_or
from staticad.functional.movement import moveaxis, reshape
from staticad.ir.dims import product
from staticad.ir.dtypes import BOOL, is_complex, real_dtype
from staticad.ir.graph import Node, Tensor, describe
from staticad.ops.angles import ARCCOS, ARCSIN, ARCTAN
from staticad.ops.arithmetic import ADD, DIV, MUL, NEG, POW, RECIPROCAL, RSQRT, SQRT, SQUARE, SUB
from staticad.ops.barrier import Barrier
from staticad.ops.base import Assemble, Movement, Op, Reshape, apply, apply_all
from staticad.ops.comparison import (
    EQUAL,
    ISFINITE,
    ISINF,
    ISNAN,
    LOGICAL_AND,
    LOGICAL_NOT,
    LOGICAL_OR,
    LOGICAL_XOR,
    NOT_EQUAL,
)
from staticad.ops.complex import ANGLE, COMPLEX, CONJ, IMAG, MODULUS, REAL
from staticad.ops.complex_linalg import COMPLEX_LIBRARY_OPS, REAL_LIBRARY_OPS
from staticad.ops.contract import MATMUL
from staticad.ops.control import LOOP, Body, LoopShape, parameter
from staticad.ops.conversion import CAST
from staticad.ops.creation import FULL, fill
from staticad.ops.cumulative import CUMPROD, CUMSUM, RECURRENCE, Form
from staticad.ops.custom import RULED
from staticad.ops.effects import AFTER
from staticad.ops.fourier import FFT, IRFFT, RFFT
from staticad.ops.hyperbolic import ARCCOSH, ARCSINH, ARCTANH, COSH, SINH
from staticad.ops.indexing import GATHER, GATHER_ALONG, SCATTER, SCATTER_ALONG
from staticad.ops.library import Library
from staticad.ops.plane import ARCTAN2, HYPOT
from staticad.ops.powers import EXP2, LOG2, LOG10
from staticad.ops.reduce import PROD, SUM
from staticad.ops.selection import WHERE
from staticad.ops.sources import CONSTANT, constant
from staticad.ops.transcendental import COS, EXP, EXPM1, LOG, LOG1P, SIGMOID, SIN, SOFTPLUS, TAN, TANH
from staticad.pairs import arithmetic, fourier, functions, inverses
from staticad.pairs.pair import Pair, flat, interleaved, of_constant, pair, stretched, taken_apart

Value = Pair | Tensor
Rule = Callable[..., Value]


def translated(node: Node, inputs: tuple[Value, ...]) -> Sequence[Value]:
    """What the outputs of a node of complex operands or with a complex result become on these inputs."""
    if isinstance(node.op, Library):
        return _library(node, inputs)
    if node.op is RULED:
        return inputs[: node.attrs["counts"][0]]
    rule = _rule(node.op)
    if rule is None:
        raise VerifyError(f"{describe(node.outputs[0])} has no form for complex numbers")
    given = [_paired(x) if is_complex(t.dtype) else x for x, t in zip(inputs, node.inputs, strict=True)]
    result = rule(node, *given)
    return [result.fitted(node.out.shape) if isinstance(result, Pair) else stretched(result, node.out.shape)]


def has_rule(op: Op) -> bool:
    """Whether there is a form of an op for complex numbers."""
    return op in COMPLEX_LIBRARY_OPS or op is RULED or _rule(op) is not None


def _paired(x: Value) -> Pair:
    assert isinstance(x, Pair)
    return x


def _rule(op: Op) -> Rule | None:
    if op in _ELEMENTWISE:
        function = _ELEMENTWISE[op]
        return lambda node, *xs: function(*xs)
    if op in _OTHERS:
        return _OTHERS[op]
    if isinstance(op, (Movement, Reshape, Barrier)):
        return _each
    return _assembled if isinstance(op, Assemble) else None


# ---- functions of both parts -----------------------------------------------------------------------------------------


def _not_zero(a: Pair) -> Tensor:
    found = [apply(NOT_EQUAL, part, constant(0, part.dtype)) for part in (a.re, a.im) if part is not None]
    return found[0] if len(found) == 1 else logical_or(*found)


def _any(test: Callable[[Tensor], Tensor]) -> Callable[[Pair], Tensor]:
    """Whether something holds of one part."""

    def rule(a: Pair) -> Tensor:
        found = [test(part) for part in (a.re, a.im) if part is not None]
        return found[0] if len(found) == 1 else logical_or(*found)

    return rule


def _equal(a: Pair, b: Pair) -> Tensor:
    (x, y), (c, d) = a.full(), b.full()
    return logical_and(equal(x, c), equal(y, d))


def _logic(op: Op) -> Callable[[Pair, Pair], Tensor]:
    return lambda a, b: apply(op, _not_zero(a), _not_zero(b))


def _where(condition: Tensor, a: Pair, b: Pair) -> Pair:
    def chosen(x: Tensor | None, y: Tensor | None) -> Tensor | None:
        if x is None and y is None:
            return None
        zero = constant(0, a.dtype)
        return apply(WHERE, condition, zero if x is None else x, zero if y is None else y)

    return Pair(chosen(a.re, b.re), chosen(a.im, b.im))


_ELEMENTWISE: Mapping[Op, Callable[..., Value]] = {
    ADD: arithmetic.add,
    SUB: arithmetic.sub,
    MUL: arithmetic.mul,
    DIV: arithmetic.div,
    NEG: arithmetic.neg,
    SQUARE: arithmetic.square,
    RECIPROCAL: arithmetic.reciprocal,
    CONJ: arithmetic.conj,
    EXP: functions.exp,
    EXPM1: functions.expm1,
    LOG: functions.log,
    LOG1P: functions.log1p,
    SQRT: functions.sqrt,
    RSQRT: functions.rsqrt,
    SIN: functions.sin,
    COS: functions.cos,
    TAN: functions.tan,
    TANH: functions.tanh,
    SINH: functions.sinh,
    COSH: functions.cosh,
    SIGMOID: functions.sigmoid,
    SOFTPLUS: functions.softplus,
    EXP2: functions.exp2,
    LOG2: functions.log2,
    LOG10: functions.log10,
    ARCSIN: inverses.arcsin,
    ARCCOS: inverses.arccos,
    ARCTAN: inverses.arctan,
    ARCSINH: inverses.arcsinh,
    ARCCOSH: inverses.arccosh,
    ARCTANH: inverses.arctanh,
    EQUAL: _equal,
    NOT_EQUAL: lambda a, b: logical_not(_equal(a, b)),
    LOGICAL_AND: _logic(LOGICAL_AND),
    LOGICAL_OR: _logic(LOGICAL_OR),
    LOGICAL_XOR: _logic(LOGICAL_XOR),
    LOGICAL_NOT: lambda a: logical_not(_not_zero(a)),
    ISNAN: _any(isnan),
    ISINF: _any(isinf),
    ISFINITE: lambda a: logical_and(*map(isfinite, a.full())),
    WHERE: _where,
    COMPLEX: pair,
    REAL: lambda a: a.full()[0],
    IMAG: lambda a: a.full()[1],
    MODULUS: lambda a: apply(HYPOT, *a.full()),
    ANGLE: lambda a: apply(ARCTAN2, *reversed(a.full())),
}


# ---- what needs the node ---------------------------------------------------------------------------------------------


def _each(node: Node, a: Pair) -> Pair:
    """A linear op, which both parts go through on their own."""
    return a.each(lambda part: apply(node.op, part, **node.attrs))


def _cast(node: Node, a: Value) -> Value:
    target = node.attrs["dtype"]
    if not isinstance(a, Pair):
        return Pair(apply(CAST, a, dtype=real_dtype(target)), None)
    return _not_zero(a) if target == BOOL else a.each(lambda part: apply(CAST, part, dtype=real_dtype(target)))


def _gather(node: Node, x: Pair, *indices: Tensor) -> Pair:
    return x.each(lambda part: apply(node.op, part, *indices, **node.attrs))


def _scatter(node: Node, base: Pair, updates: Pair, *indices: Tensor) -> Pair:
    def made(parts: Sequence[Tensor | None]) -> Tensor | None:
        return _together(node, parts, lambda a, b: apply(node.op, a, b, *indices, **node.attrs))

    return Pair(made((base.re, updates.re)), made((base.im, updates.im)))


def _assembled(node: Node, *operands: Pair) -> Pair:
    background = node.attrs.get("fill")
    rest = {name: value for name, value in node.attrs.items() if name != "fill"}

    def made(parts: Sequence[Tensor | None], number: float | None) -> Tensor | None:
        attrs = rest if number is None else {**rest, "fill": number}
        return _together(node, parts, lambda *xs: apply(node.op, *xs, **attrs), bool(number))

    return Pair(made([a.re for a in operands], background), made([a.im for a in operands], background and 0.0))


def _together(
    node: Node, parts: Sequence[Tensor | None], made: Callable[..., Tensor], needed: bool = False
) -> Tensor | None:
    """What is made of one part of each operand, with zeros for those that are not there; None if none is."""
    if not needed and all(part is None for part in parts):
        return None
    kinds = (t.type for t in node.inputs)
    return made(*(fill(k.shape, 0, real_dtype(k.dtype)) if p is None else p for p, k in zip(parts, kinds)))


def _sum(node: Node, a: Pair) -> Pair:
    return a.each(lambda part: apply(node.op, part, **node.attrs))


def _prod(node: Node, a: Pair) -> Pair:
    """A loop over the elements, as NumPy multiplies them."""
    axes, shape = node.attrs["axes"], node.inputs[0].shape
    rest, count = node.out.shape, product(shape[axis] for axis in axes)
    sequences = [
        reshape(moveaxis(stretched(part, shape), axes, tuple(range(len(axes)))), (count, *rest)) for part in a.full()
    ]
    return _folded(1, sequences, lambda carry, element: (arithmetic.mul(carry, element), ()))[0]


def _folded(
    first: int, sequences: Sequence[Tensor], step: Callable[..., tuple[Pair, Sequence[Pair]]], reverse: bool = False
) -> list[Pair]:
    """A loop along the first axis of parts: what is carried, from a number on, in the end, and what ``step`` leaves at
    each place."""
    count, *rest = sequences[0].shape
    entering = [fill(tuple(rest), number, sequences[0].dtype) for number in (first, 0)]
    parameters = tuple(parameter(entering[0].type) for _ in (*entering, *sequences))
    pairs = [Pair(*parameters[i : i + 2]) for i in range(0, len(parameters), 2)]
    following, left = step(*pairs)
    outputs = tuple(flat((following, *left), [entering[0].shape] * (1 + len(left))))
    body = Body(parameters, outputs)
    shape = LoopShape(2, len(sequences), 0, 2 * len(left), count, reverse)
    made = apply_all(LOOP, *entering, *sequences, body=body, shape=shape, base=body)
    return [Pair(*made[i : i + 2]) for i in range(0, len(made), 2)]


def _scanned(node: Node, *operands: Pair) -> Pair:
    """Of products and recurrences: a loop along the axis, which leaves what the form says at each place."""
    axis, form, shape = node.attrs["axis"], node.attrs["form"], node.out.shape
    sequences = [moveaxis(part, axis, 0) for part in flat(operands, [shape] * len(operands))]

    def product_step(carry: Pair, x: Pair) -> tuple[Pair, Sequence[Pair]]:
        following = arithmetic.mul(carry, x)
        return following, (carry if form == Form.EXCLUSIVE else following,)

    def recurrence_step(carry: Pair, a: Pair, b: Pair) -> tuple[Pair, Sequence[Pair]]:
        if form == Form.LAGGED:
            here = arithmetic.add(b, carry)
            return arithmetic.mul(a, here), (here,)
        following = arithmetic.add(arithmetic.mul(a, carry), b)
        return following, (carry if form == Form.EXCLUSIVE else following,)

    first, step = (1, product_step) if node.op is CUMPROD else (0, recurrence_step)
    (_, left) = _folded(first, sequences, step, node.attrs["reverse"])
    return left.each(lambda part: moveaxis(part, 0, axis))


def _matmul(node: Node, a: Pair, b: Pair) -> Pair:
    """Four real products; two where an operand is real."""
    return arithmetic.products(a, b, lambda x, y: apply(MATMUL, x, y))


def _library(node: Node, inputs: tuple[Value, ...]) -> Sequence[Value]:
    """The routine for complex matrices, which has them as they lie in NumPy's memory."""
    given = [interleaved(x, t.shape) if isinstance(x, Pair) else x for x, t in zip(inputs, node.inputs, strict=True)]
    ops = COMPLEX_LIBRARY_OPS if any(is_complex(t.dtype) for t in node.inputs) else REAL_LIBRARY_OPS
    made = apply_all(ops[node.op], *given, **node.attrs)
    return [taken_apart(x) if is_complex(t.dtype) else x for x, t in zip(made, node.outputs, strict=True)]


_OTHERS: Mapping[Op, Rule] = {
    AFTER: _gather,
    CAST: _cast,
    GATHER: _gather,
    GATHER_ALONG: _gather,
    SCATTER: _scatter,
    SCATTER_ALONG: _scatter,
    SUM: _sum,
    CUMSUM: _sum,
    CUMPROD: _scanned,
    RECURRENCE: _scanned,
    PROD: _prod,
    MATMUL: _matmul,
    FFT: fourier.fft,
    RFFT: fourier.rfft,
    IRFFT: fourier.irfft,
    POW: lambda node, a, b: arithmetic.power(a, b, node.inputs[1]),
    FULL: lambda node: Pair(fill(node.out.shape, node.attrs["value"], real_dtype(node.out.dtype)), None),
    CONSTANT: lambda node: of_constant(node.attrs["value"].array),
}
