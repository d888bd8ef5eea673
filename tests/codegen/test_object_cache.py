"""The disk cache: private, atomic, checked, shared by processes; a warm process does not import Numba."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from staticad import config
from staticad.codegen import object_cache

SOURCE = "def kernel(args, lo, hi):\n    p = pointer(args, 0, int64, 0, 1)\n    store(p, lo, hi)\n"
RUN = """
import ctypes, sys
import numpy as np
from staticad.codegen import jit, loader
address = loader.kernel_address({source!r})
out = np.zeros(4, np.int64)
args = np.array([out.ctypes.data])
ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(address)(args.ctypes.data, 2, 77)
assert out.tolist() == [0, 0, 77, 0], out
print(jit.compilations(), "numba" in sys.modules)
"""


def run(directory: Path, source: str = SOURCE, **environment: str) -> str:
    """Load and call the kernel in a fresh process: `<compilations> <is Numba imported>`."""
    env = {**os.environ, "STATICAD_CACHE_DIR": str(directory), **environment}
    command = [sys.executable, "-W", "error", "-c", RUN.format(source=source)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def entries(directory: Path) -> list[Path]:
    return sorted((directory / "kernels").iterdir())


def test_a_second_process_neither_compiles_nor_imports_numba(tmp_path: Path) -> None:
    assert run(tmp_path) == "1 True"
    assert len(entries(tmp_path)) == 1
    assert run(tmp_path) == "0 False"
    assert len(entries(tmp_path)) == 1


def test_entries_are_private(tmp_path: Path) -> None:
    with config.override(cache_dir=tmp_path, cache=True):
        object_cache.store(SOURCE, b"payload")
    assert stat.S_IMODE((tmp_path / "kernels").stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in entries(tmp_path)] == [0o600]


def test_what_is_stored_is_loaded(tmp_path: Path) -> None:
    with config.override(cache_dir=tmp_path, cache=True):
        assert object_cache.load(SOURCE) is None
        object_cache.store(SOURCE, b"payload")
        assert object_cache.load(SOURCE) == b"payload"
        assert object_cache.load(SOURCE + "\n") is None


def test_the_cache_can_be_off(tmp_path: Path) -> None:
    with config.override(cache_dir=tmp_path, cache=False):
        object_cache.store(SOURCE, b"payload")
        assert object_cache.load(SOURCE) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["empty", "truncated", "altered", "other magic", "another kernel's"])
def test_a_damaged_entry_counts_as_missing(tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    with config.override(cache_dir=tmp_path, cache=True, debug=1):
        object_cache.store(SOURCE, b"payload")
        (path,) = entries(tmp_path)
        entry = path.read_bytes()
        match damage:
            case "empty":
                path.write_bytes(b"")
            case "truncated":
                path.write_bytes(entry[:-1])
            case "altered":
                path.write_bytes(entry[:-1] + bytes([entry[-1] ^ 1]))
            case "other magic":
                path.write_bytes(b"S" + entry[1:])
            case _:
                object_cache.store(SOURCE + "\n", b"payload")
                (other,) = [p for p in entries(tmp_path) if p != path]
                os.replace(other, path)
        assert object_cache.load(SOURCE) is None
        assert "damaged" in capsys.readouterr().err
        object_cache.store(SOURCE, b"payload")
        assert object_cache.load(SOURCE) == b"payload"


def test_a_damaged_entry_is_compiled_again(tmp_path: Path) -> None:
    assert run(tmp_path) == "1 True"
    (path,) = entries(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    assert run(tmp_path) == "1 True"
    assert run(tmp_path) == "0 False"


def test_processes_that_fill_the_same_cache_do_not_disturb_each_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: run(tmp_path), range(2)))
    assert set(results) <= {"1 True", "0 False"}
    assert len(entries(tmp_path)) == 1  # and no temporary files
    assert run(tmp_path) == "0 False"


@pytest.mark.parametrize("obstacle", ["a file", "open to others"])
def test_without_a_usable_directory_there_is_no_cache(
    tmp_path: Path, obstacle: str, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "kernels"
    if obstacle == "a file":
        directory.write_text("")
    else:
        directory.mkdir()
        directory.chmod(0o777)
    with config.override(cache_dir=tmp_path, cache=True, debug=1):
        object_cache.store(SOURCE, b"payload")
        assert object_cache.load(SOURCE) is None
    assert capsys.readouterr().err.count("no kernel cache") == 1
    assert run(tmp_path) == "1 True"


def test_a_failing_write_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("disk full")

    with config.override(cache_dir=tmp_path, cache=True):
        object_cache.store(SOURCE + "\n", b"payload")
        monkeypatch.setattr(object_cache.os, "replace", full)
        object_cache.store(SOURCE, b"payload")
        assert object_cache.load(SOURCE) is None
    assert len(entries(tmp_path)) == 1  # the temporary file is gone


def test_the_key_depends_on_source_and_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    assert object_cache.key(SOURCE) == object_cache.key(SOURCE)
    assert object_cache.key(SOURCE) != object_cache.key(SOURCE + " ")
    before = object_cache.key(SOURCE)
    monkeypatch.setattr(object_cache, "fingerprint", lambda: "another compiler")
    assert object_cache.key(SOURCE) != before


def test_the_fingerprint_follows_the_text_of_the_code_generator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.py", "b/c.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(object_cache, "__file__", str(tmp_path / "object_cache.py"))
    compute = object_cache.fingerprint.__wrapped__
    before = compute()
    assert compute() == before
    (tmp_path / "b/c.py").write_text("changed")
    changed = compute()
    assert changed != before
    (tmp_path / "d.py").write_text("")
    assert compute() not in (before, changed)
