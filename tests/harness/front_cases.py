"""Cases for the functions of the front that are more than one op, by the name that users call."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

import staticad as sa
from staticad.functional import comparison, elementwise
from tests.harness.cases import ALL, BOOL, FLOATS, INTEGERS, Case, Input, kinds, values
from tests.harness.library_cases import FAMILIES

NUMBERS = (*INTEGERS, *FLOATS)
X, XY = values("ab"), values("ab", "b")
KEY = Input(("d",), "index", "a")
KEY_LIKE = Input(("a", 1), "index", "b")


def chain(name: str, inputs: tuple[Input, ...], build: Any, dtypes: tuple[np.dtype, ...] = FLOATS, **more: Any) -> Case:
    """A case whose result is rounded more than once."""
    return Case(name, inputs, build, "front", dtypes, ulp=None, special=False, **more)


def exact(name: str, inputs: tuple[Input, ...], build: Any, dtypes: tuple[np.dtype, ...] = ALL, **more: Any) -> Case:
    """A case that moves or chooses elements."""
    return Case(name, inputs, build, "front moving", dtypes, special=False, **more)


# Functions that are one op after promotion: on every dtype, integers and bools included.
NUMERIC = ("negative", "positive", "sign")
UNARY = tuple(
    name
    for module in (elementwise, comparison)
    for name, function in vars(module).items()
    if name in module.__all__ and [*inspect.signature(function).parameters] == ["x"]
    if name == function.__name__ and name not in NUMERIC
)
BINARY = (
    "add", "multiply", "divide", "maximum", "minimum", "equal", "not_equal", "less", "less_equal", "greater",
    "greater_equal", "logical_and", "logical_or", "logical_xor",
)  # fmt: skip
NUMERIC_BINARY = ("subtract", "floor_divide", "remainder")


def promoted_cases() -> Iterator[Case]:
    def case(name: str, inputs: tuple[Input, ...], build: Any, dtypes: tuple[np.dtype, ...] = ALL) -> Case:
        return Case(name, inputs, build, "front promoted", dtypes, ulp=None, special=False, smooth=False)

    for name in (*UNARY, *NUMERIC):
        yield case(f"sa.{name}", X, getattr(sa, name), NUMBERS if name in NUMERIC else ALL)
    for name in (*BINARY, *NUMERIC_BINARY):
        function = getattr(sa, name)
        dtypes = NUMBERS if name in NUMERIC_BINARY else ALL
        yield case(f"sa.{name}", XY, function, dtypes)
        yield case(f"sa.{name} with int16", XY, lambda x, y, f=function: f(x, sa.astype(y, "int16")), dtypes)
        yield case(f"sa.{name} with a number", X, lambda x, f=function: f(3, x), dtypes)
    yield case("sa.power", XY, lambda x, y: sa.power(x, sa.absolute(sa.astype(y, "int8"))), FLOATS)
    yield case("sa.power of integers", XY, lambda x, y: sa.power(x, y), kinds("u"))
    yield case(
        "bitwise",
        XY,
        lambda x, y: sa.bitwise_xor(sa.bitwise_and(x, y), sa.bitwise_or(x, sa.invert(y))),
        (BOOL, *INTEGERS),
    )
    yield case("shifts", XY, lambda x, y: sa.left_shift(x, y) ^ sa.right_shift(x, 1), (BOOL, *INTEGERS))


def arithmetic_cases() -> Iterator[Case]:
    yield exact("clip", X, lambda x: sa.clip(x, 0, 1), NUMBERS)
    yield chain("mod, floor_divide", XY, lambda x, y: sum(sa.divmod(x, sa.abs(y) + 2)), smooth=False)
    yield chain("power", X, lambda x: x**3 - x**2 + x**0.5, domain=(0.2, 2.0))
    yield chain("power", X, lambda x: x**3 - x**2, INTEGERS, smooth=False)
    yield chain("mixed numbers", X, lambda x: (2 * x - 1) / (x * x + 3) + 0.5, NUMBERS)
    yield chain("round to decimals", X, lambda x: sa.round(x, 1), smooth=False)
    yield exact("comparisons", XY, lambda x, y: ((x > y) | (x == 0)) & ~(y <= 1), NUMBERS, smooth=False)
    yield chain("where on a safe branch", X, lambda x: sa.where(x > 0, sa.sqrt(sa.where(x > 0, x, 1.0)), 0.0))
    yield chain("clip by tensors", values("ab", "b"), lambda x, y: sa.clip(x, y - 0.5, y + 0.5))


def reduction_cases() -> Iterator[Case]:
    nonzero = frozenset("ab")
    yield chain("sum of small integers", X, lambda x: sa.sum(x, axis=1), kinds("biu"), smooth=False)
    yield chain("mean", X, lambda x: sa.mean(x, axis=0), ALL, nonzero=nonzero)
    yield chain("mean of all", X, sa.mean, FLOATS, nonzero=nonzero)
    yield chain("var", X, lambda x: sa.var(x, axis=1, ddof=0), nonzero=nonzero)
    yield chain("std", X, lambda x: sa.std(x, axis=0, keepdims=True), nonzero=nonzero, domain=(-2, 2))
    yield chain("prod", X, lambda x: sa.prod(x, axis=1, keepdims=True), domain=(0.5, 1.5))
    yield exact("max less min", X, lambda x: sa.max(x, axis=1) - sa.min(x, axis=1), NUMBERS, nonzero=nonzero)
    yield exact("argmin", X, lambda x: sa.argmin(x, axis=0), smooth=False, nonzero=nonzero)
    yield exact("any and all", X, lambda x: sa.any(x, axis=0) & sa.all(x), smooth=False)
    yield exact("argmax of all", X, lambda x: sa.argmax(x), smooth=False, nonzero=nonzero)
    yield chain("centred", X, lambda x: x - sa.mean(x, axis=-1, keepdims=True), nonzero=nonzero)
    yield chain("standardized", X, lambda x: (x - x.mean(0)) / (x.std(0) + 1.0), nonzero=nonzero)


def moving_cases() -> Iterator[Case]:
    yield exact("reshape", values("a6"), lambda x: sa.reshape(x, (-1, 3)))
    yield exact("ravel", X, sa.ravel)
    yield exact("moveaxis", values("abc"), lambda x: sa.moveaxis(x, 0, -1))
    yield exact("swapaxes", values("abc"), lambda x: sa.swapaxes(x, 0, 2))
    yield exact("flip", X, sa.flip)
    yield exact("roll", X, lambda x: sa.roll(x, 2, axis=1), nonzero=frozenset("b"))
    yield exact("tile", X, lambda x: sa.tile(x, (2, 3)))
    yield exact("repeat", X, lambda x: sa.repeat(x, 3, axis=1))
    yield exact("stack", values("ab", "ab"), lambda x, y: sa.stack([x, y, x], axis=1))
    yield exact("vstack, hstack", values("ab", "ab"), lambda x, y: sa.hstack([sa.vstack([x, y]), sa.vstack([y, x])]))
    yield exact("split", values("a6"), lambda x: sa.concatenate(sa.split(x, 3, axis=1)[::-1], axis=0))
    yield exact("pad", X, lambda x: sa.pad(x, ((1, 2), (0, 3)), constant_values=1))
    yield exact("transpose", values("abc"), sa.transpose)
    yield exact("expand_dims, squeeze", X, lambda x: sa.squeeze(sa.expand_dims(x, (0, 2)), 0))
    yield exact("broadcast_to", X, lambda x: sa.broadcast_to(x, (2, *x.shape)))
    yield exact("broadcast_arrays", XY, lambda x, y: sa.concatenate(sa.broadcast_arrays(x, y), axis=0))
    yield exact("diagonal", X, lambda x: sa.diagonal(x, 1))
    yield exact("atleast_1d", values(""), sa.atleast_1d)
    yield exact("atleast_2d", values("a"), sa.atleast_2d)
    yield exact("tril", values("abc"), lambda x: sa.tril(x, -1))
    yield exact("triu", X, lambda x: sa.triu(x, 1))
    yield exact("diag of a vector", values("a"), sa.diag)
    yield exact("slices", values("68"), lambda x: x[1:5:2, ::-3])
    yield exact("slices of free sizes", X, lambda x: x[::-1, 1:])
    yield exact("a row", values("6b"), lambda x: x[-1])
    yield exact("new axes", X, lambda x: x[:, None, :, None][..., 0])


def creating_cases() -> Iterator[Case]:
    def case(name: str, build: Any, dtypes: tuple[np.dtype, ...] = FLOATS) -> Case:
        return chain(name, X, build, dtypes, smooth=False)

    yield case("zeros and ones", lambda x: sa.zeros_like(x) + sa.ones(x.shape, x.dtype), ALL)
    yield case("ones and zeros", lambda x: sa.ones_like(x) * sa.zeros(x.shape, x.dtype), ALL)
    yield case("full", lambda x: sa.full((x.shape[1], 2), 2.5, x.dtype))
    yield case("identity", lambda x: sa.identity(x.shape[0]) * sa.asarray(3.0))
    yield case("full_like", lambda x: sa.full_like(x, 3), ALL)
    yield case("eye", lambda x: sa.eye(x.shape[0], x.shape[1], k=1, dtype=x.dtype), ALL)
    yield case("arange", lambda x: sa.arange(x.shape[0]) * 2)
    yield case("arange by steps", lambda x: sa.arange(3, x.shape[0] + 3, 2))
    yield case("linspace", lambda x: sa.linspace(0.0, 1.0, 7))
    yield case("one_hot", lambda x: sa.one_hot(sa.arange(x.shape[0]), x.shape[1]))


def indexing_cases() -> Iterator[Case]:
    some = frozenset("ab")
    yield exact("take", (*X, KEY), lambda x, i: sa.take(x, i, axis=0), nonzero=some)
    yield exact("take_along_axis", (*X, KEY_LIKE), lambda x, i: sa.take_along_axis(x, i, axis=1), nonzero=some)
    yield exact("x[i]", (*X, KEY), lambda x, i: x[i], nonzero=some)
    yield exact("x[:, i]", (*X, Input(("d",), "index", "b")), lambda x, i: x[:, i], nonzero=some)
    yield exact("x[i, j]", (*X, KEY, Input(("d",), "index", "b")), lambda x, i, j: x[i, j], nonzero=some)
    yield exact("x.at[i].set", (*X, KEY), lambda x, i: x.at[i].set(x[0]), nonzero=some)
    yield chain("x.at[i].add", (*X, KEY), lambda x, i: x.at[i].add(x[i] * 2), NUMBERS, nonzero=some)
    yield exact("x.at[i].max", (*X, KEY), lambda x, i: x.at[i].max(x[-1]), NUMBERS, nonzero=some)
    yield exact("x.at[slice].set", values("68"), lambda x: x.at[1:3, ::2].set(x[4:, :4]))
    yield chain("x.at[slice].add", values("68"), lambda x: x.at[1:3].add(1), NUMBERS)


def product_cases() -> Iterator[Case]:
    yield chain("matmul of vectors", values("a", "a"), lambda x, y: x @ y, NUMBERS)
    yield chain("matrix by vector", values("ab", "b"), lambda x, y: x @ y, NUMBERS)
    yield chain("vector by matrix", values("a", "ab"), lambda x, y: x @ y, NUMBERS)
    yield chain("dot", values("ab", "bc"), sa.dot)
    yield chain("outer", values("a", "b"), sa.outer, NUMBERS)
    yield chain("matmul, vdot", X, lambda x: sa.matmul(x, sa.transpose(x)) * sa.vdot(x, x))
    yield chain("inner", values("ab", "cb"), sa.inner)
    yield chain("tensordot", values("abc", "bcd"), sa.tensordot)
    yield chain("einsum", values("abc", "bd"), lambda x, y: sa.einsum("abc,bd->dca", x, y))
    yield chain("einsum of a trace", values("aa"), lambda x: sa.einsum("ii->", x))
    yield chain("trace", X, sa.trace, NUMBERS)
    yield chain("norm", X, lambda x: sa.linalg.norm(x, axis=1), domain=(0.5, 2.0))
    yield chain("dense layer", values("ab", "bc", "c"), lambda x, w, b: sa.tanh(x @ w + b))


def _regular(x: sa.Tensor) -> sa.Tensor:
    """A matrix with an inverse, whose rows have to be exchanged."""
    return x * 0.1 + 2 * sa.flip(sa.eye(x.shape[-1], dtype=x.dtype), 0)


def matrix_cases() -> Iterator[Case]:
    def definite(x: sa.Tensor) -> sa.Tensor:
        return x @ sa.swapaxes(x, -1, -2) + sa.eye(x.shape[-2], dtype=x.dtype)

    def case(name: str, inputs: tuple[Input, ...], build: Any) -> Case:
        return Case(name, inputs, build, "front matrices", FLOATS, ulp=None, special=False, total=False)

    linalg = sa.linalg
    for shape in ("ab", "eab"):
        yield case(f"cholesky[{shape}]", values(shape), lambda x: linalg.cholesky(definite(x)))
        yield case(f"cholesky[{shape}] upper", values(shape), lambda x: linalg.cholesky(definite(x), upper=True))
    for shape in ("bb", "ebb"):
        yield case(f"slogdet[{shape}]", values(shape), lambda x: sa.multiply(*linalg.slogdet(_regular(x))))
        yield case(f"det[{shape}]", values(shape), lambda x: linalg.det(_regular(x)))
        yield case(f"inv[{shape}]", values(shape), lambda x: linalg.inv(_regular(x)))
    for left, right in (("aa", "a"), ("daa", "ab"), ("1aa", "dab"), ("aa", "dab"), ("e1aa", "edab")):
        yield case(f"solve[{left},{right}]", values(left, right), lambda x, b: linalg.solve(_regular(x), b))
        yield case(
            f"solve_triangular[{left},{right}]", values(left, right),
            lambda x, b: linalg.solve_triangular(x * 0.1 + sa.eye(x.shape[-1], dtype=x.dtype), b, trans=1, lower=True),
        )  # fmt: skip
    yield case(
        "solve and slogdet share factors", values("aa", "ab"),
        lambda x, b: linalg.solve(_regular(x), b) * linalg.slogdet(_regular(x)).logabsdet,
    )  # fmt: skip


def special_cases() -> Iterator[Case]:
    some = frozenset("ab")
    yield chain("softmax", X, sa.softmax, nonzero=some)
    yield chain("softmax of the first axis", X, lambda x: sa.softmax(x * 30, axis=0), nonzero=some)
    yield chain("log_softmax", X, lambda x: sa.log_softmax(x, axis=1), nonzero=some)
    yield chain("logsumexp", X, lambda x: sa.logsumexp(x, axis=0), nonzero=some)
    yield chain("logsumexp of all", X, sa.logsumexp, nonzero=some)
    yield chain("mse", values("ab", "ab"), sa.mse, nonzero=some)
    yield chain(
        "cross_entropy", (*X, Input(("a",), "index", "b")),
        lambda x, t: sa.cross_entropy(x, sa.remainder(t, x.shape[1])), nonzero=some,
    )  # fmt: skip
    yield chain("log of sigmoid", X, lambda x: sa.log(sa.sigmoid(x)))
    yield chain("log of 1 + x", X, lambda x: sa.log(1 + x * x))
    yield chain("gelu", X, lambda x: 0.5 * x * (1 + sa.erf(x / np.sqrt(2.0))))


def all_front_cases() -> list[Case]:
    """Every case of the front."""
    families = (
        promoted_cases, arithmetic_cases, reduction_cases, moving_cases, creating_cases, indexing_cases, product_cases,
        matrix_cases, special_cases,
    )  # fmt: skip
    return [case for family in (*families, *(f.front_cases for f in FAMILIES)) for case in family()]
