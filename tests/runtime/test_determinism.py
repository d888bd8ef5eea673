"""The same feeds give the same bits: at any address, in any session of a program, in any process of one machine."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import staticad as sa
from staticad.runtime.session import Session

ROWS = 4099  # no multiple of a vector or of a chunk


def compile_all() -> Session:
    """A chain, reductions along both axes, a product, a scatter, a loop and the gradient of each."""
    x, i = sa.placeholder(("n", 12), "float32", name="x"), sa.placeholder(("n",), "int64", name="i")
    chain = sa.tanh(x) * sa.exp(-x * x)
    looped = sa.fori_loop(0, 3, lambda k, state: sa.sin(state) * 1.5 + chain, chain)
    scattered = sa.zeros((7, 12), "float32").at[i].add(looped)
    values = [chain.sum(), chain.mean(axis=0), sa.logsumexp(x, axis=1), x.T @ looped, scattered]
    loss = sum((value * value).sum() for value in values)
    return sa.compile([*values, *sa.gradients(loss, [x])], [x, i])


def feeds() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return rng.normal(size=(ROWS, 12)).astype("float32"), rng.integers(0, 7, ROWS)


def shifted(array: np.ndarray, items: int) -> np.ndarray:
    """The same elements, so many items behind the beginning of a page."""
    store = np.empty(array.nbytes + 2 * 4096, np.uint8)
    start = -store.ctypes.data % 4096 + items * array.itemsize
    view = store[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def bits(session: Session, *arrays: np.ndarray) -> str:
    return " ".join(hashlib.sha256(result.tobytes()).hexdigest() for result in session(*arrays))


def test_addresses_runs_and_sessions_do_not_matter() -> None:
    first, second = compile_all(), compile_all()
    expected = bits(first, *feeds())
    for items in (0, 1, 3, 5):
        arrays = [shifted(array, items) for array in feeds()]
        assert bits(first, *arrays) == expected
        assert bits(second, *arrays) == expected


def test_processes_and_caches_do_not_matter(tmp_path: Path) -> None:
    environment = {**os.environ, "STATICAD_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-W", "error", "-m", "tests.runtime.test_determinism"]
    root = Path(__file__).parents[2]
    found = []
    for _ in ("empty", "filled"):
        done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.append(done.stdout.strip())
    assert found == [bits(compile_all(), *feeds())] * 2


if __name__ == "__main__":
    print(bits(compile_all(), *feeds()))
