"""What the compiler promises: sizes without compiling, shared kernels, warm starts, deep graphs, no NumPy in runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import config
from staticad.codegen import jit, loader
from staticad.ir.graph import sort_nodes
from staticad.ops.catalogue import ALL_OPS
from staticad.runtime.machine import prepare

ROOT = Path(__file__).resolve().parent.parent


class Compiling:
    """Counts what is compiled and what is loaded meanwhile."""

    def __enter__(self) -> Compiling:
        self.before, self.loaded, self.load = jit.compilations(), 0, loader._load_object

        def load(*args: Any) -> int:
            self.loaded += 1
            return self.load(*args)

        loader._load_object = load
        return self

    def __exit__(self, *exc: object) -> None:
        self.compiled = jit.compilations() - self.before
        loader._load_object = self.load


def network(batch: int | None, depth: int = 2) -> tuple[list[sa.Tensor], list[sa.Tensor]]:
    """Inputs, and the loss and gradients, of a classifier with constant weights."""
    rng = np.random.default_rng(0)
    x, t = sa.placeholder((batch, 64), "float64", name="x"), sa.placeholder((batch,), "int64", name="t")
    hidden, weights = x, []
    for _ in range(depth):
        w = sa.constant(rng.normal(size=(64, 64)) / 8)
        weights.append(w)
        hidden = sa.tanh(hidden @ w)
    loss = sa.nn.cross_entropy(hidden[:, :10], t).mean()
    return [x, t], [loss, hidden.sum(axis=0), *sa.gradients(loss, [x, weights[0]])]


def test_any_batch_size_runs_without_compiling() -> None:
    inputs, outputs = network(None)
    session = sa.compile(outputs, inputs)
    rng = np.random.default_rng(1)
    for batch in (1, 7, 64, 10_000, 7):
        xb, tb = rng.normal(size=(batch, 64)), rng.integers(0, 10, batch)
        with Compiling() as counted:
            results = session(xb, tb)
        assert (counted.compiled, counted.loaded) == (0, 0)
        fixed_inputs, fixed_outputs = network(batch)
        for result, expected in zip(results, sa.compile(fixed_outputs, fixed_inputs)(xb, tb), strict=True):
            assert result.shape == expected.shape
            np.testing.assert_allclose(result, expected, rtol=1e-10, atol=1e-12)


def training(layers: int) -> tuple[sa.Session, sa.Tensor, dict[sa.Variable, sa.Tensor]]:
    """A training step of a deep network of equal layers, its loss and its updates."""
    rng = np.random.default_rng(0)
    x = sa.placeholder((None, 16), name="x")
    hidden, variables = x, []
    for _ in range(layers):
        w, b = sa.variable(rng.normal(size=(16, 16)) / 4), sa.variable(np.zeros(16))
        variables += [w, b]
        hidden = hidden + sa.tanh(hidden @ w + b)
    loss = (hidden**2).mean()
    updates = {v: v - 1e-4 * g for v, g in zip(variables, sa.gradients(loss, variables), strict=True)}
    return sa.compile(loss, [x], updates=updates), loss, updates


def test_a_hundred_equal_layers_take_the_kernels_of_three() -> None:
    (three, _, _), (hundred, loss, updates) = training(3), training(100)
    few, many = ([c.text(step) for step in c.steps] for c in (s._lowered.compiled for s in (three, hundred)))
    assert set(many) == set(few)
    assert len(many) > 20 * len(set(many))
    xb = np.random.default_rng(1).normal(size=(8, 16))
    expected = sa.evaluate([loss, *updates.values()], {"x": xb})
    np.testing.assert_allclose(hundred(xb), expected[0], rtol=1e-10)
    for variable, value in zip(updates, expected[1:], strict=True):
        np.testing.assert_allclose(variable.value, value, rtol=1e-8, atol=1e-10)


def test_equal_kernels_are_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "_codes", {})
    with config.override(cache_dir=str(tmp_path)):
        prepare([], parallel=True)
        with Compiling() as counted:
            for columns, number in ((3, 0.37), (3, 1.37), (5, 2.37)):  # sizes and numbers are arguments of one kernel
                x = sa.placeholder((None, columns))
                sa.compile(sa.exp(sa.cos(x * number)) - sa.expm1(x), [x])
    assert counted.compiled == 1


WARM = """
import json, sys
import numpy as np
import staticad as sa
x = sa.placeholder((None, 8), "float32")
t = sa.placeholder((None,), "int64")
model = sa.nn.Sequential([sa.nn.Dense(8, 6, activation=sa.tanh, rng=0), sa.nn.Dense(6, 3, rng=1)])
loss = sa.nn.cross_entropy(model(x), t).mean()
session = sa.compile(loss, [x, t], updates=sa.optim.SGD(0.1, momentum=0.9).minimize(loss))
from staticad.codegen import jit, library
compiled = jit.compilations()
rng = np.random.default_rng(0)
losses = [float(session(rng.normal(size=(n, 8)).astype("float32"), rng.integers(0, 3, n))) for n in (5, 5, 9)]
print(json.dumps({
    "compilations": jit.compilations(),
    "by_runs": jit.compilations() - compiled,
    "numba": "numba" in sys.modules,
    "from_numpy": library._from_numpy("sgemm") is not None,
    "scipy": any(name.startswith("scipy") for name in sys.modules),
    "losses": losses,
}))
"""


def run(code: str, cache: Path, **settings: str) -> dict[str, object]:
    """What a fresh process prints."""
    environment = {"PATH": "/usr/bin:/bin", "STATICAD_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT), **settings}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert isinstance(result, dict)
    return result


def test_a_second_process_compiles_nothing_and_does_not_import_numba(tmp_path: Path) -> None:
    cold = run(WARM, tmp_path)
    assert isinstance(cold["compilations"], int) and cold["compilations"] > 3
    assert cold["by_runs"] == 0
    warm = run(WARM, tmp_path)
    assert warm["compilations"] == 0
    assert warm["numba"] is False
    assert warm["losses"] == cold["losses"]
    if warm["from_numpy"]:
        assert warm["scipy"] is False
    one = run(WARM, tmp_path, STATICAD_THREADS="1")
    assert one["compilations"] == 0 and one["losses"] == cold["losses"]


def test_a_chain_of_20_000_nodes() -> None:
    x = sa.placeholder((3,), name="x")
    value = x
    for _ in range(4000):
        value = sa.sin(value) + x
    loss = value.sum()
    (slope,) = sa.gradients(loss, x)
    assert len(sort_nodes([loss, slope])) > 20_000
    session = sa.compile([loss, slope], [x])
    feed = np.array([0.1, -0.4, 0.9])
    total, by_x = session(feed)
    expected, derivative = feed, np.ones(3)
    for _ in range(4000):
        derivative = np.cos(expected) * derivative + 1
        expected = np.sin(expected) + feed
    np.testing.assert_allclose(total, expected.sum(), rtol=1e-9)
    np.testing.assert_allclose(by_x, derivative, rtol=1e-9)


def _everything() -> tuple[list[sa.Tensor], Sequence[sa.Tensor]]:
    x, w, i = sa.placeholder((None, 6)), sa.placeholder((6, 6)), sa.placeholder((4,), "int64")
    parts = [
        sa.softmax(x @ w, axis=1),
        x.sum(axis=0),
        sa.argmax(x, axis=1),
        x.T[::-1],
        x[i],
        x.at[i].add(1.0),
        sa.concatenate([x, x * 2.0]),
        sa.pad(x, 1),
        sa.where(x > 0, sa.exp(x), sa.floor(x)),
        x.astype("int32") // 3,
        sa.arange(6) * x,
        sa.take_along_axis(x, sa.argmax(x, axis=1, keepdims=True), axis=1),
    ]
    return [x, w, i], parts


def test_a_run_calls_no_numpy_function_of_any_op(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, outputs = _everything()
    state = sa.variable(np.zeros((6, 6)))
    session = sa.compile(outputs, inputs, updates={state: state + inputs[1] @ inputs[1]})
    rng = np.random.default_rng(0)
    feeds = [rng.normal(size=(5, 6)), rng.normal(size=(6, 6)), np.array([0, 4, -1, 0])]
    expected = sa.evaluate(outputs, dict(zip(inputs, feeds, strict=True)))

    def forbidden(*args: object, **attrs: object) -> object:
        raise AssertionError("a run calls NumPy")

    for op in ALL_OPS:
        monkeypatch.setattr(op, "numpy", forbidden, raising=False)
    with pytest.raises(AssertionError, match="calls NumPy"):
        sa.evaluate(outputs, dict(zip(inputs, feeds, strict=True)))
    before = sys.getprofile()
    called: list[str] = []
    sys.setprofile(lambda frame, event, arg: called.append(frame.f_code.co_name) if event == "call" else None)
    try:
        results = session(*feeds)
        calls = len(called)
        session(*feeds)
        again = len(called) - calls
    finally:
        sys.setprofile(before)
    for result, want in zip(results, expected, strict=True):
        np.testing.assert_allclose(result, want, rtol=1e-12)
    # A run with known sizes is the session's __call__ and nothing else that is written in Python.
    assert again <= 2, called[calls:]
    np.testing.assert_allclose(state.value, 2 * feeds[1] @ feeds[1], rtol=1e-12)
