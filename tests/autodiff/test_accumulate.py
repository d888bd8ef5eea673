"""Sums of cotangents that are put together instead of added."""

from __future__ import annotations

import numpy as np

import staticad as sa
from staticad.autodiff.accumulate import accumulate
from staticad.ir.graph import sort_nodes
from staticad.ops.base import apply
from staticad.ops.slicing import EMBED, REPLACE


def test_adding_to_a_region_passes_its_cotangent_on() -> None:
    x, v = sa.placeholder((6, 4)), sa.placeholder((3, 4))
    seed = sa.placeholder((6, 4))
    gx, gv = sa.gradients([x.at[2:5].add(v)], [x, v], grad_ys=[seed])
    assert gx is seed and gv.op.name == "slice"


def test_a_region_that_is_used_otherwise_takes_the_place_of_zeros() -> None:
    x, seed = sa.placeholder((6,)), sa.placeholder((6,))
    (g,) = sa.gradients([x.at[2:5].multiply(3.0)], [x], grad_ys=[seed])
    assert g.op.name == "replace" and not any(n.op.name in ("add", "embed") for n in sort_nodes([g]))
    data = np.arange(6.0)
    np.testing.assert_array_equal(sa.compile(g, inputs=[x, seed])(data, data), data * [1, 1, 3, 3, 3, 1])


def test_other_places_are_added() -> None:
    x, v = sa.placeholder((6,)), sa.placeholder((3,))
    zeros = sa.zeros((3,))
    emptied = apply(REPLACE, x, zeros, starts=(2,), steps=(1,), sizes=(3,))
    elsewhere = apply(EMBED, v, shape=(6,), starts=(1,), steps=(1,), fill=0.0)
    assert accumulate(emptied, elsewhere).op.name == "add"
    kept = apply(REPLACE, x, v, starts=(2,), steps=(1,), sizes=(3,))
    assert accumulate(kept, apply(EMBED, v, shape=(6,), starts=(2,), steps=(1,), fill=0.0)).op.name == "add"


def test_scatters_into_zeros_are_scattered_into_the_other_cotangent() -> None:
    total, i = sa.placeholder((6,)), sa.placeholder((2,), "int64")
    update = sa.zeros((6,)).at[i].add(1.0).at[i + 1].add(2.0)
    found = accumulate(total, update)
    assert found.op.family == "scatter" and found.inputs[0].inputs[0] is total
    got = sa.compile(found, inputs=[total, i])(np.zeros(6), np.array([0, 0]))
    np.testing.assert_array_equal(got, [2, 4, 0, 0, 0, 0])
