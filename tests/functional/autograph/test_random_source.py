"""Random Python functions give the same numbers as Python, rewritten and plain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import staticad as sa
from tests.control.running import run
from tests.functional.autograph.random_source import RandomSource

PLACES = [(0.7, 0), (-1.3, 1), (2.1, 3), (-0.2, 4)]


def load(seed: int, directory: Path) -> Callable[..., Any]:
    path = directory / f"random_{seed}.py"
    path.write_text(RandomSource(seed).text, "utf-8")
    namespace: dict[str, Any] = {}
    exec(compile(path.read_text("utf-8"), str(path), "exec"), namespace)
    return namespace["f"]


def check(f: Callable[..., Any], evaluate: Callable[..., Any]) -> None:
    x, n = sa.placeholder((), name="x"), sa.placeholder((), "int64", name="n")
    outputs = sa.function(f)(x, n)
    tensors = [t for t in outputs if isinstance(t, sa.Tensor)]
    for place in PLACES:
        computed = iter(evaluate(tensors, dict(zip((x, n), place, strict=True))))
        found = [float(next(computed)) if isinstance(t, sa.Tensor) else t for t in outputs]
        np.testing.assert_allclose(found, f(*place), rtol=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_in_the_graph(seed: int, tmp_path: Path) -> None:
    check(load(seed, tmp_path), sa.evaluate)


@pytest.mark.parametrize("seed", [2, 11, 21, 36])
def test_compiled(seed: int, tmp_path: Path) -> None:
    check(load(seed, tmp_path), run)
