"""Loops that change an array: a step costs what it updates, forward, backward, and in second derivatives.

Work is counted in plans, not timed: what a copy of the whole array at every step would add grows faster than updates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from benchmarks.growing import GROWING
from benchmarks.written import vector
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import symbols
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ops.control import LOOP
from tests.harness.array_loops import ArrayLoops
from tests.harness.loop_programs import LoopProgram
from tests.harness.undoing import undone_wherever_possible
from tests.lower.interpreter import Run
from tests.lower.planning import plan_for
from tests.lower.work import work
from tests.stress.loops import check

Build = Callable[..., Any]


def sines(x: Any, n: Any) -> Any:
    for i in range(1, n):
        x[i] += sa.sin(x[i - 1]) * x[i]
    return x


def crossed(x: Any, n: Any) -> Any:
    y = x * 2.0
    for i in range(n - 1):
        x[i], y[i + 1] = y[i + 1], x[i]
    return x + y


def extremes(x: Any, n: Any) -> Any:
    for i in range(n - 1):
        x = x.at[i + 1].min(x[i] * 0.9).at[i].multiply(x[i + 1]).at[i].max(x[0])
    return x


def several(x: Any, n: Any) -> Any:
    for i in range(n - 3):
        x[i + np.arange(3)] = x[i + np.arange(3)] * x[i + 3]
    return x


def while_loop(x: Any, n: Any) -> Any:
    i = sa.constant(1)
    while i < n:
        x[i] = x[i - 1] * x[i]
        i += 1
    return x


def captured(x: Any, n: Any) -> Any:
    s = sa.constant(0.5)
    for _ in range(n):
        for k in range(n):
            s += sa.sin(s) * x[k]
    return x * s


def columns(a: Any, n: Any) -> Any:
    for j in range(1, n):
        a[1 : n - 1, j] = a[1 : n - 1, j - 1] * a[:-2, j]
    return a


def turned(a: Any, n: Any) -> Any:
    for j in range(1, n):
        a[::-1, j] = a[:, j - 1] * a[j, ::-1]
    return a


def while_rows(a: Any, n: Any) -> Any:
    i = sa.constant(1)
    while i < n:
        a[i] = a[i] - a[i - 1] * a[i, 0]
        i += 1
    return a


def many(x: Any, n: Any) -> Any:
    for i in range(n):
        places = (i + sa.arange(20)) % n
        x[places] = x[places] * x[i]
    return x


def permuted(a: Any, n: Any) -> Any:
    places = (sa.arange(n) * 3) % n
    for i in range(1, n):
        a[i, places] = a[i, places] * a[i - 1]
    return a


def loop_in_a_branch(a: Any, n: Any) -> Any:
    for i in range(1, n):
        if a[i, 0] > a[i - 1, 0]:
            for j in range(n):
                a[i, j] = a[i, j] * a[i - 1, j]
    return a


def loop_of_a_counter_in_a_branch(a: Any, n: Any) -> Any:
    """As many steps as the counter says, which change a row in one block and can be anywhere for the other one."""
    for i in range(1, n):
        if a[i, 0] > a[i - 1, 0]:
            for j in range(i):
                a[i, j] = a[i, j] * a[i - 1, j]
        else:
            for j in range(i):
                a[j, j] = a[j, j] * sa.sin(a[i, j])
    return a


def elimination(a: Any, n: Any) -> Any:
    for k in range(n):
        for i in range(n):
            if i > k:
                a[i, k] /= a[k, k]
                for j in range(k + 1, n):
                    a[i, j] -= a[i, k] * a[k, j]
    return a


def products_in_branches(a: Any, n: Any) -> Any:
    for i in range(1, n):
        if a[i, 0] > a[i - 1, 0]:
            for j in range(n):
                a[i, j] = 0.1 * sa.sin(a[i] @ a[j])
    return a


def products_of_a_counter_in_branches(a: Any, n: Any) -> Any:
    for i in range(1, n):
        if a[i, 0] > a[i - 1, 0]:
            for j in range(i):
                a[j, j] = 0.1 * sa.sin(a[i] @ a[j])
                if a[j, j] > 0.5:
                    a[i, j] = a[j, j]
    return a


def inner_while_loop(a: Any, n: Any) -> Any:
    b = a * 2.0
    for i in range(1, n):
        j, pivot = sa.constant(0), a[i, 0] + 1.0
        while j < n:
            a[i, j] = a[i, j] * a[i - 1, j] * pivot
            b[j, i] = sa.sin(a[i, j] * b[j, i])
            j += 1
    return a + b


def read_whole(a: Any, n: Any) -> Any:
    i = sa.constant(1)
    while i < n:
        a[i] = sa.sin(a @ a[i - 1])
        i += 1
    return a


def read_after_the_change(a: Any, n: Any) -> Any:
    q = a * 0.5
    for j in range(1, n):
        a[1 : n - 1, j] = 0.4 / (1.8 - 0.4 * a[1 : n - 1, j - 1])
        q[1 : n - 1, j] = q[1 : n - 1, j - 1] / (1.8 - 0.4 * a[1 : n - 1, j - 1])
    return a + q


def cholesky(a: Any, n: Any) -> Any:
    for i in range(n):
        for j in range(n):
            s = a[i, j]
            for k in range(n):
                s -= sa.where(k < j, a[i, k] * a[j, k], 0.0)
            a[i, j] = s / a[j, j]
    return a


LINEAR = (sines, crossed, extremes, several, many, while_loop)
BRANCHES = (loop_in_a_branch, loop_of_a_counter_in_a_branch)
QUADRATIC = (captured, columns, turned, while_rows, permuted, inner_while_loop, read_after_the_change, *BRANCHES)
TABLE = {name: (growing.text, growing.make is vector) for name, (_, growing) in GROWING.items()}


def check_growth(y: Tensor, x: Tensor, most: int, orders: int) -> None:
    """Work of the value, of its gradient, and of the gradient of a function of that."""
    tensors = [y]
    for _ in range(orders):
        tensors += sa.gradients((tensors[-1] * tensors[-1]).sum(), [x], unconnected="zero")
    for number, tensor in enumerate(tensors):
        plan = plan_for(tensor)
        small, middle, large = (work(plan, n) for n in (100, 200, 400))
        assert middle < 1.1 * most**0.5 * small and large < 1.1 * most**0.5 * middle, number


@pytest.mark.parametrize("name", TABLE)
def test_the_loops_of_the_benchmarks_cost_their_updates(name: str) -> None:
    text, linear = TABLE[name]
    x = sa.placeholder(("n",) if linear else ("n", "n"))
    check_growth(sa.function(text)(x), x, 4 if linear else 16, 2 if name in ("product", "swapped") else 1)


@pytest.mark.parametrize("function", [*LINEAR, *QUADRATIC], ids=lambda f: f.__name__)
def test_work_grows_as_the_updates_do(function: Build) -> None:
    x = sa.placeholder(("n",) if function in LINEAR or function is captured else ("n", "n"))
    y = sa.function(function)(x, x.shape[0])
    check_growth(y, x, 4 if function in LINEAR else 16, 2 if function is columns else 1)


def column_products(a: Any, n: Any) -> Any:
    for i in range(n):
        for j in range(n):
            a[i, j] += a[i + 1 :, i] @ a[i + 1 :, j] * 0.1
    return a


IN_BRANCHES = (products_in_branches, products_of_a_counter_in_branches)


def test_the_loop_of_an_elimination_that_stands_in_a_branch_does_not_run_again() -> None:
    x = sa.placeholder(("n", "n"))
    check_growth(sa.function(elimination)(x, x.shape[0]), x, 64, 1)


@pytest.mark.parametrize("function", [read_whole, cholesky, column_products, *IN_BRANCHES])
def test_what_is_overwritten_is_recorded_where_much_is_read(function: Build) -> None:
    """The states of an array that steps read as a whole come back by undoing; no step copies the array."""
    x = sa.placeholder(("n", "n"))
    y = sa.function(function)(x, x.shape[0])
    plan = plan_for(sa.gradients((y * y).sum(), [x]))
    assert work(plan, 400) < 1.1 * 8 * work(plan, 200)
    (n,) = symbols(x.shape[0])
    arenas = [evaluate(plan.arena, {n: size}) for size in (400, 200)]
    assert arenas[0] < 1.1 * 4 * arenas[1]
    feeds = {x: np.random.default_rng(0).uniform(0.4, 0.6, (4, 4)) + 2 * np.eye(4)}
    along = np.random.default_rng(1).normal(size=(4, 4))
    results = [(y * y).sum(), *sa.gradients((y * y).sum(), [x]), *sa.jvp([(y * y).sum()], [x], [along])]
    _, gradient, tangent = sa.evaluate(results, feeds)
    np.testing.assert_allclose((gradient * along).sum(), tangent, rtol=1e-12)
    moved = [sa.evaluate(results[:1], {x: feeds[x] + h * along})[0] for h in (1e-6, -1e-6)]
    np.testing.assert_allclose((moved[0] - moved[1]) / 2e-6, tangent, rtol=1e-7)


def test_parts_of_which_steps_read_a_place_are_no_arrays() -> None:
    """Slices of an array from outside: neither copies of them are made, nor cotangents."""
    u = sa.placeholder(("n", "n"))
    n = u.shape[0]

    def step(j: Tensor, s: Tensor) -> Tensor:
        return sa.sin(s) + u[j, : n - 2] * u[1 : n - 1, j] + u[j, 2:]

    (gradient,) = sa.gradients(sa.fori_loop(0, n, step, u[0, 1 : n - 1]).sum(), [u])
    loops = [node for node in sort_nodes([gradient]) if node.op is LOOP]
    sides = {t.shape for loop in loops for t in loop.inputs if t.ndim == 2 and not loop.attrs["shape"].reverse}
    assert sides == {u.shape}
    feeds = {u: np.random.default_rng(0).uniform(0.3, 1.0, (5, 5))}
    along = np.random.default_rng(1).normal(size=(5, 5))
    (tangent,) = sa.jvp([sa.fori_loop(0, n, step, u[0, 1 : n - 1]).sum()], [u], [along])
    found, wanted = sa.evaluate([gradient, tangent], feeds)
    np.testing.assert_allclose((found * along).sum(), wanted, rtol=1e-12)


@pytest.mark.parametrize("spelling", ["x[i] += v", "x[i] = x[i] + v", "x = x.at[i].add(v)"])
def test_spellings_of_one_meaning_cost_the_same(spelling: str) -> None:
    def by_hand(i: Tensor, x: Tensor) -> Tensor:
        return x.at[i].add(x[i - 1] * 0.5)

    def plus(x: Any, n: Any) -> Any:
        for i in range(1, n):
            x[i] += x[i - 1] * 0.5
        return x

    def written_out(x: Any, n: Any) -> Any:
        for i in range(1, n):
            x[i] = x[i] + x[i - 1] * 0.5
        return x

    x = sa.placeholder(("n",))
    n = x.shape[0]
    ways = {"x[i] += v": plus, "x[i] = x[i] + v": written_out}
    y = sa.function(ways[spelling])(x, n) if spelling in ways else sa.fori_loop(1, n, by_hand, x)
    z = sa.fori_loop(1, n, by_hand, x)
    found, wanted = (work(plan_for(sa.gradients((t * t).sum(), [x])), 1000) for t in (y, z))
    assert found < 2 * wanted


@pytest.mark.parametrize("seed", range(6))
def test_random_programs(seed: int) -> None:
    """Work for what the statements of the program work on, with n and with 4 n."""
    program = ArrayLoops(np.random.default_rng([5, seed]), counted=True)
    xs = [sa.placeholder(shape) for shape in program.shapes]
    results = program.graph(*xs)
    total = sum((t * t).sum() for t in results)
    for tensors in (results, sa.gradients(total, xs, unconnected="zero")):
        plan = plan_for(tensors, inputs=xs)
        ratios = []
        for n in (30, 120):
            with np.errstate(all="ignore"):
                program.numpy(np.full(n, 0.5), np.full(n, 0.4), np.full((n, n), 0.3), 0.5)
            ratios.append(work(plan, n) / (program.cost + n * n))
        assert ratios[1] < 1.3 * ratios[0], program.source


@pytest.mark.parametrize("seed", [3, 5, 7, 9])
def test_random_programs_as_they_run(seed: int) -> None:
    """The elements that kernels write in a run, of programs with branches, while loops and branches in branches."""
    check_stores(ArrayLoops(np.random.default_rng([6, seed]), statements=2, nested=True), seed)


@pytest.mark.parametrize("seed", range(6))
def test_random_programs_with_computed_ranges_as_they_run(seed: int) -> None:
    """The same for inner loops over ranges of numbers that the run computes, as elements that plans visit, too."""
    program = ArrayLoops(np.random.default_rng([7, seed]), counted=True, nested=seed > 3, computed=True)
    check_stores(program, seed)


def check_stores(program: ArrayLoops, seed: int) -> None:
    xs = [sa.placeholder(shape) for shape in program.shapes]
    results = program.graph(*xs)
    total = sum((t * t).sum() for t in results)
    for tensors in (results, sa.gradients(total, xs, unconnected="zero")):
        plan = plan_for(tensors, inputs=xs)
        ratios = []
        for n in (6, 12):
            rng = np.random.default_rng(seed)
            data = [rng.uniform(0.3, 1.0, shape) for shape in ((n,), (n,), (n, n))]
            program.numpy(*data, 0.5)
            run = Run.on_arrays(plan, [*data, np.asarray(0.5)], [])
            run.run()
            ratios.append(run.stores / (program.cost + n * n))
        assert ratios[1] < 1.3 * ratios[0], program.source


def test_a_branch_that_changes_or_replaces_an_array() -> None:
    """A program whose second derivative was wrong when the body that replaces the array wrote over the old one."""
    program = LoopProgram("""def program(x, y, A, s, n):
    for i in range(1, n - 1):
        if more(x[i], s):
            x[i] = sin(x[i - 1]) * x[i]
        else:
            x = where(places < i, 0.5 * x, x * y)
        s = s * 0.5 + sin(x[i])
    return x, y, A, s""")
    for seed in range(3):
        assert check(program, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", [1, 3, 6])
def test_random_programs_whose_branches_have_loops(seed: int) -> None:
    """Values and derivatives, where the changes of loops are undone if they can be."""
    rng = np.random.default_rng([8, seed])
    with undone_wherever_possible():
        assert check(ArrayLoops(rng, statements=2, looped=True, around="scan" if seed == 3 else ""), rng)
