"""Reductions, cumulative functions, quantiles, differences: every axis, keepdims, where, initial, no elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.outside.comparisons.table import Case, Table, each, named, uniform

X, V = uniform(0.4, 2.0, 2, 3, 4), uniform(0.4, 2.0, 2, 3, 4)
WHERE = V > 0.9
WHERE[0] = True
HOLES = np.where(uniform(0, 1, 2, 3, 4) < 0.3, np.nan, 0)
HOLES[0] = HOLES[:, 1] = 0  # along no axis are all NaN
TRUTH = X > 1.4


def holed(x: Any) -> Any:
    return x + HOLES.astype(np.dtype(x.dtype))


def reduced(f: Any, x: Any, empty: bool) -> list[Any]:
    results = [f(x), f(x, axis=-1, keepdims=True), f(x, axis=(0, -2)), f(x[0, 0, 2], keepdims=True), f(x[:0], axis=1)]
    return [*results, f(x[:0])] if empty else results


def over(kinds: str = "f", empty: bool = True, nan: bool = False, flags: tuple[dict[str, Any], ...] = ()) -> Any:
    """A reduction over axes, and with other flags; of numbers with NaN among them."""

    def make(name: str) -> Case:
        def call(m: Any, x: Any) -> Any:
            f, x = named(m, name), holed(x) if nan else x
            return [*reduced(f, x, empty), *(f(x, **given) for given in flags)]

        return Case(call, (X,), kinds)

    return make


def exact(name: str, array: np.ndarray, *options: dict[str, Any]) -> Case:
    return Case(
        lambda m, x: [f(array, **given) for f in (named(m, name),) for given in options], (np.zeros(1),), orders=0
    )


AXES = ({}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": (0, 2)}, {"axis": None, "keepdims": True})
ONE = ({}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"keepdims": True})
QUANTILES: tuple[dict[str, Any], ...] = (
    {}, {"axis": 0, "keepdims": True, "method": "lower"}, {"axis": -1, "method": "higher"},
    {"axis": (0, 2), "keepdims": True, "method": "midpoint"}, {"axis": 1, "method": "nearest"},
)  # fmt: skip


def quantiles(name: str, scale: float, nan: bool) -> Case:
    def call(m: Any, x: Any) -> Any:
        f = named(m, name)
        x = holed(x) if nan else x
        q = np.array([0.1, 0.7, 1.0], np.dtype(x.dtype)) * scale
        return [*(f(x, 0.3 * scale, **given) for given in QUANTILES), f(x, q, axis=0), f(x[1, 0, 2], q)]

    return Case(call, (X,))


def along(name: str, kinds: str = "f", nan: bool = False) -> Case:
    """A cumulative function of NumPy."""

    def call(m: Any, x: Any) -> Any:
        f = named(m, name)
        x = holed(x) if nan else x
        return [f(x), f(x, axis=0), f(x, axis=-1), f(x[:0], axis=1), f(x[:, :0], axis=1)]

    return Case(call, (X,), kinds)


def covariances(m: Any, x: Any, v: Any) -> list[Any]:
    return [m.cov(x[0]), m.cov(x[0], v[0], rowvar=False), m.cov(x[0], bias=True), m.cov(x[0, 0]),
            m.cov(x[0], ddof=0, fweights=np.array([1, 2, 0, 3]), aweights=V[0, 0]), m.corrcoef(x[0])[0, 1:],
            m.corrcoef(x[0], v[0], rowvar=False)[:2, 2:]]  # fmt: skip


TABLE: Table = {
    "sum": over("fc", flags=({"where": WHERE, "axis": 1}, {"initial": 2.5}, {"initial": 2.0, "where": WHERE}))("sum"),
    "prod": over("fc", flags=({"where": WHERE, "axis": 1}, {"initial": 2.5}))("prod"),
    "max": over(empty=False, flags=({"initial": 0.5, "axis": 1}, {"initial": 3.0, "where": WHERE}))("max"),
    "min": over(empty=False, flags=({"initial": 0.5, "axis": 1}, {"initial": 3.0, "where": WHERE}))("min"),
    "mean": over("fc", empty=False, flags=({"where": WHERE, "axis": 1},))("mean"),
    **each(
        "var std",
        over(
            "fc", empty=False, flags=({"axis": 1, "ddof": 1}, {"ddof": 2.5}, {"where": WHERE, "axis": -1, "ddof": 0.5})
        ),
    ),
    "ptp": over(empty=False)("ptp"),
    **each("nansum nanprod", over(nan=True, flags=({"where": WHERE, "axis": 1}, {"initial": 2.5}))),
    **each(
        "nanmax nanmin",
        over(empty=False, nan=True, flags=({"initial": 0.5, "axis": 1}, {"initial": 3.0, "where": WHERE})),
    ),
    "nanmean": over(empty=False, nan=True, flags=({"where": WHERE, "axis": 1},))("nanmean"),
    **each("nanvar nanstd", over(empty=False, nan=True, flags=({"axis": None, "ddof": 1},))),
    "any": exact("any", TRUTH, *AXES, {"where": WHERE, "axis": 1}),
    "all": exact("all", TRUTH, *AXES, {"where": WHERE}),
    "count_nonzero": exact("count_nonzero", TRUTH, *AXES),
    **{name: exact(name, np.round(X, 1), *ONE) for name in ("argmax", "argmin")},
    **{
        name: exact(name, X[0] + HOLES[0] * 0 + np.where(V[0] < 0.6, np.nan, 0), {"axis": 0}, {"keepdims": True})
        for name in ("nanargmax", "nanargmin")
    },
    "median": Case(lambda m, x: [f(x, **given) for f in (m.median,) for given in AXES], (X,)),
    "nanmedian": Case(lambda m, x: [m.nanmedian(holed(x), **given) for given in AXES], (X,)),
    **{
        name: quantiles(name, 100 if "per" in name else 1, "nan" in name)
        for name in ("quantile", "percentile", "nanquantile", "nanpercentile")
    },
    "average": Case(
        lambda m, x, v: [
            m.average(x),
            m.average(x, axis=-1, keepdims=True),
            m.average(x, weights=v),
            m.average(x, 1, v, True),
            m.average(x, axis=0, weights=v[:, 0, 0]),
        ],
        (X, V),
        "fc",
    ),
    "cov, corrcoef": Case(  # in double precision, as NumPy has them
        covariances,
        (X, V),
        "fc",
        theirs=lambda m, x, v: covariances(
            m, *(a.astype(f"{np.dtype(a.dtype).kind}{16 if np.dtype(a.dtype).kind == 'c' else 8}") for a in (x, v))
        ),
    ),
    **{name: along(name, "fc") for name in ("cumsum", "cumprod")},
    **{name: along(name, nan=True) for name in ("nancumsum", "nancumprod")},
    **{
        name: Case(
            lambda m, x, name=name: [
                named(m, name)(x, axis=1),
                named(m, name)(x, axis=-1, include_initial=True),
                named(m, name)(x[0, 0]),
                named(m, name)(x[:, :0], axis=1, include_initial=True),
            ],
            (X,),
            "fc",
        )
        for name in ("cumulative_sum", "cumulative_prod")
    },
    **{
        name: Case(
            lambda m, x, name=name: [
                named(m, name)(x, axis=0),
                named(m, name)(x, axis=2),
                named(m, name)(x[:, :0], axis=1),
            ],
            (X,),
        )
        for name in ("cummax", "cummin")
    },
    "logcumsumexp": Case(
        lambda m, x: [m.logcumsumexp(x, axis=0), m.logcumsumexp(x, axis=2)],
        (X,),
        theirs=lambda m, x: [m.cumlogsumexp(x, axis=0), m.cumlogsumexp(x, axis=2)],
    ),
    "associative_scan": Case(
        lambda m, x: [
            m.associative_scan(lambda a, b: a * b, x, axis=1),
            m.associative_scan(lambda a, b: a + b, x, reverse=True),
        ],
        (X,),
        "fc",
    ),
    "diff": Case(
        lambda m, x, v: [
            m.diff(x),
            m.diff(x, 2, 0),
            m.diff(x, axis=1, prepend=v[:, :1], append=v[:, :2]),
            m.diff(x, 0),
            m.diff(x[:0]),
            m.diff(x, 5),
        ],
        (X, V),
        "fc",
    ),
    "ediff1d": Case(lambda m, x, v: [m.ediff1d(x), m.ediff1d(x, v[0, 0], v[1, 1]), m.ediff1d(x[:0])], (X, V), "fc"),
    "trapezoid": Case(
        lambda m, x, v: [
            m.trapezoid(x),
            m.trapezoid(x, v, axis=0),
            m.trapezoid(x, dx=0.3, axis=-2),
            m.trapezoid(x, v[0, 0]),
        ],
        (X, V),
        "fc",
    ),
    "gradient": Case(
        lambda m, x: [m.gradient(x, 0.5, axis=-1), m.gradient(x, 1.0, 2.0, axis=(1, 2)), m.gradient(x)], (X,), "fc"
    ),
    "unwrap": Case(
        lambda m, x: [m.unwrap(x * 6), m.unwrap(x * 6, axis=0, discont=4.0), m.unwrap(x * 6, period=3.0)], (X,)
    ),
}
