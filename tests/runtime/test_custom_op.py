"""Functions of users as ops: values, derivatives, dtypes, batches, both ways to machine code, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import config
from staticad.errors import CompileError, DTypeError, GradientError, GraphError, LinAlgError, ShapeError
from staticad.ops.compiled import UserFunction

X = np.array([-1.5, 0.25, 2.0])


@sa.custom_op(derivatives=(lambda x, y: 2.0 * x * y, lambda x, y: x * x))
def weighted(x: float, y: float) -> float:
    return x * x * y


@sa.custom_op
def smooth_step(x: float) -> float:
    """Branches and a loop."""
    total = 0.0
    for k in range(3):
        total += math.tanh(x) ** (2 * k + 1)
    return total if x > 0.0 else -total


@sa.custom_op(dtype="bool")
def is_odd(n: int) -> bool:
    return n % 2 == 1


@sa.custom_op(signature="(n,n),(n)->(n),()")
def solve(a: Any, b: Any, x: Any, norm: Any) -> None:
    x[:] = np.linalg.solve(a, b)
    norm[0] = np.sqrt((x * x).sum())


@solve.defvjp
def _solve_vjp(gs: Any, ys: Any, a: sa.Tensor, b: sa.Tensor) -> Any:
    (x, norm), (gx, gn) = ys, gs
    total = gx + (gn / norm)[..., None] * x
    gb, _ = solve(sa.swapaxes(a, -1, -2), total)
    return -gb[..., :, None] * x[..., None, :], gb


@pytest.mark.parametrize("codegen", ["assembled", "numba"])
def test_functions_of_numbers_in_kernels(codegen: str) -> None:
    x, y, n = sa.placeholder((None,)), sa.placeholder(()), sa.placeholder((None,), "int64")
    value = weighted(sa.sin(x), y) + 2.0
    first = sa.gradients((value**2).sum(), [x, y])
    fetches = [value, *first, *sa.gradients(first[0].sum(), [x]), *sa.jvp(value, [x, y], [np.ones(3), 1.0])]
    more = [smooth_step(x.astype("float32")), smooth_step(n), sa.where(is_odd(n), n, -n), is_odd(n)]
    with config.override(codegen=codegen):
        session = sa.compile([*fetches, *more], inputs=[x, y, n])
        found = session(X, 0.5, np.arange(3))
    s, c = np.sin(X), np.cos(X)
    v = s * s / 2 + 2
    np.testing.assert_allclose(found[0], v, rtol=1e-15)
    np.testing.assert_allclose(found[1], 2 * v * s * c, rtol=1e-14)
    np.testing.assert_allclose(found[2], np.sum(2 * v * s * s), rtol=1e-14)
    np.testing.assert_allclose(found[3], 2 * (s * c) ** 2 + 2 * v * (c * c - s * s), rtol=1e-13)
    np.testing.assert_allclose(found[4], s * c + s * s, rtol=1e-14)
    assert found[5].dtype == np.float32 and found[6].dtype == np.float64
    np.testing.assert_allclose(found[5], [abs(smooth_step.__wrapped__(x)) for x in X], rtol=1e-6)
    np.testing.assert_array_equal(found[7], [0, 1, -2])
    np.testing.assert_array_equal(found[8], [False, True, False])
    if codegen == "assembled":
        assert len(session.source()) >= 1
        np.testing.assert_allclose(sa.evaluate(value, {x: X, y: 0.5})[0], found[0], rtol=1e-15)


def test_functions_of_arrays(rng: np.random.Generator) -> None:
    a, b = sa.placeholder(("k", 3, 3)), sa.placeholder(("k", 3))
    x, norm = solve(a, b)
    loss = norm.sum() + (x**2).sum()
    feeds = {a: rng.normal(size=(2, 3, 3)) + 3 * np.eye(3), b: rng.normal(size=(2, 3))}
    session = sa.compile([x, norm, *sa.gradients(loss, [a, b])], inputs=[a, b])
    found = session.run(feeds)
    np.testing.assert_allclose(found[0], np.linalg.solve(feeds[a], feeds[b][..., None])[..., 0])
    np.testing.assert_allclose(found[1], np.linalg.norm(found[0], axis=-1))
    for value, reference in zip(found, sa.evaluate([x, norm], feeds), strict=False):
        np.testing.assert_allclose(value, reference, rtol=1e-12)
    sa.gradcheck(loss, [a, b], feeds)
    with pytest.raises(LinAlgError, match=r"solve \(.*\): the function has raised an error for matrix 1 of the batch"):
        session(feeds[a] * np.array([1.0, 0.0])[:, None, None], feeds[b])
    assert session(np.zeros((0, 3, 3)), np.zeros((0, 3)))[0].shape == (0, 3)


def test_sizes_that_only_results_have_and_dtypes() -> None:
    @sa.custom_op(signature="(n),(m):int64->(k),():int64", sizes={"k": lambda n, m: n + m - 1})
    def spread(a: Any, b: Any, out: Any, count: Any) -> None:
        out[:] = 0
        for i in range(len(a)):
            for j in range(len(b)):
                out[i + j] += a[i] * b[j]
        count[0] = len(out)

    x = sa.placeholder((None,), "float32")
    made, count = spread(x, [1, 2])
    session = sa.compile([made, count], inputs=[x])
    for size in (4, 2):
        value = np.arange(size, dtype="float32")
        np.testing.assert_array_equal(session(value)[0], np.convolve(value, [1, 2]).astype("float32"))
        assert session(value)[1] == size + 1


def test_equal_functions_have_equal_names_and_others_not() -> None:
    def make(factor: float) -> UserFunction:
        return UserFunction(lambda x: math.exp(x) * factor)

    assert make(2.0).key == make(2.0).key != make(3.0).key
    strange = object()
    assert UserFunction(lambda x: strange).key != UserFunction(lambda x: strange).key


def test_refusals() -> None:
    x = sa.placeholder((3,))

    def raising(x: float) -> float:
        if x < 0:
            raise ValueError("negative")
        return x

    with pytest.raises(CompileError, match=r"custom_op raising: raising \(.*\) may raise an error.*test_custom_op.py"):
        sa.custom_op(raising)(x)
    with pytest.raises(CompileError, match=r"Numba cannot compile <lambda>.*Unknown attribute"):
        sa.custom_op(lambda x: x.nothing)(x)
    with pytest.raises(CompileError, match=r"Numba cannot compile <lambda> \(.*\) for \(float64\[n\]"):
        sa.custom_op(lambda x, y: y.nothing, signature="(n)->(n)")(x)
    with pytest.raises(GraphError, match=r"the signature \(n\)->\(n\) has 2 operands and results, the function 1"):
        sa.custom_op(lambda x: x, signature="(n)->(n)")
    with pytest.raises(GraphError, match="takes a Python function"):
        sa.custom_op(np.sin)
    with pytest.raises(GraphError, match="takes 2 operands, not 1"):
        weighted(x)
    with pytest.raises(ShapeError, match="a matrix has to be square"):
        solve(sa.placeholder((2, 3)), x)
    with pytest.raises(GradientError, match=r"smooth_step has no derivative rule"):
        sa.gradients(smooth_step(x).sum(), [x])
    single = sa.custom_op(lambda x: x, vjp=lambda g, y, x: g.astype("float32"))
    with pytest.raises(
        DTypeError, match=r"its rule <lambda> \(.*test_custom_op.py:\d+\) returns for operand 0 .*astype"
    ):
        sa.gradients(single(x).sum(), [x])
