"""The functions that move, cut and join elements, against NumPy on odd arguments, with fixed and free sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import StaticadError
from staticad.reference import evaluate


def like_numpy(call: Callable[[Any, Any], Any], value: np.ndarray, free: bool = True) -> None:
    """``call(module, array)`` of NumPy and of this package: equal, or both refuse."""
    try:
        expected = call(np, value)
    except (ValueError, TypeError, IndexError, ZeroDivisionError):
        expected = None
    for shape in (value.shape, (None,) * value.ndim)[: 1 + free]:
        x = sa.placeholder(shape, value.dtype)
        if expected is None:
            with pytest.raises(StaticadError):
                evaluate(call(sa, x), {x: value})
            continue
        found = evaluate(call(sa, x), {x: value})
        wanted = list(expected) if isinstance(expected, (list, tuple)) else [expected]
        assert len(found) == len(wanted)
        for a, b in zip(found, wanted):
            np.testing.assert_array_equal(a, b, strict=True)


def numbers(*shape: int, dtype: str = "float64") -> np.ndarray:
    return (np.arange(int(np.prod(shape))) * 7 % 10 - 3).astype(dtype).reshape(shape)


SHAPES = [(), (3,), (2, 3), (2, 3, 4), (0, 3)]


@pytest.mark.parametrize("shape", SHAPES)
def test_turning(shape: tuple[int, ...]) -> None:
    value = numbers(*shape)
    for k in range(-1, 4):
        like_numpy(lambda m, x, k=k: m.rot90(x, k, (1, 0)), value)
    for name in ("fliplr", "flipud", "atleast_3d"):
        like_numpy(lambda m, x, name=name: getattr(m, name)(x), value)
    for axis in (-3, -1, 0, 1):
        for start in (-4, -1, 0, 2):
            like_numpy(lambda m, x, a=axis, s=start: m.rollaxis(x, a, s), value)
    for shift, axis in (((1, 2), 0), ((1, 2), None), (3, (0, -1)), ((1, 2), (0, 0)), ((1, 2, 3), (0, 1)), (-7, 0)):
        like_numpy(lambda m, x, s=shift, a=axis: m.roll(x, s, a), value)


@pytest.mark.parametrize("shape", SHAPES)
def test_repeating(shape: tuple[int, ...]) -> None:
    value = numbers(*shape)
    for target in ((), 4, (3, 3), (1, 0)):
        like_numpy(lambda m, x, t=target: m.resize(x, t), value)
    if shape:
        for repeats, axis in (([1, 2, 0], -1), ([True, False], 0), ([2], 0), ([1, -1], 0), ([1, 2, 3], None)):
            like_numpy(lambda m, x, r=repeats, a=axis: m.repeat(x, r, a), value)


@pytest.mark.parametrize("shape", SHAPES)
def test_joining_and_cutting(shape: tuple[int, ...]) -> None:
    value = numbers(*shape)
    for name in ("dstack", "column_stack"):
        like_numpy(lambda m, x, name=name: getattr(m, name)([x, x]), value)
    for blocks in ("x", "[x, x]", "[[x, x], [x, x]]", "[[[x, 1]]]", "[[x], x]", "[[]]", "(x,)"):
        like_numpy(lambda m, x, b=blocks: m.block(eval(b, {"x": x})), value)
    for axis in (None, 0, -1):
        like_numpy(lambda m, x, a=axis: m.append(x, x, a), value)
    for parts in (1, 2, 5, 0, [1], [2, 1], [-1], []):
        for name in ("array_split", "hsplit", "vsplit", "dsplit"):
            like_numpy(lambda m, x, p=parts, name=name: getattr(m, name)(x, p), value)


@pytest.mark.parametrize("shape", [(4,), (3, 4), (0,)])
def test_delete_and_insert(shape: tuple[int, ...]) -> None:
    value = numbers(*shape)
    bools = np.array([True, False, True, False])
    for obj in (0, -1, 4, [0], [0, 0], [-1, -2], [0, -1], [7], [], slice(1, 3), slice(2, 0, -1), bools, 1.5):
        for axis in (None, 0, -1, 2):
            like_numpy(lambda m, x, o=obj, a=axis: m.delete(x, o, a), value, free=False)
            for new in (9, [1, 2], [[1], [2]], [1, 2, 3, 4]):
                like_numpy(lambda m, x, o=obj, a=axis, v=new: m.insert(x, o, v, a), value, free=False)
    for obj in (0, -3, 2, 3, -4, [0, 2], [-1, -3], [], [7]):  # of a free size
        like_numpy(lambda m, x, o=obj: m.delete(x, o, 0), numbers(3, 2))
    for obj in (0, 3, -3, 4, -4):
        like_numpy(lambda m, x, o=obj: m.insert(x, o, [[1, 2], [3, 4]], 0), numbers(3, 2))


def test_choosing() -> None:
    value = numbers(2, 3)
    for condition in ([1], [0, 1], [], [0, 0, 0, 1], [[1]]):
        for axis in (None, 0, 1, 2):
            like_numpy(lambda m, x, c=condition, a=axis: m.compress(c, x, a), value, free=False)
    like_numpy(lambda m, x: m.extract([[1, 0, 1], [0, 1, 0]], x), value)
    like_numpy(lambda m, x: m.select([x > 1, x < 0], [x, 1.5], -1), value)
    like_numpy(lambda m, x: m.select([x], [1]), value)
    like_numpy(lambda m, x: m.select([], []), value)
    for mode in ("raise", "clip", "wrap"):
        for numbered in (value, np.array([0, 1, 1])):
            like_numpy(lambda m, x, mode=mode: m.choose(x, [[1, 2, 3], 4], mode=mode), numbered.astype("int64"))


def test_numbers_of_elements() -> None:
    for order in "CF":
        for value in (np.array([0, 3, 11]), np.array(5), np.array([12]), np.array([[-1]]), np.zeros(0, np.int64)):
            like_numpy(lambda m, x, o=order: m.unravel_index(x, (3, 4), order=o), value)
        like_numpy(lambda m, x, o=order: m.unravel_index(x, (), order=o), np.array([0]))
        for mode in ("raise", "clip", "wrap", ("clip", "wrap")):
            for value in (np.array([0, 2]), np.array([0, 7]), np.array([-1])):
                like_numpy(lambda m, x, o=order, d=mode: m.ravel_multi_index((x, [1]), (3, 4), mode=d, order=o), value)


def test_windows() -> None:
    for shape, window, axis in (
        ((5,), 3, None), ((5,), 5, 0), ((5,), 6, 0), ((5,), 0, 0), ((4, 5), (2, 3), None), ((4, 5), (2, 2), (0, 0)),
        ((4, 5), 2, -2), ((4, 5), 2, None), ((), (), None),
    ):  # fmt: skip
        like_numpy(
            lambda m, x, w=window, a=axis: (np.lib.stride_tricks if m is np else sa).sliding_window_view(x, w, a),
            numbers(*shape),
        )  # fmt: skip


def changed(name: str) -> Callable[..., Any]:
    """NumPy's function that changes its argument, as one that returns a changed copy."""

    def call(module: Any, x: Any, *args: Any) -> Any:
        if module is sa:
            return getattr(sa, name)(x, *args)
        x = x.copy()
        getattr(np, name)(x, *args)
        return x

    return call


