"""Elements that are changed in an array of 16 bits: what it costs is what is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import staticad as sa
from staticad import Tensor
from tests.lower.work import work

X = sa.placeholder((None, 4, 3), "bfloat16")
N, J = sa.placeholder((None,), "int64"), sa.placeholder((2, 2), "int64")
S, V = sa.placeholder((), "int64"), sa.placeholder((), "bfloat16")
KEYS: dict[str, Any] = {
    "vector": N, "matrix": J, "number": S, "behind a slice": (slice(None), J),
    "behind a number": (slice(1, None), S, J), "apart": (J, slice(None), J), "all": (J, J, J), "mixed": (S, J, 0),
}  # fmt: skip


def test_changes_are_those_of_float32(rng: np.random.Generator) -> None:
    """At places that are named several times, from the end, or not at all."""
    made = [getattr(X.at[key], mode)(V) for key in KEYS.values() for mode in ("add", "multiply", "min", "max", "set")]
    session = sa.compile(made, [X, N, J, S, V])
    for count in (0, 1, 5):
        given = [
            rng.normal(size=(5, 4, 3)).astype(ml_dtypes.bfloat16), rng.integers(-5, 5, count),
            rng.integers(-3, 3, (2, 2)), rng.integers(-3, 3), ml_dtypes.bfloat16(1.5),
        ]  # fmt: skip
        expected = sa.evaluate(made, dict(zip([X, N, J, S, V], given, strict=True)))
        for tensor, got, wanted in zip(made, session(*given), expected, strict=True):
            np.testing.assert_allclose(
                got.astype(float), wanted.astype(float), rtol=0.02, atol=0.02, err_msg=str(tensor.where)
            )
    with pytest.raises(sa.IndexOutOfBounds, match=r"index 7 is out of range for axis 0 .*test_changes\.py"):
        session(given[0], np.array([7]), *given[2:])


LOOPS: dict[str, Callable[[Any, Tensor, Tensor], Tensor]] = {
    "one place": lambda i, a, j: a.at[i].add(1.0),
    "several places": lambda i, a, j: a.at[j[i]].max(a[i] * 2),
    "replaced": lambda i, a, j: a.at[i].set(a[i - 1] * 0.5 + 1),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_does_not_convert_the_array_that_it_changes(name: str) -> None:
    x, j = sa.placeholder(("n",), "float16"), sa.placeholder(("n", 2), "int64")
    y = sa.fori_loop(0, x.shape[0], lambda i, a: LOOPS[name](i, a, j), x)
    inputs = [x, j] if name == "several places" else [x]
    session = sa.compile(y, inputs)
    given = [np.linspace(-1, 1, 50).astype("float16"), np.arange(100).reshape(50, 2) % 50][: len(inputs)]
    (expected,) = sa.evaluate([y], dict(zip(inputs, given, strict=True)))
    np.testing.assert_allclose(session(*given), expected, rtol=0.002)
    plan = session._lowered.plan
    assert work(plan, 2000) < 12 * work(plan, 200)
