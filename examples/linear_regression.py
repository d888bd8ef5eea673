"""Linear regression by gradient descent: gradients of several batches add up in variables, then go back to zero."""

from __future__ import annotations

import numpy as np

import staticad as sa

BATCHES = (40, 40, 20)
RATE = 0.3
STEPS = 100


def main() -> None:
    rng = np.random.default_rng(0)
    x_data = rng.standard_normal((sum(BATCHES), 3))
    y_data = x_data @ [3.0, -2.0, 0.5] + 4.0 + 0.1 * rng.standard_normal(sum(BATCHES))

    x = sa.placeholder(("batch", 3), "float64", name="x")
    y = sa.placeholder(("batch",), "float64", name="y")
    w = sa.variable(np.zeros(3), name="w")
    b = sa.variable(np.zeros(()), name="b")
    loss = ((x @ w + b - y) ** 2).sum()
    gw, gb = sa.gradients(loss, [w, b])

    # Where gradients gather between steps, like `.grad` in other libraries; said in the open instead of by a habit.
    sum_gw = sa.variable(np.zeros(3), name="sum_gw", trainable=False)
    sum_gb = sa.variable(np.zeros(()), name="sum_gb", trainable=False)
    accumulate = sa.compile(loss, inputs=[x, y], updates={sum_gw: sum_gw + gw, sum_gb: sum_gb + gb})

    # All right-hand sides see the values from before the run, so one session descends and sets the sums to zero.
    rate = RATE / len(x_data)
    descend = sa.compile(
        sa.sum(sum_gw * sum_gw),
        updates={
            w: w - rate * sum_gw,
            b: b - rate * sum_gb,
            sum_gw: sa.zeros_like(sum_gw),
            sum_gb: sa.zeros_like(sum_gb),
        },
    )

    for step in range(STEPS):
        start, total = 0, 0.0
        for size in BATCHES:
            total += float(accumulate(x_data[start : start + size], y_data[start : start + size]))
            start += size
            if step == 0:
                print(f"  sum of gradients after {start:3} rows: {np.round(sum_gw.value, 2)}")
        descend()
        if step == 0:
            print(f"  sum of gradients after the step: {sum_gw.value}")
        if step % 20 == 0:
            print(f"step {step:3}: mean squared error {total / len(x_data):.6f}")

    design = np.column_stack([x_data, np.ones(len(x_data))])
    exact = np.linalg.lstsq(design, y_data)[0]
    found = np.append(w.value, b.value)
    print(f"gradient descent: {np.round(found, 4)}\nleast squares:    {np.round(exact, 4)}")
    assert np.allclose(found, exact, rtol=1e-6), "gradient descent must end at the least squares solution"


if __name__ == "__main__":
    main()
