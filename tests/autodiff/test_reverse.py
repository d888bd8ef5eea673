"""Reverse mode: which nodes are visited, how cotangents meet, what is an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.autodiff.accumulate import sum_to
from staticad.autodiff.reverse import gradients
from staticad.errors import GradientError, VerifyError
from staticad.ir.graph import Node, sort_nodes
from staticad.ir.types import TensorType
from staticad.ops.base import Elementwise, apply
from staticad.reference import evaluate

F32 = np.dtype(np.float32)


def value(tensors: Any, feeds: Any) -> Any:
    found = [float(v) if v.ndim == 0 else v.tolist() for v in evaluate(tensors, feeds)]
    return found[0] if len(found) == 1 else found


def nodes(*tensors: sa.Tensor) -> set[Node]:
    return set(sort_nodes(tensors))


def test_one_x_or_several() -> None:
    x, w = sa.placeholder((), name="x"), sa.placeholder((), name="w")
    z = x * w**2
    assert value(gradients(z, w), {x: 5.0, w: 3.0}) == 30
    assert value(gradients(z, (x, w)), {x: 5.0, w: 3.0}) == [9, 30]
    assert value(gradients([z, z], [w]), {x: 5.0, w: 3.0}) == 60
    assert gradients(z, []) == []


def test_shared_nodes_add_up() -> None:
    x = sa.placeholder(())
    y = x * x
    assert value(gradients(y + y * x + x, x), {x: 3.0}) == 2 * 3 + 3 * 9 + 1


def test_by_an_intermediate_by_y_itself_and_by_the_same_twice() -> None:
    x = sa.placeholder(())
    y = x * 3
    z = y * y
    assert value(gradients(z, [y, x, x, z]), {x: 2.0}) == [12, 36, 36, 1]


def test_an_x_between_another_x_and_y_passes_its_gradient_on() -> None:
    a = sa.placeholder(())
    b = a * 2
    assert value(gradients(a + b, [a, b]), {a: 1.0}) == [3, 1]
    assert value(gradients(a + b, [a, b], stop_gradients=[a, b]), {a: 1.0}) == [1, 1]


def test_stopped_tensors_are_constants() -> None:
    x = sa.placeholder(())
    y = x * x
    assert value(gradients(x * y, x), {x: 2.0}) == 12
    assert value(gradients(x * y, x, stop_gradients=y), {x: 2.0}) == 4
    assert value(gradients(x * sa.stop_gradient(y), x), {x: 2.0}) == 4
    with sa.no_grad():
        detached = x * x
    assert value(gradients(x * detached, x), {x: 2.0}) == 4


def test_gradients_of_gradients() -> None:
    x = sa.placeholder(())
    tensor = x**5
    expected = 2.0**5
    for order in range(5, 0, -1):
        (tensor,) = gradients(tensor, x)
        expected = expected / 2 * order
        assert value(tensor, {x: 2.0}) == expected


def test_nothing_is_built_for_what_is_not_asked() -> None:
    x, w, frozen = sa.placeholder((3, 4)), sa.placeholder((4, 5)), sa.placeholder((5, 6))
    loss = sa.sum(sa.tanh(x @ w) @ frozen)
    (by_w,) = gradients(loss, w)
    products = [n for n in nodes(by_w) if n.op.name == "matmul"]
    # x @ w for tanh', the cotangent of tanh(x @ w), and the gradient by w. Not those by x and frozen.
    assert len(products) == 3


def test_what_does_not_lie_between_is_not_visited() -> None:
    broken = Elementwise("broken", numpy=np.negative)  # no rule: raises if asked
    x, w = sa.placeholder(()), sa.placeholder(())
    z = apply(broken, x) * w
    assert value(gradients(z, w), {x: 5.0, w: 1.0}) == -5
    with pytest.raises(GradientError, match="broken has no derivative rule"):
        gradients(z, x)


@pytest.mark.parametrize(
    ("a", "b"), [("n3", "3"), ("n3", "1"), ("n3", ""), ("n1", "13"), ("1", "n"), ("2n3", "n1"), ("11", "n3"), ("", "")]
)
def test_cotangents_are_summed_over_broadcast_axes(a: str, b: str, rng: np.random.Generator) -> None:
    sizes = {"n": 4, "1": 1, "2": 2, "3": 3}
    x, y = (sa.placeholder([s if s == "n" else int(s) for s in shape]) for shape in (a, b))
    feeds = {t: rng.normal(size=[sizes[s] for s in shape]) for t, shape in ((x, a), (y, b))}
    product = x * y
    found = evaluate(gradients(product, [x, y], sa.ones(product.shape)), feeds)
    full = np.broadcast(*feeds.values()).shape
    for own, other, gradient in ((x, y, found[0]), (y, x, found[1])):
        expected = np.broadcast_to(feeds[other], full)
        while expected.ndim > feeds[own].ndim:
            expected = expected.sum(0)
        for axis, size in enumerate(feeds[own].shape):
            expected = expected.sum(axis, keepdims=True) if size == 1 else expected
        assert gradient.shape == feeds[own].shape
        np.testing.assert_allclose(gradient, expected, rtol=1e-14)


def test_gradients_have_the_type_of_their_tensor() -> None:
    x = sa.placeholder((None, 1), "float32")
    y = sa.sum(x.astype("float64") * sa.placeholder((5,)))
    (gradient,) = gradients(y, x)
    assert gradient.type == x.type


def test_a_free_size_of_1_is_not_summed() -> None:
    x, y = sa.placeholder((None,)), sa.placeholder((3,))
    (gradient,) = gradients(sa.sum(x * y), x)
    assert gradient.ndim == 1
    assert not any(n.op.name == "sum" for n in nodes(gradient))


def test_external_cotangents() -> None:
    x = sa.placeholder((None,))
    y = x * x
    feeds = {x: np.array([1.0, 2.0, 3.0])}
    assert value(gradients(y, x, np.ones(3)), feeds) == [2, 4, 6]
    assert value(gradients(y, x, [[1.0, 0.5, 0.0]]), feeds) == [2, 2, 0]
    assert value(gradients([y, sa.sum(y)], x, [np.ones(3), None]), feeds) == [4, 8, 12]
    weights = sa.placeholder(x.shape)
    assert value(gradients(y, x, weights), {**feeds, weights: np.array([0.0, 1.0, 2.0])}) == [0, 4, 12]


def test_a_y_of_one_element_needs_no_cotangent() -> None:
    x = sa.placeholder((1, 1))
    assert value(gradients(x * 3, x), {x: np.ones((1, 1))}) == [[3]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y, i: gradients(y, x), r"(?s)mul float64\[n\d*\].*test_reverse.py:\d+.*needs grad_ys.*\.sum\(\)"),
        (lambda x, y, i: gradients(sa.sum(i), x), "int64 has no derivative"),
        (lambda x, y, i: gradients(sa.sum(y), i), "by placeholder 'i' int64.*astype"),
        (lambda x, y, i: gradients(y, x, sa.placeholder((4, 1))), "shapes differ"),
        (lambda x, y, i: gradients(y, x, sa.placeholder(x.shape, "float32")), "dtypes differ"),
        (lambda x, y, i: gradients([y, y], x, np.ones(3)), "1 entries for 2 ys"),
        (lambda x, y, i: gradients(sa.sum(y), x, unconnected="skip"), "unconnected='skip'"),
        (lambda x, y, i: gradients(3.0, x), "ys has to be a tensor"),
        (lambda x, y, i: gradients(sa.sum(y), [x, None]), "xs holds a NoneType"),
    ],
)
def test_wrong_calls(call: Any, message: str) -> None:
    x, i = sa.placeholder((None,), name="x"), sa.placeholder((), "int64", name="i")
    with pytest.raises(GradientError, match=message):
        call(x, x * x, i)


def test_unconnected_policies() -> None:
    x, z = sa.placeholder((None, 2), "float32", name="x"), sa.placeholder(())
    with pytest.raises(GradientError, match="(?s)'x'.*none of the ys is computed from it.*unconnected"):
        gradients(z * 2, [z, x])
    by_z, none = gradients(z * 2, [z, x], unconnected="none")
    assert none is None
    assert value(by_z, {z: 1.0}) == 2
    zeros = gradients(z * 2, x, unconnected="zero")[0]
    assert zeros.type == x.type
    (array,) = evaluate(zeros, {x: np.ones((3, 2), np.float32)})
    np.testing.assert_array_equal(array, np.zeros((3, 2), np.float32))


def detached_square(x: sa.Tensor) -> sa.Tensor:
    with sa.no_grad():
        return x * x


@pytest.mark.parametrize(
    ("cut", "reason"),
    [
        (sa.floor, "floor at .*test_reverse.py:.* is piecewise constant"),
        (lambda x: sa.stop_gradient(x), "stop_gradient at .* stops gradients"),
        (detached_square, "mul at .* was made under no_grad"),
        (lambda x: (x > 0).astype("float64"), "greater at .* is piecewise constant"),
        (lambda x: x.astype("int32").astype("float64"), "cast at .* makes int32"),
    ],
)
def test_an_unconnected_x_is_told_where_the_path_is_cut(cut: Any, reason: str) -> None:
    x = sa.placeholder((), name="x")
    with pytest.raises(GradientError, match=f"(?s)every path between them is cut.*{reason}"):
        gradients(cut(x) * 3, x)
    assert value(gradients(cut(x) * 3 + x, x), {x: 1.5}) == 1


def test_stop_gradients_as_the_reason() -> None:
    x = sa.placeholder((), name="x")
    y = x * 2
    with pytest.raises(GradientError, match="is in stop_gradients"):
        gradients(y * y, x, stop_gradients=[y])


def test_gradient_nodes_come_from_the_forward_line() -> None:
    x = sa.placeholder(())
    y = sa.exp(x) * 2
    line = y.where.line
    (gradient,) = gradients(y, x)
    made = [n for n in nodes(gradient) - nodes(y, x) if n.where.notes]
    assert made
    for node in made:
        assert node.where.file == __file__
        assert node.where.line == line
        assert node.where.notes[0].startswith("gradient of ")


def test_a_seed_comes_from_the_call_of_gradients() -> None:
    x = sa.placeholder(())
    (gradient,) = gradients(x, x)
    assert gradient.where.file == __file__
    assert gradient.where.function == "test_a_seed_comes_from_the_call_of_gradients"


def test_a_chain_of_5000_nodes() -> None:
    x = sa.placeholder(())
    y = x
    for _ in range(5_000):
        y = y * 1.0001
    (gradient,) = gradients(y, x)
    assert value(gradient, {x: 1.0}) == pytest.approx(1.0001**5_000, rel=1e-9)


def test_many_uses_of_one_tensor() -> None:
    x = sa.placeholder(())
    total = x
    for _ in range(3000):
        total = total + x * 2
    assert value(gradients(total, x), {x: 1.0}) == 6001


def test_a_rule_with_the_wrong_result_is_found() -> None:
    x = sa.placeholder((3,))
    none = Elementwise("none", numpy=np.negative, code="", vjp=lambda g, y, x: ())
    wrong = Elementwise("wrong", numpy=np.negative, code="", vjp=lambda g, y, x: (sa.astype(g, "float32"),))
    with pytest.raises(VerifyError, match="vjp of none returned 0 cotangents for 1"):
        gradients(sa.sum(apply(none, x)), x)
    with pytest.raises(VerifyError, match=r"vjp of wrong returned float32\[3\] as the cotangent of float64\[3\]"):
        gradients(sa.sum(apply(wrong, x)), x)
    with pytest.raises(VerifyError, match="cotangent of float32"):
        sum_to(sa.placeholder((2,), "float32"), TensorType((3,), F32))
