"""A list of cases for every op in ALL_OPS."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import (
    ABS,
    ADD,
    MUL,
    POW,
)
from staticad.ops.assemble import CONCATENATE, EMBED, REPLACE
from staticad.ops.barrier import DEMAND, STOP_GRADIENT
from staticad.ops.base import Cast, Elementwise, apply, apply_all
from staticad.ops.catalogue import ELEMENTWISE_OPS
from staticad.ops.comparison import EQUAL
from staticad.ops.contract import MATMUL
from staticad.ops.conversion import CAST
from staticad.ops.creation import EMPTY, FULL, IOTA, POSITION, SIZE, fill, indices
from staticad.ops.indexing import GATHER, GATHER_ALONG, SCATTER, SCATTER_ALONG, Scatter
from staticad.ops.linalg import CHOLESKY, LU_FACTOR, LU_SOLVE, SLOGDET, SOLVE_TRIANGULAR
from staticad.ops.mode import in_training
from staticad.ops.movement import BROADCAST_TO, DIAGONAL, EXPAND_DIMS, RESHAPE, SLICE, SQUEEZE, TRANSPOSE, swapped
from staticad.ops.reduce import ALL as ALL_TRUE
from staticad.ops.reduce import ANY, ARGMAX, ARGMIN, MAX, MAX_OR_LOWEST, MIN, MIN_OR_HIGHEST, PROD, SUM
from staticad.ops.selection import MAXIMUM, WHERE
from tests.harness.cases import ALL, BOOL, FLOATS, INTEGERS, Case, Input, kinds, values
from tests.harness.condition import rough
from tests.harness.library_cases import FAMILIES

UNARY = ("ab", "")
BINARY = (("ab", "ab"), ("ab", "b"), ("a1", "1b"), ("ab", ""), ("1", "ab"))
TERNARY = (("ab", "ab", "ab"), ("a1", "b", "ab"), ("", "ab", "1b"), ("ab", "", ""))


COSTLY = 50  # functions whose kernels take long to compile: in sessions of their own, and few shapes
STRETCHED = (MUL, MAXIMUM, WHERE)  # whose derivatives are taken with operands of all shapes


def elementwise_cases(op: Elementwise) -> Iterator[Case]:
    costly = op.cost >= COSTLY and op.accepts(FLOATS[0])
    group = "costly" if costly else ("unary", "binary", "ternary")[op.arity - 1]
    shapes: Any = {1: [(s,) for s in UNARY], 2: BINARY, 3: TERNARY}[op.arity]
    build = partial(apply, op)
    if op.smooth_domains is not None:
        between = zip(values(*shapes[op.arity - 1]), op.smooth_domains)
        yield Case(f"{op.name} between jumps", tuple(replace(i, domain=d) for i, d in between), build, group, FLOATS)
    if costly:
        shapes = shapes[:1] if op.arity == 1 else shapes[1:3]
    for operands in shapes:
        inputs = list(values(*operands))
        if op.condition:
            inputs[0] = Input(inputs[0].shape, "bool")
        yield Case(
            f"{op.name}[{','.join(operands)}]",
            tuple(inputs),
            build,
            group,
            dtypes=tuple(d for d in ALL if op.accepts(d) and d.kind not in op.valueless),
            domain=op.domain,
            ulp=None if rough(op) else int(op.ulps or 0),
            special=not rough(op),
            signed_zeros=op.zero_signs,
            orders=1 if costly else 2,  # the derivatives of these are made of other ops
            exist=2 if op.orders is None else op.orders,
            smooth=not op.nondifferentiable
            and op.orders != 0
            and op.smooth_domains is None
            and (op.arity == 1 or op in STRETCHED or operands == shapes[0]),
        )


def pow_cases() -> Iterator[Case]:
    """Integers to powers that are not negative."""
    for operands in BINARY:
        base, exponent = values(*operands)
        yield Case(
            f"integer pow[{','.join(operands)}]", (base, replace(exponent, domain=(0.0, 8.0))),
            lambda a, b: apply(POW, a, apply(ABS, b)),
            "binary", tuple(d for d in INTEGERS if d.kind == "u"), POW.domain, ulp=3, smooth=False,
        )  # fmt: skip
        yield Case(
            f"signed pow[{','.join(operands)}]", (base, exponent),
            lambda a, b: apply(POW, a, apply(MUL, b, b)),
            "binary", tuple(d for d in INTEGERS if d.kind == "i"), POW.domain, ulp=3, special=False, smooth=False,
        )  # fmt: skip


def cast_cases() -> Iterator[Case]:
    for target in ALL:
        build = partial(apply, CAST, dtype=target)
        name = f"cast to {target.name}"
        if target.kind in "bf":
            yield Case(name, values("ab"), build, "cast", smooth=target.kind == "f")
            continue
        yield Case(name, values("ab"), build, "cast", dtypes=(BOOL, *INTEGERS), smooth=False)
        # Floats beyond the range of the integer have no value.
        yield Case(
            f"{name} within range", values("ab"), build, "cast", FLOATS, (0.0, 120.0), special=False, smooth=False
        )


AXES = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2))


def reduce_cases() -> Iterator[Case]:
    for op in (SUM, PROD, MAX, MAX_OR_LOWEST, MIN, MIN_OR_HIGHEST, ANY, ALL_TRUE):
        for axes in ((0,), (1, 2)) if op is MIN_OR_HIGHEST else AXES:
            nonzero = frozenset() if op.empty else frozenset("abc"[a] for a in axes)
            yield Case(
                f"{op.name}{list(axes)}",
                values("abc"),
                partial(apply, op, axes=axes),
                "reduce",
                kinds(op.operands),
                op.domain,
                ulp=op.ulps if op.ulps is None else int(op.ulps),
                signed_zeros=False,
                special=op.ulps is not None,
                nonzero=nonzero,
                smooth=not op.nondifferentiable,
            )
        yield Case(
            f"{op.name}[] of a scalar", values(""), partial(apply, op, axes=()), "reduce", kinds(op.operands),
            smooth=not op.nondifferentiable,
        )  # fmt: skip
    for arg in (ARGMAX, ARGMIN):
        for axis in range(3):
            yield Case(
                f"{arg.name}[{axis}]", values("abc"), partial(apply, arg, axis=axis), "reduce",
                nonzero=frozenset("abc"[axis]), smooth=False,
            )  # fmt: skip


def _region(x: Tensor, starts: Any, steps: tuple[int, ...], sizes: Any) -> Tensor:
    return apply(SLICE, x, starts=starts, steps=steps, sizes=sizes)


def movement_cases() -> Iterator[Case]:
    def case(name: str, inputs: tuple[Input, ...], build: Any, nonzero: str = "") -> Case:
        return Case(name, inputs, build, "movement", nonzero=frozenset(nonzero))

    for axes in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)):
        yield case(f"transpose{list(axes)}", values("abc"), partial(apply, TRANSPOSE, axes=axes))
    yield case("transpose of a scalar", values(""), partial(apply, TRANSPOSE, axes=()))
    for axes in ((0,), (1,), (2,), (0, 2, 4)):
        yield case(f"expand_dims{list(axes)}", values("ab"), partial(apply, EXPAND_DIMS, axes=axes))
    yield case("squeeze[1]", values("a1b"), partial(apply, SQUEEZE, axes=(1,)))
    yield case("squeeze[0,2]", values("1a1"), partial(apply, SQUEEZE, axes=(0, 2)))
    for source in ("b", "1b", "a1", "", "11", "ab"):
        yield case(
            f"broadcast_to[{source}]", values(source, "ab"), lambda x, like: apply(BROADCAST_TO, x, shape=like.shape)
        )
    yield case("broadcast_to a new axis", values("ab"), lambda x: apply(BROADCAST_TO, x, shape=(2, 3, *x.shape)))
    yield case("slice forward", values("68"), partial(_region, starts=(1, 0), steps=(2, 3), sizes=(2, 3)))
    yield case("slice backward", values("68"), partial(_region, starts=(5, 7), steps=(-1, -3), sizes=(6, 3)))
    yield case("slice of nothing", values("68"), partial(_region, starts=(0, 9), steps=(1, 1), sizes=(6, 0)))
    yield case(
        "slice reversed", values("ab"),
        lambda x: _region(x, (x.shape[0] - 1, 0), (-1, 1), x.shape),
    )  # fmt: skip
    yield case(
        "slice a tail", values("ab"), lambda x: _region(x, (1, 0), (1, 1), (x.shape[0] - 1, x.shape[1])), nonzero="a"
    )
    yield case(
        "slice every second", values("ab"),
        lambda x: _region(x, (0, 0), (1, 2), (x.shape[0], (x.shape[1] + 1) // 2)),
    )  # fmt: skip
    for offset in (-1, 0, 1, 2):
        yield case(f"diagonal[{offset}]", values("abc"), partial(apply, DIAGONAL, offset=offset, axis1=0, axis2=1))
    yield case("diagonal of the last axes", values("abc"), partial(apply, DIAGONAL, offset=0, axis1=2, axis2=1))
    yield case("diagonal of a fixed matrix", values("45"), partial(apply, DIAGONAL, offset=-2, axis1=0, axis2=1))

    def reshaped(x: Tensor, shape: Any) -> Tensor:
        return apply(RESHAPE, x, shape=shape, constraints=())

    yield case("reshape flat", values("abc"), lambda x: reshaped(x, (x.shape[0] * x.shape[1] * x.shape[2],)))
    yield case("reshape swapped", values("ab"), lambda x: reshaped(x, (x.shape[1], x.shape[0])))
    yield case("reshape split", values("a6"), lambda x: reshaped(x, (x.shape[0], 2, 3)))
    yield case("reshape joined", values("a23"), lambda x: reshaped(x, (x.shape[0], 6)))
    yield case("reshape of a scalar", values(""), lambda x: reshaped(x, (1, 1)))
    yield Case("stop_gradient", values("ab"), partial(apply, STOP_GRADIENT), "movement", smooth=False)
    yield case(
        "demand",
        values("ab"),
        lambda x: apply(DEMAND, x, shape=x.shape, constraints=((x.shape[0], x.shape[0]),), nodes=()),
    )
    yield case(
        "views of views",
        values("abc"),
        lambda x: apply(TRANSPOSE, _region(apply(TRANSPOSE, x, axes=(2, 0, 1)), (x.shape[2] - 1, 0, 0), (-1, 1, 1),
                                           (x.shape[2], x.shape[0], x.shape[1])), axes=(1, 0, 2)),
    )  # fmt: skip


def assemble_cases() -> Iterator[Case]:
    def case(name: str, inputs: tuple[Input, ...], build: Any, dtypes: Any = ALL) -> Case:
        return Case(name, inputs, build, "assemble", dtypes)

    yield case("concatenate[0]", values("ab", "cb"), partial(apply, CONCATENATE, axis=0))
    yield case("concatenate[1]", values("ab", "ac", "a3"), partial(apply, CONCATENATE, axis=1))
    yield case("concatenate with itself", values("ab"), lambda x: apply(CONCATENATE, x, x, axis=0))
    yield case("concatenate one", values("ab"), partial(apply, CONCATENATE, axis=1))

    def embedded(x: Tensor, fill: float) -> Tensor:
        rows, columns = x.shape
        number = {"b": bool, "i": int, "u": int, "f": float}[x.dtype.kind](fill)
        return apply(EMBED, x, shape=(rows + 3, 2 * columns + 1), starts=(1, 1), steps=(1, 2), fill=number)

    yield case("embed in zeros", values("ab"), partial(embedded, fill=0))
    yield case("embed in ones", values("ab"), partial(embedded, fill=1))
    yield case(
        "replace",
        values("7b", "2b"),
        lambda x, v: apply(REPLACE, x, v, starts=(1, 0), steps=(3, 1), sizes=v.shape),
    )
    yield case(
        "replace all", values("ab", "ab"), lambda x, v: apply(REPLACE, x, v, starts=(0, 0), steps=(1, 1), sizes=v.shape)
    )


def creation_cases() -> Iterator[Case]:
    def created(like: Tensor, value: float) -> Tensor:
        number = {"b": bool, "i": int, "u": int, "f": float}[like.dtype.kind](value)
        return apply(FULL, shape=like.shape, dtype=like.dtype, value=number)

    def case(name: str, inputs: tuple[Input, ...], build: Any, dtypes: Any = ALL) -> Case:
        return Case(name, inputs, build, "creation", dtypes, smooth=False)

    yield case("full of 0", values("ab"), partial(created, value=0))
    yield case("full of 1.5", values("ab"), partial(created, value=1.5))
    yield case("full of -inf", values("ab"), partial(created, value=-np.inf), FLOATS)
    yield case("full of -0.0", values("ab"), partial(created, value=-0.0), FLOATS)
    yield case("full of nan", values("ab"), partial(created, value=np.nan), FLOATS)

    def written(x: Tensor) -> Tensor:
        every = apply(IOTA, shape=(x.shape[0],), dtype=np.dtype(np.int64), axis=0)
        empty = apply(EMPTY, shape=x.shape, dtype=x.dtype, value=0)
        return apply(SCATTER, empty, x, every, mode="set", axes=(0,), position=0, aligned=False)

    yield case("empty that is written", values("ab"), written)
    for axis in (0, 1):
        yield case(
            f"iota[{axis}]", values("ab"), lambda x, axis=axis: apply(IOTA, shape=x.shape, dtype=x.dtype, axis=axis)
        )
    yield case("position", values("ab"), lambda x: apply(POSITION, shape=x.shape, dtype=x.dtype))
    yield case(
        "position turned", values("abc"),
        lambda x: apply(TRANSPOSE, apply(POSITION, shape=x.shape, dtype=x.dtype), axes=(2, 0, 1)),
    )  # fmt: skip
    yield case(
        "position reversed", values("ab"),
        lambda x: apply(SLICE, apply(POSITION, shape=x.shape, dtype=np.dtype(np.uint8)),
                        starts=(0, x.shape[1] - 1), steps=(1, -1), sizes=x.shape),
    )  # fmt: skip
    yield case("training", values("ab"), lambda x: apply(WHERE, in_training(True), x, apply(ADD, x, x)))
    yield case("size", values("ab"), lambda x: apply(SIZE, size=x.shape[0] * x.shape[1] + 1, dtype=np.dtype(np.int64)))
    yield case("iota plus x", values("ab"), lambda x: apply(ADD, x, apply(IOTA, shape=x.shape, dtype=x.dtype, axis=1)))


def indexing_cases() -> Iterator[Case]:
    def index(shape: str, limit: str) -> Input:
        return Input(tuple(int(s) if s.isdigit() else s for s in shape), "index", limit)

    x = values("abc")[0]
    plain = {"aligned": False}
    gathers = (
        ("gather[0]", (x, index("d", "a")), {"axes": (0,), "position": 0}, "a"),
        ("gather[1]", (x, index("de", "b")), {"axes": (1,), "position": 1}, "b"),
        ("gather[2] in front", (x, index("d", "c")), {"axes": (2,), "position": 0}, "c"),
        ("gather[0,1]", (x, index("d", "a"), index("d", "b")), {"axes": (0, 1), "position": 0}, "ab"),
        ("gather[0,2] in front", (x, index("d", "a"), index("d", "c")), {"axes": (0, 2), "position": 0}, "ac"),
        ("gather all", (x, *(index("d", s) for s in "abc")), {"axes": (0, 1, 2), "position": 0}, "abc"),
        ("gather one", (x, index("", "b")), {"axes": (1,), "position": 1}, "b"),
    )
    for name, inputs, attrs, nonzero in gathers:
        yield Case(name, inputs, partial(apply, GATHER, **plain, **attrs), "gather", nonzero=frozenset(nonzero))
    for axis, shape in ((0, "dbc"), (1, "adc"), (2, "abd")):
        yield Case(
            f"gather_along[{axis}]", (x, index(shape, "abc"[axis])),
            partial(apply, GATHER_ALONG, axes=(axis,), position=0, aligned=True),
            "gather", nonzero=frozenset("abc"[axis]),
        )  # fmt: skip
    # The result's shape names the sizes of the updates.
    updates = {
        "gather[0]": "dbc", "gather[1]": "adec", "gather[2] in front": "dab", "gather[0,1]": "dc",
        "gather[0,2] in front": "db", "gather all": "d", "gather one": "ac",
    }  # fmt: skip
    for mode in ("set", "add", "multiply", "min", "max"):
        for name, inputs, attrs, nonzero in gathers:
            yield Case(
                name.replace("gather", f"scatter {mode}"),
                (x, *values(updates[name]), *inputs[1:]),
                partial(apply, SCATTER, mode=mode, **plain, **attrs),
                f"scatter {mode}",
                domain=(0.5, 1.5) if mode == "multiply" else (-2.0, 2.0),
                ulp=None if mode in Scatter.accumulating else 0,
                signed_zeros=False,
                special=mode in ("set", "min", "max"),
                nonzero=frozenset(nonzero),
            )
        for axis, shape in ((0, "dbc"), (1, "adc"), (2, "abd")):
            yield Case(
                f"scatter_along {mode}[{axis}]",
                (x, *values(shape), index(shape, "abc"[axis])),
                partial(apply, SCATTER_ALONG, axes=(axis,), position=0, aligned=True, mode=mode),
                f"scatter {mode}",
                domain=(0.5, 1.5) if mode == "multiply" else (-2.0, 2.0),
                ulp=None if mode in Scatter.accumulating else 0,
                signed_zeros=False,
                special=mode in ("set", "min", "max"),
                nonzero=frozenset("abc"[axis]),
            )


def contract_cases() -> Iterator[Case]:
    for operands in (
        ("ab", "bc"), ("dab", "bc"), ("ab", "dbc"), ("dab", "dbc"), ("d1ab", "ebc"), ("1ab", "dbc"), ("a1", "1c"),
        ("1b", "b1"),
    ):  # fmt: skip
        yield Case(
            f"matmul[{','.join(operands)}]", values(*operands), partial(apply, MATMUL), "contract",
            ulp=None, special=False,
        )  # fmt: skip

    def swapped(x: Tensor) -> Tensor:
        return apply(TRANSPOSE, x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))

    for name, build in (
        ("matmul transposed left", lambda a, b: apply(MATMUL, swapped(a), b)),
        ("matmul transposed right", lambda a, b: apply(MATMUL, a, swapped(b))),
        ("matmul transposed both", lambda a, b: apply(MATMUL, swapped(a), swapped(b))),
    ):
        left, right = {"left": ("ba", "bc"), "right": ("ab", "cb"), "both": ("ba", "cb")}[name.split()[-1]]
        yield Case(name, values(left, right), build, "contract", ulp=None, special=False)


def _eye(x: Tensor) -> Tensor:
    n = x.shape[-1]
    same = apply(EQUAL, indices((n, 1), 0), indices((1, n), 1))
    return apply(WHERE, same, fill((), 1, x.dtype), fill((), 0, x.dtype))


def _regular(x: Tensor) -> Tensor:
    """A matrix that has an inverse, and whose rows have to be exchanged: the last two axes turned around, near ones."""
    columns = _region(_eye(x), (0, x.shape[-1] - 1), (1, -1), (x.shape[-1],) * 2)
    return apply(ADD, apply(MUL, x, fill((), 0.1, x.dtype)), apply(MUL, columns, fill((), 2, x.dtype)))


def _definite(x: Tensor) -> Tensor:
    return apply(ADD, apply(MATMUL, x, swapped(x)), _eye(x))


def library_cases() -> Iterator[Case]:
    def case(name: str, inputs: tuple[Input, ...], build: Any, **more: Any) -> Case:
        return Case(name, inputs, build, "library", FLOATS, ulp=None, special=False, total=False, **more)

    for shape in ("aa", "e1bb"):
        yield case(f"cholesky[{shape}]", values(shape), lambda x: apply(CHOLESKY, _definite(x)))
        for number, made in enumerate(("factors", "pivots")):
            yield case(
                f"lu_factor[{shape}] {made}", values(shape),
                lambda x, number=number: apply_all(LU_FACTOR, _regular(x))[number], smooth=number == 0,
            )  # fmt: skip
        yield case(
            f"slogdet[{shape}] sign", values(shape),
            lambda x: apply_all(SLOGDET, _regular(x), *apply_all(LU_FACTOR, _regular(x)))[0], smooth=False,
        )  # fmt: skip
        yield case(
            f"slogdet[{shape}] logarithm", values(shape),
            lambda x: apply_all(SLOGDET, _regular(x), *apply_all(LU_FACTOR, _regular(x)))[1],
        )  # fmt: skip
    shapes = (("aa", "ab"), ("bb", "dbc"), ("ebb", "eb1"), ("aa", "a0"))
    for (left, right), trans in (*itertools.product(shapes[:1], (0, 1)), *zip(shapes[1:], (0, 1, 0))):
        yield case(
            f"lu_solve[{left},{right}] trans={trans}", values(left, right),
            lambda x, b, trans=trans: apply(LU_SOLVE, _regular(x), *apply_all(LU_FACTOR, _regular(x)), b, trans=trans),
        )  # fmt: skip
    flags = tuple(itertools.product((0, 1), repeat=3))
    for (left, right), (trans, lower, unit) in (*itertools.product(shapes[:1], flags), *zip(shapes[1:], flags[1::2])):
        yield case(
            f"solve_triangular[{left},{right}] {trans, lower, unit}", values(left, right),
            lambda x, b, trans=trans, lower=lower, unit=unit: apply(
                SOLVE_TRIANGULAR, apply(ADD, apply(MUL, x, fill((), 0.1, x.dtype)), _eye(x)), b,
                trans=trans, lower=lower, unit=unit,
            ),
        )  # fmt: skip


def all_op_cases() -> list[Case]:
    """Every case of every op."""
    cases = [c for op in ELEMENTWISE_OPS if not isinstance(op, Cast) for c in elementwise_cases(op)]
    for family in (
        pow_cases, cast_cases, reduce_cases, movement_cases, assemble_cases, creation_cases, indexing_cases,
        contract_cases, library_cases,
    ):  # fmt: skip
        cases += family()
    for library_family in FAMILIES:
        cases += library_family.op_cases()
    return cases
