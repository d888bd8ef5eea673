"""Typical kernels whose source is kept as text: what the compiler writes, to be read in a change's diff.

``python -m tests.codegen.golden_kernels`` writes ``tests/codegen/golden/*.txt`` again; look at the difference before
you commit it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

import staticad as sa
from staticad.codegen.source import render
from staticad.lower.kernel.routine import Routine
from tests.lower.planning import loop_steps, plan_for

DIRECTORY = Path(__file__).parent / "golden"


def x(columns: int = 40) -> sa.Tensor:
    return sa.placeholder((None, columns), name="x")


def _elementwise_gradient() -> str:
    a = sa.placeholder((None,), name="a")
    loss = sa.sum(sa.exp(sa.sin(a)))
    return text([loss, *sa.gradients(loss, [a])])


def _bias_gradient() -> str:
    hidden, bias, target = x(), sa.placeholder((40,)), x()
    loss = sa.mean((sa.tanh(hidden + bias) - target) ** 2)
    return text([loss, *sa.gradients(loss, [hidden, bias])])


def _cross_entropy() -> str:
    logits, labels = x(16), sa.placeholder((None,), "int64")
    loss = sa.nn.cross_entropy(logits, labels).mean()
    return text([loss, *sa.gradients(loss, [logits])])


def _adam_like() -> str:
    w, m = sa.variable(np.zeros(4), name="w"), sa.variable(np.zeros(4), name="m")
    new = 0.9 * m + 0.1 * sa.square(w)
    return text([], {m: new, w: w - 0.001 * new})


def _recurrent() -> str:
    h, wh, xs = sa.placeholder((None, 64)), sa.placeholder((64, 64)), sa.placeholder((None, None, 64))
    last, _ = sa.scan(lambda h, row: (sa.tanh(h @ wh + row), None), h, xs)
    return text([last, *sa.gradients(sa.sum(last), [wh])])


def _columns() -> str:
    rows = x(3)
    a, b, c = (rows[:, k] for k in range(3))
    return text(sa.gradients(sa.sum(sa.sin(a * b) + c * c), [rows]))


def text(fetches: sa.Tensor | list[sa.Tensor], updates: dict[sa.Variable, sa.Tensor] | None = None) -> str:
    """The kernels of a plan, each once, under the labels of their steps."""
    parts: dict[str, str] = {}
    for step in loop_steps(plan_for(fetches, updates)):  # type: ignore[arg-type]
        assert not isinstance(step.kernel, Routine)
        parts.setdefault(render(step.kernel), step.label)
    return "\n".join(f"# {label}\n{kernel}" for kernel, label in parts.items())


GOLDEN: dict[str, Callable[[], str]] = {
    "elementwise": lambda: text(sa.exp(x()) * 2.0 + sa.placeholder((40,))),
    "elementwise_gradient": _elementwise_gradient,
    "softmax": lambda: text(sa.softmax(x(), axis=1)),
    "short_rows": lambda: text(sa.softmax(x(3), axis=1)),
    "gradient_by_columns": _columns,
    "dear_gather": lambda: text(sa.sin(sa.placeholder((None,))[sa.placeholder((None,), "int64")])),
    "column_sums": lambda: text(x().sum(axis=0)),
    "transposed_slice": lambda: text(sa.sqrt(x()[::-1, 1:3].T)),
    "gather": lambda: text(x()[sa.placeholder((None,), "int64")] * 2.0),
    "scatter_add": lambda: text(x().at[sa.placeholder((None,), "int64")].add(1.0)),
    "bias_gradient": _bias_gradient,
    "cross_entropy": _cross_entropy,
    "argmax": lambda: text(sa.argmax(x(), axis=1)),
    "update_in_place": _adam_like,
    "recurrent_step": _recurrent,
}


def main() -> None:
    """Write all texts again."""
    DIRECTORY.mkdir(exist_ok=True)
    for name, build in GOLDEN.items():
        (DIRECTORY / f"{name}.txt").write_text(build(), "utf-8")


if __name__ == "__main__":
    main()
