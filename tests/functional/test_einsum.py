"""einsum against NumPy: many subscripts, dtypes, free sizes, derivatives, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import FeedError, ShapeError
from staticad.functional.einsum import einsum
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients

SIZES = {"a": 2, "b": 3, "c": 4, "d": 2, "i": 3, "j": 4, "k": 2, "l": 3, "z": 5}
SUBSCRIPTS = [
    "ij,jk->ik", "ij,jk", "ij,jk->ki", "ij,ij->", "ij,ij->ij", "ij,ij->i", "ij,j->i", "i,i", "i,j->ij", "i,j->ji",
    "ij->ji", "ij->", "ij->j", "ij", "ji", "ii", "ii->i", "iij->j", "iji->j", "iii->i", "ii,i->i",
    "bij,bjk->bik", "bij,bkj->bik", "bij,jk->bik", "bij,bkj->", "abij,abjk->abik", "abij,cdij->abcd",
    "ij,jk,kl->il", "ij,jk,kl->", "i,j,k->kji", "ij,ij,ij->ij", "ij,kl->ijkl", "ij,kl->", "z,zi,zj->ij",
    ",->", ",i->i", "i,->i", "->", "...ij,...jk->...ik", "...i->...", "i...->...i", "...,...", "i...j,j->i...",
    "ij...,jk...->ik...",
]  # fmt: skip


def shape_of(part: str, dots: tuple[int, ...]) -> tuple[int, ...]:
    before, _, after = part.partition("...")
    return (*(SIZES[k] for k in before), *(dots if "..." in part else ()), *(SIZES[k] for k in after))


@pytest.mark.parametrize("subscripts", SUBSCRIPTS)
def test_like_numpy(subscripts: str, rng: np.random.Generator) -> None:
    parts = subscripts.partition("->")[0].split(",")
    for dots in [(2, 3), ()]:
        values = [rng.standard_normal(shape_of(part, dots)) for part in parts]
        expected = np.einsum(subscripts, *values)
        for free in (False, True):
            xs = [sa.placeholder((None,) * v.ndim if free else v.shape) for v in values]
            node = einsum(subscripts, *xs)
            (found,) = evaluate(node, dict(zip(xs, values)))
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13, strict=True)


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint16", "int64", "bool"])
def test_dtypes_do_not_widen(dtype: str, rng: np.random.Generator) -> None:
    a, b = (rng.integers(0, 2 if dtype == "bool" else 9, (3, 3)).astype(dtype) for _ in range(2))
    for subscripts in ("ij,jk->ik", "ij,ij->i", "ij,kl->"):
        (found,) = evaluate(einsum(subscripts, sa.constant(a), sa.constant(b)))
        np.testing.assert_array_equal(found, np.einsum(subscripts, a, b), strict=True)


def test_axes_of_size_one_stretch(rng: np.random.Generator) -> None:
    a, b = rng.standard_normal((1, 4)), rng.standard_normal((3, 1))
    for subscripts in ("ij,ij->ij", "ij,ij->", "ij,ij->j", "...j,...j->..."):
        (found,) = evaluate(einsum(subscripts, a, b))
        np.testing.assert_allclose(found, np.einsum(subscripts, a, b))
    np.testing.assert_allclose(evaluate(einsum("ij,ij->ji", a[:, :1], a[:, :1]))[0], a[:, :1] ** 2)


def test_empty_sizes() -> None:
    np.testing.assert_array_equal(
        evaluate(einsum("ij,jk->ik", np.zeros((2, 0)), np.zeros((0, 3))))[0], np.zeros((2, 3))
    )


def test_every_free_size_is_checked_alone() -> None:
    a, b = sa.placeholder((None, None)), sa.placeholder((None, None))
    node = einsum("ij,ij->", a, b)
    evaluate(node, {a: np.ones((2, 3)), b: np.ones((2, 3))})
    with pytest.raises(FeedError):
        evaluate(node, {a: np.ones((2, 3)), b: np.ones((3, 2))})
    square = einsum("ii->", a)
    with pytest.raises(FeedError):
        evaluate(square, {a: np.ones((2, 3))})


@pytest.mark.parametrize(
    ("subscripts", "count", "what"),
    [
        ("ij,jk", 1, "2 operands, got 1"),
        ("ijk", 1, "one label per axis"),
        ("i", 1, "one label per axis"),
        ("ij,ij->ik", 2, "labels of the operands"),
        ("ij->ii", 1, "once each"),
        ("i1->i", 1, "letters"),
        ("i..j->i", 1, "letters"),
        ("ij,jk->ik", 2, "label 'j' .* sizes 3 and 2"),
        ("ii->i", 1, "repeated label 'i'"),
        (1, 1, "string"),
    ],
)
def test_errors(subscripts: Any, count: int, what: str) -> None:
    with pytest.raises(ShapeError, match=f"^einsum: .*{what}.*"):
        einsum(subscripts, *(sa.placeholder((2, 3)) for _ in range(count)))


@pytest.mark.parametrize("subscripts", ["ij,jk->ik", "bij,bkj->kb", "ii,ij->j", "i,j,ij->", "...ij,...j->...i"])
def test_derivatives(subscripts: str, rng: np.random.Generator) -> None:
    values = [rng.standard_normal(shape_of(part, (2,))) for part in subscripts.partition("->")[0].split(",")]
    xs = [sa.placeholder(v.shape) for v in values]
    check_gradients(einsum(subscripts, *(x * x for x in xs)), xs, dict(zip(xs, values)))
