"""Cases of the elementwise functions that are not among the first: angles, powers, parts of floats, closeness."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

import staticad as sa
from staticad.functional import angles, float_parts, powers
from staticad.ir.graph import Tensor
from tests.harness.cases import ALL, BOOL, FLOATS, INTEGERS, Case, Input, values
from tests.harness.family_cases import FamilyCases

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder

X, XY = values("ab"), values("ab", "b")
NUMBERS = (*INTEGERS, *FLOATS)


def _named(module: Any, parameters: list[str]) -> list[str]:
    return [
        name
        for name in module.__all__
        if name == getattr(module, name).__name__
        and [*inspect.signature(getattr(module, name)).parameters] == parameters
    ]


UNARY = [n for module in (angles, powers, float_parts) for n in _named(module, ["x"]) if n not in ("frexp", "modf")]
BINARY = [n for module in (angles, powers) for n in _named(module, ["x1", "x2"]) if n != "float_power"]
BINARY += ["arctan2", "copysign", "fmax", "fmin", "heaviside", "hypot", "nextafter"]


def _promoted() -> Iterator[Case]:
    def case(
        name: str, inputs: tuple[Input, ...], build: Callable[..., Tensor], dtypes: tuple[np.dtype, ...] = ALL
    ) -> Case:
        return Case(name, inputs, build, "front promoted", dtypes, ulp=None, special=False, smooth=False)

    for name in UNARY:
        yield case(f"sa.{name}", X, getattr(sa, name))
    for name in BINARY:
        yield case(f"sa.{name}", XY, getattr(sa, name))
    yield case("sa.fmod", XY, sa.fmod)
    yield case("sa.hypot with a number", X, lambda x: sa.hypot(3, x))
    yield case("sa.float_power", XY, lambda x, y: sa.float_power(x, sa.absolute(y) + 1), (*INTEGERS, FLOATS[0]))
    yield case("sa.gcd, sa.lcm", XY, lambda x, y: sa.gcd(x, y) + sa.lcm(x, 3), (BOOL, *INTEGERS))
    yield case("sa.bitwise_count", X, sa.bitwise_count, (BOOL, *INTEGERS))
    yield case("sa.frexp", X, lambda x: sa.add(*sa.frexp(x)))
    yield case("sa.modf", X, lambda x: sa.subtract(*sa.modf(x)))
    yield case("sa.ldexp", XY, lambda x, y: sa.ldexp(x, sa.astype(y, "int8")))
    yield case("sa.ldexp of itself", X, lambda x: sa.ldexp(1.5, x), (BOOL, *INTEGERS))
    yield case("sa.isclose", XY, lambda x, y: sa.isclose(x, y, atol=0.5) ^ sa.isclose(y, x, equal_nan=True))
    yield case("sa.allclose", XY, lambda x, y: sa.allclose(x, y, atol=3.0) ^ sa.allclose(x, x))
    yield case("sa.array_equal", X, lambda x: sa.array_equal(x, x * 1, equal_nan=True))


def _chains() -> Iterator[Case]:
    def case(name: str, inputs: tuple[Input, ...], build: Callable[..., Tensor], **more: Any) -> Case:
        return Case(name, inputs, build, "front", FLOATS, ulp=None, special=False, **more)

    yield case("sinc", X, sa.sinc)
    yield case("nan_to_num", X, lambda x: sa.nan_to_num(sa.log(x), nan=0.5, neginf=-3.0), domain=(0.2, 3.0))
    yield case("degrees", X, lambda x: sa.radians(sa.degrees(x) + 1))
    for name in ("gelu", "glu", "mish"):
        yield case(f"nn.{name}", values("a4") if name == "glu" else X, getattr(sa.nn, name), nonzero=frozenset("ab"))
    yield case("polar coordinates", values("ab", "ab"), lambda x, y: sa.hypot(x, y) * sa.arctan2(y, x))


def _front_cases() -> Iterator[Case]:
    yield from _promoted()
    yield from _chains()


A = np.array([[0.5, -1.25, 2.0], [3.0, 0.25, -0.5]])
SMALL = A / 4
WHOLE = np.array([[5, -12, 2], [3, 0, -7]])
HOLED = np.array([[np.nan, np.inf, -np.inf], [1.0, -0.0, np.nan]])

SMOOTH = (sa.sinh, sa.cosh, sa.arctan, sa.arcsinh, sa.exp2, sa.sinc, sa.rad2deg, sa.fabs)
PARTIAL = (sa.log2, sa.log10, sa.cbrt)
BETWEEN = (sa.arcsin, sa.arccos, sa.arctanh)
PAIRED = (sa.arctan2, sa.hypot, sa.logaddexp, sa.logaddexp2, sa.fmax, sa.fmin, sa.copysign, sa.fmod)


def _smooth_step(build: Builder) -> Tensor | None:
    x = build.pick(lambda t: t.dtype.kind == "f")
    if x is None:
        return None
    tame = sa.tanh(x) * 1.5
    if build.chance(0.5):
        return build.choose(SMOOTH)(tame)
    return build.choose(PARTIAL)(sa.absolute(tame) + 0.3) if build.chance(0.5) else build.choose(BETWEEN)(tame * 0.5)


def _paired_step(build: Builder) -> Tensor | None:
    x = build.pick(lambda t: t.dtype.kind == "f")
    return None if x is None else build.choose(PAIRED)(sa.tanh(x) * 1.5, sa.cos(x) + 1.25)


FAMILY = FamilyCases(
    front_cases=_front_cases,
    numpy_calls={
        np.allclose: [lambda x: np.allclose(x, A + 1e-9), lambda x: np.allclose(x, A + 1e-3)],
        np.array_equal: [lambda x: np.array_equal(x, A), lambda x: np.array_equal(x, A[0])],
        np.fix: [lambda x: np.fix(x)],
        np.isclose: [lambda x: np.isclose(x, A + 1e-5), lambda x: np.isclose(x * HOLED, x * HOLED, equal_nan=True)],
        np.isneginf: [lambda x: np.isneginf(x * HOLED)],
        np.isposinf: [lambda x: np.isposinf(x * HOLED)],
        np.nan_to_num: [
            lambda x: np.nan_to_num(x * HOLED),
            lambda x: np.nan_to_num(x * HOLED, copy=False, nan=1.5, posinf=2, neginf=-3),
        ],
        np.sinc: [lambda x: np.sinc(x * 0.3), lambda x: np.sinc(x * 0)],
    },
    ufunc_operands={
        **dict.fromkeys(("arcsin", "arccos", "arctanh"), (SMALL,)),
        **dict.fromkeys(("log2", "log10"), (np.abs(A),)),
        **dict.fromkeys(("gcd", "lcm"), (WHOLE, WHOLE[::-1] + 1)),
        "arccosh": (np.abs(A) + 1,),
        "bitwise_count": (WHOLE,),
        "float_power": (np.abs(A) + 0.1, A[::-1]),
        "ldexp": (A, WHOLE),
    },
    steps=(_smooth_step, _paired_step),
)
