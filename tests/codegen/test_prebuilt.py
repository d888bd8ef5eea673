"""What a package brings along is used if it fits the code and is whole, and gives what Numba gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from staticad.codegen import object_cache, piece_maker, pieces, prebuilt
from staticad.codegen.kernel_names import KERNEL_NAMES
from staticad.errors import CompileError
from staticad.ops.samplers import SAMPLER_OPS

SOME = (
    "exp(float64)",
    "j0(float64)",
    "load(*bool_,int64)",
    "check_index(slots,int64,int64,int64)",
    "cast(float32,=int8)",
)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(prebuilt, "DIRECTORY", tmp_path)
    prebuilt._pieces.cache_clear()
    yield tmp_path
    prebuilt._pieces.cache_clear()


def fill(directory: Path) -> None:
    prebuilt.write(directory, [(key, piece_maker.make(key).dump()) for key in SOME], [("a recipe", b"code")])
    prebuilt._pieces.cache_clear()


def test_nothing_is_needed(directory: Path) -> None:
    assert prebuilt.piece(SOME[0]) is None and prebuilt.object_file("a recipe") is None


def test_what_was_written_is_found(directory: Path) -> None:
    fill(directory)
    for key in SOME:
        text = prebuilt.piece(key)
        assert text is not None and pieces.read(text) == piece_maker.make(key)
    assert prebuilt.object_file("a recipe") == b"code"
    assert prebuilt.object_file("another") is None and prebuilt.piece("exp(int8)") is None


def test_other_code_has_no_use_for_it(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(directory)
    monkeypatch.setattr(prebuilt, "code_hash", lambda: "another version")
    assert prebuilt.piece(SOME[0]) is None and prebuilt.object_file("a recipe") is None


def test_what_was_altered_is_left_aside(directory: Path) -> None:
    fill(directory)
    for path in directory.iterdir():
        content = path.read_bytes()
        path.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
    assert prebuilt.piece(SOME[0]) is None and prebuilt.object_file("a recipe") is None


def test_filling_again_leaves_nothing_old(directory: Path) -> None:
    fill(directory)
    prebuilt.write(directory, [], [])
    assert sorted(path.name for path in directory.iterdir()) == ["long_pieces.txt", "pieces.txt"]


def test_a_piece_that_nobody_brings_along_is_made_and_kept(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, bytes] = {}
    monkeypatch.setattr(object_cache, "load", kept.get)
    monkeypatch.setattr(object_cache, "store", kept.__setitem__)
    made = pieces.piece.__wrapped__(SOME[0])
    assert made == piece_maker.make(SOME[0]) and len(kept) == 1
    monkeypatch.setattr(piece_maker, "make", None)
    assert pieces.piece.__wrapped__(SOME[0]) == made


def test_every_kernel_function_has_pieces() -> None:
    names = {key.partition("(")[0] for key in piece_maker.keys()}
    functions = {name for name, value in KERNEL_NAMES.items() if isinstance(value, type(KERNEL_NAMES["add"]))}
    samplers = {op.name for op in SAMPLER_OPS}
    assert names == functions - set(piece_maker._NO_PIECES) | {"quotient"} | samplers


def test_pieces_are_plain_functions() -> None:
    for key in (*SOME, "store(*bool_,int64,bool_)", "look(slots,int64)"):
        made = piece_maker.make(key)
        assert made.texts[0].startswith("define internal ") or made.texts[0].startswith("@")
        assert not any(" #" in text or "target-" in text or "noalias" in text for text in made.texts), key


@pytest.mark.parametrize("key", ["exp", "exp(int64)", "nothing(float64)", "exp(nothing)", "exp(float64,float64)"])
def test_other_names_are_refused(key: str) -> None:
    with pytest.raises(CompileError, match="no"):
        piece_maker.make(key)
