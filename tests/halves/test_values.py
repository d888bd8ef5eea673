"""Floats of 16 bits: kept in 16, computed in 32, rounded where they are kept and where the user casts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import staticad as sa
from staticad import Tensor
from staticad.ir.dtypes import FLOAT32, is_half, promote

HALVES = (np.dtype("float16"), np.dtype(ml_dtypes.bfloat16))


def numbers(dtype: Any, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def in_float32(build: Callable[..., Any], *arrays: np.ndarray) -> Any:
    """What the same program gives in float32."""
    xs = [sa.placeholder(a.shape, FLOAT32 if is_half(a.dtype) else a.dtype) for a in arrays]
    return sa.compile(build(*xs), xs)(*(a.astype(x.dtype) for a, x in zip(arrays, xs, strict=True)))


def same(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.dtype == expected.dtype and found.shape == expected.shape
    np.testing.assert_array_equal(found.view(np.uint16), expected.view(np.uint16))


# Each makes tensors of 16 bits of those.
PROGRAMS: dict[str, Callable[..., Any]] = {
    "chain": lambda x, y: [sa.tanh(x * y + 0.5) / (x * x + 1), sa.exp(-x) * y.sum()],
    "reductions": lambda x, y: [x.sum(1), (x * y).mean(0), x.max(), sa.var(y, 1), sa.softmax(x, 1), x.prod(0)],
    "products": lambda x, y: [x @ y.T, sa.einsum("ij,kj->ik", x, y), sa.linalg.norm(x, axis=1)],
    "views": lambda x, y: [x.T, x[::-1, 1:], sa.concatenate([x, y], 1), x.reshape(-1), sa.pad(x, 1), sa.roll(x, 1, 0)],
    "gather": lambda x, y: [sa.take(x, [2, 0], 0), x.at[1].set(y[0]), x.at[[0, 0]].add(y[:2]), sa.where(x > y, x, y)],
    "order": lambda x, y: [sa.sort(x, 1), sa.cumsum(x, 1), sa.maximum(x, y), sa.clip(x, -0.5, 0.5), sa.median(x, 1)],
    "created": lambda x, y: [sa.zeros(3, x.dtype) + 0.1, sa.full((2,), 0.3, x.dtype), sa.ones_like(x), x * 0.1],
    "linalg": lambda x, y: [sa.linalg.inv(x @ x.T + 4 * sa.eye(3, dtype=x.dtype)), sa.linalg.svdvals(x)],
    "gradients": lambda x, y: sa.gradients((sa.tanh(x @ y.T) ** 2).sum() + sa.logsumexp(x * y), [x, y]),
    "jvp": lambda x, y: sa.jvp([sa.sin(x) * y], [x], [y]),
}  # fmt: skip


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_results_are_those_of_float32_rounded_once(dtype: np.dtype) -> None:
    x, y = sa.placeholder((None, 4), dtype, name="x"), sa.placeholder((None, 4), dtype, name="y")
    given = numbers(dtype, 3, 4), numbers(dtype, 3, 4, seed=1)
    made = {name: list(build(x, y)) for name, build in PROGRAMS.items()}
    found = sa.compile(made, [x, y])(*given)
    reference = sa.evaluate([t for ts in made.values() for t in ts], dict(zip((x, y), given, strict=True)))
    flat = [(name, t, a) for name, ts in made.items() for t, a in zip(ts, found[name], strict=True)]
    for (name, t, a), b in zip(flat, reference, strict=True):
        assert t.dtype == a.dtype == b.dtype == dtype, name
        np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=0.01, atol=0.01, err_msg=name)
    for name in ("chain", "reductions", "products", "views", "gather", "gradients"):
        for a, b in zip(found[name], in_float32(PROGRAMS[name], *given), strict=True):
            # but for a last bit of float32 that another kernel rounds otherwise
            np.testing.assert_allclose(a.astype(float), b.astype(dtype).astype(float), rtol=0.008, err_msg=name)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_where_is_rounded(dtype: np.dtype) -> None:
    """Not within a chain; at casts, in constants, at results."""
    x = sa.placeholder((None,), dtype)
    info = ml_dtypes.finfo(dtype)
    large = np.array([info.max, 1.0, -info.max], dtype)
    if dtype != np.float16:
        large[::2] /= 4  # float32 overflows where bfloat16 does
    tiny = float(info.eps) / 4
    chain, cast = (x * 2) / 4, sa.astype(sa.astype(x, "float32") * (1 + tiny), dtype)
    lost = sa.astype(x, "float32") + 0.1 - sa.astype(sa.astype(sa.astype(x, "float32") + 0.1, dtype), "float32")
    found = sa.compile([chain, cast, lost, x + 0.1, sa.arange(3000, dtype=dtype)[-1]])(large)
    same(found[0], (large.astype(float) / 2).astype(dtype))
    same(found[1], large)
    tenth = np.float32(1) + np.float32(0.1)
    assert found[2][1] == tenth - np.float32(np.asarray(tenth).astype(dtype)) != 0
    one = np.float32(1) + np.asarray(0.1, dtype).astype(np.float32)
    assert found[3][1] == one.astype(dtype)
    assert found[4] == np.asarray(2999).astype(dtype)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_casts_of_every_dtype(dtype: np.dtype) -> None:
    names = ("bool", "int8", "uint8", "int16", "int32", "uint32", "int64", "uint64", "float32", "float64")
    values = [np.array([0, 1, 1]) if n == "bool" else np.array([0, 1, 100]) for n in names]
    xs = [sa.placeholder((3,), name) for name in names]
    h = sa.placeholder((3,), dtype)
    there = [sa.astype(x, dtype) for x in xs]
    back = [sa.astype(h, name) for name in (*names, "complex64")]
    given = [v.astype(n) for n, v in zip(names, values, strict=True)]
    half = np.array([0, -1.5, 3], dtype)
    half[1] = 1.5
    found = sa.compile(there + back, [*xs, h])(*given, half)
    for a, b in zip(found, given):
        same(a, b.astype(dtype))
    for a, name in zip(found[len(names) :], (*names, "complex64"), strict=True):
        np.testing.assert_array_equal(a, half.astype("float32").astype(name))
        assert a.dtype == name
    large = sa.placeholder((), "int64")
    assert sa.compile(sa.astype(large, dtype))(2**24 + 3) == (np.inf if dtype == np.float16 else 2**24)


def test_promotion() -> None:
    half, brain = HALVES
    for both in ((half, brain), (brain, half)):
        assert promote(*both) == FLOAT32
    for dtype in HALVES:
        x = sa.placeholder((2,), dtype)
        kept = [x + 1, 2.5 * x, x**2, x + True, x / 3, sa.exp(x), x.sum(), x.mean(), x @ x]
        assert all(result.dtype == dtype for result in kept)
        assert (x + np.float32(1)).dtype == FLOAT32 and (x + np.float64(1)).dtype == np.float64
        assert (x + 1j).dtype == np.complex64 and sa.complex(x, x).dtype == np.complex64
        assert (x + np.int8(1)).dtype == dtype
        assert sa.gradients(sa.astype(x, "float64").sum(), [x])[0].dtype == dtype
        assert sa.gradients(sa.abs(sa.complex(x, x)).sum(), [x])[0].dtype == dtype
        square = sa.placeholder((3, 3), dtype)
        for function in (sa.linalg.eigvals, sa.fft.rfft, sa.fft.fft, sa.fft.dct):  # whose results have 32 bits
            assert sa.gradients(sa.abs(function(square)).sum(), [square])[0].dtype == dtype
        with pytest.raises(sa.DTypeError, match="beyond the range"):
            x * (1e39 if dtype == brain else 1e5)
        for function in (sa.spacing, lambda t: sa.nextafter(t, t)):
            with pytest.raises(sa.DTypeError, match=f"{dtype} is not supported; use astype"):
                function(x)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_loops_and_branches(dtype: np.dtype) -> None:
    """Carried, stacked and recorded numbers have 16 bits."""
    x, w = sa.placeholder((None, 3), dtype), sa.placeholder((3, 3), dtype)

    def step(state: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
        state = sa.tanh(state @ w + row)
        return state, state * 2

    last, rows = sa.scan(step, sa.zeros(3, dtype), x)
    _, total = sa.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, s[1] * 1.5 + 0.25), (0, last.sum()))
    chosen = sa.cond(total > 0, lambda t: t * 2, lambda t: -t, total)
    replaced = sa.fori_loop(0, 3, lambda i, a: a.at[i].set(a[i] * 2), x[0])
    outputs = [last, rows, total, chosen, replaced, *sa.gradients(chosen + rows.sum() + replaced.sum(), [x, w])]
    given = numbers(dtype, 5, 3), numbers(dtype, 3, 3, seed=2)
    found = sa.compile(outputs, [x, w])(*given)
    for a, b in zip(found, sa.evaluate(outputs, {x: given[0], w: given[1]}), strict=True):
        assert a.dtype == b.dtype == dtype
        np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=0.05, atol=0.05)


def test_variables_feeds_and_out() -> None:
    for dtype in HALVES:
        x = sa.placeholder((None,), dtype, name="x")
        v = sa.variable(numbers(dtype, 3), name="v")
        assert v.trainable and v.value.dtype == dtype
        step = sa.compile((v * x).sum(), [x], updates=sa.optim.SGD(0.5).minimize((v * x).sum()))
        before, feed = v.value, numbers(dtype, 3, seed=3)
        step(feed)
        same(v.value, (before.astype("float32") - np.float32(0.5) * feed.astype("float32")).astype(dtype))
        v.assign([1, 2.5, 3])
        same(v.value, np.array([1, 2.5, 3], dtype))
        doubled = sa.compile(x * 2, [x])
        out = np.empty(3, dtype)
        for value in (feed, np.repeat(feed, 2)[::2], [1, 2.5, 3]):
            same(doubled(value), (np.asarray(value).astype("float32") * 2).astype(dtype))
        assert doubled.run({x: feed}, out=out) is out
        with pytest.raises(sa.DTypeError, match=f"float32, not {dtype}"):
            doubled(feed.astype("float32"))
        scalar = sa.placeholder((), dtype)
        twice = sa.compile(scalar * 2)
        assert [float(twice(s)) for s in (dtype.type(1.5), np.array(1.5, dtype), 1.5, 2)] == [3, 3, 3, 4]
        same(sa.compile([v, sa.constant(feed), x], [x])(feed)[1], feed)
        assert sa.gradcheck(sa.sin(x).sum(), [x], {x: feed})


def test_a_program_is_kept(tmp_path: Any) -> None:
    from staticad.runtime import programs

    x = sa.placeholder((7,), "bfloat16")
    feed = numbers("bfloat16", 7)
    build = lambda: sa.compile(x * sa.constant(feed) + 3, [x])  # noqa: E731
    first = build()
    if programs.are_kept():
        again = build()
        assert not again._request.is_lowered
        same(again(feed), first(feed))


def test_both_ways_to_machine_code_give_the_same_bits() -> None:
    from staticad import config

    x, y = sa.placeholder((40,), "float16"), sa.placeholder((40,), "bfloat16")
    fetches = [
        sa.tanh(x * 3) + x,
        sa.exp(y) / 3,
        sa.astype(x, "float64") + 1,
        sa.astype(sa.astype(y, "float64"), "float16"),
    ]
    given = numbers("float16", 40), numbers("bfloat16", 40)
    results = []
    for codegen in ("assembled", "numba"):
        with config.override(codegen=codegen, programs=False):
            results.append(sa.compile(fetches, [x, y])(*given))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(*results, strict=True))


@sa.custom_op(derivatives=lambda a: 3 * a * a)
def cube(a: float) -> float:
    return a * a * a


def test_functions_of_users_get_float32(capfd: pytest.CaptureFixture[str]) -> None:
    x = sa.placeholder((3,), "float16")
    y = sa.assert_(sa.print_(cube(x), "cubes {}"), x > 0)
    assert y.dtype == np.float16
    (slope,) = sa.gradients(y.sum(), [x])
    value, gradient = sa.compile([y, slope])(np.array([1, 2, 3], "float16"))
    same(value, np.array([1, 8, 27], "float16"))
    same(gradient, np.array([3, 12, 27], "float16"))
    assert "cubes [ 1.  8. 27.]" in capfd.readouterr().out
    for wrong in ({"dtype": "bfloat16"}, {"signature": "(n):float16->()"}):
        with pytest.raises(sa.DTypeError, match="functions compute with float32, not .*float16"):
            sa.custom_op(**wrong)(lambda a, out: None)


def test_values_that_are_not_finite_are_found() -> None:
    x = sa.placeholder((2,), "float16")
    session = sa.compile(x * 4)
    with pytest.raises(sa.NonFiniteError, match="float16"):
        session.check({x: np.array([60000, 1], "float16")})


def test_without_ml_dtypes(monkeypatch: pytest.MonkeyPatch) -> None:
    from staticad.ir import dtypes

    dtypes.bfloat16.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "ml_dtypes", None)
    with pytest.raises(sa.DTypeError, match="pip install ml_dtypes"):
        sa.placeholder((2,), "bfloat16")
    dtypes.bfloat16.cache_clear()


@pytest.mark.parametrize("dtype", HALVES, ids=str)
@pytest.mark.parametrize("n", [100, 3001, 100_001])
def test_averages_of_more_elements_than_the_dtype_counts(dtype: Any, n: int) -> None:
    """float16 counts exactly to 2048 and ends at 65504, bfloat16 counts to 256."""
    a = (np.arange(2 * n).reshape(2, n) % 7).astype(dtype)
    mask = np.arange(n) % 3 > 0
    for shape in (a.shape, (None, None)):
        x = sa.placeholder(shape, dtype)
        made = [x.mean(1), sa.var(x, 1), sa.var(x, 1, ddof=1), sa.average(x, 1), sa.mean(x, 1, where=mask)]
        exact = a.astype(float)
        wanted = [exact.mean(1), exact.var(1), exact.var(1, ddof=1), exact.mean(1), exact.mean(1, where=mask)]
        made, wanted = (made, wanted) if shape == a.shape else (made[:-1], wanted[:-1])
        for got, right in zip(sa.compile(made, [x])(a), wanted, strict=True):
            same(got, right.astype("float32").astype(dtype))


def test_limits_are_asked_where_bfloat16_is_known() -> None:
    """np.finfo knows no bfloat16; `staticad.ir.dtypes.finfo` does."""
    root = Path(sa.__file__).parent
    files = [
        path for folder in ("ops", "functional", "autodiff", "nn", "optim") for path in (root / folder).rglob("*.py")
    ]
    asked = [f"{path.name}: {line}" for path in files for line in path.read_text("utf-8").splitlines()
             if re.search(r"np\.finfo\((?!FLOAT)", line)]  # fmt: skip
    assert len(files) > 100 and asked == []
    key = sa.random.key(0)
    drawn = [sa.random.logistic(key, (3,), "bfloat16"), sa.random.rayleigh(key, 1.0, (3,), "bfloat16")]
    assert [t.dtype.name for t in drawn] == ["bfloat16", "bfloat16"]
