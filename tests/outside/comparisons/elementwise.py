"""Functions of elements: arrays that broadcast, of no dimensions and without elements, turned around."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.outside.comparisons.table import Case, Names, Table, each, named, uniform

NUMBERS = np.array([[3, 0, 7, 5], [6, 1, 2, 8], [9, 4, 12, 10]])
ODD = np.array([-np.inf, -1.5, -0.0, 0.0, 2.5, np.inf, np.nan])


def of_one(f: Any, x: Any) -> list[Any]:
    return [f(x), f(x[1, 2]), f(x[:0])]


def of_two(f: Any, x: Any, v: Any) -> list[Any]:
    return [f(x, v), f(x[:, :1], v[1]), f(x[0, 0], v[1, 1]), f(x[:0], v[0]), f(1.5, v)]


def unary(low: float, high: float, kinds: str = "f", orders: int = 2, why: str = "") -> Any:
    return lambda name: Case(
        lambda m, x: of_one(named(m, name), x), (uniform(low, high, 3, 4),), kinds, orders, why
    )  # fmt: skip


def binary(low: float, high: float, kinds: str = "f", orders: int = 2, why: str = "") -> Any:
    return lambda name: Case(
        lambda m, x, v: of_two(named(m, name), x, v), (uniform(low, high, 3, 4), uniform(low, high, 3, 4)), kinds,
        orders, why,
    )  # fmt: skip


def exact(*arrays: np.ndarray) -> Any:
    """What has no derivative, of arrays of other dtypes; the last operand of two is a row of it, too."""

    def call(name: str, m: Names, x: Any) -> list[Any]:
        f, (first, *rest) = named(m, name), arrays
        if not rest:
            return [f(first), f(first.T), f(first[..., :0]), f(first.ravel()[1])]
        return [f(first, rest[0]), f(first, rest[0][0]), f(first.ravel()[1], rest[0].T), f(first[:0], rest[0][0])]

    return lambda name: Case(lambda m, x: call(name, m, x), (np.zeros(1),), orders=0)


WIDTH = {"f": 8, "c": 16}
SPREAD = np.array([[-1.5, 2.0, 0.0, np.inf], [np.nan, -0.0, 3.0, -2.5], [1.0, -np.inf, 1e-9, 7.0]])
COMPLEX = np.where(np.isfinite(SPREAD), SPREAD, 1)[:, ::-1] + 1j * np.where(abs(SPREAD) < 2, SPREAD, 0)

TABLE: Table = {
    **each(
        "exp expm1 sin cos tan sinh cosh tanh arctan arcsinh sinc square negative positive exp2", unary(-1.4, 1.4, "fc")
    ),
    **each("conjugate absolute reciprocal sqrt log log1p log2 log10 rsqrt", unary(0.3, 2.5, "fc")),
    **each("arcsin arccos arctanh", unary(-0.9, 0.9, "fc")),
    "arccosh": unary(1.1, 3, "fc")("arccosh"),
    "sign": Case(  # JAX's of complex numbers has no derivative
        lambda m, x: of_one(m.sign, x),
        (uniform(0.4, 1.4, 3, 4) * np.array([1, -1, 1, -1]),),
        "fc",
        theirs=lambda m, x: of_one(lambda x: x / abs(x), x),
    ),
    **each("real imag", unary(-2, 2, "fc")),
    "angle": Case(lambda m, x: [m.angle(x), m.angle(x[:0]), m.angle(x, deg=True)], (uniform(-2, 2, 3, 4),), "fc"),
    **each("deg2rad rad2deg cbrt fabs floor ceil trunc rint nan_to_num", unary(-3, 3)),
    **each("add subtract multiply divide", binary(0.3, 2.5, "fc")),
    "power": binary(0.3, 2.5, "fc")("power"),
    "float_power": Case(  # NumPy's has double precision, JAX's not
        lambda m, x, v: of_two(m.float_power, x, v),
        (uniform(0.3, 2.5, 3, 4), uniform(0.3, 2.5, 3, 4)),
        "fc",
        theirs=lambda m, x, v: of_two(
            m.float_power, *(a.astype(f"{np.dtype(a.dtype).kind}{WIDTH[str(a.dtype)[0]]}") for a in (x, v))
        ),
    ),
    **each("remainder fmod hypot arctan2 maximum minimum fmax fmin logaddexp logaddexp2 heaviside", binary(0.3, 2.5)),
    "floor_divide": binary(0.6, 4)("floor_divide"),
    "copysign": binary(-2, 2)("copysign"),
    **each("equal not_equal", exact(COMPLEX, COMPLEX[::-1])),
    **each("less less_equal greater greater_equal", exact(SPREAD, SPREAD[::-1])),
    **each("logical_and logical_or logical_xor", exact(COMPLEX, SPREAD[::-1])),
    "logical_not": exact(SPREAD)("logical_not"),
    **each("isnan isfinite isinf iscomplex isreal", exact(COMPLEX)),
    **each("signbit isposinf isneginf", exact(SPREAD)),
    **each(
        "iscomplexobj isrealobj",
        lambda name: Case(lambda m, x: [named(m, name)(x), named(m, name)(COMPLEX)], (np.zeros(2),), "fc", 0),
    ),
    **each("bitwise_and bitwise_or bitwise_xor left_shift right_shift gcd lcm", exact(NUMBERS, NUMBERS[::-1] + 1)),
    **each("invert bitwise_count", exact(NUMBERS)),
}
