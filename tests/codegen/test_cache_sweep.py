"""Sweeps: the cache stays below its limit, what was used last stays, left-overs go, and a warm program does none."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from staticad import config
from staticad.codegen import cache_sweep, object_cache

LIMIT = 64 * 4096  # 64 of the entries that the tests make


@pytest.fixture
def kernels(tmp_path: Path) -> Iterator[Path]:
    with config.override(cache_dir=tmp_path, cache=True, cache_limit=LIMIT):
        yield tmp_path / "kernels"


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def made(directory: Path) -> list[Path]:
    return list(directory.glob("*.o"))


def test_the_cache_stays_below_its_limit(kernels: Path) -> None:
    for i in range(150):
        object_cache.store(str(i), b"x" * 3000)
        assert len(made(kernels)) <= 64
    assert len(made(kernels)) >= 56
    assert object_cache.load("149") is not None


def test_entries_that_are_used_stay(kernels: Path) -> None:
    for i in range(50):
        object_cache.store(str(i), b"x" * 3000)
    for path in made(kernels):
        age(path, 8000)
    for i in range(10):
        assert object_cache.load(str(i)) is not None
    for i in range(50, 100):
        object_cache.store(str(i), b"x" * 3000)
    assert all(object_cache.load(str(i)) is not None for i in range(10))
    assert sum(object_cache.load(str(i)) is None for i in range(10, 50)) >= 36


def test_an_entry_used_a_short_time_ago_is_not_touched(kernels: Path) -> None:
    object_cache.store("0", b"x")
    (path,) = made(kernels)
    age(path, 1000)
    before = path.stat().st_mtime_ns
    assert object_cache.load("0") == b"x"
    assert path.stat().st_mtime_ns == before


def test_an_entry_that_is_open_can_be_read_while_it_is_removed(kernels: Path) -> None:
    object_cache.store("0", b"payload")
    (path,) = made(kernels)
    with path.open("rb") as file:
        age(path, 8000)
        for i in range(1, 80):
            object_cache.store(str(i), b"x" * 3000)
        assert not path.exists() and file.read().endswith(b"payload")
    assert object_cache.load("0") is None


def test_left_over_temporary_files_are_swept_by_age(kernels: Path) -> None:
    kernels.mkdir(mode=0o700)
    old, new, foreign = (kernels / name for name in (".a.tmp", ".b.tmp", "notes.txt"))
    for path in (old, new, foreign):
        path.write_text("")
    age(old, 8000)
    age(foreign, 1e8)
    object_cache.store("0", b"x")
    assert not old.exists() and new.exists() and foreign.exists()


@pytest.mark.parametrize(("passed", "swept"), [(80_000, False), (90_000, True), (-5_000, True)])
def test_a_sweep_is_due_once_a_day(kernels: Path, passed: int, swept: bool) -> None:
    object_cache.store("0", b"x")
    stamp = kernels / cache_sweep.STAMP
    stamp.write_bytes(f"{int(time.time()) - passed}".rjust(32).encode())
    left = kernels / ".a.tmp"
    left.write_text("")
    age(left, 8000)
    object_cache.store("1", b"x")
    assert left.exists() != swept


@pytest.mark.parametrize("damage", ["empty", "text", "FIFO", "link"])
def test_a_damaged_stamp_is_replaced(kernels: Path, damage: str, tmp_path: Path) -> None:
    object_cache.store("0", b"x")
    stamp, target = kernels / cache_sweep.STAMP, tmp_path / "target"
    target.write_text("mine")
    match damage:
        case "empty":
            stamp.write_text("")
        case "text":
            stamp.write_text("yesterday")
        case "FIFO":
            stamp.unlink()
            os.mkfifo(stamp)
        case _:
            stamp.unlink()
            stamp.symlink_to(target)
    object_cache.store("1", b"x")
    assert stamp.is_file() and not stamp.is_symlink() and stamp.stat().st_size == 32
    assert target.read_text() == "mine"


def test_loading_neither_sweeps_nor_counts(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    object_cache.store("0", b"x")
    monkeypatch.setattr(cache_sweep, "count", None)
    assert object_cache.load("0") == b"x" and object_cache.load("1") is None


def test_a_directory_that_cannot_be_swept_still_holds_entries(kernels: Path) -> None:
    (kernels / cache_sweep.STAMP).mkdir(parents=True)
    kernels.chmod(0o700)
    object_cache.store("0", b"x")
    assert object_cache.load("0") == b"x"


SHARE = """
import shutil, sys
from pathlib import Path
from staticad import config
from staticad.codegen import object_cache
directory, number = Path(sys.argv[1]), int(sys.argv[2])
with config.override(cache_dir=directory, cache=True, cache_limit=64 * 4096):
    for i in range(300):
        text = str(i * (number + 1) % 97)
        payload = text.encode() * 1000
        assert object_cache.load(text) in (None, payload)
        object_cache.store(text, payload)
        if number == 0 and i % 100 == 50:
            shutil.rmtree(directory, ignore_errors=True)
"""


def test_processes_that_fill_sweep_and_delete_one_cache(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", SHARE, str(tmp_path / "cache")]
    processes = [subprocess.Popen([*command, str(number)], stderr=subprocess.PIPE, text=True) for number in range(3)]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    assert not list(tmp_path.rglob("*.tmp"))
    assert 30 <= len(made(tmp_path / "cache" / "kernels")) <= 80  # two sweeps at once remove more, or count less
