"""Rewrites the definition of a function: every if, while and for becomes a call with its blocks as functions."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from staticad.functional.autograph.build import arguments, assign, at, call, function, load, strings, thunk
from staticad.functional.autograph.desugar import desugar
from staticad.functional.autograph.expressions import Expressions
from staticad.functional.autograph.jumps import remove_jumps
from staticad.functional.autograph.liveness import mark_live
from staticad.functional.autograph.names import assigned, bound, declared, effects, parameters, walk_scope, written
from staticad.functional.autograph.source import Definition
from staticad.functional.autograph.undefined import INTERNAL
from staticad.functional.autograph.written import with_written_arguments

_CONTROL = (ast.If, ast.While, ast.For)
_OUTER = (
    "belongs to the code around the function, and a method changes it in a block or loop; "
    "make it an argument of the function, and return it"
)


def rewrite(definition: Definition, file: str) -> Definition:
    """The definition with control flow as calls; lines and columns stay those of the file.

    Raises GraphError for what can't be rewritten.
    """
    if isinstance(definition, ast.Lambda):
        names = parameters(definition.args)
        definition.body = Expressions(file, set(), names[0] if names else None).visit(definition.body)
        return definition
    _rewrite_function(definition, file, set())
    return definition


def _rewrite_function(node: ast.FunctionDef, file: str, outer: set[str]) -> None:
    own = parameters(node.args)
    global_names, nonlocal_names = declared(node.body)
    documentation = [node.body[0]] if ast.get_docstring(node, clean=False) is not None else []
    body = with_written_arguments(node.body[len(documentation) :], own, node.name)
    body = desugar(body, file, written(body) - bound(body) - global_names - nonlocal_names - set(own))
    if not body:
        return
    body = remove_jumps(body)
    mark_live(body, global_names | nonlocal_names)
    changed: set[str] = set()
    for statement in walk_scope(body):
        if isinstance(statement, _CONTROL):
            changed |= assigned(statement)
        if isinstance(statement, ast.Assign) and _unsets(statement):
            changed |= assigned(statement.targets)
    tracked = changed | (outer - assigned(body) - set(own))
    statements = _Statements(file, tracked - global_names, own[0] if own else None, global_names)
    outside = global_names | nonlocal_names | set(own)
    own_names = bound(body)
    reasons = {n: () if n in own_names else (ast.Constant(_OUTER),) for n in sorted(changed - outside)}
    start = [at(assign(n, call("Undefined", ast.Constant(n), *why)), body[0]) for n, why in reasons.items()]
    declarations: list[ast.stmt] = []
    if global_names:
        declarations.append(ast.Global(sorted(global_names)))
    if nonlocal_names:
        declarations.append(ast.Nonlocal(sorted(nonlocal_names)))
    node.body = [*documentation, *(at(d, body[0]) for d in declarations), *start, *statements.block(body)]


def _unsets(statement: ast.Assign) -> bool:
    """True for what the deletion of a variable has become."""
    value = statement.value
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "Undefined"


class _Statements(Expressions):
    def __init__(self, file: str, tracked: set[str], first: str | None, global_names: set[str]) -> None:
        super().__init__(file, tracked, first)
        self.global_names = global_names
        self.count = 0

    def block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in body:
            result = self.visit(statement)
            found += result if isinstance(result, list) else [result]
        return found

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        node.args.defaults = [self.visit(d) for d in node.args.defaults]
        node.args.kw_defaults = [d if d is None else self.visit(d) for d in node.args.kw_defaults]
        if not any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in walk_scope(node.body)):
            _rewrite_function(node, self.file, self.tracked)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.generic_visit(node)
        node.test = at(call("assertable", node.test), node.test)
        return node

    def visit_Match(self, node: ast.Match) -> ast.AST:
        self.generic_visit(node)
        patterns = [part for case in node.cases for part in ast.walk(case.pattern)]
        kinds = [
            any(isinstance(p, ast.MatchSingleton) and p.value is not None for p in patterns),
            any(isinstance(p, ast.MatchClass) for p in patterns),
        ]
        if any(kinds):
            node.subject = at(call("matchable", node.subject, *map(ast.Constant, kinds)), node.subject)
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        self.generic_visit(node)
        if node.exc is not None:
            node.exc = at(call("raised", node.exc), node.exc)
        return node

    def visit_If(self, node: ast.If) -> list[ast.stmt]:
        names = sorted(assigned([*node.body, *node.orelse]))
        test = self.visit(node.test)
        body = self._function("body", [], self.block(node.body), names, node)
        orelse = self._function("orelse", [], self.block(node.orelse), names, node)
        operator = "guard_stmt" if getattr(node, "guards", False) else "if_stmt"
        return self._finish(node, operator, [test, load(body.name), load(orelse.name)], [body, orelse], names)

    def visit_While(self, node: ast.While) -> list[ast.stmt]:
        names = sorted(assigned(node.body))
        test = at(thunk(self.visit(node.test)), node.test)
        body = self._function("body", [], self.block(node.body), names, node)
        return self._finish(node, "while_stmt", [test, load(body.name)], [body], names)

    def visit_For(self, node: ast.For) -> list[ast.stmt]:
        names = sorted(assigned([node.target, *node.body]))
        item = f"{INTERNAL}item"
        take = at(ast.Assign([self.visit(node.target)], load(item)), node.target)
        goes_on = getattr(node, "goes_on", None)
        test = ast.Constant(None) if goes_on is None else thunk(self.visit(goes_on))
        body = self._function("body", [item], [take, *self.block(node.body)], names, node)
        return self._finish(node, "for_stmt", [self.visit(node.iter), test, load(body.name)], [body], names)

    def _function(
        self, role: str, arguments_: list[str], body: list[ast.stmt], names: list[str], place: ast.stmt
    ) -> ast.FunctionDef:
        self.count += 1
        return at(function(f"{INTERNAL}{role}_{self.count}", arguments_, [*self._declare(names), *body]), place)

    def _declare(self, names: list[str]) -> list[ast.stmt]:
        shared = [n for n in names if n not in self.global_names]
        outside = [n for n in names if n in self.global_names]
        found: list[ast.stmt] = []
        if shared:
            found.append(ast.Nonlocal(shared))
        if outside:
            found.append(ast.Global(outside))
        return found

    def _finish(
        self, node: ast.If | ast.While | ast.For, operator: str, head: list[ast.expr], blocks: list[ast.FunctionDef],
        names: list[str],
    ) -> list[ast.stmt]:  # fmt: skip
        """The definitions of the blocks, and the call."""
        live = node.live  # type: ignore[union-attr]
        self.count += 1
        values = f"{INTERNAL}values"
        targets = ast.Tuple([ast.Name(n, ast.Store()) for n in names], ast.Store())
        setting: list[ast.stmt] = [*self._declare(names), ast.Assign([targets], load(values))] if names else []
        setter = function(f"{INTERNAL}set_{self.count}", [values], setting)
        getter = ast.Lambda(arguments([]), ast.Tuple([load(n) for n in names], ast.Load()))
        flags = ast.Tuple([ast.Constant(n in live) for n in names], ast.Load())
        parts = [*node.body, *node.orelse]
        stored: list[ast.expr] = [
            ast.Tuple([ast.Constant(text), ast.Constant(line)], ast.Load())
            for text, line in effects([*parts, node.target] if isinstance(node, ast.For) else parts)
        ]
        every = [*head, getter, load(setter.name), strings(names), flags]
        if stored:
            every.append(ast.Tuple(stored, ast.Load()))
        return [*(at(b, node) for b in (*blocks, setter)), at(ast.Expr(call(operator, *every)), node)]
