"""Forward mode: tangents given, missing, added, and the adjoint of reverse mode."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.autodiff.forward import jvp
from staticad.errors import GradientError
from staticad.ops.base import Elementwise, Op, apply
from staticad.ops.reduce import SUM
from staticad.reference import evaluate
from tests.harness.derivatives import check_case, check_differences, check_duality, levels
from tests.harness.op_cases import all_op_cases

SMOOTH = [case for case in all_op_cases() if case.smooth]


def value(tensors: list[sa.Tensor], feeds: Any) -> Any:
    return [v.tolist() for v in evaluate(tensors, feeds)]


def test_products_and_sums() -> None:
    x, w = sa.placeholder(()), sa.placeholder(())
    assert value(jvp(x * w**2, [x, w], [1.0, 0.5]), {x: 5.0, w: 3.0}) == [9 + 0.5 * 30]
    assert value(jvp([x, w, x * x], x, 2.0), {x: 5.0, w: 3.0}) == [2, 0, 20]


def test_a_tangent_is_broadcast_to_its_result() -> None:
    x, b = sa.placeholder((None, 3)), sa.placeholder((3,))
    (tangent,) = jvp(x + b, b, np.array([1.0, 2.0, 3.0]))
    assert tangent.type == (x + b).type
    assert value([tangent], {x: np.zeros((2, 3)), b: np.zeros(3)}) == [[[1, 2, 3], [1, 2, 3]]]


def test_casts_carry_tangents() -> None:
    x = sa.placeholder((2,), "float32")
    (tangent,) = jvp(x.astype("float64") * 3, x, np.array([1.0, 2.0], np.float32))
    assert tangent.dtype == np.float64
    assert value([tangent], {x: np.zeros(2, np.float32)}) == [[3, 6]]


def test_constants_in_assembled_arrays_have_no_tangent() -> None:
    x = sa.placeholder((2,))
    assert value(jvp(sa.pad(x, 1, constant_values=7.0), x, np.ones(2)), {x: np.ones(2)}) == [[0, 1, 1, 0]]


def test_what_is_cut_has_a_tangent_of_zeros() -> None:
    x = sa.placeholder((None,))
    y = [sa.floor(x), sa.stop_gradient(x), (x > 0).astype("float64")]
    with sa.no_grad():
        y.append(x * x)
    assert value(jvp(y, x, sa.ones(x.shape)), {x: np.array([1.5, 2.5])}) == [[0, 0]] * 4


def test_the_tangent_of_an_intermediate_adds_to_the_one_that_follows() -> None:
    a = sa.placeholder(())
    b = a * 2
    assert value(jvp(a + b, [a, b], [1.0, 10.0]), {a: 1.0}) == [13]
    assert value(jvp(a * 1, [a, a], [1.0, 10.0]), {a: 1.0}) == [11]


@pytest.mark.parametrize(
    ("xs", "tangents", "message"),
    [
        ("x", [1.0, 2.0], "2 tangents for 1 xs"),
        ("x", [np.ones((2, 2))], "shapes differ"),
        ("x", [sa.constant(np.ones(2, np.float32))], "dtypes differ"),
        ("i", [np.ones(2)], "int64 has no derivative"),
    ],
)
def test_wrong_calls(xs: str, tangents: Any, message: str) -> None:
    named = {"x": sa.placeholder((2,)), "i": sa.placeholder((2,), "int64")}
    with pytest.raises(GradientError, match=message):
        jvp(named["x"] * 2, named[xs], tangents)


def test_an_op_without_a_rule() -> None:
    x = sa.placeholder(())
    with pytest.raises(GradientError, match="strange has no forward derivative rule"):
        jvp(apply(Elementwise("strange", numpy=np.negative, code=""), x), x, 1.0)
    assert not hasattr(Op("plain", numpy=np.negative), "nothing")


def test_tangents_come_from_the_forward_line() -> None:
    x = sa.placeholder(())
    y = sa.sin(x)
    (tangent,) = jvp(y, x, 1.0)
    assert tangent.where.line == y.where.line
    assert tangent.where.notes[0] == "tangent of sin"


def test_long_chains(rng: np.random.Generator) -> None:
    x = sa.placeholder(())
    y = x
    for _ in range(5_000):
        y = y * 1.0001
    assert evaluate(jvp(y, x, 1.0), {x: 1.0})[0] == pytest.approx(1.0001**5_000, rel=1e-9)


def test_duality_with_intermediates_among_the_xs(rng: np.random.Generator) -> None:
    a, c = sa.placeholder((3,)), sa.placeholder((2, 3))
    b = sa.sin(a)
    check_duality([b * c, sa.sum(a * b)], [a, b, c], {a: rng.normal(size=3), c: rng.normal(size=(2, 3))} | {
        b: np.zeros(3)}, rng)  # fmt: skip


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_derivatives_of_every_op(case: Any, rng: np.random.Generator) -> None:
    """Central differences to second order, and forward against reverse mode to second order."""
    check_case(case, rng, case.exist)


def test_duality_tells_wrong_rules_from_cancelling_sums(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = sa.placeholder((3,), name="x")
    large = 1e9 * x
    cancelling = (large * large * x).sum() / x.sum() * x[0] - large * large * x[0] * (x**2).sum() / x.sum()
    check_duality([cancelling + sa.exp(x).sum()], [x], {x: np.ones(3)}, rng, order=1)
    right = SUM.vjp
    monkeypatch.setattr(SUM, "vjp", lambda *given, **attrs: tuple(t * (1 + 1e-9) for t in right(*given, **attrs)))
    with pytest.raises(AssertionError, match="order 1"):
        check_duality([sa.exp(x).sum()], [x], {x: np.ones(3)}, rng, order=1)


def test_differences_along_a_direction_see_every_element(monkeypatch: pytest.MonkeyPatch) -> None:
    x = sa.placeholder((3, 4), name="x")
    feeds = {x: np.linspace(0.2, 1.3, 12).reshape(3, 4)}
    check_differences(levels([sa.exp(x).sum(axis=0)], [x], 2), [x], feeds)
    right, off = SUM.vjp, np.zeros((3, 4))
    off[1, 2] = 1e-5
    monkeypatch.setattr(SUM, "vjp", lambda *given, **attrs: tuple(t + off for t in right(*given, **attrs)))
    with pytest.raises(GradientError, match=r"order 1 .*element \[1, 2\]"):
        check_differences(levels([sa.exp(x).sum(axis=0)], [x], 1), [x], feeds)
