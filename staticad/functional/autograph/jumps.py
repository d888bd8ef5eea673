"""Removes return, break and continue: flags say that a block has been left, and what follows is guarded by them."""

from __future__ import annotations

import ast

from staticad.functional.autograph.build import assign, at, call, conjunction, load, negation
from staticad.functional.autograph.names import walk_scope
from staticad.functional.autograph.undefined import BROKE, INTERNAL, RETURNED, SKIPPED
from staticad.records import dataclass

VALUE = f"{INTERNAL}value"
_JUMPS = (ast.Return, ast.Break, ast.Continue)


def remove_jumps(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a function without break and continue, and with at most one return, at the end.

    A for loop that a flag can end has the condition to go on as its attribute ``goes_on``; an if that skips what
    follows a jump has the attribute ``guards``.
    """
    jumps = _Jumps()
    early = any(isinstance(node, ast.Return) for node in walk_scope(s for s in body if not isinstance(s, ast.Return)))
    if not early:
        end = next((i for i, s in enumerate(body) if isinstance(s, ast.Return)), len(body))
        lowered, _ = jumps.block(body[:end], None)
        return lowered + body[end : end + 1]
    place = body[-1]
    complete = ast.Constant(terminates(body))
    lowered, _ = jumps.block(body, None)
    begin = [assign(RETURNED, ast.Constant(False)), assign(VALUE, call("Undefined", ast.Constant(VALUE)))]
    result = ast.Return(call("returned", load(RETURNED), load(VALUE), complete))
    return [*(at(s, body[0]) for s in begin), *lowered, at(result, place)]


def terminates(body: list[ast.stmt]) -> bool:
    """True if the end of a block is never reached."""
    for statement in body:
        if isinstance(statement, (*_JUMPS, ast.Raise)):
            return True
        if isinstance(statement, ast.If) and terminates(statement.body) and terminates(statement.orelse):
            return True
        if isinstance(statement, ast.With) and terminates(statement.body):
            return True
        if isinstance(statement, ast.While) and _endless(statement):
            return True
    return False


def _endless(loop: ast.While) -> bool:
    always = isinstance(loop.test, ast.Constant) and bool(loop.test.value)
    return always and not _breaks(loop.body)


def _breaks(body: list[ast.stmt]) -> bool:
    """True if a break in the block leaves the loop that the block belongs to."""
    for statement in body:
        if isinstance(statement, ast.Break):
            return True
        inner = isinstance(statement, (ast.For, ast.While))
        for name in ("orelse",) if inner else ("body", "orelse", "finalbody"):
            if _breaks(getattr(statement, name, [])):
                return True
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            if _breaks(part.body):
                return True
    return False


@dataclass
class _Loop:
    """The flags of a loop, and whether they are used."""

    broke: str
    skipped: str


class _Jumps:
    def __init__(self) -> None:
        self.count = 0

    def block(self, body: list[ast.stmt], loop: _Loop | None) -> tuple[list[ast.stmt], set[str]]:
        """The block without jumps, and the flags that it may set."""
        found: list[ast.stmt] = []
        flags: set[str] = set()
        statements = _absorb(body)
        for position, statement in enumerate(statements):
            lowered, raised = self.statement(statement, loop)
            found += lowered
            flags |= raised
            rest = statements[position + 1 :]
            if isinstance(statement, _JUMPS):
                break
            if raised and rest:
                guarded, more = self.block(rest, loop)
                found.append(at(_guard(raised, guarded), rest[0]))
                flags |= more
                break
        return found or [at(ast.Pass(), body[0])] if body else [], flags

    def statement(self, statement: ast.stmt, loop: _Loop | None) -> tuple[list[ast.stmt], set[str]]:
        if isinstance(statement, ast.Return):
            value = statement.value or ast.Constant(None)
            return [at(s, statement) for s in (assign(VALUE, value), _raise_flag(RETURNED))], {RETURNED}
        if isinstance(statement, ast.Break) and loop is not None:
            return [at(_raise_flag(loop.broke), statement)], {loop.broke}
        if isinstance(statement, ast.Continue) and loop is not None:
            return [at(_raise_flag(loop.skipped), statement)], {loop.skipped}
        if isinstance(statement, (ast.While, ast.For)):
            return self.loop(statement, loop)
        flags: set[str] = set()
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(statement, name, None)
            if inner and not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                lowered, raised = self.block(inner, loop)
                if name == "orelse" and isinstance(statement, ast.Try) and flags:
                    lowered = [at(_guard(flags, lowered), inner[0])]
                setattr(statement, name, lowered)
                flags |= raised
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            part.body, raised = self.block(part.body, loop)
            flags |= raised
        return [statement], flags

    def loop(self, statement: ast.While | ast.For, outer: _Loop | None) -> tuple[list[ast.stmt], set[str]]:
        if isinstance(statement, ast.While) and _assigns(statement.test):
            _move_test_inside(statement)
        self.count += 1
        loop = _Loop(f"{BROKE}{self.count}", f"{SKIPPED}{self.count}")
        body, raised = self.block(statement.body, loop)
        if loop.skipped in raised:
            body.insert(0, at(assign(loop.skipped, ast.Constant(False)), statement))
        statement.body = body
        exits = sorted(raised & {loop.broke, RETURNED})
        goes_on: list[ast.expr] = [at(negation(flag), statement) for flag in exits]
        if isinstance(statement, ast.While):
            statement.test = at(conjunction([*goes_on, statement.test]), statement)
        elif goes_on:
            statement.goes_on = at(conjunction(goes_on), statement)  # type: ignore[attr-defined]
        found: list[ast.stmt] = [statement]
        if loop.broke in raised:
            found.insert(0, at(assign(loop.broke, ast.Constant(False)), statement))
        flags = raised & {RETURNED}
        if statement.orelse:
            after, more = self.block(statement.orelse, outer)
            statement.orelse = []
            if exits:
                unless = conjunction([negation(flag) for flag in exits])
                after = [at(ast.If(unless, after, []), after[0])]
            found += after
            flags |= more
        return found, flags


def _guard(flags: set[str], body: list[ast.stmt]) -> ast.If:
    """Statements that run only where no block was left."""
    guard = ast.If(conjunction([negation(flag) for flag in sorted(flags)]), body, [])
    guard.guards = True  # type: ignore[attr-defined]
    return guard


def _raise_flag(name: str) -> ast.stmt:
    return assign(name, ast.Constant(True))


def _absorb(body: list[ast.stmt]) -> list[ast.stmt]:
    """What follows an if one of whose blocks always jumps away moves into its other block."""
    for position, statement in enumerate(body[:-1]):
        if isinstance(statement, ast.If):
            rest = body[position + 1 :]
            if _jumps_away(statement.body) and not terminates(statement.orelse):
                statement.orelse = statement.orelse + rest
                return body[: position + 1]
            if _jumps_away(statement.orelse) and not terminates(statement.body):
                statement.body = statement.body + rest
                return body[: position + 1]
    return body


def _jumps_away(body: list[ast.stmt]) -> bool:
    return terminates(body) and any(isinstance(node, _JUMPS) for node in walk_scope(body))


def _assigns(test: ast.expr) -> bool:
    return any(isinstance(node, ast.NamedExpr) for node in walk_scope(test))


def _move_test_inside(loop: ast.While) -> None:
    """``while (y := f()) > 0`` becomes ``while True: if not (y := f()) > 0: break``, so that the loop carries y."""
    test = at(ast.UnaryOp(ast.Not(), loop.test), loop.test)
    loop.body = [at(ast.If(test, [*loop.orelse, at(ast.Break(), loop.test)], []), loop.test), *loop.body]
    loop.test = at(ast.Constant(True), loop.test)
    loop.orelse = []
