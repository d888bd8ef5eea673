"""A version of the package is told by what stands in its sources, which are read once."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from staticad import config, late
from staticad.codegen import sources

Look = Callable[[], sources.Hashes | None]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of four files, with a cache of its own."""
    folder = tmp_path / "package"
    for name in ("__init__.py", "codegen/a.py", "codegen/b/c.py", "ops/rejection.py", "prebuilt/none.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, "utf-8")
    monkeypatch.setattr(sources, "PACKAGE", str(folder))
    monkeypatch.setattr(config, "IMPORTED", 0.0)
    return folder


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """What a process finds that imports the package now."""

    def look() -> sources.Hashes | None:
        time.sleep(2 * sources._CLOCK_SECONDS)
        monkeypatch.setattr(config, "IMPORTED", time.time())
        with config.override(cache_dir=tmp_path / "cache", cache=True):
            return sources.hashes.__wrapped__()

    return look


def test_they_are_those_that_were_imported(package: Path, imported: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = sources.hashes.__wrapped__
    assert hashes() is None  # the files are younger than this process
    first = imported()
    assert first is not None and first == hashes()
    (package / "ops" / "rejection.py").write_text("other", "utf-8")
    assert hashes() is None
    second = imported()
    assert second is not None and second.package != first.package and second.code != first.code
    (package / "other.py").write_text("", "utf-8")
    assert hashes() is None
    third = imported()
    assert third is not None and third.package != second.package and third.code == second.code
    (package / "prebuilt" / "none.py").write_text("", "utf-8")
    assert hashes() == third
    monkeypatch.setattr(late, "_STATE", ())
    assert hashes() is None


def test_they_are_read_once(package: Path, imported: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    first = imported()
    with monkeypatch.context() as without_reading:
        without_reading.setattr(sources, "_read", lambda: None)
        assert imported() == first  # the cache has them
        source = package / "codegen" / "a.py"
        source.write_text(source.read_text("utf-8"), "utf-8")
        assert imported() is None
    assert imported() == first


def test_what_is_handed_over_holds_for_the_files_as_they_lie(
    package: Path, imported: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = imported()
    with monkeypatch.context() as built:
        built.setattr(sources, "hashes", lambda: first)
        sources.hand_over(package / "prebuilt")
    monkeypatch.setattr(sources, "_kept", lambda name: None)
    monkeypatch.setattr(sources, "_read", lambda: None)
    assert imported() == first is not None
    copy = Path(shutil.copytree(package, tmp_path / "copy"))
    monkeypatch.setattr(sources, "PACKAGE", str(copy))
    assert imported() is None
    monkeypatch.setattr(sources, "PACKAGE", str(package))
    kept = package / "prebuilt" / "sources"
    kept.write_bytes(kept.read_bytes()[:-1])  # damaged
    assert imported() is None


def test_hashes_of_code_are_of_the_files_as_they_are(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while they are younger than the process."""
    monkeypatch.setattr(sources, "hashes", lambda: None)
    first = sources.code_hash()
    assert sources.code_hash() == first
    (package / "codegen" / "b" / "c.py").write_text("changed", "utf-8")
    second = sources.code_hash()
    (package / "__init__.py").write_text("changed", "utf-8")
    assert sources.code_hash() == second != first
