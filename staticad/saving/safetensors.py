"""Files of named arrays in the safetensors format, read and written by the package of that name.

It has nothing in it that could be executed. Its specification is that of https://github.com/huggingface/safetensors.
complex128, which it does not have, is kept as pairs of float64, which the metadata tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from staticad import late
from staticad.errors import GraphError, LoadError, typed_memory
from staticad.ir.dtypes import COMPLEX128, as_dtype
from staticad.ir.provenance import here

if TYPE_CHECKING:
    import json
else:
    json = late.later("json")

METADATA = "__metadata__"
PAIRS = "complex128"  # the name under which the metadata list the arrays of pairs

_DTYPES = {
    "BOOL": "bool", "I8": "int8", "U8": "uint8", "I16": "int16", "U16": "uint16", "I32": "int32", "U32": "uint32",
    "I64": "int64", "U64": "uint64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
    "C64": "complex64",
}  # fmt: skip


def package(what: str) -> Any:
    """The package safetensors. Raises GraphError where it is not installed."""
    try:
        return late.imported("safetensors")
    except ImportError:
        raise GraphError(
            f"{what}: the package safetensors is not installed; `pip install safetensors` (at {here()})"
        ) from None


def to_json(value: Any) -> str:
    """A text for what consists of dicts, lists, numbers and texts."""
    return json.dumps(value, separators=(",", ":"))


def from_json(text: str) -> Any:
    """What a text stands for. Raises ValueError where it is no JSON, or nested too deep."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


@typed_memory("the bytes of a file")
def write(file: BinaryIO, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> None:
    """Write named arrays of supported dtypes, and texts. All bytes of the file are in memory meanwhile. Raises
    GraphError where the package is missing, OutOfMemory, OSError."""
    safetensors = package("save")
    pairs = [name for name, array in arrays.items() if array.dtype == COMPLEX128]
    stored = {name: np.ascontiguousarray(_as_pairs(a) if name in pairs else a) for name, a in arrays.items()}
    specs = {
        name: safetensors.TensorSpec(
            dtype=array.dtype.name, shape=arrays[name].shape + (2,) * (name in pairs), data_ptr=array.ctypes.data,
            data_len=array.nbytes,
        )
        for name, array in stored.items()
    }  # fmt: skip
    file.write(safetensors.serialize(specs, {**metadata, **({PAIRS: to_json(pairs)} if pairs else {})}))


def _as_pairs(array: np.ndarray) -> np.ndarray:
    """Complex numbers as pairs along a new last axis."""
    return np.ascontiguousarray(array).reshape(-1).view(np.float64).reshape(*array.shape, 2)


@typed_memory("the arrays of a file")
def read(path: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays and texts of a file. Raises LoadError for one that is not in the format, GraphError where the package
    is missing, OSError, OutOfMemory."""
    safetensors = package("load")
    with open(path, "rb") as file:
        content = file.read()
    try:
        found = safetensors.deserialize(content)
        header = from_json(content[8 : 8 + int.from_bytes(content[:8], "little")].decode("utf-8"))
    except (safetensors.SafetensorError, ValueError) as error:
        raise _unreadable(path, str(error)) from None
    texts: dict[str, str] = header.get(METADATA, {})
    arrays = {name: _array(path, name, entry) for name, entry in found}
    for name in _pairs(path, texts):
        array = arrays.get(name)
        if array is None or array.dtype != np.float64 or array.shape[-1:] != (2,):
            raise _unreadable(path, f"{name!r} is said to be pairs, and is not")
        arrays[name] = array.reshape(-1).view(COMPLEX128).reshape(array.shape[:-1])
    return {name: arrays[name] for name in header if name in arrays}, texts


def _unreadable(path: str, why: str) -> LoadError:
    return LoadError(f"load: {path!r} is no safetensors file: {why}")


def _pairs(path: str, texts: Mapping[str, str]) -> Iterator[str]:
    if PAIRS in texts and "staticad" in texts:
        try:
            yield from from_json(texts[PAIRS])
        except (ValueError, TypeError):
            raise _unreadable(path, f"its metadata {PAIRS!r} are no list") from None


def _array(path: str, name: str, entry: Mapping[str, Any]) -> np.ndarray:
    if entry["dtype"] not in _DTYPES:
        raise LoadError(f"load: {name!r} of {path!r} has the dtype {entry['dtype']}, which staticad does not support")
    dtype = as_dtype(_DTYPES[entry["dtype"]])
    octets = np.frombuffer(entry["data"], np.uint8)
    if dtype == np.bool_ and octets.size and octets.max() > 1:
        raise _unreadable(path, f"{name!r} holds bytes that are no bools")
    try:
        return octets.view(dtype).reshape(entry["shape"])
    except (ValueError, OverflowError) as error:  # more axes, or longer ones, than NumPy has
        raise _unreadable(path, f"{name!r}: {error}") from None
