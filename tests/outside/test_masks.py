"""Boolean masks as a NumPy user writes them: arrays that are known now, and tensors that a run makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa

DATA = np.random.default_rng(0).normal(size=(4, 5, 6))
ROWS, COLUMNS = np.array([True, False, True, True]), np.array([True, True, False, True, False])
CORNER, WHOLE = DATA[:, :, 0] > 0, DATA > 0


@pytest.mark.parametrize(
    "key",
    [
        np.s_[ROWS], np.s_[CORNER], np.s_[WHOLE], np.s_[:, COLUMNS], np.s_[..., DATA[0, 0] > 0], np.s_[ROWS, :, ::-1],
        np.s_[..., DATA[0] > 0], np.s_[ROWS, COLUMNS], np.s_[0, COLUMNS], np.s_[ROWS.tolist()], np.s_[~ROWS & ROWS],
        np.s_[None, ..., DATA[0, 0] > 0],
    ],
)  # fmt: skip
def test_known_masks_index_as_in_numpy(key: Any) -> None:
    x = sa.placeholder(DATA.shape)
    part = x[key]
    (slope,) = sa.gradients((part**2).sum(), [x])
    changed = x.at[key].set(2.5)
    picked, gradient, written = sa.compile([part, slope, changed], inputs=[x])(DATA)
    expected, places = DATA.copy(), np.zeros_like(DATA)
    expected[key], places[key] = 2.5, 1.0
    np.testing.assert_array_equal(picked, DATA[key])
    np.testing.assert_array_equal(written, expected)
    np.testing.assert_allclose(gradient, 2 * DATA * places)


def test_masks_that_a_run_makes_choose_where_to_write() -> None:
    x = sa.placeholder((None, 5, 6))
    rows = x[:, 0, 0] > 0
    changed = [getattr(x.at[rows], mode)(0.5) for mode in ("set", "add", "multiply", "min", "max")]
    (slope,) = sa.gradients((x.at[x > 0].set(0.0) ** 2).sum(), [x])
    *results, gradient = sa.compile([*changed, slope], inputs=[x])(DATA)
    rules = (lambda a: 0.5 + 0 * a, lambda a: a + 0.5, lambda a: a * 0.5, lambda a: np.minimum(a, 0.5))
    chosen = (DATA[:, 0, 0] > 0)[:, None, None]
    for result, rule in zip(results, (*rules, lambda a: np.maximum(a, 0.5)), strict=True):
        np.testing.assert_array_equal(result, np.where(chosen, rule(DATA), DATA))
    np.testing.assert_allclose(gradient, np.where(DATA > 0, 0.0, 2 * DATA))


def test_masks_that_do_not_fit() -> None:
    x = sa.placeholder((4, 5, 6), name="x")
    with pytest.raises(sa.ShapeError, match=r"mask of shape \(5,\) .* at axis 0 .* .x. float64"):
        x[COLUMNS]
    with pytest.raises(sa.GraphError, match=r"depends on data; use sa.where\(mask, x, other\), x.at\[mask\]"):
        x[x > 0]
    with pytest.raises(sa.ShapeError, match="give one number"):
        x.at[x > 0].set(np.ones(3))
    with pytest.raises(sa.ShapeError, match="the mask does not fit"):
        x.at[sa.placeholder((3,), "bool")]
    with pytest.raises(sa.GraphError, match=r"x.at\[key\].set\(value\)"):
        x[0] = 1.0
