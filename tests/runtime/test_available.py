"""How much memory there is, by files that systems and control groups keep."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest

from staticad.codegen.loader import kernel_address
from staticad.runtime import available
from staticad.runtime.workers import c_function

TEXT = "MemTotal:       24689556 kB\nMemFree:        20001 kB\nMemAvailable:   123456 kB\nBuffers: 7 kB\n"


def asked(path: bytes) -> int:
    """What compiled code reads from a file."""
    functions = (ctypes.c_int64 * 3)(*map(c_function, ("open", "read", "close")))
    name = ctypes.create_string_buffer(path)
    entry = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
    return int(
        entry(kernel_address(available.AVAILABLE_SOURCE))(ctypes.addressof(functions), ctypes.addressof(name), 0)
    )


def test_there_is_some_memory() -> None:
    assert 1 << 20 < available.available_memory() <= available.UNKNOWN


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TEXT, 123456 * 1024),
        (TEXT.replace("123456", "0"), 0),
        ("", -1),
        ("one line", -1),
        ("a\nb\nMemAvailable: kB\n", -1),
        (TEXT[:60], -1),  # the third line is not complete
    ],
)
def test_compiled_code_reads_the_third_line(text: str, found: int, tmp_path: Path) -> None:
    path = tmp_path / "meminfo"
    path.write_text(text)
    for _ in range(3):
        assert asked(bytes(path)) == found


def test_compiled_code_without_a_file(tmp_path: Path) -> None:
    assert asked(bytes(tmp_path / "none")) == -1


def test_files_are_closed(tmp_path: Path) -> None:
    path = tmp_path / "meminfo"
    path.write_text(TEXT)
    before = asked(bytes(path))
    for _ in range(5000):  # more than a process may have open
        assert asked(bytes(path)) == before


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/meminfo")
def test_both_ways_of_asking_agree() -> None:
    if available.has_memory_file():
        compiled, python = asked(available.memory_file()), available._by_system()
        assert abs(compiled - python) < 1 << 30


def test_a_system_that_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(available, "_MEMORY", tmp_path / "none")
    assert not available.has_memory_file()
    assert 1 << 20 < available._by_system() <= available.UNKNOWN
    monkeypatch.delattr("os.sysconf")
    assert available._by_system() == available.UNKNOWN


def group(folder: Path, limit: str, used: int, names: tuple[str, str], cached: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(limit + "\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")


def test_control_groups_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    membership = tmp_path / "cgroup"
    monkeypatch.setattr(available, "_GROUPS", membership)
    monkeypatch.setattr(available, "_GROUP_ROOT", tmp_path / "fs")
    assert available._by_group() == available.UNKNOWN
    membership.write_text("0::/outer/inner\n")
    assert available._by_group() == available.UNKNOWN
    names = ("memory.max", "memory.current")
    group(tmp_path / "fs/outer/inner", "max", 70, names)
    assert available._by_group() == available.UNKNOWN
    group(tmp_path / "fs/outer", "1000", 400, names, cached=50)
    assert available._by_group() == 650
    group(tmp_path / "fs/outer/inner", "500", 600, names, cached=10)
    assert available._by_group() == 0


def test_control_groups_of_the_first_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    membership = tmp_path / "cgroup"
    membership.write_text("5:cpu,cpuacct:/a\n4:memory:/a\n")
    monkeypatch.setattr(available, "_GROUPS", membership)
    monkeypatch.setattr(available, "_GROUP_ROOT", tmp_path / "fs")
    group(tmp_path / "fs/memory/a", "1000", 300, ("memory.limit_in_bytes", "memory.usage_in_bytes"))
    assert available._by_group() == 700
