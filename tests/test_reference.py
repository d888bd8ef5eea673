"""The reference evaluator: values, binding of sizes, and the checks that make it an oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import FeedError, IndexOutOfBounds, VerifyError
from staticad.ops.base import Elementwise, Op, apply
from staticad.ops.catalogue import ALL_OPS
from staticad.ops.eigen import EIG
from staticad.ops.indexing import GATHER
from staticad.ops.library import Library
from staticad.ops.movement import SLICE
from staticad.ops.transcendental import EXP
from staticad.reference import evaluate
from tests.harness import families
from tests.harness.op_cases import all_op_cases

CASES = all_op_cases()


def test_one_tensor_or_several() -> None:
    x = sa.placeholder((None,), name="x")
    values = np.array([1.0, 2.0])
    (double,) = evaluate(x * 2, {x: values})
    np.testing.assert_array_equal(double, [2.0, 4.0])
    both = evaluate([x + 1, x, x + 1], {"x": values})
    np.testing.assert_array_equal(both, [[2, 3], [1, 2], [2, 3]])
    assert evaluate([], {}) == []


def test_numbers_and_lists_become_arrays() -> None:
    x, i = sa.placeholder((2,), "float32", name="x"), sa.placeholder((), "int8")
    (value,) = evaluate(x * i, {x: [1, 2], i: 3})
    np.testing.assert_array_equal(value, np.array([3, 6], np.float32))
    assert value.dtype == np.float32


def test_a_fed_intermediate_replaces_what_is_below_it() -> None:
    x = sa.placeholder((None,), name="x")
    middle = x * 2
    (value,) = evaluate(middle + 1, {middle: np.array([5.0])})
    np.testing.assert_array_equal(value, [6.0])


def test_sizes_in_attributes_are_bound_at_any_depth() -> None:
    x = sa.placeholder(("n", "m"))
    n, m = x.shape
    part = apply(SLICE, x, starts=(n - 1, 0), steps=(-1, 2), sizes=(n, (m + 1) // 2))
    data = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(evaluate(part, {x: data})[0], data[::-1, ::2])


def test_named_sizes_are_equal_everywhere() -> None:
    x, y = sa.placeholder(("n",), name="x"), sa.placeholder(("n",), name="y")
    with pytest.raises(FeedError, match=r"size n is 2 elsewhere.*shape \(3,\)"):
        evaluate(x + y, {x: np.zeros(2), y: np.zeros(3)})


def test_free_sizes_do_not_broadcast() -> None:
    x, y = sa.placeholder((None,)), sa.placeholder((None,))
    np.testing.assert_array_equal(evaluate(x + y, {x: np.ones(2), y: np.ones(2)})[0], [2, 2])
    with pytest.raises(FeedError, match="does not broadcast"):
        evaluate(x + y, {x: np.zeros(1), y: np.zeros(3)})


def test_a_size_may_depend_on_others() -> None:
    x = sa.placeholder(("n",))
    y = sa.placeholder((x.shape[0] + 1,), name="y")
    assert evaluate(y * 2, {x: np.zeros(2), y: np.zeros(3)})[0].shape == (3,)
    with pytest.raises(FeedError, match=r"'y' .*shape \(4,\)"):
        evaluate(y * 2, {x: np.zeros(2), y: np.zeros(4)})
    with pytest.raises(FeedError, match="does not follow from the feeds"):
        evaluate(y * 2, {y: np.zeros(3)})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros((2, 3), np.int64), "was given int64"),
        (np.zeros(2), "ranks differ"),
        (np.zeros((2, 4)), r"shape \(2, 4\)"),
        ("text", "no array of numbers"),
        ([[1 + 2j] * 3], "complex128 values"),
    ],
)
def test_feeds_that_do_not_fit(value: Any, message: str) -> None:
    x = sa.placeholder((None, 3), name="x")
    with pytest.raises(FeedError, match=message):
        evaluate(x, {x: value})


def test_lists_keep_the_kind_and_range_of_the_placeholder() -> None:
    i = sa.placeholder((1,), "int8", name="i")
    with pytest.raises(FeedError, match="float64 values"):
        evaluate(i, {i: [1.5]})
    with pytest.raises(FeedError, match="'i'"):
        evaluate(i, {i: [300]})


def test_missing_and_unknown_feeds() -> None:
    x = sa.placeholder((), name="x")
    with pytest.raises(FeedError, match="no value was given for placeholder 'x'"):
        evaluate(x + 1, {})
    with pytest.raises(FeedError, match="no placeholder is named 'y'"):
        evaluate(x + 1, {"x": 1.0, "y": 2.0})
    with pytest.raises(FeedError, match="not by int"):
        evaluate(x + 1, {3: 1.0})


def test_variables_have_their_present_value_or_the_given_one() -> None:
    v = sa.variable(np.array([1.0, 2.0]), name="v")
    np.testing.assert_array_equal(evaluate(v * 2)[0], [2, 4])
    np.testing.assert_array_equal(evaluate(v * 2, {}, {v: np.array([5.0, 6.0])})[0], [10, 12])
    v.assign(np.array([7.0, 8.0]))
    np.testing.assert_array_equal(evaluate(v * 2)[0], [14, 16])


def test_an_index_outside_names_the_op() -> None:
    x, i = sa.placeholder((3,)), sa.placeholder((None,), "int64")
    taken = apply(GATHER, x, i, axes=(0,), position=0, aligned=False)
    with pytest.raises(IndexOutOfBounds, match="gather"):
        evaluate(taken, {x: np.zeros(3), i: np.array([3])})


def test_precision_computes_floats_wider() -> None:
    x = sa.placeholder((None,), "float32")
    values = np.array([0.1, 0.7], np.float32)
    (wide,) = evaluate(sa.exp(x), {x: values}, precision=np.float64)
    assert wide.dtype == np.float64
    np.testing.assert_array_equal(wide, np.exp(values.astype(np.float64)))


def test_watch_sees_and_replaces_results() -> None:
    x = sa.placeholder(())
    seen = []

    def watch(tensor: sa.Tensor, value: np.ndarray) -> np.ndarray:
        seen.append(tensor.op)
        return value + 1 if tensor.op is EXP else value

    (value,) = evaluate(sa.exp(x) * 2, {x: 0.0}, watch=watch)
    assert value == 4.0
    assert EXP in seen


@pytest.mark.parametrize(
    ("numpy", "found"),
    [
        (lambda x: x.astype(np.float32), r"float64\[2\], but NumPy made float32\[2\]"),
        (lambda x: x[:1], r"float64\[2\], but NumPy made float64\[1\]"),
    ],
)
def test_an_op_that_breaks_its_inferred_type_is_found(numpy: Any, found: str) -> None:
    wrong = Elementwise("wrong", numpy=numpy, code="{0}")
    x = sa.placeholder((2,))
    with pytest.raises(VerifyError, match=found):
        evaluate(apply(wrong, x), {x: np.zeros(2)})


def test_long_chains_need_no_recursion() -> None:
    x = sa.placeholder(())
    y = x
    for _ in range(5_000):  # five times as deep as Python recurses
        y = y + 1
    assert evaluate(y, {x: 0.0})[0] == 5_000


def test_every_op_has_a_case() -> None:
    # What has complex results becomes another op, which has cases.
    of_complex = {EIG} | {op for op in ALL_OPS if isinstance(op, Library) and op.operands == "c"}
    missing = ({op for op in _covered_ops() if op.family != "source"} ^ set(_all_ops())) - of_complex
    assert not missing, f"these ops have no case, or stand in no list: {missing}"


def _covered_ops() -> set[Op]:
    return {t.op for case in CASES for t in _tensors(case.tensor(case.dtypes[-1], {}))}


def _tensors(tensor: sa.Tensor) -> list[sa.Tensor]:
    found, pending = [], [tensor]
    while pending:
        current = pending.pop()
        found.append(current)
        pending += current.inputs
    return found


def _all_ops() -> list[Op]:
    return [op for op in ALL_OPS if op.family not in ("source", "control")]


def test_results_have_the_inferred_types_in_every_dtype(rng: np.random.Generator) -> None:
    """The evaluator raises VerifyError where NumPy's shape or dtype is not the inferred one. All dtypes are tried with
    one size, all sizes with one dtype."""
    count = 0
    for case in CASES:
        for dtype in case.dtypes:
            pool: dict[tuple[object, ...], sa.Tensor] = {}
            result = case.tensor(dtype, pool)
            for number, sizes in enumerate(families.sizes("abcde")):
                if any(sizes[name] == 0 for name in case.nonzero) or (number and dtype != case.dtypes[-1]):
                    continue
                fill = families.special if case.special and sizes["a"] > 2 else families.ordinary
                feeds = {
                    case.placeholder(i, dtype, pool): given.make(rng, sizes, dtype, case.domain, fill)
                    for i, given in enumerate(case.inputs)
                }
                evaluate(result, feeds)
                count += 1
    assert count > 3_000
