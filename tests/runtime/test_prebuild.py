"""The machine code that a package brings along is all that programs of every kind need from Numba."""

from __future__ import annotations

import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from staticad import config, runtime
from staticad.codegen import piece_maker, prebuilt, recipes
from staticad.codegen.sealed import unsealed
from staticad.runtime import prebuild
from staticad.runtime.prebuild import FIXED, objects

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


def is_whole(directory: Path, recipes_of_all: Iterable[str]) -> bool:
    """Whether all that this version of the package brings along lies there, as it was written."""
    expected = {name: prebuilt.code_hash() for name in (prebuilt._PIECES, prebuilt._LONG_PIECES)}
    expected |= {name: name for name in map(prebuilt._name, recipes_of_all)}
    files = ((directory / name, what) for name, what in expected.items())
    return all(path.is_file() and unsealed(what, path.read_bytes()) is not None for path, what in files)


@pytest.fixture(scope="module")
def compilers() -> dict[str, Callable[[], bytes]]:
    """What makes each object file, by what it is made of."""
    found = [*objects()]
    assert len(found) == len(dict(found))  # nothing is compiled twice
    return dict(found)


@pytest.fixture(scope="module")
def brought(compilers: dict[str, Callable[[], bytes]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the package brings along. Where that is of another version, as after a change of the code generator, it is
    made, which takes minutes, and kept beside the kernels for as long as it fits."""
    kept = config.settings().cache_dir / "prebuilt"
    for directory in (prebuilt.DIRECTORY, kept):
        if is_whole(directory, compilers):
            return directory
    made = tmp_path_factory.mktemp("prebuilt")
    subprocess.run([sys.executable, "-m", "staticad.runtime.prebuild", str(made)], check=True, timeout=1800)
    shutil.copytree(made, whole := Path(tempfile.mkdtemp(dir=kept.parent)), dirs_exist_ok=True)
    shutil.rmtree(kept, ignore_errors=True)
    with suppress(OSError):  # another process was there before
        whole.rename(kept)
    return made


def test_nothing_is_missing_or_left_over(brought: Path, compilers: dict[str, Callable[[], bytes]]) -> None:
    assert is_whole(brought, compilers)
    assert {path.name for path in brought.glob("*.o")} == {*map(prebuilt._name, compilers)}
    assert sorted(brought_pieces(brought)) == sorted(piece_maker.keys())


def brought_pieces(directory: Path) -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prebuilt, "DIRECTORY", directory)
        read = prebuilt._pieces.__wrapped__
        return read(prebuilt._PIECES) | read(prebuilt._LONG_PIECES)


def test_it_is_what_this_version_makes(
    brought: Path, compilers: dict[str, Callable[[], bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the bit: fixed code, a routine, a function that kernels share, a kernel of many programs, and pieces."""
    starts = ("def entry(", "def kernel(", "shared ", "assembled\n")
    some = [next(recipe for recipe in reversed(compilers) if recipe.startswith(start)) for start in starts]
    keys = [*piece_maker.keys()][::150]
    monkeypatch.setattr(piece_maker, "keys", lambda: keys)
    monkeypatch.setattr(prebuild, "objects", lambda: [(recipe, compilers[recipe]) for recipe in some])
    prebuild.main(str(tmp_path))
    assert brought_pieces(tmp_path) == {key: brought_pieces(brought)[key] for key in keys}
    for name in map(prebuilt._name, some):
        assert (tmp_path / name).read_bytes() == (brought / name).read_bytes()


def test_programs_do_without_numba(brought: Path, tmp_path: Path) -> None:
    env = {**os.environ, "STATICAD_CACHE_DIR": str(tmp_path), "STATICAD_THREADS": "2"}
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(brought)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"


def test_all_fixed_machine_code_is_brought_along() -> None:
    modules = [importlib.import_module(f"{runtime.__name__}.{m.name}") for m in pkgutil.iter_modules(runtime.__path__)]
    sources = {name: text for m in modules for name, text in vars(m).items() if name.endswith("_SOURCE")}
    assert len(sources) >= len(FIXED)
    assert [name for name, text in sources.items() if recipes.is_machine_code(text) and text not in FIXED] == []
