"""What LLVM says of this CPU is asked once, and kept by what the system says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from staticad import config
from staticad.codegen import host


def test_it_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = host._asked()
    look = host.this_host.__wrapped__
    calls = []

    def ask() -> host.Host:
        calls.append(1)
        return asked

    monkeypatch.setattr(host, "_asked", ask)
    monkeypatch.setattr(host, "_system", lambda: "one")
    with config.override(cache_dir=str(tmp_path)):
        assert [look(), look()] == [asked, asked] and len(calls) == 1
        (entry,) = (tmp_path / "kernels").glob("*.host")
        entry.write_bytes(entry.read_bytes()[:-1])  # damaged
        assert look() == asked and len(calls) == 2
        monkeypatch.setattr(host, "_system", lambda: "another")
        assert look() == asked and len(calls) == 3
        monkeypatch.setattr(host, "_system", lambda: None)  # where the system does not tell
        assert [look(), look()] == [asked, asked] and len(calls) == 5
    with config.override(cache_dir=str(tmp_path), cache=False):
        assert look() == asked and len(calls) == 6


def test_what_tells_cpus_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def system(text: str) -> str | None:
        (tmp_path / "cpuinfo").write_text(text)
        monkeypatch.setattr(host, "_FILE", str(tmp_path / "cpuinfo"))
        return host._system()

    first = "processor\t: 0\nmodel\t: 7\ncpu MHz\t: 2000.0\nflags\t: sse avx\n\nprocessor\t: 1\n"
    assert system(first) is not None
    assert system(first) == system(first.replace("2000", "3000"))
    assert system(first) != system(first.replace("avx", "avx2")) != system(first.replace("7", "8"))
    assert system("processor\t: 0\nFeatures\t: neon\n") is None
    monkeypatch.setattr(host, "_FILE", str(tmp_path / "nothing"))
    assert host._system() is None
