"""Replaces statements by simpler ones: assignment to items, and deletion, become assignment to variables."""

from __future__ import annotations

import ast
from collections.abc import Set

from staticad.errors import GraphError
from staticad.functional.autograph.build import OPERATORS, assign, at, call, load
from staticad.functional.autograph.undefined import INTERNAL
from staticad.user_lines import place_text


def desugar(body: list[ast.stmt], file: str, outer: Set[str]) -> list[ast.stmt]:
    """The statements of a function without annotations, item assignment, ``del`` of variables, declarations. ``outer``
    are the variables of the code around the function into whose items it writes."""
    return _Desugar(file, outer).block(body)


class _Desugar(ast.NodeTransformer):
    def __init__(self, file: str, outer: Set[str]) -> None:
        self.file, self.outer = file, outer
        self.count = 0

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in body:
            result = self.visit(statement)
            found += result if isinstance(result, list) else [] if result is None else [result]
        return found

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node  # a scope of its own, rewritten when its definition is

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def _refuse(self, node: ast.AST, what: str) -> GraphError:
        place = place_text(self.file, getattr(node, "lineno", 0))
        return GraphError(f"sa.function: {what} can't be rewritten, at {place}")

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        raise self._refuse(node, "async for")

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        raise self._refuse(node, "async with")

    def visit_TryStar(self, node: ast.AST) -> ast.AST:
        raise self._refuse(node, "except*")

    def visit_Global(self, node: ast.Global) -> None:
        return None  # declared again at the top of every function that assigns the names

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        return None

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | list[ast.stmt] | None:
        if node.value is None:
            return None
        return self.visit(at(ast.Assign([node.target], node.value), node))

    def visit_Delete(self, node: ast.Delete) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for target in node.targets:
            if isinstance(target, ast.Name):
                unset = assign(target.id, call("Undefined", ast.Constant(target.id)))
                found.append(at(ast.Expr(load(target.id)), target))
                found.append(at(unset, target))
            else:
                found.append(at(ast.Delete([target]), node))
        return found

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        after: list[ast.stmt] = []
        node.targets = [self._target(target, after) for target in node.targets]
        return [node, *after] if after else node

    def visit_For(self, node: ast.For) -> ast.AST:
        after: list[ast.stmt] = []
        node.target = self._target(node.target, after)
        node.body = after + self.block(node.body)
        node.orelse = self.block(node.orelse)
        return node

    def _target(self, target: ast.expr, after: list[ast.stmt]) -> ast.expr:
        """The target with temporary variables in the place of items, which are assigned afterwards."""
        if isinstance(target, (ast.Tuple, ast.List)):
            target.elts = [self._target(t, after) for t in target.elts]
        elif isinstance(target, ast.Starred):
            target.value = self._target(target.value, after)
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            self.count += 1
            temporary, name = f"{INTERNAL}item_{self.count}", target.value.id
            after.append(at(self._changed(name, "set_item", _key(target), load(temporary)), target))
            return at(ast.Name(temporary, ast.Store()), target)
        return target

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST | list[ast.stmt]:
        target = node.target
        if isinstance(target, ast.Name):
            symbol = ast.Constant(type(node.op).__name__)
            return at(assign(target.id, call("update", load(target.id), symbol, node.value)), node)
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            name, symbol = target.value.id, ast.Constant(type(node.op).__name__)
            return at(self._changed(name, "update_item", _key(target), symbol, node.value), node)
        return node

    def _changed(self, name: str, action: str, *given: ast.expr) -> ast.stmt:
        """The statement that writes into an item of a variable, which is assigned only where it belongs to the function
        itself."""
        changed = call(action, load(name), *given)
        outer = name in self.outer
        return ast.Expr(call("kept_outer", ast.Constant(name), load(name), changed)) if outer else assign(name, changed)


def _key(target: ast.Subscript) -> ast.expr:
    holder = ast.Attribute(load(OPERATORS), "key", ast.Load())
    return ast.Subscript(holder, target.slice, ast.Load())
