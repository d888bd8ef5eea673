"""A family that lowering has never heard of: an op of a class of its own, and a lowering handed in with the table."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Attrs, Node, Tensor
from staticad.ir.types import TensorType
from staticad.lower.emission.regions import store_region
from staticad.lower.families import LATER, TABLE
from staticad.lower.index.affine import Affine, Context, linear
from staticad.lower.interface import Families, FamilyLowering, Lowering
from staticad.lower.kernel.plan import Plan, Step
from staticad.lower.lower import lower
from staticad.ops.base import Inferred, Op, apply_all
from staticad.runtime import lowering
from tests.lower.interpreter import interpret


class Twins(Op):
    """Two results: the operand, and the operand backwards along its first axis."""

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        return (inputs[0], inputs[0]), ()


class TwinsLowering(FamilyLowering):
    """A cluster of its own, as the defaults have it; a kernel for each result."""

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        x = lowering.fusion.memory(node.inputs[0])
        shape = lowering.fusion.shape(x)

        def backwards(context: Context) -> Affine:
            first = Affine(shape[0] - 1).plus(context[0].times(-1))
            return linear((first, *context[1:]), shape)

        same, turned = (lowering.buffer(output) for output in node.outputs)
        places = ((same, partial(linear, shape=shape)), (turned, backwards))
        return [store_region(lowering, x, target, place, "twin") for target, place in places]


TWINS = Twins("twins", numpy=lambda x: (x, x[::-1]))
FAMILIES = Families({**TABLE, Twins: TwinsLowering()}, LATER)


def twins(x: Tensor) -> tuple[Tensor, ...]:
    return apply_all(TWINS, x)


def graph() -> tuple[Tensor, list[Tensor]]:
    """Results that are used by loops, fetched, and fed by a value that has to be stored for them."""
    x = sa.placeholder((None, 3))
    same, turned = twins(sa.exp(x).T.T)
    again, _ = twins((same + 2 * turned)[:, ::-1])
    return x, [same * turned, turned, again, sa.sum(again, axis=0)]


def expected(x: np.ndarray) -> list[np.ndarray]:
    y = np.exp(x)
    again = (y + 2 * y[::-1])[:, ::-1]
    return [y * y[::-1], y[::-1], again, again.sum(axis=0)]


def plan_of(inputs: list[Tensor], fetches: list[Tensor]) -> Plan:
    return lower(inputs, fetches, [], [], [], families=FAMILIES)


def test_its_plan_is_right() -> None:
    x, fetches = graph()
    value = np.random.default_rng(0).normal(size=(4, 3))
    results, _ = interpret(plan_of([x], fetches), {x: value})
    for found, wanted in zip(results, expected(value), strict=True):
        np.testing.assert_allclose(found, wanted)


def test_it_compiles_and_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lowering, "lower", partial(lower, families=FAMILIES))
    x, fetches = graph()
    value = np.random.default_rng(1).normal(size=(5, 3))
    for found, wanted in zip(sa.compile(fetches, inputs=[x])(value), expected(value), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-13)


def test_it_works_in_the_body_of_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lowering, "lower", partial(lower, families=FAMILIES))
    x = sa.placeholder((4,))
    last = sa.fori_loop(0, 3, lambda i, s: s + 0.5 * twins(s)[1], x)
    value = wanted = np.arange(4.0)
    for _ in range(3):
        wanted = wanted + 0.5 * wanted[::-1]
    np.testing.assert_allclose(sa.compile(last, inputs=[x])(value), wanted, rtol=1e-13)


def test_without_its_line_in_the_table_it_is_refused() -> None:
    x, fetches = graph()
    with pytest.raises(AssertionError, match="twins: the class Twins is not in the table of families"):
        lower([x], fetches, [], [], [])
