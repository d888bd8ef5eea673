"""Kernels that take turns over the rows of a matrix: which do, and that results keep their bits."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad import config
from staticad.ir.graph import Tensor
from staticad.lower import lower
from staticad.lower.kernel.plan import Step
from tests.lower.checking import computes
from tests.lower.planning import labels, plan_for
from tests.lower.tiny import tiny_thresholds


def logistic(rows: object = None, columns: object = 50, dtype: str = "float32") -> tuple[list[Tensor], list[Tensor]]:
    """The loss with a term for the bias and its gradients, and the inputs."""
    x, t = sa.placeholder((rows, columns), dtype), sa.placeholder((rows,), dtype)
    w, b = sa.placeholder((columns,), dtype), sa.placeholder((), dtype)
    z = x @ w + b
    loss = (sa.softplus(z) - t * z).mean()
    return [loss, *sa.gradients(loss, [w, b])], [x, t, w, b]


def arrays(rows: int, columns: int, dtype: str = "float32") -> list[np.ndarray]:
    draw = np.random.default_rng(rows)
    shapes = ((rows, columns), (rows,), (columns,), ())
    return [np.asarray(draw.normal(size=shape)).astype(dtype) for shape in shapes]


def sweeps(steps: tuple[Step, ...]) -> list[str]:
    return [step.label for step in steps if ";" in step.label]


def test_value_and_gradient_read_the_matrix_once() -> None:
    for rows in (100_000, None):
        fetches, inputs = logistic(rows, 50)
        plan = plan_for(fetches, inputs=inputs)
        matrix = plan.inputs.index(next(e for e in plan.inputs if len(e.shape) == 2))
        (number,) = (b.number for b in plan.buffers if b.role == "feed" and b.position == matrix)
        assert len([step for step in plan.steps if number in step.reads]) == 1
        (label,) = sweeps(plan.steps)
        assert label.count(";") == 2  # products, functions of them, sums


def test_free_columns() -> None:
    x, w = sa.placeholder((None, None)), sa.placeholder((None,))
    z = x @ w
    (label,) = sweeps(computes([sa.softplus(z), x.T @ sa.exp(z)], [700, 30, 30]).steps)
    assert label == "mul sum; softplus exp; mul partial"


def test_small_ones_are_left_alone() -> None:
    fetches, inputs = logistic(100, 50)
    assert not sweeps(plan_for(fetches, inputs=inputs).steps)


def test_the_bits_are_those_of_separate_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    fetches, inputs = logistic()
    with config.override(programs=False):
        together = sa.compile(fetches, inputs)
        assert "; " in str(together.source())
        monkeypatch.setattr(lower, "join_sweeps", lambda steps: [step for step, _ in steps])
        apart = sa.compile(fetches, inputs)
        assert "; " not in str(apart.source())
    for rows in (1, 326, 327, 328, 654, 2000):  # 327 rows are a chunk
        feeds = arrays(rows, 50)
        feeds[0] = np.asfortranarray(feeds[0]) if rows == 654 else feeds[0]
        expected = [np.asarray(x).tobytes() for x in apart(*feeds)]
        for threads in (1, 2, 4):
            with config.override(threads=threads):
                assert [np.asarray(x).tobytes() for x in together(*feeds)] == expected
    for session in (together, apart):
        value, by_weights, by_bias = session(*arrays(0, 50))
        assert np.isnan(value) and not by_weights.any() and by_bias == 0


def test_what_needs_all_rows_or_other_rows_comes_after() -> None:
    with tiny_thresholds():
        x, w = sa.placeholder((None, 3)), sa.placeholder((3,))
        z = sa.exp(x @ w)
        assert sweeps(computes([z, (x * z[:, None]).sum(axis=0)], [9, 9]).steps)
        for other in (z - z.mean(), z[::-1], sa.concatenate([z[1:], z[:1]])):
            plan = computes([z, (x * other[:, None]).sum(axis=0)], [9, 9])
            assert not sweeps(plan.steps)


def test_little_graphs_that_are_cut_like_large_ones() -> None:
    """Of each the interpreter computes what the reference does, and looks at every access."""
    with tiny_thresholds():
        x, t = sa.placeholder((None, 3)), sa.placeholder((None,))
        w, v = sa.placeholder((3,)), sa.placeholder((3,))
        for loss, by in (
            (sa.sum((x @ w - t) ** 2), [w]),
            (sa.mean(sa.softplus(x @ w) - t * (x @ v)), [w, v]),
            (sa.sum(sa.exp(x @ w) * sa.tanh((x * x) @ v)), [w, v]),
            (sa.sum(sa.log(1 + sa.exp((x * t[:, None]) @ w))) + sa.sum(w * w), [w]),
        ):
            for rows in (1, 2, 7, 16):
                computes([loss, *sa.gradients(loss, by)], [rows, rows])


def test_the_rows_of_a_loop() -> None:
    x, t, w = sa.placeholder((None, 50)), sa.placeholder((None,)), sa.placeholder((50,))

    def step(w: Tensor, _: None) -> tuple[Tensor, None]:
        z = x @ w
        loss = (sa.softplus(z) - t * z).mean()
        return w - 0.1 * sa.gradients(loss, [w])[0], None

    trained, _ = sa.scan(step, w, None, length=3)
    data = arrays(700, 50, "float64")
    (found,) = sa.compile([trained], [x, t, w])(*data[:3])
    expected = data[2]
    for _ in range(3):
        z = data[0] @ expected
        expected = expected - 0.1 * data[0].T @ (1 / (1 + np.exp(-z)) - data[1]) / 700
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_steps_between_keep_their_order() -> None:
    """A step that writes what a later kernel reads keeps it out."""
    with tiny_thresholds():
        x, w, i = sa.placeholder((None, 3)), sa.placeholder((3,)), sa.placeholder((2,), "int64")
        z = sa.exp(x @ w).at[i].set(0)
        plan = computes([(x * z[:, None]).sum(axis=0)], [9, 9])
        assert labels(plan)[-1].startswith("sum")


def test_single_numbers_beside_no_rows() -> None:
    """A kernel that computes a number beside its rows does so where there are none."""
    x = sa.placeholder((None, 3))
    sign, logarithm = sa.linalg.slogdet(x @ x.T + sa.eye(x.shape[0]))
    number = sign * logarithm
    session = sa.compile([number, sa.tanh(x * sign).sum(axis=0), number * x], inputs=[x])
    for rows in (0, 2, 0, 0):
        result = session(np.zeros((rows, 3)))[0]
        assert result == 0
        result[...] = 5.5  # what the next one may find in memory
        del result
