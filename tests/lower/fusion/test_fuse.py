"""Which nodes share a kernel. Every plan is also interpreted and compared with the reference."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import staticad as sa
from staticad.lower.fusion.clusters import MAX_CHAIN, MAX_SINGLE
from staticad.lower.fusion.cutting import LONG
from staticad.lower.kernel.plan import Plan
from staticad.ops.transcendental import SIN
from tests.lower.checking import computes, stored
from tests.lower.planning import labels, loop_steps
from tests.lower.tiny import tiny_thresholds


@pytest.fixture
def tiny() -> Iterator[None]:
    """Sums are cut into small chunks, so that small arrays have several."""
    with tiny_thresholds():
        yield


def batch(columns: int = 4, name: str | None = None) -> sa.Tensor:
    return sa.placeholder((None, columns), name=name)


def kernels(plan: Plan) -> int:
    """How many generated kernels the plan calls."""
    return len(loop_steps(plan))


def test_an_elementwise_chain_is_one_kernel_without_memory() -> None:
    x = batch()
    plan = computes(sa.tanh(sa.exp(x) * 2 + sa.sin(x)) - x)
    assert kernels(plan) == 1 and stored(plan) == []


def test_broadcast_operands_take_part() -> None:
    x, row, column = batch(), sa.placeholder((4,)), sa.placeholder((None, 1))
    plan = computes((x * row + column) * sa.placeholder(()), 6)
    assert kernels(plan) == 1 and stored(plan) == []


def test_what_is_computed_of_a_row_extends_to_the_whole() -> None:
    row = sa.placeholder((None,))
    inner = sa.exp(row)[:, None] * sa.placeholder((None, 3))
    plan = computes(inner)
    assert kernels(plan) == 1 and stored(plan) == []


def test_independent_results_of_one_tensor_share_a_sweep() -> None:
    x = batch()
    assert kernels(computes([sa.exp(x), sa.sin(x), x > 0])) == 1


def test_siblings_join_over_what_an_earlier_one_brought() -> None:
    x, y, z = (sa.placeholder((None,)) for _ in range(3))
    assert kernels(computes([sa.exp(x), x + y, y * z, sa.sin(z)])) == 1


def test_unrelated_results_stay_apart() -> None:
    assert kernels(computes([sa.exp(batch()), sa.sin(batch())])) == 2


@pytest.mark.parametrize("made", [sa.full((4,), 3.0), sa.arange(4.0)])
def test_what_is_made_of_sizes_alone_is_nothing_to_share(made: sa.Tensor) -> None:
    x, y = (sa.placeholder((4,)) for _ in range(2))
    assert kernels(computes([x * made, y * made])) == 2


@pytest.mark.parametrize("function", [sa.softmax, sa.log_softmax])
def test_softmax_of_rows_is_one_kernel(function: object) -> None:
    plan = computes(function(batch(), axis=1))  # type: ignore[operator]
    assert kernels(plan) == 1


def test_layer_normalization_is_one_kernel() -> None:
    x = batch()
    centred = x - x.mean(axis=1, keepdims=True)
    plan = computes(centred / sa.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5))
    assert kernels(plan) == 1 and stored(plan) == []


def test_an_expensive_value_is_stored_for_a_later_stage_and_a_cheap_one_computed_again() -> None:
    x = batch()
    expensive = sa.exp(x - 1)
    result = expensive / expensive.sum(axis=1, keepdims=True)
    (buffer,) = stored(computes(result * sa.flip(expensive)))
    assert buffer.shape == x.shape
    assert stored(computes(result)) == []  # the quotients are written over it
    cheap = x - 1
    assert stored(computes(cheap / cheap.sum(axis=1, keepdims=True))) == []


def test_softmax_of_columns_needs_sweeps() -> None:
    plan = computes(sa.softmax(batch(), axis=0), 7)
    assert kernels(plan) > 1


def test_reductions_of_one_tensor_share_a_sweep() -> None:
    x = sa.placeholder((6, 4))
    plan = computes([x.sum(axis=1), x.max(axis=1), sa.argmax(x, axis=1)])
    assert kernels(plan) == 1


def test_a_sum_takes_its_producers_along() -> None:
    x, y = batch(), batch()
    plan = computes((sa.exp(x) * y).sum(axis=1))
    assert kernels(plan) == 1 and stored(plan) == []


def test_what_follows_a_row_sum_joins_it() -> None:
    x = batch()
    plan = computes(sa.sqrt(sa.square(x).sum(axis=1)) + 1)
    assert kernels(plan) == 1 and stored(plan) == []


def test_value_and_gradient_of_a_sum_are_one_sweep_and_a_combination() -> None:
    x = batch()
    loss = sa.sum(sa.exp(sa.sin(x)))
    plan = computes([loss, *sa.gradients(loss, [x])])
    assert kernels(plan) == 2
    sweep, combine = plan.steps
    assert len(sweep.reads) == 1
    assert combine.reads == sweep.writes[-1:] and combine.writes == (plan.fetches[0].number,)


def test_value_and_gradient_of_a_small_sum_are_one_kernel() -> None:
    x = sa.placeholder((6, 4))
    loss = sa.sum(sa.exp(x) * x)
    assert kernels(computes([loss, *sa.gradients(loss, [x])])) == 1


def test_the_gradient_of_a_bias_is_summed_where_it_is_made() -> None:
    x, w, b, t = batch(5), sa.placeholder((5, 3)), sa.placeholder((3,)), batch(3)
    hidden = sa.tanh(x @ w + b)
    loss = sa.mean((hidden - t) ** 2)
    plan = computes([loss, *sa.gradients(loss, [w, b])])
    products = [s for s in plan.steps if s.label == "matmul"]
    assert len(products) == 2
    sweeps = [s for s in loop_steps(plan) if plan.fetches[0].number not in s.writes and len(s.reads) > 1]
    # One kernel computes the activation, the loss, its gradient, and the partial sums of loss and bias.
    assert len(sweeps) == 1
    assert len(sweeps[0].writes) == 3
    assert kernels(plan) == 3  # and a combination of each


def test_loss_and_gradient_of_softmax_are_computed_together() -> None:
    x, w, t = batch(5), sa.placeholder((5, 3)), sa.placeholder((None,), "int64")
    loss = sa.nn.cross_entropy(x @ w, t).mean()
    plan = computes([loss, *sa.gradients(loss, [w])])
    exps = [s for s in loop_steps(plan) if "exp" in s.label and "matmul" not in s.label]
    assert len(exps) == 1
    whole = [b for b in stored(plan) if len(b.shape) == 2 and b.dtype.kind == "f" and b.shape[1] == 3]
    assert len(whole) <= 4  # logits, two values that the backward stage needs again, the gradient of the logits


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x.T,
        lambda x: x[::2],
        lambda x: x[::-1, 1:3],
        lambda x: x[:, None, :, None],
        lambda x: sa.squeeze(x[:, None, :]),
        lambda x: sa.diagonal(x[:4, :]),
        lambda x: sa.flip(x.T, 1)[1:, None],
        lambda x: sa.swapaxes(x[:, None], 0, 2),
    ],
)
def test_views_are_read_in_place(view: object) -> None:
    x = batch()
    plan = computes(sa.exp(view(x)), 5)  # type: ignore[operator]
    assert labels(plan) == ["exp"] and stored(plan) == []


def test_stretched_values_are_computed_once_and_read_in_place() -> None:
    x, y = batch(), sa.placeholder((3, None, 4))
    plan = computes(sa.exp(sa.broadcast_to(x, (3, x.shape[0], 4))) * y)
    assert stored(plan) == [] or labels(plan) == ["exp", "mul"]


def test_a_view_that_is_fetched_is_one_copy() -> None:
    plan = computes(batch().T[::-1])
    assert labels(plan) == ["copy"]


def test_a_source_that_is_reshaped_is_read_in_place() -> None:
    plan = computes(sa.exp(batch().reshape(-1)))
    assert labels(plan) == ["exp"]


def test_a_reshaped_result_is_the_same_memory() -> None:
    plan = computes(sa.exp(batch()).reshape(-1, 2))
    assert labels(plan) == ["exp"] and stored(plan) == []


def test_a_reshape_of_computed_values_costs_one_store_and_no_copy() -> None:
    plan = computes(sa.exp(batch()).reshape(-1, 2).sum(axis=1))
    assert kernels(plan) == 2 and len(stored(plan)) == 1


def test_gathers_are_read_where_they_are_needed() -> None:
    x, index = batch(), sa.placeholder((None,), "int64")
    plan = computes(sa.exp(x[index]) * 2, [5, 3])
    assert kernels(plan) == 1 and stored(plan) == []


def test_gathers_from_computed_values_wait_for_them() -> None:
    x, index = batch(), sa.placeholder((None,), "int64")
    plan = computes(sa.exp(x)[index] * 2, [5, 3])
    assert kernels(plan) == 2 and len(stored(plan)) == 1


def test_numbers_made_of_indices_need_no_memory() -> None:
    labels_ = sa.placeholder((None,), "int64")
    plan = computes(sa.one_hot(labels_, 3) * batch(3), 4)
    assert kernels(plan) == 1 and stored(plan) == []


def test_cheap_masks_are_computed_again_not_stored() -> None:
    x, w = batch(4), sa.placeholder((4, 4))
    mask = x > 0
    plan = computes([sa.where(mask, x @ w, 0.0), mask.sum(axis=0)], 6)
    assert not [b for b in stored(plan) if b.dtype == np.bool_]


def test_a_mask_of_something_not_stored_is_stored() -> None:
    x, w, v = batch(6), sa.placeholder((6, 5)), sa.placeholder((5, 6))
    hidden = sa.relu(sa.sin(x @ w))
    loss = (sa.relu(hidden) @ v).sum()
    plan = computes([loss, *sa.gradients(loss, [w, v])], 5)
    assert kernels(plan) >= 2


def test_nothing_early_is_left_over() -> None:
    """What could be computed first, but is used last, is computed where it is used."""
    x, w, y = batch(6), sa.placeholder((6, 6)), batch(6)
    plan = computes(sa.sin(y) * (x @ w), 5)
    assert labels(plan) == ["matmul", "sin mul"]
    assert stored(plan) == []  # the result is written over the product


def test_early_rows_of_a_late_consumer_move_there_as_well() -> None:
    x, w, y = batch(6), sa.placeholder((6, 6)), sa.placeholder((None,))
    plan = computes(sa.exp(y)[:, None] * sa.softmax(x @ w, axis=1), 5)
    assert kernels(plan) == 1


def test_values_of_two_consumers_at_different_times_are_stored() -> None:
    x, w = batch(6), sa.placeholder((6, 6))
    e = sa.exp(x)
    plan = computes(e + (e @ w) @ w, 5)
    assert kernels(plan) == 2


def test_scalars_join_the_loop_that_reads_them() -> None:
    x, a, b = batch(), sa.placeholder(()), sa.placeholder(())
    plan = computes(x * sa.exp(a * b))
    assert kernels(plan) == 1 and stored(plan) == []


def test_a_total_is_complete_before_it_is_used() -> None:
    x = sa.placeholder((6, 4))
    plan = computes(x / x.sum())
    assert kernels(plan) == 1
    large = sa.placeholder((None, 4))
    assert kernels(computes(large / large.sum())) == 3  # partial sums, their sum, the quotient


def test_kernels_stay_of_a_size_that_compiles_quickly() -> None:
    value, number = (x := batch()), sa.placeholder(())
    for _ in range(MAX_CHAIN // SIN.cost + 2):
        value = sa.sin(value) + x
    assert kernels(computes(value, 2)) > 1
    for _ in range(3 * MAX_SINGLE // 2):
        number = number * number + 0.5
    assert kernels(computes(number)) > 1


def test_long_chains_are_cut_where_little_is_stored() -> None:
    x = sa.placeholder((None,))
    value = x
    for _ in range(3 * LONG // 2):
        value = value * x + 0.5
    plan = computes(value, 5)
    assert kernels(plan) == 3
    derivative = sa.gradients(value.sum(), [x])
    assert kernels(computes(derivative, 5)) < 8  # it needs what the chain has computed
    rows = sa.placeholder((x.shape[0], 4))
    computes((value[:, None] * rows).sum(axis=1) + value, 5)


def test_a_chunked_sum_adds_chunks_of_fixed_size_in_order() -> None:
    """The partial sums of a free size are the same for any number of threads: 16384 elements each."""
    x = sa.placeholder((None,))
    plan = computes(x.sum(), 40_000)
    partial, total = plan.steps
    assert str(partial.extent).replace(str(x.shape[0]), "n") == "(n + 16383)//16384"
    assert total.extent == 1 and total.grain == 0


def test_reductions_over_axes_of_size_1_are_no_reductions() -> None:
    x = sa.placeholder((None, 1))
    assert labels(computes(sa.exp(x).sum(axis=1), optimized=False)) == ["exp sum"]
    assert labels(computes(sa.argmax(x, axis=1), optimized=False)) in (["argmax"], ["copy"])


@pytest.mark.parametrize("axis", [0, 1, 2, (0, 1), (0, 2), (1, 2), None])
@pytest.mark.parametrize("free", [False, True])
def test_reductions_over_any_axes_with_what_surrounds_them(axis: object, free: bool) -> None:
    x = sa.placeholder(("n", "m", "k") if free else (3, 4, 5))
    total = sa.sum(sa.exp(x), axis=axis, keepdims=True)  # type: ignore[arg-type]
    computes([sa.exp(x) / total, total + 1, sa.max(x * 2, axis=axis)], [3, 4, 5])  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 8])
def test_partial_sums_at_sizes_around_a_chunk(size: int, tiny: None) -> None:
    x = sa.placeholder((None, 5))
    plan = computes([x.sum(axis=0), x.sum(), (x * x).max(axis=(0, 1)) if size else x], size)
    assert len(plan.steps) >= 3
    y = sa.placeholder((7, 5))
    computes([sa.exp(y).sum(axis=0), y / y.sum(axis=0)])


def test_an_argmax_is_not_taken_chunk_by_chunk() -> None:
    """A sum that reads it and runs over the same axis would be cut: it needs the place in the whole vector."""
    x = sa.placeholder((None,), name="x")
    y = sa.tanh(x)
    place = sa.argmax(y)
    total = sa.sum(sa.where(sa.arange(x.shape[0]) == place, 1.0, y))
    slope = sa.gradients(sa.sum(y) + 0.7 * sa.sum(sa.take_along_axis(y, place[None], axis=0)), x)
    with tiny_thresholds():
        feeds = {x: np.random.default_rng(1).permutation(40) / 20}
        computes([place, total], feeds=feeds)
        computes([place, total, *slope, sa.sum(slope[0])], feeds=feeds)
