"""Operands of matrix products as they lie in memory: bases, offsets and strides against NumPy's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.ir.dims import symbol
from staticad.lower.families import FAMILIES
from staticad.lower.index.sizes import Sizes
from staticad.lower.index.strided import Matrix, Strided, matrix, strided_view

N, M = symbol("n"), symbol("m")
SIZES = Sizes([])

VIEWS: dict[str, tuple[tuple[int, ...], Callable[..., sa.Tensor], Callable[..., np.ndarray]]] = {
    "itself": ((3, 4), lambda x: x, lambda a: a),
    "transpose": ((3, 4), lambda x: x.T, lambda a: a.T),
    "slice": ((6, 8), lambda x: x[1:5, 2:7], lambda a: a[1:5, 2:7]),
    "steps": ((6, 8), lambda x: x[::2, ::3], lambda a: a[::2, ::3]),
    "backwards": ((6, 8), lambda x: x[::-1], lambda a: a[::-1]),
    "batch": ((2, 3, 4), lambda x: sa.swapaxes(x, 1, 2)[1:], lambda a: a.swapaxes(1, 2)[1:]),
    "expand": ((3, 4), lambda x: x[:, None, :], lambda a: a[:, None, :]),
    "broadcast": ((3, 1), lambda x: sa.broadcast_to(x, (2, 3, 4)), lambda a: np.broadcast_to(a, (2, 3, 4))),
    "diagonal": ((4, 5), lambda x: sa.diagonal(x), np.diagonal),
    "one column": ((4, 5), lambda x: x[:, 2:3], lambda a: a[:, 2:3]),
    "detached": ((4, 5), lambda x: x.T.detach()[1:], lambda a: a.T[1:]),
}


@pytest.mark.parametrize("case", VIEWS)
def test_views_are_strides_of_their_base(case: str) -> None:
    shape, build, by_numpy = VIEWS[case]
    x, array = sa.placeholder(shape), np.arange(float(np.prod(shape))).reshape(shape)
    view, expected = build(x), by_numpy(array)
    found = strided_view(view, SIZES, FAMILIES)
    assert found.base is x
    assert isinstance(found.offset, int)
    strides = [8 * int(s) for s in found.strides]
    seen = np.lib.stride_tricks.as_strided(array.reshape(-1)[found.offset :], expected.shape, strides)
    np.testing.assert_array_equal(seen, expected)


def test_free_sizes_stay_symbolic() -> None:
    x = sa.placeholder(("n", "m"))
    found = strided_view(x[:, ::-1], SIZES, FAMILIES)
    assert (found.offset, found.strides) == (M - 1, (M, -1))


def view(*strides: object) -> Strided:
    return Strided(sa.placeholder(()), 0, strides)  # type: ignore[arg-type]


def form(strides: tuple[object, ...], shape: tuple[object, ...]) -> tuple[object, ...] | None:
    found = matrix(view(*strides), shape)  # type: ignore[arg-type]
    return None if found is None else (found.transposed, found.ld, found.batch_stride)


def test_rows_that_are_contiguous() -> None:
    assert form((4, 1), (3, 4)) == (False, 4, 0)
    assert form((9, 1), (3, 4)) == (False, 9, 0)
    assert form((M, 1), (N, M)) == (False, M, 0)
    assert form((M + 5, 1), (N, M)) == (False, M + 5, 0)


def test_columns_that_are_contiguous_are_a_transpose() -> None:
    assert form((1, 3), (3, 4)) == (True, 3, 0)
    assert form((1, N), (N, M)) == (True, N, 0)


def test_blas_has_no_step_no_sign_and_no_overlap() -> None:
    for strides in ((8, 2), (-4, 1), (4, -1), (3, 1), (0, 1), (1, 0), (0, 0)):
        assert form(strides, (3, 4)) is None, strides
    assert form((N, 1), (N, M)) is None  # whether n >= m is not known


def test_a_single_row_or_column_has_any_stride() -> None:
    assert form((0, 1), (1, 4)) == (False, 4, 0)
    assert form((7, 5), (3, 1)) == (False, 7, 0)
    assert form((7, 5), (1, 1)) is not None
    assert form((3, 2), (1, 4)) == (True, 2, 0)  # every second element: a column of a matrix with two columns


def test_batches_have_one_stride() -> None:
    assert form((12, 4, 1), (5, 3, 4)) == (False, 4, 12)
    assert form((0, 4, 1), (5, 3, 4)) == (False, 4, 0)
    assert form((24, 12, 4, 1), (5, 2, 3, 4)) == (False, 4, 12)
    assert form((0, 0, 4, 1), (5, 2, 3, 4)) == (False, 4, 0)
    assert form((12, 0, 4, 1), (5, 2, 3, 4)) is None
    assert form((0, 12, 4, 1), (5, 2, 3, 4)) is None
    assert form((99, 12, 4, 1), (1, 2, 3, 4)) == (False, 4, 12)  # an axis of size 1 does not count
    assert form((-12, 4, 1), (5, 3, 4)) == (False, 4, -12)


@pytest.mark.parametrize("shape", [(3, 4), (1, 4), (4, 1), (1, 1)])
def test_what_blas_is_told_addresses_the_same_elements(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    accepted = 0
    for _ in range(300):
        strides = tuple(int(s) for s in rng.integers(-1, 7, 2))
        found = matrix(view(*strides), shape)
        if found is None:
            continue
        accepted += 1
        assert isinstance(found, Matrix) and isinstance(found.ld, int)
        assert found.ld >= max(1, shape[0] if found.transposed else shape[1])
        for i, j in np.ndindex(shape):
            place = j * found.ld + i if found.transposed else i * found.ld + j
            assert place == i * strides[0] + j * strides[1]
    assert accepted > 10