def test_copies_that_numpy_changes_in_place() -> None:
    fill, put, along = changed("fill_diagonal"), changed("put"), changed("put_along_axis")
    for shape in ((3, 3), (2, 4), (7, 2), (3, 3, 3), (4,), (2, 3, 2)):
        for new in (5, [1, 2], [[1, 2], [3, 4]]):
            for wrap in (False, True):
                like_numpy(lambda m, x, v=new, w=wrap: fill(m, x, v, w), numbers(*shape))
    for places, new, mode in (
        ([0, 2], [1, 2], "raise"), ([0, 2, 4, 5], [1, 2], "raise"), ([50, -50], 1, "clip"),
        ([50, -50], [1, 2], "wrap"), ([], [1], "raise"), (-1, 3, "raise"), ([50], 1, "raise"),
    ):  # fmt: skip
        like_numpy(lambda m, x, p=places, v=new, d=mode: put(m, x, p, v, d), numbers(2, 3))
    for index, new, axis in (([[1], [0], [3]], 9.0, 1), ([[0, 1, 2, 1]], 5.0, 0), ([0, 5, -1], [1.0, 2, 3], None),
                             ([[1]], 9.0, 1), ([[4], [0], [0]], 1.0, 1)):  # fmt: skip
        like_numpy(lambda m, x, i=index, v=new, a=axis: along(m, x, np.array(i), v, a), numbers(3, 4))


def test_grids() -> None:
    value = numbers(3)
    for indexing in ("xy", "ij", "yx"):
        for sparse in (False, True):
            like_numpy(lambda m, x, i=indexing, s=sparse: m.meshgrid(x, [1, 2], 5, indexing=i, sparse=s), value)
    for n, columns, k in ((0, None, 0), (3, None, 1), (3, 5, -4), (4, 2, -1)):
        for name in ("tri", "tril_indices", "triu_indices"):
            call = (n, columns, k) if name == "tri" else (n, k, columns)
            like_numpy(lambda m, x, name=name, c=call: getattr(m, name)(*c), value, free=False)
    for shape in ((), (3,), (2, 0, 3)):
        like_numpy(lambda m, x, s=shape: m.indices(s, dtype="int32"), value, free=False)
    like_numpy(lambda m, x: m.diag_indices_from(x), numbers(3, 3))
    like_numpy(lambda m, x: m.diag_indices_from(x), numbers(3, 2))


def test_products() -> None:
    for first, second in (((2,), (3,)), ((2, 2), (3,)), ((), (2,)), ((0,), (2,)), ((2,), (2, 3, 2))):
        like_numpy(lambda m, x, s=second: m.kron(x, numbers(*s, dtype="int32")), numbers(*first))
    for first, second in (((3,), (3,)), ((4, 3), (3,)), ((4,), (4,))):
        like_numpy(lambda m, x, s=second: m.cross(x, numbers(*s)), numbers(*first), free=False)
    for count in (None, 0, 1, 3):
        for dtype in ("bool", "int32", "float64"):
            like_numpy(lambda m, x, n=count: m.vander(x, n), numbers(3, dtype=dtype))


def test_sizes_that_depend_on_data_name_what_to_do() -> None:
    x, mask, i = sa.placeholder((3,)), sa.placeholder((3,), bool), sa.placeholder((2,), "int64")
    for call, what in (
        (lambda: sa.compress(mask, x), "size="), (lambda: sa.extract(mask, x), "size="),
        (lambda: sa.repeat(x, i), "sa.take"), (lambda: sa.delete(x, i), "sa.take"), (lambda: sa.ix_(mask), "ix_: "),
        (lambda: sa.segment_sum(i, i), "num_segments"), (lambda: x.at[mask].get(), "sa.where"),
    ):  # fmt: skip
        with pytest.raises(sa.GraphError, match=what + r".*test_rearranging"):
            call()
