"""The namespace of the Python array API standard: its names, and programs written for it."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import Tensor
from staticad.reference import evaluate

# The functions and constants of the standard, version 2024.12, as it lists them.
STANDARD = """
e inf nan newaxis pi
bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128
arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like tril triu zeros
zeros_like
astype can_cast finfo iinfo isdtype result_type
abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert bitwise_or
bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp expm1 floor floor_divide greater
greater_equal hypot imag isfinite isinf isnan less less_equal log log1p log2 log10 logaddexp logical_and logical_not
logical_or logical_xor maximum minimum multiply negative nextafter not_equal positive pow real reciprocal remainder
round sign signbit sin sinh square sqrt subtract tan tanh trunc
take take_along_axis
matmul matrix_transpose tensordot vecdot
broadcast_arrays broadcast_to concat expand_dims flip moveaxis permute_dims repeat reshape roll squeeze stack tile
unstack
argmax argmin count_nonzero nonzero searchsorted where
unique_all unique_counts unique_inverse unique_values
argsort sort
cumulative_prod cumulative_sum max mean min prod std sum var
all any diff
__array_api_version__ __array_namespace_info__
""".split()
LINALG = """
cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank matrix_transpose outer pinv qr
slogdet solve svd svdvals tensordot trace vecdot vector_norm
""".split()
FFT = """
fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft fftfreq rfftfreq fftshift ifftshift
""".split()
METHODS = """
__abs__ __add__ __and__ __array_namespace__ __bool__ __complex__ __dlpack__ __dlpack_device__ __eq__ __float__
__floordiv__ __ge__ __getitem__ __gt__ __index__ __int__ __invert__ __le__ __lshift__ __lt__ __matmul__ __mod__ __mul__
__ne__ __neg__ __or__ __pos__ __pow__ __radd__ __rand__ __rfloordiv__ __rlshift__ __rmatmul__ __rmod__ __rmul__ __ror__
__rpow__ __rrshift__ __rshift__ __rsub__ __rtruediv__ __rxor__ __setitem__ __sub__ __truediv__ __xor__ to_device
dtype device mT ndim shape size T
""".split()
DOCS = Path(__file__).resolve().parent.parent.parent / "docs"

X = sa.placeholder((3, 4), name="x")
xp = X.__array_namespace__()


def test_every_name_of_the_standard_is_there_and_no_other() -> None:
    assert set(xp.__all__) == {*STANDARD, "fft", "linalg", "special"}
    assert set(xp.linalg.__all__) == set(LINALG) and set(xp.fft.__all__) == set(FFT)
    assert [name for module in (xp, xp.linalg, xp.fft) for name in module.__all__ if not hasattr(module, name)] == []
    assert all(hasattr(Tensor, name) for name in METHODS)
    assert xp is sa.array_api and X.__array_namespace__(api_version="2024.12") is xp
    with pytest.raises(sa.ConfigError, match="version 2024.12, not '2021.12'"):
        X.__array_namespace__(api_version="2021.12")


def test_the_page_lists_every_name() -> None:
    text = (DOCS / "array-api.md").read_text("utf-8")
    missing = [name for name in (*STANDARD, *LINALG, *FFT) if f"`{name}`" not in text]
    assert missing == []


# ---- programs --------------------------------------------------------------------------------------------------------


def namespace(*arrays: Any) -> Any:
    """As array-api-compat finds it."""
    (found,) = {type(a).__name__: a.__array_namespace__() for a in arrays}.values()
    return found


def softmax(x: Any) -> Any:
    xp = namespace(x)
    e = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True)


def standardized(x: Any) -> Any:
    xp = namespace(x)
    deviation = xp.std(x, axis=0, correction=1, keepdims=True)
    return xp.where(deviation > 0, (x - xp.mean(x, axis=0, keepdims=True)) / deviation, xp.zeros_like(x))


def distances(x: Any) -> Any:
    xp = namespace(x)
    rows = xp.expand_dims(x, axis=0) - xp.expand_dims(x, axis=1)
    return xp.sqrt(xp.sum(xp.square(rows), axis=-1))


def whitened(x: Any) -> Any:
    xp = namespace(x)
    covariance = xp.matmul(x.mT, x) + xp.eye(x.shape[1], dtype=x.dtype)
    factor = xp.linalg.cholesky(covariance)
    return xp.matrix_transpose(xp.linalg.solve(factor, x.mT))


def polynomial(x: Any) -> Any:
    xp = namespace(x)
    powers = xp.stack([xp.pow(x, k) for k in range(4)], axis=-1)
    return xp.vecdot(powers, xp.asarray([1.0, -2.0, 0.5, 3.0], dtype=x.dtype))


def ranks(x: Any) -> Any:
    xp = namespace(x)
    flat = xp.reshape(x, (-1,))
    order = xp.argsort(flat, stable=True)
    return xp.reshape(xp.take(xp.argsort(order), xp.arange(flat.shape[0])), x.shape)


def moving_mean(x: Any) -> Any:
    xp = namespace(x)
    total = xp.cumulative_sum(x, axis=1, include_initial=True)
    return xp.concat([total[:, 2:] - total[:, :-2], xp.flip(x, axis=0)[:, :1]], axis=1) / 2


def interpolated(x: Any) -> Any:
    xp = namespace(x)
    grid = xp.linspace(-3, 3, num=13, dtype=x.dtype)
    at = xp.clip(xp.searchsorted(grid, xp.reshape(x, (-1,))), 1, 12)
    low, high = xp.take(grid, at - 1, axis=0), xp.take(grid, at, axis=0)
    return xp.where(xp.logical_and(xp.isfinite(low), high > low), (low + high) / 2, xp.nan)


def log_density(x: Any) -> Any:
    xp = namespace(x)
    n = xp.asarray(x.shape[-1], dtype=x.dtype)
    constant = math.log(2 * xp.pi)
    return -0.5 * (xp.linalg.vector_norm(x, axis=-1) ** 2 + n * constant) + xp.log1p(xp.abs(xp.sum(x, axis=-1)))


def assembled(x: Any) -> Any:
    xp = namespace(x)
    first, *rest = xp.unstack(x, axis=1)
    grids = xp.meshgrid(first, rest[0], indexing="ij")
    tiled = xp.tile(xp.permute_dims(xp.roll(x, 1, axis=0), (1, 0)), (1, 2))
    lower = xp.tril(grids[0] * grids[1]) + xp.triu(xp.ones_like(grids[0]), k=1)
    return [lower, tiled, xp.repeat(first, 2), xp.diff(x, axis=1, prepend=x[:, :1]), xp.linalg.trace(lower)]


def reflected(x: Any) -> Any:
    xp = namespace(x)
    pairs = xp.astype(x > 0, xp.int32)
    bits = xp.bitwise_xor(xp.bitwise_left_shift(pairs, 2), xp.bitwise_invert(pairs))
    angle = xp.atan2(x, xp.full_like(x, 2.0)) + xp.hypot(x, x) + xp.copysign(xp.asinh(x), -x)
    return [bits, angle, xp.round(x), xp.sign(x), xp.signbit(x), xp.count_nonzero(pairs, axis=0), xp.argmax(x, axis=1)]


PROGRAMS: tuple[Callable[[Any], Any], ...] = (
    softmax, standardized, distances, whitened, polynomial, ranks, moving_mean, interpolated, log_density, assembled,
    reflected,
)  # fmt: skip


def test_programs_give_what_numpy_gives(rng: np.random.Generator) -> None:
    given = rng.normal(size=(3, 4))
    made = {program.__name__: program(X) for program in PROGRAMS}
    found = sa.compile(made, [X])(given)
    for program in PROGRAMS:
        wanted, got = program(given), found[program.__name__]
        for a, b in zip(*((r if isinstance(r, list) else [r]) for r in (got, wanted)), strict=True):
            assert a.dtype == b.dtype and a.shape == b.shape, program
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12, err_msg=program.__name__)
    (slope,) = sa.gradients(xp.sum(softmax(X) * polynomial(X)), [X])
    assert slope.shape == X.shape


def test_linear_algebra_is_the_standards(rng: np.random.Generator) -> None:
    stack = rng.normal(size=(2, 3, 3))
    x = sa.placeholder((2, 3, 3))

    def everything(a: Any) -> list[Any]:
        linalg = namespace(a).linalg
        symmetric = a @ a.mT
        q, r = linalg.qr(a)
        sign, size = linalg.slogdet(a)
        values, _ = linalg.eigh(symmetric)
        return [
            linalg.diagonal(a, offset=1), linalg.trace(a), linalg.matrix_norm(a, ord="nuc"), q @ r, sign, size, values,
            linalg.cross(a[0], a[1]), linalg.matrix_rank(a), linalg.pinv(a), linalg.svd(a, full_matrices=False).S,
            linalg.outer(a[0, 0], a[1, 0]), linalg.matrix_power(a, 3), linalg.tensordot(a, a, axes=3),
        ]  # fmt: skip

    found, wanted = sa.compile(everything(x), [x])(stack), everything(stack)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_fourier_transforms_are_the_standards(rng: np.random.Generator) -> None:
    given = rng.normal(size=(3, 4))

    def everything(x: Any) -> list[Any]:
        fft = namespace(x).fft
        z = fft.fft(x, n=5, norm="ortho")
        shifted = fft.ifftshift(fft.fftshift(z, axes=-1) * 2)
        return [fft.irfft(fft.rfft(x, axis=0), n=3, axis=0), fft.ifft(shifted), fft.hfft(z), fft.irfftn(fft.rfftn(x))]

    for a, b in zip(sa.compile(everything(X), [X])(given), everything(given), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, atol=1e-12)
    found = sa.evaluate([xp.fft.fftfreq(5, d=0.5), xp.fft.rfftfreq(4, dtype=xp.float32)])
    np.testing.assert_allclose(found[0], np.fft.fftfreq(5, 0.5))
    np.testing.assert_allclose(found[1], np.fft.rfftfreq(4))
    assert found[1].dtype == np.float32


# ---- dtypes, devices, what there is not ------------------------------------------------------------------------------


def test_dtypes() -> None:
    assert xp.isdtype(xp.float32, "real floating") and not xp.isdtype(xp.int8, ("bool", "complex floating"))
    assert xp.isdtype(np.dtype("uint8"), ("numeric",)) and xp.isdtype(xp.bool, xp.bool)
    assert xp.result_type(X, xp.float32, 1) == xp.float64 and xp.result_type(xp.int8, 1.0) == np.result_type("i1", 1.0)
    assert xp.can_cast(xp.int8, xp.int16) and not xp.can_cast(X, xp.float32)
    info = xp.finfo(xp.complex64)
    assert (info.bits, info.eps, info.dtype) == (32, 2.0**-23, xp.float32) and type(info.max) is float
    assert (xp.iinfo(xp.int16).min, xp.iinfo(sa.placeholder((), "uint8")).max) == (-(2**15), 255)
    assert xp.finfo(sa.placeholder((2,), "float16")).bits == 16
    for call, text in (
        (lambda: xp.isdtype(xp.bool, "float"), "'float' is none of 'bool'"),
        (lambda: xp.finfo(xp.int8), "int8 is no float"),
        (lambda: xp.iinfo(xp.float32), "float32 is no integer"),
        (lambda: xp.result_type(1, 2.0), "needs an array or a dtype"),
    ):
        with pytest.raises(sa.ConfigError, match=text):
            call()


def test_devices_and_what_has_no_value() -> None:
    info = xp.__array_namespace_info__()
    assert info.default_device() == X.device == "cpu" and info.devices() == ["cpu"]
    assert info.capabilities()["data-dependent shapes"] is False
    assert info.default_dtypes()["real floating"] == xp.float64
    assert [*info.dtypes(kind="complex floating")] == ["complex64", "complex128"] and len(info.dtypes()) == 13
    assert X.to_device("cpu") is X
    with pytest.raises(sa.ConfigError, match=r"no device 'gpu', only 'cpu' \(at .*test_array_api\.py"):
        xp.zeros(3, device="gpu")
    with pytest.raises(sa.GraphError, match="placeholder 'x'.* has no memory to share at .*test_array_api"):
        np.from_dlpack(X)
    for needs in (xp.nonzero, xp.unique_values, xp.unique_all, xp.unique_counts, xp.unique_inverse):
        with pytest.raises(sa.GraphError, match="depend on data; give size="):
            needs(X)
    assert xp.unique_values(X, size=3).shape == (3,)


def test_creation_takes_its_keywords() -> None:
    made = [
        xp.arange(3, dtype=xp.float32, device="cpu"), xp.asarray([1, 2], copy=True), xp.empty((2,), dtype=None),
        xp.empty_like(X, dtype=xp.int8), xp.eye(2, 3, k=1), xp.full((2,), 7), xp.full_like(X, 2), xp.zeros(2),
        xp.linspace(0, 1, num=3, endpoint=False), xp.ones((1, 2), dtype=xp.bool), xp.from_dlpack(np.arange(3)),
    ]  # fmt: skip
    wanted = [
        np.arange(3, dtype="f4"), np.array([1, 2]), np.zeros(2), np.zeros((3, 4), "i1"), np.eye(2, 3, k=1),
        np.full(2, 7), np.full((3, 4), 2.0), np.zeros(2), np.linspace(0, 1, 3, endpoint=False), np.ones((1, 2), bool),
        np.arange(3),
    ]  # fmt: skip
    for a, b in zip(sa.evaluate(made), wanted, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    assert xp.from_dlpack(X) is X and xp.reshape(X, (-1,), copy=False).shape == (12,)
    with pytest.raises(sa.GraphError, match="from_dlpack: NumPy does not take this list"):
        xp.from_dlpack([1])


@pytest.mark.extras("array_api_compat")
def test_array_api_compat_finds_it() -> None:
    import array_api_compat

    assert array_api_compat.array_namespace(X) is xp and array_api_compat.device(X) == "cpu"
    assert array_api_compat.is_array_api_obj(X) and array_api_compat.size(X) == 12


@pytest.mark.extras("array_api_extra")
def test_functions_of_array_api_extra_build_graphs(rng: np.random.Generator) -> None:
    import array_api_extra as xpx

    a, v = rng.uniform(0.2, 3, (2, 3)), rng.uniform(0.2, 3, 4)
    calls: list[Callable[[Any, Any], Any]] = [
        lambda a, v: xpx.apply_where(v > 1, v, lambda t: t * 2, lambda t: t - 1),
        lambda a, v: xpx.apply_where(v > 1, (v, v), lambda t, u: t * u, fill_value=-1.0),
        lambda a, v: xpx.atleast_nd(v, ndim=3),
        lambda a, v: xpx.cov(a),
        lambda a, v: xpx.isclose(v, v + 1e-9),
        lambda a, v: xpx.isin(v, v[:2]),
        lambda a, v: xpx.kron(a, a),
        lambda a, v: xpx.nan_to_num(v),
        lambda a, v: xpx.nunique(v),
        lambda a, v: xpx.partition(v, 2)[2],
        lambda a, v: xpx.searchsorted(a[0], v),
        lambda a, v: xpx.sinc(v),
    ]
    x, y = sa.placeholder(a.shape), sa.placeholder(v.shape)
    for call, found in zip(calls, evaluate([call(x, y) for call in calls], {x: a, y: v}), strict=True):
        np.testing.assert_allclose(found, call(a, v), rtol=1e-14)


OF_SCIPY = """
import numpy as np, scipy.fft, scipy.integrate, scipy.signal, scipy.special, scipy.stats, staticad as sa
from scipy import fft, integrate, signal, special, stats

