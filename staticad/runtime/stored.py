"""Compiled programs as bytes, for the cache on disk: numbers, names, texts of kernels and arrays, nothing to be run.

Constants that stand in the user's graph, and variables, are kept as numbers of its nodes.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from staticad.ir.dtypes import as_dtype
from staticad.ir.size_tables import SizeTable
from staticad.lower.kernel.routine import Routine
from staticad.records import NamedTuple
from staticad.runtime.idle import Idle
from staticad.runtime.tables import ArrayTable, Base, Condition, Number, RoutineUse, Tables, Unknown

_LEVEL = 1  # of compression: the fastest


class Stored(NamedTuple):
    """``constants`` are arrays, or numbers of nodes that are constants; ``variables`` are numbers of nodes, in the
    order of the tables, and ``steps`` is how many kernel calls the plan has."""

    tables: Tables
    constants: tuple[np.ndarray | int, ...]
    variables: tuple[int, ...]


def to_bytes(program: Stored) -> bytes:
    """The program as bytes."""
    arrays: list[np.ndarray] = []
    head = {field.name: _plain(getattr(program.tables, field.name), arrays) for field in fields(Tables)}
    rest = [_plain(program.constants, arrays), program.variables]
    specs = [(array.dtype.str, array.shape) for array in arrays]
    text = json.dumps([head, rest, specs], separators=(",", ":")).encode("ascii")
    parts = [len(text).to_bytes(8, "little"), text, *(array.tobytes() for array in arrays)]
    return zlib.compress(b"".join(parts), _LEVEL)


def from_bytes(payload: bytes) -> Stored:
    """The program that these bytes are."""
    content = zlib.decompress(payload)
    begin = 8 + int.from_bytes(content[:8], "little")
    head, (constants, variables), specs = json.loads(content[8:begin])
    arrays = []
    for dtype, shape in specs:
        kind, count = np.dtype(dtype), int(np.prod(shape, dtype=np.int64))
        arrays.append(np.frombuffer(content, kind, count, begin).reshape(shape))
        begin += kind.itemsize * count

    def array(place: Sequence[int]) -> np.ndarray:
        return arrays[place[0]]

    read: dict[str, Callable[[Any], Any]] = {
        "texts": tuple,
        "bases": lambda rows: tuple(map(Base._make, rows)),
        "sizes": lambda table: SizeTable(*table),
        "counts": tuple,
        **dict.fromkeys(("words", "more", "patches", "steps"), array),
        "routines": _each(_routine),
        **dict.fromkeys(("feeds", "outs"), _each(lambda row: ArrayTable(as_dtype(row[0]), _numbers(row[1])))),
        "arena": _number,
        "works": _each(lambda row: (_number(row[0]), row[1])),
        "idle": _each(lambda row: Idle(_number(row[0]), tuple(map(_numbers, row[1])))),
        "limited": _numbers,
        "conditions": _each(_condition),
    }
    tables = Tables(**{name: read[name](value) if name in read else value for name, value in head.items()})
    owned = tuple(array(c).copy() if isinstance(c, list) else c for c in constants)
    return Stored(tables, owned, tuple(variables))


def _plain(value: Any, arrays: list[np.ndarray]) -> Any:
    """What JSON can say; arrays by their places, as unknowns are."""
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return [len(arrays) - 1]
    if isinstance(value, Unknown):
        return [value.place]
    if isinstance(value, np.dtype):
        return value.name
    if isinstance(value, SizeTable):
        return [value.functions, value.sizes]
    if isinstance(value, Routine):
        return [value.name, value.dtype.name, value.slots, value.reports, value.kind]
    if isinstance(value, dict):
        return {key: _plain(item, arrays) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item, arrays) for item in value]
    assert value is None or isinstance(value, (int, str))
    return value


def _each(read: Callable[[Any], Any]) -> Callable[[Iterable[Any]], tuple[Any, ...]]:
    return lambda rows: tuple(map(read, rows))


def _number(value: Any) -> Number:
    return Unknown(value[0]) if isinstance(value, list) else value


def _numbers(values: Iterable[Any]) -> tuple[Number, ...]:
    return tuple(map(_number, values))


def _condition(row: Any) -> Condition:
    left, right, bound, unless = row
    return Condition(_number(left), None if right is None else _number(right), bound, _number(unless))


def _routine(row: Any) -> RoutineUse:
    (name, dtype, slots, reports, kind), numbers, batch = row
    routine = Routine(name, np.dtype(dtype), tuple(slots), reports, kind)
    return RoutineUse(routine, {slot: _number(value) for slot, value in numbers.items()}, _number(batch))
