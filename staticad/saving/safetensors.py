"""The safetensors format: named arrays behind a JSON header, with nothing in it that could be executed.

A file is the length of the header (8 bytes, little-endian), the header in JSON, and the bytes of the arrays, without
gaps. The header has the dtype, the shape and the place of every array, and ``__metadata__``, texts by names. Its
specification is that of https://github.com/huggingface/safetensors. The package of that name has no bfloat16 for NumPy
and no complex128; the latter is kept as pairs of float64 here, which the metadata tell.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

from staticad.errors import LoadError, typed_memory
from staticad.ir.dtypes import COMPLEX128, DType, as_dtype

METADATA = "__metadata__"
PAIRS = "complex128"  # the name under which the metadata list the arrays of pairs
_LONGEST = 100_000_000  # bytes of a header, as in the package

_NAMES = {
    "bool": "BOOL", "int8": "I8", "uint8": "U8", "int16": "I16", "uint16": "U16", "int32": "I32", "uint32": "U32",
    "int64": "I64", "uint64": "U64", "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64",
    "complex64": "C64",
}  # fmt: skip
_DTYPES = {name: dtype for dtype, name in _NAMES.items()}


def to_json(value: Any) -> str:
    """A text for what consists of dicts, lists, numbers and texts."""
    import json  # when it is needed: few programs save, and its import takes a millisecond

    return json.dumps(value, separators=(",", ":"))


def from_json(text: str) -> Any:
    """What a text stands for. Raises ValueError where it is no JSON, nested too deep, or has a name twice."""
    import json

    def once(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            raise ValueError("a name occurs twice")
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def write(file: BinaryIO, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> None:
    """Write named arrays of supported dtypes, and texts."""
    pairs = [name for name, array in arrays.items() if array.dtype == COMPLEX128]
    stored = {name: _as_pairs(array) if name in pairs else array for name, array in arrays.items()}
    texts = {**metadata, **({PAIRS: to_json(pairs)} if pairs else {})}
    header: dict[str, Any] = {METADATA: texts} if texts else {}
    end = 0
    ordered = sorted(stored.items(), key=lambda item: (-item[1].dtype.itemsize, item[0]))  # so that all are aligned
    for name, array in ordered:
        begin, end = end, end + array.nbytes
        header[name] = {"dtype": _NAMES[array.dtype.name], "shape": array.shape, "data_offsets": (begin, end)}
    text = to_json(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little"))
    file.write(text)
    for _, array in ordered:
        file.write(_little_endian(np.ascontiguousarray(array)).reshape(-1).view(np.uint8).data)


def _little_endian(array: np.ndarray) -> np.ndarray:
    return array if sys.byteorder == "little" else array.byteswap()


def _as_pairs(array: np.ndarray) -> np.ndarray:
    """Complex numbers as pairs along a new last axis."""
    return np.ascontiguousarray(array).reshape(-1).view(np.float64).reshape(*array.shape, 2)


@typed_memory("the arrays of a file")
def read(path: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays and texts of a file, in the order of its header. Raises LoadError for one that is not in the format,
    OSError, OutOfMemory."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, _LONGEST):
            raise _unreadable(path, "it has no header")
        header = _header(path, file.read(length))
        texts = _texts(path, header.pop(METADATA, {}))
        places = {name: _place(path, name, entry) for name, entry in header.items()}
        end = 0
        for name, (_, _, begin, after) in sorted(places.items(), key=lambda item: item[1][2:]):
            if begin != end:
                raise _unreadable(path, f"{name!r} begins at byte {begin} of the data, not at {end}")
            end = after
        if end != size - 8 - length:
            raise _unreadable(path, f"it has {size - 8 - length} bytes of data, not {end}; was it cut?")
        arrays = {}
        for name, (dtype, shape, begin, _) in places.items():
            arrays[name] = _array(path, name, file, dtype, shape, 8 + length + begin)
    for name in _pairs(path, texts):
        array = arrays.get(name)
        if array is None or array.dtype != np.float64 or array.shape[-1:] != (2,):
            raise _unreadable(path, f"{name!r} is said to be pairs, and is not")
        arrays[name] = array.reshape(-1).view(COMPLEX128).reshape(array.shape[:-1])
    return arrays, texts


def _unreadable(path: str, why: str) -> LoadError:
    return LoadError(f"load: {path!r} is no safetensors file: {why}")


def _header(path: str, text: bytes) -> dict[str, Any]:
    try:
        header = from_json(text.decode("utf-8"))
    except ValueError as error:
        raise _unreadable(path, f"its header is no JSON ({error})") from None
    if not isinstance(header, dict):
        raise _unreadable(path, "its header is no JSON object")
    return header


def _texts(path: str, metadata: Any) -> dict[str, str]:
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise _unreadable(path, "its metadata are no texts by name")
    return metadata


def _pairs(path: str, texts: Mapping[str, str]) -> Iterator[str]:
    if PAIRS in texts and "staticad" in texts:
        try:
            yield from from_json(texts[PAIRS])
        except (ValueError, TypeError):
            raise _unreadable(path, f"its metadata {PAIRS!r} are no list") from None


def _place(path: str, name: str, entry: Any) -> tuple[DType, tuple[int, ...], int, int]:
    """The dtype and shape of an array, and where its bytes begin and end."""
    try:
        kind, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        numbers = [*shape, begin, end]
        if type(kind) is not str or not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise _unreadable(path, f"the header has no dtype, shape and place of {name!r}") from None
    if kind not in _DTYPES:
        raise LoadError(f"load: {name!r} of {path!r} has the dtype {kind}, which staticad does not support")
    dtype = as_dtype(_DTYPES[kind])
    if end - begin != math.prod(shape) * dtype.itemsize or (0 not in shape and math.prod(shape) >= 1 << 60):
        raise _unreadable(path, f"{name!r} has {end - begin} bytes for {kind} and the shape {tuple(shape)}")
    return dtype, tuple(shape), begin, end


def _array(path: str, name: str, file: BinaryIO, dtype: DType, shape: tuple[int, ...], begin: int) -> np.ndarray:
    try:
        array = np.empty(shape, dtype)
    except ValueError as error:  # more axes than NumPy has
        raise _unreadable(path, f"{name!r}: {error}") from None
    octets = array.reshape(-1).view(np.uint8)
    file.seek(begin)
    if file.readinto(octets.data) != array.nbytes:  # type: ignore[attr-defined]
        raise _unreadable(path, "it was cut while it was read")
    if dtype == np.bool_ and octets.size and octets.max() > 1:
        raise _unreadable(path, f"{name!r} holds bytes that are no bools")
    return _little_endian(array)
