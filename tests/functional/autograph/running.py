"""A Python function and its rewritten form have to agree: on numbers, in the graph, compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import staticad as sa
from tests.control.running import run


def agree(function: Callable[..., Any], *examples: tuple[Any, ...], rtol: float = 1e-12) -> list[sa.Tensor]:
    """Check the rewritten function on tensors against the plain one on numbers; the tensors of the first example."""
    rewritten = sa.function(function)
    first = None
    for values in examples:
        arrays = [np.asarray(v) for v in values]
        inputs = [sa.placeholder(a.shape, a.dtype) for a in arrays]
        result = rewritten(*inputs)
        outputs = list(result) if isinstance(result, tuple) else [result]
        expected = function(*(a.copy() if a.ndim else a[()] for a in arrays))
        expected = expected if isinstance(expected, tuple) else (expected,)
        symbolic = [t for t in outputs if isinstance(t, sa.Tensor)]
        computed = iter(run(symbolic, dict(zip(inputs, arrays, strict=True))))
        found = [next(computed) if isinstance(t, sa.Tensor) else t for t in outputs]
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=rtol)
        first = first or outputs
    assert first is not None
    return first
