"""Functions of rows: which leave the kernel that reduces the rows or sums over them, and which have to stay."""

from __future__ import annotations

import staticad as sa
from tests.lower.checking import computes
from tests.lower.planning import loop_steps
from tests.lower.tiny import tiny_thresholds


def labels(fetches: object, *sizes: int) -> list[str]:
    return [step.label for step in loop_steps(computes(fetches, *sizes))]


def test_what_no_loop_over_the_row_needs_is_computed_for_all_rows_at_once() -> None:
    x = sa.placeholder((None, 5))
    assert labels(sa.log(x.sum(axis=1) ** 2 + 2), 7) == ["sum", "square add log"]


def test_what_depends_on_it_goes_along() -> None:
    x, t = sa.placeholder((None, 5)), sa.placeholder((None,))
    z = x.sum(axis=1)
    found = labels([z, (sa.softplus(z) - t * z).sum()], 7)
    assert found[0] == "sum" and found[1].startswith("softplus mul sub")


def test_what_a_loop_over_the_row_needs_stays() -> None:
    x = sa.placeholder((None, 5))
    assert len(labels(x * sa.exp(x.sum(axis=1, keepdims=True)), 7)) == 1


def test_cheap_functions_long_rows_and_few_rows_stay() -> None:
    assert len(labels(2 * sa.placeholder((None, 5)).sum(axis=1) + 1, 7)) == 1
    assert len(labels(sa.exp(sa.placeholder((None, 513)).sum(axis=1)), 7)) == 1
    assert len(labels(sa.exp(sa.placeholder((4, 5)).sum(axis=1)))) == 1


def test_two_kernels_of_one_graph_are_split() -> None:
    x, y = sa.placeholder((None, 5)), sa.placeholder((None, 6))
    fetches = [sa.exp(x.sum(axis=1)), sa.exp(x.sum(axis=1)).sum(), sa.log(y.max(axis=1) + 9)]
    assert len(labels(fetches, 7)) >= 4


def test_sums_that_need_expensive_functions_of_rows_come_behind_them() -> None:
    with tiny_thresholds():
        x, w, t = sa.placeholder((None, 3)), sa.placeholder((3,)), sa.placeholder((None,))
        z = x @ w
        (found, *_) = labels((x * sa.exp(z)[:, None]).sum(axis=0), 9)
        assert found == "mul sum; exp; mul partial"
        (found, *_) = labels((x * (z - t)[:, None]).sum(axis=0), 9)  # cheap
        assert found == "mul sum sub mul partial"
        scaled = x * t[:, None]
        (found, *_) = labels((scaled * sa.exp(scaled @ w)[:, None]).sum(axis=0), 9)  # both need the product
        assert found == "mul mul sum exp mul partial"


def test_what_sums_over_rows_do_for_each_row_is_done_where_its_operands_are() -> None:
    with tiny_thresholds():
        x, t = sa.placeholder((None, 3)), sa.placeholder((None,))
        y = sa.exp(t)
        found = labels([y, (x * (y * y + t)[:, None]).sum(axis=0)], 9)
        assert found == ["exp square add", "mul partial", "sum"]


def test_cheap_functions_of_long_rows_join_the_kernel_that_reduces_them() -> None:
    """Also where others read the reduction, too: cross entropy and its gradient are one kernel."""
    x, t = sa.placeholder((None, 600)), sa.placeholder((None,), "int64")
    loss = -sa.log_softmax(x)[sa.arange(x.shape[0]), t].sum()
    found = labels([loss, *sa.gradients(loss, [x])], 7)
    assert [label for label in found if "max" in label or "mul" in label] == found[:1]
