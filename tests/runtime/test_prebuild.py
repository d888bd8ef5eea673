"""The machine code that a package brings along is all that programs of every kind need from Numba."""

from __future__ import annotations

import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from staticad import config, runtime
from staticad.codegen import recipes
from staticad.runtime import programs
from staticad.runtime.prebuild import FIXED

PROGRAM = """
import sys
from pathlib import Path
from staticad.codegen import prebuilt
prebuilt.DIRECTORY = Path(sys.argv[1])
import numpy as np
import staticad as sa
x, w = sa.placeholder((None, 30)), sa.variable(np.ones((30, 300)))
loss = sa.square(sa.tanh(x @ w) @ w.T).sum()
(g,) = sa.gradients(loss, [w])
s = sa.while_loop(lambda a: a < 100, lambda a: a * 1.5, x[0, 0] + 1)
h, _ = sa.scan(lambda h, row: (sa.tanh(h @ w[:, :30] + row), None), x[0], x)
by_loop = sa.gradients(s + h.sum(), [x])[0]
c = sa.cond(x[0, 0] > 0, lambda: h.sum(), lambda: (x @ w).sum())
session = sa.compile([loss, by_loop, c], [x], updates=[(w, w - 1e-3 * g)])
session(np.ones((2000, 30)))
a = sa.placeholder((None, None), "float32")
parts = [sa.linalg.cholesky(a), sa.linalg.inv(a), sa.linalg.slogdet(a).logabsdet, sa.linalg.solve_triangular(a, a)]
sa.compile([*parts, sa.gradients(sum(part.sum() for part in parts), [a])[0]], [a])(np.eye(5, dtype="float32"))
session.profile([np.ones((2000, 30))]) if len(sys.argv) > 2 else None
print("numba" in sys.modules)
"""


@pytest.fixture(scope="module")
def prebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What takes a minute is kept beside the kernels until a file of the package changes."""
    made, package = tmp_path_factory.mktemp("prebuilt"), programs.package_hash()
    kept = config.settings().cache_dir / f"prebuilt-{package}"
    if package is not None and kept.is_dir():
        return kept
    subprocess.run([sys.executable, "-m", "staticad.runtime.prebuild", str(made)], check=True, timeout=1800)
    if package is not None:
        for old in sorted(kept.parent.glob("prebuilt-*"), key=lambda path: path.stat().st_mtime)[:-3]:
            shutil.rmtree(old, ignore_errors=True)
        shutil.copytree(made, whole := Path(tempfile.mkdtemp(dir=kept.parent)), dirs_exist_ok=True)
        with suppress(OSError):  # another process was there before
            whole.rename(kept)
    return made


def test_programs_do_without_numba(prebuilt: Path, tmp_path: Path) -> None:
    env = {**os.environ, "STATICAD_CACHE_DIR": str(tmp_path), "STATICAD_THREADS": "2"}
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(prebuilt)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"


def test_all_fixed_machine_code_is_brought_along() -> None:
    modules = [importlib.import_module(f"{runtime.__name__}.{m.name}") for m in pkgutil.iter_modules(runtime.__path__)]
    sources = {name: text for m in modules for name, text in vars(m).items() if name.endswith("_SOURCE")}
    assert len(sources) >= len(FIXED)
    assert [name for name, text in sources.items() if recipes.is_machine_code(text) and text not in FIXED] == []
