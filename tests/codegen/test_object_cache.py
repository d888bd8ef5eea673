"""The disk cache: private, atomic, checked, shared by processes; a warm process does not import Numba."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from staticad import config
from staticad.codegen import cache_sweep, object_cache, sources, trusted_directory

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


@pytest.fixture(autouse=True)
def nothing_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_cache, "_memory", {})


def run(directory: Path, source: str = SOURCE, **environment: str) -> str:
    """Load and call the kernel in a fresh process: `<compilations> <is Numba imported>`."""
    env = {**os.environ, "STATICAD_CACHE_DIR": str(directory), "STATICAD_CODEGEN": "numba", **environment}
    command = [sys.executable, "-W", "error", "-c", RUN.format(source=source)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def entries(directory: Path) -> list[Path]:
    """The kernels in a cache, and what should not be there."""
    found = (directory / "kernels").iterdir()
    known = {cache_sweep.STAMP, f"{sources._name()}.o"}
    return sorted(path for path in found if path.name not in known and path.suffix != ".host")


def test_a_second_process_neither_compiles_nor_imports_numba(tmp_path: Path) -> None:
    assert run(tmp_path) == "1 True"
    assert len(entries(tmp_path)) == 1
    assert run(tmp_path) == "0 False"
    assert len(entries(tmp_path)) == 1


def test_pieces_are_kept_too(tmp_path: Path) -> None:
    assembled = {"STATICAD_CODEGEN": "assembled"}
    assert run(tmp_path, **assembled).startswith("1 ")
    assert run(tmp_path, SOURCE + "    store(p, 2, hi)\n", **assembled) == "1 False"
    assert run(tmp_path, **assembled) == "0 False"


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


@pytest.mark.parametrize("obstacle", ["a file", "open to others", "a link into nothing"])
def test_without_a_usable_directory_kernels_are_kept_in_memory(
    tmp_path: Path, obstacle: str, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "kernels"
    match obstacle:
        case "a file":
            directory.write_text("")
        case "open to others":
            directory.mkdir()
            directory.chmod(0o777)
        case _:
            directory.symlink_to("nowhere/kernels/kernels")
            (tmp_path / "nowhere").write_text("")
    before = sorted(tmp_path.rglob("*"))
    with config.override(cache_dir=tmp_path, cache=True):
        for source in (SOURCE, SOURCE + "\n"):
            assert object_cache.load(source) is None
            object_cache.store(source, b"payload")
            assert object_cache.load(source) == b"payload"
    assert sorted(tmp_path.rglob("*")) == before
    told = capsys.readouterr().err
    assert told.count(f"compiled kernels cannot be kept in {tmp_path}") == 1  # once, though two were stored
    assert told.count(str(directory if obstacle != "a link into nothing" else tmp_path / "nowhere")) == 1
    assert "set STATICAD_CACHE_DIR" in told


def test_kernels_work_where_nothing_can_be_cached(tmp_path: Path) -> None:
    (tmp_path / "kernels").write_text("")
    assert run(tmp_path) == "1 True"


def test_a_full_disk_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with config.override(cache_dir=tmp_path, cache=True):
        object_cache.store(SOURCE + "\n", b"payload")
        assert capsys.readouterr().err == ""
        monkeypatch.setattr(trusted_directory.os, "replace", full)
        for _ in range(2):
            object_cache.store(SOURCE, b"payload")
            assert object_cache.load(SOURCE) == b"payload"
    assert len(entries(tmp_path)) == 1  # the temporary file is gone
    told = capsys.readouterr().err
    assert told.count("compiled kernels cannot be kept") == 1
    assert f"{tmp_path / 'kernels'}: {os.strerror(errno.ENOSPC)}." in told


def test_memory_holds_so_much_and_no_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(object_cache, "_MEMORY_LIMIT", 20)
    (tmp_path / "kernels").write_text("")
    with config.override(cache_dir=tmp_path, cache=True):
        for letter in "abc":
            object_cache.store(letter, letter.encode() * 9)
        assert [object_cache.load(letter) for letter in "abc"] == [None, b"b" * 9, b"c" * 9]


@pytest.mark.parametrize("umask", [0, 0o777])
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with config.override(cache_dir=tmp_path / "parent" / "staticad", cache=True):
            object_cache.store(SOURCE, b"payload")
            assert object_cache.load(SOURCE) == b"payload"
    finally:
        os.umask(before)
    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {True: 0o700, False: 0o600}


@pytest.mark.parametrize(
    "kind", ["FIFO", "link", "link to a device", "directory", "second name", "others may write", "endless"]
)
def test_only_private_regular_files_are_entries(tmp_path: Path, kind: str) -> None:
    with config.override(cache_dir=tmp_path, cache=True):
        object_cache.store(SOURCE, b"payload")
        (path,) = entries(tmp_path)
        match kind:
            case "FIFO":
                path.unlink()
                os.mkfifo(path, 0o600)
            case "link":
                path.symlink_to(path.rename(tmp_path / "elsewhere"))
            case "link to a device":
                path.unlink()
                path.symlink_to("/dev/zero")
            case "directory":
                path.unlink()
                path.mkdir()
            case "second name":
                os.link(path, tmp_path / "elsewhere")
            case "others may write":
                path.chmod(0o666)
            case _:
                os.truncate(path, 1 << 40)  # takes no room on the disk
        assert object_cache.load(SOURCE) is None
        object_cache.store(SOURCE, b"payload")
        assert object_cache.load(SOURCE) == b"payload"
    assert path.is_dir() if kind == "directory" else stat.S_IMODE(path.lstat().st_mode) == 0o600


def test_threads_share_a_cache_that_comes_and_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def use(number: int) -> None:
        for i in range(40):
            text, payload = f"{i % 5}", b"payload" * (i % 5)
            if number == 0 and i % 8 == 0:
                shutil.rmtree(tmp_path / "cache", ignore_errors=True)
            object_cache.store(text, payload)
            assert object_cache.load(text) in (None, payload)

    with config.override(cache_dir=tmp_path / "cache", cache=True, cache_limit=1 << 15), ThreadPoolExecutor(4) as pool:
        list(pool.map(use, range(4)))
        object_cache.store(SOURCE, b"payload")
        assert object_cache.load(SOURCE) == b"payload"


def test_the_key_depends_on_source_and_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    assert object_cache.key(SOURCE) == object_cache.key(SOURCE)
    assert object_cache.key(SOURCE) != object_cache.key(SOURCE + " ")
    before = object_cache.key(SOURCE)
    monkeypatch.setattr(object_cache, "fingerprint", lambda: "another compiler")
    assert object_cache.key(SOURCE) != before