a, b = np.random.default_rng(0).uniform(0.2, 3, (2, 4, 5))
x, y = sa.placeholder((4, 5)), sa.placeholder((4, 5))
calls = [
    *(lambda a, b, name=name: getattr(special, name)(a) for name in
      "gammaln gamma erf erfc i0 i0e i1 i1e ndtr log_ndtr ndtri expit logit entr digamma".split()),
    *(lambda a, b, name=name: getattr(special, name)(a, b) for name in
      "xlogy betaln gammainc gammaincc chdtr chdtrc".split()),
    lambda a, b: special.betainc(a, b, b / 4), lambda a, b: special.softmax(a, axis=1),
    *(lambda a, b, name=name: getattr(stats, name)(a, axis=1) for name in
      "gmean skew kurtosis variation sem circmean circstd tmean tvar entropy kstat differential_entropy".split()),
    lambda a, b: stats.zmap(a, b, axis=1), lambda a, b: stats.ttest_ind(a, b, axis=1).pvalue,
    lambda a, b: signal.fftconvolve(a, b), lambda a, b: signal.resample(a, 10, axis=1),
    lambda a, b: integrate.trapezoid(a, axis=1), lambda a, b: integrate.cumulative_trapezoid(a, axis=1),
    lambda a, b: fft.rfftn(a), lambda a, b: fft.fftshift(a),
]
found = sa.evaluate([call(x, y) for call in calls], {x: a, y: b})
for value, call in zip(found, calls, strict=True):
    np.testing.assert_allclose(value, call(a, b), rtol=1e-9)
"""


def test_functions_of_scipy_build_graphs() -> None:
    """Those that SciPy writes for all arrays of the standard, which it does where the environment says so."""
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    done = subprocess.run([sys.executable, "-c", OF_SCIPY], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
