"""What tests do with reductions and cumulative functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.cumulative import CUMMAX, CUMMIN, CUMPROD, CUMSUM, RECURRENCE, Form
from tests.harness.cases import FLOATS, Case, Input, kinds, values
from tests.harness.family_cases import FamilyCases

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder


def op_cases() -> Iterator[Case]:
    def case(op: Any, shapes: tuple[str, ...], axis: int, reverse: bool, form: Form) -> Case:
        build = partial(apply, op, axis=axis, reverse=reverse, form=form)
        name = f"{op.name}[{shapes[0]}, {axis}{', reverse' if reverse else ''}, {form}]"
        domain = (0.5, 1.5) if op is CUMPROD else (-2.0, 2.0)
        exact = op in (CUMMAX, CUMMIN)
        return Case(
            name, values(*shapes), build, "cumulative", kinds(op.operands), domain, 0 if exact else None,
            signed_zeros=False, special=exact,
        )  # fmt: skip

    for op in (CUMSUM, CUMPROD, CUMMAX, CUMMIN):
        yield case(op, ("ab",), 1, op is CUMMIN, Form.PLAIN)
        yield case(op, ("abc",), 1, op is CUMPROD, Form.PLAIN)
    for op in (CUMSUM, CUMPROD):
        yield case(op, ("ab",), 1, True, Form.EXCLUSIVE)
        yield case(op, ("ab",), 0, False, Form.EXCLUSIVE)
    for form in Form:
        yield case(RECURRENCE, ("ab", "ab"), 1, form == Form.LAGGED, form)
        yield case(RECURRENCE, ("ab", "ab"), 0, form == Form.EXCLUSIVE, form)


def front_cases() -> Iterator[Case]:
    def chain(name: str, inputs: tuple[Input, ...], build: Any, **more: Any) -> Case:
        return Case(name, inputs, build, "front reductions", FLOATS[1:], ulp=None, special=False, **more)

    def moving(name: str, inputs: tuple[Input, ...], build: Any, **more: Any) -> Case:
        return Case(name, inputs, build, "front reductions", FLOATS[1:], ulp=4, special=False, **more)

    x, some, mask = values("ab"), frozenset("ab"), Input(("a", "b"), "bool")
    yield chain("cumsum of all", x, sa.cumsum)
    yield chain("cumprod", x, lambda x: sa.cumprod(x, axis=1) + sa.cumulative_sum(x, axis=1))
    yield chain("cumulative_prod from 1", x, lambda x: sa.cumulative_prod(x, axis=0, include_initial=True))
    yield chain("cummax and cummin", x, lambda x: sa.cummax(x, axis=0) - sa.cummin(x, axis=1))
    yield chain("logcumsumexp", x, lambda x: sa.logcumsumexp(x, axis=1))
    yield chain("associative_scan", values("a5"), lambda x: sa.associative_scan(lambda a, b: a * b, x, axis=1))
    yield chain(
        "where and initial", (*x, mask),
        lambda x, m: sa.sum(x, 1, initial=2.0, where=m) + sa.prod(x, 1, where=m) + sa.max(x, 1, initial=0.5, where=m)
        - sa.min(x, 1, initial=0.5),
    )  # fmt: skip
    yield chain(
        "mean where", (*x, mask), lambda x, m: sa.nanmean(x / m, 0) + sa.mean(x, where=m), nonzero=some, smooth=False
    )
    yield chain(
        "var by any number",
        x,
        lambda x: sa.var(x, axis=1, ddof=-1.5) + sa.std(x, axis=1, correction=-0.5),
        nonzero=some,
    )
    yield chain("nanvar, nanstd", values("a6"), lambda x: sa.nanvar(x, 1, ddof=1) + sa.nanstd(x, 1))
    yield chain("nansum, nanprod", x, lambda x: sa.nansum(sa.log(x), 1) + sa.nanprod(sa.log(x), 1), smooth=False)
    yield chain("nancumsum, nancumprod", x, lambda x: sa.nancumsum(sa.sqrt(x), 1) + sa.nancumprod(x, 1), smooth=False)
    yield chain("nanmax, nanmin", x, lambda x: sa.nanmax(sa.log(x), 1) - sa.nanmin(x, 1), smooth=False, nonzero=some)
    yield moving(
        "nanargmax, nanargmin", x, lambda x: sa.nanargmax(sa.log(x), 1) - sa.nanargmin(x, 1), smooth=False, nonzero=some
    )
    yield moving("count_nonzero", x, lambda x: sa.count_nonzero(x > 0, 0), smooth=False)
    yield moving("ptp", x, lambda x: sa.ptp(x, axis=0), nonzero=some)
    yield chain("average", (*x, Input(("b",), domain=(0.5, 2.0))), lambda x, w: sa.average(x, 1, w), nonzero=some)
    yield chain("cov", values("3b"), lambda x: sa.cov(x, ddof=-1), nonzero=some)
    yield chain("corrcoef", values("37"), lambda x: sa.corrcoef(x)[0, 1:])
    yield chain("diff", x, lambda x: sa.diff(x, 2, axis=1, prepend=1.0))
    yield chain("ediff1d", x, lambda x: sa.ediff1d(x, to_end=[1.0, 2.0]))
    yield chain("trapezoid", values("ab", "b"), lambda y, x: sa.trapezoid(y, x) + sa.trapezoid(y, dx=0.5), nonzero=some)
    yield chain("cumulative_trapezoid", x, lambda x: sa.cumulative_trapezoid(x, axis=0, initial=0), nonzero=some)
    yield chain("gradient", values("a6"), lambda x: sa.gradient(x, 0.5, axis=1, edge_order=2))
    yield chain(
        "gradient by points", (*values("a6"), Input((6,), domain=(0.0, 0.4))),
        lambda x, p: sa.gradient(x, p + sa.arange(6), axis=1), domain=(0.0, 1.0),
    )  # fmt: skip
    yield chain("convolve", values("a", "3"), lambda a, v: sa.convolve(a, v, "same"), nonzero=some)
    yield chain("correlate", values("a", "b"), lambda a, v: sa.correlate(a, v, "full"), nonzero=some)
    yield chain(
        "median, nanmedian", x, lambda x: sa.median(x, 0) + sa.nanmedian(sa.log(x), 0), smooth=False, nonzero=some
    )
    yield chain("median of rows", values("a4"), lambda x: sa.median(x, axis=1))
    yield chain("quantile", x, lambda x: sa.quantile(x, [0.2, 0.9], 1) + sa.percentile(x, 30, 1), nonzero=some)
    yield chain(
        "nanquantile", x,
        lambda x: sa.nanquantile(sa.log(x), 0.7, 0, "hazen") + sa.nanpercentile(x, [[50]], 0),
        smooth=False, nonzero=some,
    )  # fmt: skip
    yield chain("interp", (Input(("a",)), Input((4,), domain=(0.0, 0.4)), Input((4,))), _interpolated)


def _interpolated(x: Tensor, shift: Tensor, values: Tensor) -> Tensor:
    return sa.interp(x, sa.arange(4) + shift - 1.5, values)


NUMPY_CALLS: dict[Callable[..., Any], list[Callable[..., Any]]] = {
    np.cumsum: [np.cumsum, lambda x: np.cumsum(x, axis=-1), lambda x: np.add.accumulate(x)],
    np.cumprod: [np.cumprod, lambda x: np.multiply.accumulate(x, axis=1)],
    np.cumulative_sum: [lambda x: np.cumulative_sum(x, axis=1, include_initial=True)],
    np.cumulative_prod: [lambda x: np.cumulative_prod(x, axis=0)],
    **{f: [f, lambda x, f=f: f(x, axis=1)] for f in (
        np.nansum, np.nanprod, np.nanmax, np.nanmin, np.nanmean, np.nanvar, np.nanstd, np.nanargmax, np.nanargmin,
        np.nancumsum, np.nancumprod, np.count_nonzero, np.ptp, np.average,
    )},
    np.cov: [np.cov, lambda x: np.cov(x, rowvar=False, aweights=[1.0, 2.0])],
    np.corrcoef: [np.corrcoef],
    **{f: [f, lambda x, f=f: f(x, axis=1, keepdims=True)] for f in (np.median, np.nanmedian)},
    **{f: [lambda x, f=f: f(x, 0.3), lambda x, f=f: f(x, [0.2, 1], axis=1, method="weibull")] for f in (
        np.quantile, np.nanquantile, np.percentile, np.nanpercentile,
    )},
    np.interp: [lambda x: np.interp(x, [0.0, 0.5, 2.0], [1.0, 3.0, 2.0])],
    np.diff: [np.diff, lambda x: np.diff(x, axis=0, append=1.0)],
    np.ediff1d: [np.ediff1d],
    np.trapezoid: [np.trapezoid, lambda x: np.trapezoid(x, dx=0.5, axis=0)],
    np.gradient: [lambda x: np.gradient(x, 2.0, axis=1), lambda x: np.gradient(x)[1]],
    np.convolve: [lambda x: np.convolve(x[0], x[1])],
    np.correlate: [lambda x: np.correlate(x[0], x[1], "same")],
    np.var: [lambda x: np.var(x, axis=1, ddof=0.5), lambda x: np.var(x, where=[True, False, True])],
}  # fmt: skip


def scan(build: Builder) -> Tensor | None:
    """A cumulative sum, product or extreme along an axis."""
    x = build.pick(lambda t: t.dtype.kind == "f" and t.ndim > 0)
    if x is None:
        return None
    axis = int(build.rng.integers(x.ndim))
    function = build.choose((sa.cumsum, sa.cummax, sa.cummin, sa.cumprod, _recurrence, sa.min))
    if function is sa.min:
        return sa.min(x, axis, initial=1.0)
    return function(sa.tanh(x) if function in (sa.cumprod, _recurrence) else x, axis=axis)


def _recurrence(x: Tensor, axis: int) -> Tensor:
    return apply(RECURRENCE, 0.5 * x, x, axis=axis, reverse=True, form=Form.LAGGED)


FAMILY = FamilyCases(op_cases=op_cases, front_cases=front_cases, numpy_calls=NUMPY_CALLS, steps=(scan,))
