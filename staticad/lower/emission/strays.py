"""Index checks that leave no branch in a loop (see `staticad.codegen.indices`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from staticad.ir.dtypes import INT64
from staticad.ir.expressions import Call, Expression, Name, call, constant
from staticad.lower.kernel.language import Compute, Statement, Statements

_NONE = constant(-(2**63), INT64)  # what stray indices are compared with


class Strays:
    """The registers of one kernel for indices that are out of range. ``may_be_empty``: sizes of which a register can't
    tell index 0 from none."""

    def __init__(self) -> None:
        self.registers: dict[tuple[Expression, ...], Name] = {}
        self.may_be_empty: set[Expression] = set()

    def collect(self, s: Statement) -> Iterator[Statement]:
        """A statement of a loop, where it checks an index: keep the index for later, and go on with a safe one."""
        match s:
            case Compute(name, Call("check_index", (status, place, size, code))) if size not in self.may_be_empty:
                register = self.registers.setdefault((status, size, code), Name(f"b{len(self.registers)}"))
                yield Compute(register.name, call("stray_index", register, place, size))
                yield Compute(name, call("safe_index", place, size))
            case _:
                yield s

    def around(self, body: Sequence[Statement]) -> Statements:
        """The body of the kernel with the registers before it and the checks behind it."""
        before = (Compute(register.name, _NONE) for register in self.registers.values())
        after: list[Statement] = []
        for (status, size, code), register in self.registers.items():
            extent = Name(f"{register.name}size")
            after.append(Compute(extent.name, call("maximum", size, constant(1, INT64))))  # 0 where no loop has run
            index = call("strayed_index", register, extent)
            after.append(Compute(f"{register.name}index", call("check_index", status, index, extent, code)))
        return (*before, *body, *after)
