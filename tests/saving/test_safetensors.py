"""The format: every dtype, files that others wrote, and damaged ones."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import GraphError, LoadError
from staticad.ir.dtypes import SUPPORTED, bfloat16

ARRAYS: dict[str, np.ndarray] = {
    **{d.name: np.arange(-3, 9).reshape(3, 4).astype(d) for d in SUPPORTED if d.kind != "u"},
    **{d.name: np.arange(12).reshape(3, 4).astype(d) for d in SUPPORTED if d.kind == "u"},
    "bfloat16": np.arange(3).astype(bfloat16()),
    "number": np.array(2.5),
    "none": np.zeros((0, 3), "float32"),
    "pairs": np.zeros((0, 2), "complex128"),
    "nan": np.array([0x7FF8000000000123, 1 << 63], "uint64").view("float64"),
    "ünï.code": np.array([True, False]),
}


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def test_arrays_come_back_bit_by_bit(tmp_path: Path) -> None:
    path = tmp_path / "arrays.safetensors"
    sa.save(path, ARRAYS)
    found = sa.load(path)
    assert found.keys() == ARRAYS.keys() and found.extra == {} and found.optimizer == {}
    assert all(same(found[name], array) for name, array in ARRAYS.items())
    assert all(array.flags.writeable and array.flags.aligned for array in found.values())


def test_arrays_of_any_layout_and_numbers(tmp_path: Path) -> None:
    path = str(tmp_path / "arrays.safetensors")
    grid = np.arange(12.0).reshape(3, 4)
    sa.save(
        path, {"t": grid.T, "s": grid[::-1, ::2], "big": grid.astype(">f8"), "i": 3, "x": 0.5, "n": {"l": [True, grid]}}
    )
    found = sa.load(path)
    for name, array in (("t", grid.T), ("s", grid[::-1, ::2]), ("big", grid), ("i", np.int64(3)), ("x", 0.5)):
        np.testing.assert_array_equal(found[name], array)
    assert found["n.l.0"] == np.True_ and same(found["n.l.1"], grid) and found["big"].dtype.isnative


def test_the_bytes_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    sa.save(path, {"b": np.array([1, 2], "int8"), "a": np.array([[1.0]], "float32")})
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    assert length % 8 == 0 and content[8 + length :] == b"\0\0\x80\x3f\1\2"
    assert json.loads(content[8 : 8 + length]) == {
        "__metadata__": {"staticad": '{"version":1}'},
        "a": {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]},
        "b": {"dtype": "I8", "shape": [2], "data_offsets": [4, 6]},
    }


def test_the_package_reads_and_writes_the_same_files(tmp_path: Path) -> None:
    package = importlib.import_module("safetensors.numpy")
    known = {name: array for name, array in ARRAYS.items() if array.dtype.name not in ("bfloat16", "complex128")}
    sa.save(tmp_path / "ours", known, extra={"step": 3})
    theirs = package.load_file(tmp_path / "ours")
    assert all(same(theirs[name], array) for name, array in known.items()) and theirs.keys() == known.keys()
    package.save_file(known, tmp_path / "theirs", {"optimizer": "none"})
    found = sa.load(tmp_path / "theirs")
    assert all(same(found[name], array) for name, array in known.items()) and found.extra == {}


def test_without_the_package_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "file"
    sa.save(path, {"a": 1.0})
    monkeypatch.setitem(sys.modules, "safetensors", None)
    for act in (lambda: sa.save(path, {"a": 2.0}), lambda: sa.load(path)):
        with pytest.raises(GraphError, match=r"safetensors is not installed; `pip install safetensors` \(at .*:"):
            act()
    monkeypatch.undo()
    assert sa.load(path)["a"] == 1.0


def file_of(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode("utf-8")
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype: Any = "F32", shape: Any = (1,), offsets: Any = (0, 4)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


DAMAGED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is no safetensors file"),
    "short": (b"abc", "is no safetensors file"),
    "long": ((1 << 60).to_bytes(8, "little") + b"{}", "is no safetensors file"),
    "no json": (file_of(b"{x"), "is no safetensors file"),
    "no text": (file_of(b"\xff\xfe"), "is no safetensors file"),
    "deep": (file_of(b"[" * 200_000), "is no safetensors file"),
    "a list": (file_of([]), "is no safetensors file"),
    "twice": (file_of(b'{"a":1,"a":2}'), "is no safetensors file"),
    "metadata": (file_of({"__metadata__": {"a": 1}}), "is no safetensors file"),
    "no entry": (file_of({"a": 1}), "is no safetensors file"),
    "negative": (file_of({"a": entry(shape=(-1,), offsets=(0, 4))}, b"1234"), "is no safetensors file"),
    "bool": (file_of({"a": entry(shape=(True,))}, b"1234"), "is no safetensors file"),
    "unhashable": (file_of({"a": entry(dtype=[])}, b"1234"), "is no safetensors file"),
    "huge": (file_of({"a": entry(shape=(1 << 62, 4), offsets=(0, 4))}, b"1234"), "is no safetensors file"),
    "bytes": (file_of({"a": entry(shape=(2,))}, b"1234"), "is no safetensors file"),
    "axes": (file_of({"a": entry(shape=(1,) * 100)}, b"1234"), "'a': "),
    "empty axes": (file_of({"a": entry(shape=(0, 1 << 62, 1 << 62), offsets=(0, 0))}), "'a': "),
    "gap": (file_of({"a": entry(offsets=(1, 5))}, b"12345"), "is no safetensors file"),
    "overlap": (file_of({"a": entry(), "b": entry(offsets=(2, 6))}, b"123456"), "is no safetensors file"),
    "cut": (file_of({"a": entry()}, b"123"), "is no safetensors file"),
    "more": (file_of({"a": entry()}, b"12345"), "is no safetensors file"),
    "dtype": (
        file_of({"a": entry("F8_E4M3", (4,))}, b"1234"),
        "has the dtype F8_E4M3, which staticad does not support",
    ),
    "bools": (file_of({"a": entry("BOOL", (4,))}, b"\0\1\2\0"), "bytes that are no bools"),
    "version": (file_of({"__metadata__": {"staticad": '{"version":2}'}}), "is of version 2"),
    "no version": (file_of({"__metadata__": {"staticad": "[]"}}), "metadata of .* can't be read"),
    "pairs": (
        file_of({"__metadata__": {"staticad": '{"version":1}', "complex128": '["a"]'}}),
        "'a' is said to be pairs",
    ),
    "pairs of": (file_of({"__metadata__": {"staticad": '{"version":1}', "complex128": "3"}}), "are no list"),
    "extra": (
        file_of({"__metadata__": {"staticad": '{"version":1}', "extra": '{"array":"x"}'}}),
        "extra can't be read",
    ),
    "generator": (
        file_of({"__metadata__": {"staticad": '{"version":1}', "extra": '{"generator":{"dict":{}}}'}}),
        "extra can't be read",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_are_refused(name: str, tmp_path: Path) -> None:
    content, message = DAMAGED[name]
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(LoadError, match=message):
        sa.load(path)


def test_files_that_are_cut_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    sa.save(path, {"a": np.arange(3), "b": np.ones(2, "float32")})
    content = path.read_bytes()
    for length in range(0, len(content), 3):
        path.write_bytes(content[:length])
        with pytest.raises(LoadError):
            sa.load(path)


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (
            lambda path: sa.save(path, {"a": sa.exp(1.0)}),
            GraphError,
            "save: give a layer, variables, or dicts and lists",
        ),
        (lambda path: sa.save(path, 3.0), GraphError, "not a float"),
        (lambda path: sa.save(path, {1.5: 2.0}), GraphError, "names are strings, not 1.5"),
        (lambda path: sa.save(path, {"a.b": 1, "a": {"b": 2}}), GraphError, "two entries are named 'a.b'"),
        (lambda path: sa.save(path, {"extra:a": 1}), GraphError, "can't begin as that of 'extra:a'"),
        (lambda path: sa.save(path, {"__metadata__": 1}), GraphError, "can't begin as that of '__metadata__'"),
        (lambda path: sa.save(path, [sa.variable(1.0)]), GraphError, "has no name; give it one"),
        (lambda path: sa.save(path, {"a": "text"}), sa.DTypeError, "save: 'a'"),
        (lambda path: sa.save(path, {"a": [1, None]}), sa.DTypeError, "save: 'a.1'"),
        (lambda path: sa.save(path, {}, extra={"f": print}), GraphError, "extra 'f' is a builtin_function_or_method"),
        (lambda path: sa.save(path, {}, extra={1: 2}), GraphError, "keys of extra are strings, not 1"),
        (lambda path: sa.save(path, {}, optimizer=3), GraphError, "optimizer= is an optimizer"),
        (lambda path: sa.save(3, {}), GraphError, "the path is a string or a path, not a int"),
        (lambda path: sa.load(None), GraphError, "the path is a string or a path"),
    ],
)
def test_what_can_not_be_saved(
    act: Callable[[Path], Any], error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        act(tmp_path / "file")
    assert not list(tmp_path.iterdir())
