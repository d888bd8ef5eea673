"""Loop nests: registers or memory for accumulators, chunks, merged loops, what may be cut over threads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import staticad as sa
from staticad.codegen import jit
from staticad.codegen.source import render
from staticad.ir.expressions import Call, arithmetic
from staticad.lower.kernel.language import HI, LO, Branch, Compute, Kernel, Load, Loop, Statement, Store, Update
from staticad.lower.kernel.plan import Plan, Step
from tests.lower.checking import computes
from tests.lower.planning import loop_steps, plan_for


def only(plan: Plan) -> Step:
    (step,) = plan.steps
    return step


def kernel(step: Step) -> Kernel:
    assert isinstance(step.kernel, Kernel)
    return step.kernel


def statements(body: tuple[Statement, ...]) -> Iterator[Statement]:
    for s in body:
        yield s
        if isinstance(s, (Loop, Branch)):
            yield from statements(s.body)


def depth(body: tuple[Statement, ...]) -> int:
    """How deep loops are nested."""
    return max((1 + depth(s.body) for s in body if isinstance(s, Loop)), default=0)


def of(step: Step, kind: type) -> list[Statement]:
    return [s for s in statements(kernel(step).body) if isinstance(s, kind)]


def test_contiguous_axes_are_one_loop() -> None:
    step = only(computes(sa.exp(sa.placeholder((None, 3, 4)))))
    assert depth(kernel(step).body) == 1
    assert str(step.extent).startswith("12*")


def test_a_stretched_row_keeps_two_loops() -> None:
    step = only(computes(sa.placeholder((None, 3, 5)) * sa.placeholder((5,))))
    assert depth(kernel(step).body) == 2
    assert str(step.extent).startswith("3*")


def test_row_sums_live_in_registers() -> None:
    step = only(computes(sa.exp(sa.placeholder((None, 4))).sum(axis=1)))
    assert of(step, Update) == [] and len(of(step, Store)) == 1
    assert step.grain != 0


def test_column_sums_of_a_small_array_accumulate_in_memory() -> None:
    step = only(computes(sa.exp(sa.placeholder((5, 4))).sum(axis=0)))
    (update,) = of(step, Update)
    assert isinstance(update, Update) and update.combine == "add_reduce"
    assert len(of(step, Store)) == 1  # the beginning: zeros
    assert (step.extent, step.grain) == (1, 0)  # pieces would meet in the result


def test_sums_over_the_middle_keep_their_inner_loop_and_may_be_cut() -> None:
    step = only(computes(sa.placeholder((None, 3, 5)).sum(axis=1)))
    assert len(of(step, Update)) == 1
    assert step.grain != 0


def test_a_total_beside_an_elementwise_result() -> None:
    x = sa.placeholder((5, 4))
    step = only(computes([sa.exp(x), sa.exp(x).sum()]))
    assert of(step, Update) == [] and step.grain == 0
    assert depth(kernel(step).body) == 1


def test_large_sums_run_over_chunks() -> None:
    partial, total = loop_steps(computes(sa.placeholder((None, 4)).sum(axis=0), 6))
    (chunks,) = [s for s in kernel(partial).body if isinstance(s, Loop)]
    assert (chunks.variable, chunks.start, chunks.stop) == ("c", LO, HI)
    assert partial.grain != 0
    assert total.reads == partial.writes and total.writes != partial.writes


def test_single_elements_beside_a_cut_loop_are_written_by_one_piece() -> None:
    x, a = sa.placeholder((None,)), sa.placeholder(())
    scale = sa.exp(sa.sin(a))
    step = only(computes([x * scale, scale + 1]))
    (branch,) = of(step, Branch)
    assert isinstance(branch, Branch) and branch.condition == arithmetic(LO, "==", 0)
    assert any(isinstance(s, Store) for s in branch.body)
    assert step.grain != 0


def test_what_does_not_change_in_a_loop_is_computed_outside() -> None:
    x, a = sa.placeholder((None, 5)), sa.placeholder((None, 1))
    step = only(computes(x * sa.exp(a), [3]))
    (outer,) = [s for s in kernel(step).body if isinstance(s, Loop)]
    inner = next(s for s in outer.body if isinstance(s, Loop))
    assert "function='exp'" in str(outer.body[: outer.body.index(inner)])
    assert "function='exp'" not in str(inner.body)


def test_index_checks_inside_a_branch_know_their_slot() -> None:
    x, i, z = sa.placeholder((None,)), sa.placeholder((), "int64"), sa.placeholder((None,))
    other = sa.exp(sa.sin(x[0]))
    both = sa.exp(sa.sin(x[i])) + other
    step = only(computes([both, z * other], feeds={x: np.arange(4.0), i: np.array(-1), z: np.arange(5.0)}))
    (branch,) = of(step, Branch)
    assert "check_index" in str(branch) and f"check_index(args, {kernel(step).status_slot}, " in render(kernel(step))


def test_a_kernel_says_which_lines_it_computes() -> None:
    x = sa.placeholder((None,))
    y = sa.exp(x)
    z = y * 2
    step = only(computes(z))
    assert {w.line for w in step.where} == {y.where.line, z.where.line}
    assert {w.file for w in step.where} == {__file__}


def test_work_grows_with_size_and_cost() -> None:
    x = sa.placeholder((100,))
    cheap, costly = only(computes(x + 1)), only(computes(sa.exp(x) + 1))
    assert isinstance(cheap.work, int) and isinstance(costly.work, int)
    assert 100 <= cheap.work < costly.work


@pytest.mark.parametrize("expression", [lambda x: x + 1.0, lambda x: sa.exp(sa.sin(x)) * x])
def test_costly_kernels_are_cut_finer(expression: object) -> None:
    step = only(computes(expression(sa.placeholder((None,)))))  # type: ignore[operator]
    assert isinstance(step.grain, int)
    assert 40_000 / 40 <= step.grain <= 40_000


def hints(step: Step) -> list[str]:
    return [s.hint for s in statements(kernel(step).body) if isinstance(s, Loop)]


def test_loops_are_hinted_by_their_own_work() -> None:
    x, row = sa.placeholder((None, 10)), sa.placeholder((None, 1))
    assert hints(only(computes(sa.exp(x) / row))) == ["", "short"]
    assert hints(only(computes(x * row))) == ["", ""]  # cheap
    assert hints(only(computes(x * sa.exp(row)))) == ["", ""]  # the exponential is no work of the inner loop
    assert hints(only(computes(sa.exp(sa.placeholder((None, 64))) / row))) == ["", ""]  # whole vectors
    assert hints(only(computes(sa.tanh(sa.erf(sa.placeholder((None,))))))) == ["deep"]


def test_hints_are_not_for_loops_that_branch() -> None:
    x = sa.placeholder((None,))
    (step,) = loop_steps(computes(sa.tanh(sa.sin(x) ** x), feeds={x: np.arange(4.0)}))
    assert hints(step) == [""]
    y = sa.placeholder((None,), "int64")
    assert hints(only(computes(y // 3 % 5 // 7))) == [""]


def test_transposed_arrays_are_copied_in_squares() -> None:
    x, w = sa.placeholder((None, 200)), sa.placeholder((100, 200))
    step = only(computes(x.T + 0.5, [100]))
    assert depth(kernel(step).body) == 4 and step.grain != 0
    assert depth(kernel(only(computes(w + 0.5))).body) == 1
    assert depth(kernel(only(computes(sa.transpose(sa.placeholder((3, 200, 100)), (0, 2, 1)) + 0.5))).body) == 5
    assert depth(kernel(only(computes(sa.placeholder((10, 20)).T + 0.5))).body) == 2  # small


def test_long_columns_are_cut_into_blocks() -> None:
    few, many = sa.placeholder((3, 10_000)), sa.placeholder((200, 5000))
    step = only(computes(sa.exp(few).sum(axis=0)))
    assert (step.extent, step.grain) == (5, 1)
    assert len(of(step, Update)) == 1
    partial, total = loop_steps(plan_for(many.max(axis=0)))
    assert partial.extent == 4 * 3 and total.extent == 3  # chunks of 64 rows, blocks of 2048 columns
    assert all(of(s, Update) for s in (partial, total))


@pytest.mark.parametrize(("function", "stores"), [(sa.tanh, 2), (sa.square, 1)])
def test_the_second_pass_of_argmax_loads_what_was_expensive(
    function: Callable[[sa.Tensor], sa.Tensor], stores: int
) -> None:
    x = sa.placeholder((40, 100))
    step = only(computes(sa.argmax(function(x), axis=1)))
    assert len(of(step, Store)) == stores
    assert len(of(step, Load)) == 2
    body = [s.value for s in of(step, Compute)]
    assert sum(isinstance(e, Call) and e.function == function.__name__ for e in body) == 3 - stores


@pytest.mark.parametrize("function", [sa.max, sa.min])
def test_extremes_of_columns_are_stored_whole(function: Callable[..., sa.Tensor]) -> None:
    """A choice between what is in memory and something else would be a masked store, which some CPUs are slow at."""
    x = sa.placeholder((None, None), "float32")
    for text in sa.compile(function(x, axis=0), [x]).source().split("\n\n\n"):
        module, assembly = jit.compile_listings(text)
        assert re.search(r"store <\d+ x float>", module)
        assert "maskmov" not in assembly
