"""Functions that make arrays of sizes, numbers and vectors."""

from __future__ import annotations

from typing import Any

from tests.outside.comparisons.movement import IDS, PLACES, V, X, of
from tests.outside.comparisons.table import Table


def powers(m: Any, x: Any) -> list[Any]:
    return [m.vander(x[0]), m.vander(x[0], 3, increasing=True), m.vander(x[0, :0], 2), m.vander(x[0], 0)]


TABLE: Table = {
    "zeros, ones, empty, eye, identity, tri": of(
        lambda m, x: [
            m.zeros((2, 0)),
            m.ones((), "float32"),
            m.empty((0, 3), "int32"),
            m.eye(3, 4, -1),
            m.identity(2),
            m.tri(3, 4, 1, "float64"),
            m.eye(0),
            m.eye(2, dtype="complex64"),
        ],
        orders=0,
    ),
    "zeros_like, ones_like, empty_like": of(
        lambda m, x: [
            m.zeros_like(x),
            m.ones_like(x, shape=(2, 0)),
            m.empty_like(x[:0]),
            m.ones_like(x, dtype="float32"),
        ]
    ),
    "full, full_like": of(
        lambda m, x: [
            m.full((2, 3), x[0, 1]),
            m.full((3, 4), x[0]),
            m.full_like(x, x[1, 1]),
            m.full_like(x, x[0], shape=(2, 4)),
            m.full((0,), x[0, 0]),
        ]
    ),
    "arange": of(
        lambda m, x: [m.arange(5), m.arange(1, 7, 2), m.arange(3.5, 0, -0.5), m.arange(0), m.arange(5, 2)], orders=0
    ),
    "linspace": of(
        lambda m, x: [
            m.linspace(x[0], x[1], 5),
            m.linspace(x[0, 0], 3.0, 4, endpoint=False),
            m.linspace(x[0], x[1], 3, axis=-1),
            m.linspace(x[0], x[1], 1),
            m.linspace(x[0], x[1], 0),
            m.linspace(x[0], x[2], 5, retstep=True),
        ]
    ),
    "logspace": of(
        lambda m, x: [
            m.logspace(x[0], x[1], 5),
            m.logspace(x[0], x[1], 4, base=2.0, endpoint=False),
            m.logspace(x[0], x[1], 3, axis=1),
        ]
    ),
    "geomspace": of(lambda m, x: [m.geomspace(x[0], x[1], 5), m.geomspace(x[0], x[1], 4, endpoint=False, axis=-1)]),
    "array, asarray": of(lambda m, x: [m.array([[x[0, 0], 1.0], [2.0, x[1, 1]]]), m.asarray(x), m.array(x, ndmin=3)]),
    "astype": of(lambda m, x: [m.astype(x, "complex64"), m.astype(x[:0], "complex128")]),
    "meshgrid": of(
        lambda m, x, v: [
            m.meshgrid(x[0], v[1]),
            m.meshgrid(x[0], v[1], indexing="ij"),
            m.meshgrid(x[0], v[:, 1], x[:0, 0], sparse=True),
        ],
        X,
        V,
    ),
    "ix_, indices, fromfunction": of(
        lambda m, x: [
            m.ix_(IDS, PLACES[0]),
            m.indices((2, 3)),
            m.indices((2, 0), sparse=True),
            m.fromfunction(lambda i, j: i * 2 + j, (3, 4)),
        ],
        orders=0,
    ),
    "tril_indices, triu_indices, tril_indices_from, triu_indices_from, diag_indices, diag_indices_from": of(
        lambda m, x: [
            m.tril_indices(3, 1, 4),
            m.triu_indices(3, -1),
            m.tril_indices_from(m.asarray(V), 1),
            m.triu_indices_from(m.asarray(V), -1),
            m.diag_indices(3, 3),
            m.diag_indices_from(m.asarray(V[:, :3])),
        ],
        orders=0,
    ),
    "unravel_index, ravel_multi_index": of(
        lambda m, x: [
            m.unravel_index(PLACES + 4, (3, 4)),
            m.ravel_multi_index((PLACES + 1, PLACES + 7), (3, 4), mode="wrap"),
            m.ravel_multi_index((PLACES + 1, PLACES + 7), (3, 4), mode="clip", order="F"),
        ],
        orders=0,
    ),
    "vander": of(  # as wide as NumPy's, which takes a common dtype with integers
        lambda m, x: powers(m, x),
        theirs=lambda m, x: powers(m, x.astype("complex128" if x.dtype.kind == "c" else "float64")),
    ),
}
