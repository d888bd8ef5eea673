"""Functions that move, join and choose elements, of real and complex numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.outside.comparisons.table import Case, Table, uniform

X, V, ROW = uniform(0.5, 2.5, 3, 4), uniform(0.5, 2.5, 3, 4), uniform(0.5, 2.5, 4)
MASK, PLACES = V > 1.5, np.array([[2, 0], [-1, 2]])
IDS = np.array([2, 0, 2])


def of(call: Any, *operands: np.ndarray, kinds: str = "fc", **given: Any) -> Case:
    return Case(call, operands or (X,), kinds, **given)


def same(name: str, *arguments: Any, **given: Any) -> Case:
    """A function of one array, of one without elements, too."""
    return of(lambda m, x: [getattr(m, name)(x, *arguments, **given), getattr(m, name)(x[:0], *arguments, **given)])


def modes(m: Any, x: Any) -> list[Any]:
    width = ((1, 2), (0, 3))
    found = [m.pad(x, 1), m.pad(x, width, constant_values=((1.0, 2.0), (3.0, 4.0))), m.pad(x[:0], 2)]
    found += [m.pad(x, width, mode) for mode in ("edge", "wrap", "reflect", "symmetric", "linear_ramp")]
    found += [m.pad(x, width, mode, reflect_type="odd") for mode in ("reflect", "symmetric")]
    found += [m.pad(x[0], (7, 8), mode) for mode in ("wrap", "reflect", "symmetric")]
    return [*found, m.pad(x, width, "mean", stat_length=2), m.pad(x, width, "mean")]


def moved(m: Any, x: Any, v: Any) -> list[Any]:
    return [m.diag(x), m.diag(x[0], -1), m.diagonal(x, 1), m.diagonal(x[None], -1, -1, 1), m.diagflat(x[:2, :2], 1),
            m.diag(x[:0]), m.diagflat(x[0, 0])]  # fmt: skip


TABLE: Table = {
    "reshape": of(
        lambda m, x: [
            m.reshape(x, (2, -1)),
            m.reshape(x, (4, 3), order="F"),
            m.reshape(x[:0], (0, 2)),
            m.reshape(x[0, 0], (1, 1)),
            m.reshape(x.T, -1),
        ]
    ),
    "ravel": of(lambda m, x: [m.ravel(x.T), m.ravel(x, order="F"), m.ravel(x[:0]), m.ravel(x[1, 1])]),
    "transpose": of(
        lambda m, x: [m.transpose(x), m.transpose(x[None], (1, -1, 0)), m.transpose(x[1, 1]), m.transpose(x[:0])]
    ),
    "permute_dims, swapaxes, moveaxis, rollaxis": of(
        lambda m, x: [
            m.permute_dims(x[None], (2, 0, 1)),
            m.swapaxes(x[None], -1, 0),
            m.moveaxis(x[None], (0, -1), (-1, 0)),
            m.rollaxis(x[None], 2),
            m.rollaxis(x[None], 0, 3),
            m.moveaxis(x[:0], 0, 1),
        ]
    ),
    "expand_dims, squeeze": of(
        lambda m, x: [
            m.expand_dims(x, (0, -1)),
            m.expand_dims(x[0, 0], 0),
            m.squeeze(x[None, :, :1]),
            m.squeeze(x[None, :, :1], -1),
            m.squeeze(x[None], (0,)),
            m.expand_dims(x[:0], 1),
        ]
    ),
    "broadcast_to, broadcast_arrays": of(
        lambda m, x: [
            m.broadcast_to(x, (2, 3, 4)),
            m.broadcast_to(x[:, :1], (3, 5)),
            m.broadcast_to(x[0, 0], (0, 2)),
            *m.broadcast_arrays(x, x[0], x[:, :1]),
        ]
    ),
    "flip": of(lambda m, x: [m.flip(x), m.flip(x, -1), m.flip(x, (0, 1)), m.flip(x[:0]), m.flip(x[1, 1])]),
    **{name: same(name) for name in ("fliplr", "flipud")},
    "rot90": of(lambda m, x: [m.rot90(x, k) for k in (-1, 0, 2, 5)] + [m.rot90(x[None], 1, (-1, 0)), m.rot90(x[:0])]),
    "atleast_1d, atleast_2d, atleast_3d": of(
        lambda m, x: [f(y) for f in (m.atleast_1d, m.atleast_2d, m.atleast_3d) for y in (x, x[0, 0], x[0], x[:0])]
    ),
    "concatenate, concat, append": of(
        lambda m, x, v: [
            m.concatenate([x, v[:1]]),
            m.concatenate([x, v], axis=-1),
            m.concatenate([x[:0], v]),
            m.concatenate([x, v], axis=None),
            m.concat([x, v]),
            m.append(x, v),
            m.append(x, v, axis=1),
            m.concatenate([x, V.astype("float32")]),
        ],
        X,
        V,
    ),
    "stack": of(
        lambda m, x, v: [m.stack([x, v]), m.stack([x, v], axis=-1), m.stack([x[0, 0], v[1, 1]]), m.stack([x[:0]])], X, V
    ),
    "vstack, hstack, dstack, column_stack": of(
        lambda m, x, v: [
            f([a, b])
            for f in (m.vstack, m.hstack, m.dstack, m.column_stack)
            for a, b in ((x, v), (x[0], v[0]), (x[0, 0], v[1, 1]), (x[:0], v[:0]))
        ],
        X,
        V,
    ),
    "block": of(
        lambda m, x, v: [m.block([[x, v], [x, x]]), m.block([x[0], v[0]]), m.block([[x[0, 0], v[1, 1]]])], X, V
    ),
    "split, array_split": of(
        lambda m, x: [
            m.split(x, 2, axis=1),
            m.split(x, [1, 1, 3], axis=-1),
            m.array_split(x, 3, axis=1),
            m.array_split(x, 5),
            m.split(x[:0], 2),
        ]
    ),
    "vsplit, hsplit, dsplit, unstack": of(
        lambda m, x: [
            m.vsplit(x, 3),
            m.hsplit(x, [1, 3]),
            m.dsplit(x[None], 2),
            m.unstack(x),
            m.unstack(x, axis=-1),
            m.hsplit(x[0], 2),
        ]
    ),
    "tile": of(
        lambda m, x: [m.tile(x, 2), m.tile(x, (2, 1, 3)), m.tile(x[0, 0], 3), m.tile(x, (0, 1)), m.tile(x[:0], 2)]
    ),
    "repeat": of(
        lambda m, x: [
            m.repeat(x, 2),
            m.repeat(x, 3, axis=-1),
            m.repeat(x, np.array([1, 0, 2]), axis=0),
            m.repeat(x[0, 0], 2),
            m.repeat(x, 0, axis=1),
            m.repeat(x[:0], 2, axis=0),
        ]
    ),
    "resize": of(lambda m, x: [m.resize(x, (2, 9)), m.resize(x, (2, 2)), m.resize(x, (0,))]),
    "roll": of(
        lambda m, x: [
            m.roll(x, 5),
            m.roll(x, -1, axis=-1),
            m.roll(x, (1, 2), (0, 1)),
            m.roll(x[:0], 1),
            m.roll(x[1, 1], 2),
        ]
    ),
    "pad": of(modes),
    "take": of(
        lambda m, x: [
            m.take(x, PLACES),
            m.take(x, PLACES, axis=0),
            m.take(x, np.array([9, -7]), axis=-1, mode="wrap"),
            m.take(x, np.array([9, 1]), axis=1, mode="clip"),
            m.take(x, 3),
            m.take(x, np.zeros((0, 2), int), axis=1),
        ]
    ),
    "take_along_axis": of(
        lambda m, x: [
            m.take_along_axis(x, np.array([[1], [0], [3]]), axis=1),
            m.take_along_axis(x, np.array([[1, 0, -2, 2]]), axis=0),
            m.take_along_axis(x, np.array([5, 0]), axis=None),
            m.take_along_axis(x, np.zeros((3, 0), int), axis=-1),
        ]
    ),
    "put, put_along_axis": of(
        lambda m, x, v: [
            m.put(x, np.array([1, 5]), v[0, :2]),
            m.put(x, np.array([-1, 2]), v[0, 0]),
            m.put(x, np.array([13, 1]), v[0, :2], mode="wrap"),
            m.put_along_axis(x, np.array([[1], [0], [3]]), v[:, :1], 1),
        ],
        X,
        V,
        theirs=lambda m, x, v: [
            m.put(x, np.array([1, 5]), v[0, :2], inplace=False),
            m.put(x, np.array([-1, 2]), v[0, 0], inplace=False),
            m.put(x, np.array([13, 1]), v[0, :2], mode="wrap", inplace=False),
            m.put_along_axis(x, np.array([[1], [0], [3]]), v[:, :1], 1, inplace=False),
        ],
    ),
    "where": of(
        lambda m, x, v: [
            m.where(MASK, x, v),
            m.where(MASK[0], x[:, :1], v),
            m.where(x.real > 1, x, 2.0),
            m.where(MASK[:0], x[:0], v[0]),
            m.where(MASK[0, 0], x[0, 0], v[0, 0]),
        ],
        X,
        V,
    ),
    "select, choose": of(
        lambda m, x, v: [
            m.select([MASK, ~MASK[::-1]], [x, v], x[0, 0]),
            m.select([MASK], [x]),
            m.choose(PLACES, [x[0, 0], v[0, 1], 3.0], mode="wrap"),
            m.choose(PLACES + 1, [x[:2, :2], v[:2, :2]], mode="clip"),
        ],
        X,
        V,
    ),
    "clip": Case(
        lambda m, x, v: [
            m.clip(x, 1.0, 2.0),
            m.clip(x, v),
            m.clip(x, None, v[0]),
            m.clip(x[:0], 1.0),
            m.clip(x[0, 0], 0.7),
        ],
        (X, V),
    ),
    "round": Case(lambda m, x: [m.round(x * 9), m.round(x * 9, 1), m.round(x * 99, -1), m.around(x[:0])], (X,), "fc"),
    "delete": of(
        lambda m, x: [
            m.delete(x, 1, 0),
            m.delete(x, np.array([0, -1]), 1),
            m.delete(x, slice(1, 3), -1),
            m.delete(x, 5),
        ]
    ),
    "insert": of(
        lambda m, x, v: [m.insert(x, 1, v[0], 0), m.insert(x, np.array([0, 2]), v[:, :2], 1), m.insert(x, 3, v[0, 0])],
        X,
        V,
    ),
    "diag, diagonal, diagflat, fill_diagonal": of(
        lambda m, x, v: [*moved(m, x, v), m.fill_diagonal(x, v[0, 0]), m.fill_diagonal(x, v[0, :3])],
        X,
        V,
        theirs=lambda m, x, v: [
            *moved(m, x, v),
            m.fill_diagonal(x, v[0, 0], inplace=False),
            m.fill_diagonal(x, v[0, :3], inplace=False),
        ],
    ),
    "tril, triu, trace": of(
        lambda m, x: [
            m.tril(x, 1),
            m.triu(x, -1),
            m.triu(x[None]),
            m.tril(x[:0]),
            m.trace(x),
            m.trace(x[None], 1, -1, 1),
            m.trace(x, 9),
        ]
    ),
    "kron": of(lambda m, x, v: [m.kron(x, v[:2]), m.kron(x, v[0]), m.kron(x[0, 0], v), m.kron(x[:0], v)], X, V),
    "sliding_window_view": Case(
        lambda m, x: [
            m.sliding_window_view(x, (2, 3)),
            m.sliding_window_view(x, 2, -1),
            m.sliding_window_view(x, 2, axis=0),
        ],
        (X,),
        theirs=lambda m, x: [
            m.stack([m.stack([x[i : i + 2, j : j + 3] for j in range(2)]) for i in range(2)]),
            m.stack([x[:, j : j + 2] for j in range(3)], axis=1),
            m.stack([x[i : i + 2].T for i in range(2)]),
        ],
    ),
    "segment_sum, segment_max, segment_min": Case(
        lambda m, x: (
            [f(x, IDS, 3)[np.array([0, 2])] for f in (m.segment_sum, m.segment_max, m.segment_min)]
            + [m.segment_sum(x, IDS, 5), m.segment_sum(x[:, 0], IDS, 3), m.segment_sum(x[:0], IDS[:0], 2)]
        ),
        (X,),
    ),
    "segment_prod": Case(lambda m, x: m.segment_prod(x, IDS, 3), (X,), orders=0, why="JAX has no derivative"),
    "interp": Case(
        lambda m, x, v: [
            m.interp(x, np.array([0.0, 1, 2, 3]), v[0]),
            m.interp(x, np.array([1.0, 1.5, 2, 2.1]), v[0], left=0.5, right=v[1, 1]),
            m.interp(x * 4, np.array([0.0, 1, 2, 2.5]), v[0], period=3.0),  # exact, as the places are float64
            m.interp(x[0, 0], np.array([0.0, 1, 2, 3]), v[0]),
            m.interp(x[:0], np.array([0.0, 1, 2, 3]), v[0]),
        ],
        (X, V),
    ),
    "polyval": of(
        lambda m, x, v: [m.polyval(x[0], v), m.polyval(x[0], v[0, 0]), m.polyval(x[0, :0], v), m.polyval(x[0], v[:0])],
        X,
        V,
    ),
    "convolve, correlate": of(
        lambda m, x, v: [
            f(x[0], v[1, :3], mode) for f in (m.convolve, m.correlate) for mode in ("full", "same", "valid")
        ],
        X,
        V,
    ),
    "stop_gradient": of(lambda m, x: m.stop_gradient(x) * x),
}
