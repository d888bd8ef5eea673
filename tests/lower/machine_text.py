"""Routines as machine code says them, run in Python on checked memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.lower.checked_memory import Pointer

_APART = 40  # bits of an address that are an offset


class MachineText:
    """The text of a routine with its slots by name; every task is an iteration of its own."""

    def __init__(self, text: str, slots: Mapping[str, Any], dtype: np.dtype) -> None:
        self.slots, self.dtype, self.task = slots, dtype, 0
        self.pointers: dict[str, Pointer] = {}
        for name, at in slots.items():
            if isinstance(at, Pointer):
                whole = at.dtype == dtype
                self.pointers[name] = at if whole else at.part(at.start - at.begin, at.end - at.start, dtype, at.number)
        self.addresses = {name: number + 1 << _APART for number, name in enumerate(self.pointers)}
        self.names: dict[str, Any] = {name: name for name in slots} | {
            "DTYPE": dtype.type, "ITEMSIZE": dtype.itemsize, "ONE": 0, "range": range,
            "address_of": lambda args: args, "stack_words": lambda count: None, "poke": lambda at, word, value: None,
            "peek": lambda at, name: self.addresses.get(name, slots[name]),
            "pointer": lambda args, name, *rest: self.pointers[name],
            "load": lambda p, index: p.load(index, self.task),
            "store": lambda p, index, value: p.store(index, value, self.task),
            "add": lambda a, b: a + b, "mul": lambda a, b: a * b, "call_product": self.product,
        }  # fmt: skip
        exec(text, self.names)

    def run(self, tasks: int) -> None:
        """All tasks, the last one first."""
        for self.task in reversed(range(tasks)):
            self.names["kernel"](0, self.task, self.task + 1)

    def product(
        self, _function: Any, c: int, c_row: int, a: int, a_row: int, a_column: int, b: int, b_row: int, b_column: int,
        rows: int, columns: int, depth: int, _one: Any, more: int, _dtype: Any,
    ) -> None:  # fmt: skip
        for i in range(rows):
            for j in range(columns):
                total = self._at(c, i * c_row + j).load(0, self.task) if more else self.dtype.type(0)
                for k in range(depth):
                    left, right = self._at(a, i * a_row + k * a_column), self._at(b, k * b_row + j * b_column)
                    total += left.load(0, self.task) * right.load(0, self.task)
                self._at(c, i * c_row + j).store(0, total, self.task)

    def _at(self, address: int, index: int) -> Pointer:
        name = list(self.pointers)[(address >> _APART) - 1]
        offset = address - self.addresses[name] + index * self.dtype.itemsize
        assert abs(offset) < 1 << (_APART - 1), (name, offset)
        return self.pointers[name].moved(offset)
