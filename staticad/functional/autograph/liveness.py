"""Which variables matter after a statement and at the beginning of every step of a loop.

A backward analysis over structured statements (no jumps are left). It errs on the side of mattering.
"""

from __future__ import annotations

import ast

from staticad.functional.autograph.names import assigned, read_by_functions, read_names


def mark_live(body: list[ast.stmt], outliving: set[str]) -> None:
    """Gives every if, while and for statement of a function ``live``: the names whose values matter after it, and for
    loops also at the beginning of a step. ``outliving`` are names that belong to scopes outside."""
    _Liveness(read_by_functions(body) | outliving).block(body, set())


class _Liveness:
    def __init__(self, always: set[str]) -> None:
        self.always = always

    def block(self, body: list[ast.stmt], after: set[str]) -> set[str]:
        """The names whose values matter before a block, if ``after`` do after it."""
        for statement in reversed(body):
            after = self.statement(statement, after)
        return after

    def statement(self, statement: ast.stmt, after: set[str]) -> set[str]:
        if isinstance(statement, ast.If):
            statement.live = after | self.always  # type: ignore[attr-defined]
            inside = self.block(statement.body, after) | self.block(statement.orelse, after)
            return read_names(statement.test) | inside
        if isinstance(statement, (ast.While, ast.For)):
            return self.loop(statement, after)
        if isinstance(statement, (ast.Return, ast.Raise)):
            return read_names(statement)
        if isinstance(statement, (ast.With, ast.Try, ast.Match)):
            return self.compound(statement, after)
        return (after - _overwritten(statement)) | read_names(statement)

    def loop(self, loop: ast.While | ast.For, after: set[str]) -> set[str]:
        goes_on = getattr(loop, "goes_on", None)
        tests = [loop.test] if isinstance(loop, ast.While) else [] if goes_on is None else [goes_on]
        head = after | read_names(tests)
        targets = assigned(loop.target) if isinstance(loop, ast.For) else set()
        while True:
            wider = head | (self.block(loop.body, head) - targets)
            if wider == head:
                break
            head = wider
        loop.live = head | self.always  # type: ignore[union-attr]
        return head | (read_names(loop.iter) if isinstance(loop, ast.For) else set())

    def compound(self, statement: ast.With | ast.Try | ast.Match, after: set[str]) -> set[str]:
        """An exception may leave the block anywhere: nothing that matters after it or in it is overwritten for sure."""
        inside = after | read_names(statement)
        for name in ("body", "orelse", "finalbody"):
            self.block(getattr(statement, name, []), set(inside))
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            self.block(part.body, set(inside))
        return inside


def _overwritten(statement: ast.stmt) -> set[str]:
    """The variables that a simple statement gives new values for sure."""
    if isinstance(statement, ast.Assign):
        return assigned(statement.targets)
    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)):
        return assigned(statement)
    return set()
