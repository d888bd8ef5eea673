"""What all optimizers share: which variables change, frozen ones cost nothing, wrong input is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import ConfigError, DTypeError, GradientError, GraphError, ShapeError
from staticad.ir.graph import Tensor, sort_nodes
from staticad.optim import SGD, Adagrad, Adam, AdamW, RMSprop
from staticad.optim.optimizer import used_variables
from staticad.runtime.variables import Variable, variable
from tests.optim.stepping import Runner, runners


def two_layers() -> tuple[Tensor, Tensor, Variable, Variable]:
    x = sa.placeholder((None, 3), "float32", name="x")
    a = variable(np.full((3, 4), 0.5, "float32"), name="a")
    b = variable(np.full((4, 2), 0.5, "float32"), name="b")
    return x, (sa.tanh(x @ a) @ b).sum(), a, b


def count(tensors: Any, op: str) -> int:
    return sum(node.op.name == op for node in sort_nodes(tensors))


def test_minimize_changes_what_the_loss_depends_on() -> None:
    _, loss, a, b = two_layers()
    variable(1.0, name="stranger")
    assert list(SGD(0.1).minimize(loss)) == [a, b]
    assert list(SGD(0.1).minimize(loss, [b])) == list(SGD(0.1).minimize(loss, b)) == [b]


def test_frozen_variables_are_not_differentiated() -> None:
    _, loss, a, b = two_layers()
    free = SGD(0.1).minimize(loss)
    assert count(free.values(), "matmul") == 1 + 3  # x @ a, and the gradients of a, b and tanh
    a.trainable = False
    frozen = SGD(0.1).minimize(loss)
    assert list(frozen) == [b]
    assert count(frozen.values(), "matmul") == 1 + 1
    assert list(SGD(0.1).minimize(loss, [a, b])) == [b]
    b.trainable = False
    with pytest.raises(GradientError, match="no trainable variable"):
        SGD(0.1).minimize(loss)


def test_integer_and_stopped_variables_are_left_out() -> None:
    w, count_, target = variable(1.0, name="w"), variable(3, name="count"), variable(2.0, name="target")
    loss = (w * count_ - target.detach()) ** 2
    assert list(SGD(0.1).minimize(loss)) == [w]
    with pytest.raises(GradientError, match="target"):
        SGD(0.1).minimize(loss, [target])


@pytest.mark.parametrize("runner", runners(), ids=lambda r: r.__name__)
def test_a_step_lowers_the_loss_and_keeps_frozen_values(runner: Runner) -> None:
    x, loss, a, b = two_layers()
    b.trainable = False
    before = b.value
    measured = variable(np.zeros((), "float32"))
    step = runner({**SGD(0.05).minimize(loss), measured: loss}, [x])
    losses = []
    for _ in range(5):
        step(np.ones((2, 3), "float32"))
        losses.append(float(measured.value))
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0]
    np.testing.assert_array_equal(b.value, before)
    assert not np.array_equal(a.value, np.full((3, 4), 0.5))


@pytest.mark.parametrize("runner", runners(), ids=lambda r: r.__name__)
def test_accumulated_gradients_make_the_step_of_the_whole_batch(runner: Runner, rng: np.random.Generator) -> None:
    """As .grad in the seeds: gradients add up over runs until they are used and set to zero."""
    data = rng.normal(size=(4, 2, 3)).astype("float32")
    x, loss, a, b = two_layers()
    totals = [variable(np.zeros(v.shape, v.dtype), trainable=False) for v in (a, b)]
    found = sa.gradients(loss, [a, b])
    accumulate = runner({total: total + g for total, g in zip(totals, found, strict=True)}, [x])
    updates = SGD(0.1, momentum=0.5).apply_gradients([(totals[0], a), (totals[1], b)])
    apply_and_clear = runner({**updates, **{total: sa.zeros_like(total) for total in totals}}, [])
    for batch in data:
        accumulate(batch)
    twice = totals[0].value
    apply_and_clear()
    assert not any(total.value.any() for total in totals) and twice.any()
    values = a.value, b.value

    x, loss, a, b = two_layers()
    runner(SGD(0.1, momentum=0.5).minimize(loss), [x])(data.reshape(8, 3))
    np.testing.assert_allclose(values[0], a.value, rtol=1e-5)
    np.testing.assert_allclose(values[1], b.value, rtol=1e-5)


def test_slots_are_accessible_and_shared_by_calls() -> None:
    _, loss, a, b = two_layers()
    optimizer = Adam()
    first = optimizer.minimize(loss)
    assert set(optimizer.slots) == {a, b} and set(optimizer.slots[a]) == {"mean", "square"}
    assert optimizer.slots[a]["mean"].name == "a.mean" and not optimizer.slots[a]["mean"].trainable
    assert set(first) == {a, b, optimizer.steps, *optimizer.slots[a].values(), *optimizer.slots[b].values()}
    assert set(optimizer.minimize(loss)) == set(first)
    assert SGD(0.1).slots == {}


def test_used_variables() -> None:
    _, loss, a, b = two_layers()
    assert used_variables([loss]) == [a, b] and used_variables([]) == []


def test_update_nodes_name_the_line_and_the_variable() -> None:
    _, loss, a, _ = two_layers()
    updates = SGD(0.1).minimize(loss)
    assert "test_optimizer.py" in updates[a].where.file and updates[a].where.notes == ("update of a",)


X = sa.placeholder((2,), name="g")
W = variable(np.ones(2), name="w")
OTHER = variable(np.ones(3), name="other")
COUNT = variable(3, name="count")


@pytest.mark.parametrize(
    ("pairs", "error", "message"),
    [
        ([(None, W)], GradientError, "no gradient for variable 'w'"),
        ([(X, OTHER)], ShapeError, r"float64\[2\].*float64\[3\]"),
        ([(X, W), (X, W)], GraphError, "two gradients"),
        ([(X, X)], GraphError, "only variables"),
        ([(np.ones(2), W)], GraphError, "ndarray"),
        ([(COUNT, COUNT)], DTypeError, "floats"),
        ([(sa.placeholder((2,), "int64"), W)], DTypeError, "floats"),
    ],
)
def test_wrong_pairs(pairs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        SGD(0.1).apply_gradients(pairs)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: SGD(-0.1), ConfigError),
        (lambda: SGD(float("nan")), ConfigError),
        (lambda: SGD("0.1"), ConfigError),  # type: ignore[arg-type]
        (lambda: SGD(True), ConfigError),
        (lambda: SGD(X), ShapeError),
        (lambda: SGD(COUNT), DTypeError),
        (lambda: SGD(0.1, momentum=1.0), ConfigError),
        (lambda: SGD(0.1, nesterov=True), ConfigError),
        (lambda: SGD(0.1, weight_decay=-1.0), ConfigError),
        (lambda: Adam(beta1=1.0), ConfigError),
        (lambda: Adam(beta2=-0.1), ConfigError),
        (lambda: Adam(eps=-1.0), ConfigError),
        (lambda: AdamW(weight_decay=float("inf")), ConfigError),
        (lambda: RMSprop(rho=1.5), ConfigError),
        (lambda: Adagrad(initial=-1.0), ConfigError),
    ],
)
def test_wrong_hyperparameters(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


def test_a_loss_that_can_not_be_minimized() -> None:
    with pytest.raises(GradientError, match="several elements"):
        SGD(0.1).minimize(W * 2.0)
    with pytest.raises(GradientError, match=r"no trainable variable.*test_optimizer\.py"):
        SGD(0.1).minimize(X)
    with pytest.raises(GraphError, match="float, not a tensor"):
        SGD(0.1).minimize(1.5)  # type: ignore[arg-type]
    with pytest.raises(GraphError, match="only variables"):
        SGD(0.1).minimize(W, [X])  # type: ignore[list-item]
