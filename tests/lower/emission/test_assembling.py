"""Arrays put together from regions: only what no operand covers is filled."""

from __future__ import annotations

import re

import pytest

import staticad as sa
from staticad.codegen import jit
from tests.lower.checking import computes
from tests.lower.planning import labels


@pytest.mark.parametrize(
    ("shape", "widths", "fills"),
    [
        ((200, 200), ((1, 2), (0, 0)), 2),
        ((200, 200), ((0, 2), (3, 0)), 2),
        ((200, 200), ((1, 1), (2, 2)), 4),
        ((None, 200), ((1, 1), (2, 2)), 4),
        ((20, 200, 10), ((0, 0), (1, 0), (0, 0)), 1),
        ((3, 4), ((1, 1), (2, 2)), 1),  # small: one fill is less than four
        ((200, 200), ((0, 0), (0, 0)), 0),
    ],
)
def test_padding_fills_around_the_array(
    shape: tuple[int | None, ...], widths: tuple[tuple[int, int], ...], fills: int
) -> None:
    for value in (0.0, 2.5):
        plan = computes(sa.pad(sa.exp(sa.placeholder(shape)), widths, constant_values=value), [70])
        assert sum(label.startswith("fill") for label in labels(plan)) == fills


def test_gaps_are_filled_as_a_whole() -> None:
    x = sa.placeholder((300, 200))
    plan = computes(sa.gradients((x[::2] ** 2).sum(), [x]))
    assert sum(label.startswith("fill") for label in labels(plan)) == 1


def test_narrow_operands_are_written_row_by_row_by_the_kernel_that_computes_them() -> None:
    a, b = sa.placeholder(("n",)), sa.placeholder(("n",))
    columns = [sa.exp(a * k + b) for k in range(12)]
    assert len(computes(sa.stack(columns, axis=1)).steps) == 1
    x, y, z = sa.placeholder(("n", 3)), sa.placeholder(("n", 3)), sa.placeholder(("n", 1))
    assert len(computes(sa.stack([sa.exp(x), x * y, y], axis=1)).steps) == 1
    assert len(computes(sa.stack([sa.exp(x), x * y, y], axis=2)).steps) == 1
    assert len(computes(sa.concatenate([x, z, y], axis=1)).steps) == 1
    assert len(computes(sa.concatenate([sa.sum(x, axis=1), sa.max(x, axis=1)])).steps) == 3  # long operands
    assert len(computes(sa.stack([sa.sum(x, axis=1), sa.max(x, axis=1)], axis=1)).steps) == 1
    one, other = sa.placeholder(()), sa.placeholder(())
    assert len(computes(sa.stack([sa.exp(one), one * other, other])).steps) == 1


def test_long_operands_of_one_known_shape_are_written_in_one_pass() -> None:
    x, y = sa.placeholder((5, 30)), sa.placeholder((5, 30))
    assert len(computes(sa.concatenate([sa.exp(x), sa.exp(x) * y, y])).steps) == 1
    assert len(computes(sa.concatenate([x, sa.placeholder((30, 5)).T])).steps) == 1
    assert len(computes(sa.stack([x, y])).steps) == 1
    assert len(computes(sa.concatenate([x, y[:4]])).steps) == 2
    assert len(computes(sa.concatenate([x] * 9)).steps) == 9


def test_what_is_put_together_is_read_from_memory() -> None:
    a, b = sa.placeholder(("n",)), sa.placeholder(("n",))
    both = sa.stack([sa.exp(a), a * b, b], axis=1)
    plan = computes([sa.tanh(both).sum(axis=1), both[:, ::-1] * 2, sa.exp(a) + 1])
    assert plan.steps[0].label.count("concatenate") == 1
    w = sa.variable([[0.0, 1.0]] * 5)
    computes(both.sum(), updates={w: sa.stack([w[:, 1] * 2, w[:, 0]], axis=1)})


def test_parts_of_a_row_are_apart_for_the_compiler() -> None:
    x = sa.placeholder((None,))
    source = sa.compile(sa.stack([sa.exp(x), sa.sin(x), x], axis=1)).source()
    assert "i0 * 3 + 2" in source
    assert re.search(r"fmul <\d+ x double>", jit.compile_listings(source)[0])


def test_copies_that_are_alike_have_one_kernel() -> None:
    x, other = sa.placeholder((300,)), sa.placeholder((300,))
    alike = [sa.concatenate([sa.exp(y)[1:], y[7:9]]) for y in (x, other, x + other, x * other, x - other)]
    unlike = [sa.concatenate([sa.exp(x)[2:], x[7:9]]), sa.concatenate([sa.exp(x)[1::2], x[7:9]])]
    plan = computes([*alike, *unlike])
    kernels = [step.kernel for step in plan.steps if step.label.startswith("concatenate")]
    assert len(kernels) == 14 and len({id(kernel) for kernel in kernels}) <= 6
    assert len({step.writes for step in plan.steps if step.label.startswith("concatenate")}) == 7


def test_lines_of_copies_that_are_alike_are_their_own() -> None:
    x = sa.placeholder((300,))
    one = sa.concatenate([sa.exp(x)[1:], x[7:9]])
    other = sa.concatenate([sa.sin(x)[1:], x[7:9]])
    plan = computes([one, other])
    lines = [{where.line for where in step.where} for step in plan.steps if step.label.startswith("concatenate")]
    assert len(lines) == 4 and {len(some) for some in lines} == {1} and len({min(some) for some in lines}) == 2
