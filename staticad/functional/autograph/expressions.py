"""Rewrites expressions: reads of variables that may have no value, conditions, calls."""

from __future__ import annotations

import ast

from staticad.errors import GraphError
from staticad.functional.autograph.build import at, call, is_operator, load, thunk
from staticad.functional.autograph.names import walk_scope
from staticad.user_lines import place_text

_SYMBOLS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}


class Expressions(ast.NodeTransformer):
    """``tracked``: the variables that may have no value. ``first``: the first parameter, for ``super()``."""

    def __init__(self, file: str, tracked: set[str], first: str | None) -> None:
        self.file = file
        self.tracked = tracked
        self.first = first

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self.tracked:
            return at(call("read", node), node)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        name = "and_" if isinstance(node.op, ast.And) else "or_"
        return at(call(name, *(self._later(v) for v in node.values)), node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return at(call("not_", node.operand), node) if isinstance(node.op, ast.Not) else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        test = self.visit(node.test)
        return at(call("if_exp", test, self._later(node.body), self._later(node.orelse)), node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        arguments = [self.visit(node.left)]
        for operator, right in zip(node.ops, node.comparators, strict=True):
            arguments += [ast.Constant(_SYMBOLS[type(operator)]), self._later(right)]
        return at(call("compare", *arguments), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            if not node.args and not node.keywords and self.first is not None:
                node.args = [at(load("__class__"), node), at(load(self.first), node)]
            return node
        if is_operator(node.func):
            node.args = [self.visit(a) for a in node.args]
            return node
        self.generic_visit(node)
        node.func = at(call("call", node.func), node.func)
        return node

    def _later(self, value: ast.expr) -> ast.expr:
        """The expression as a function, to be evaluated when and if its value is needed."""
        for inner in walk_scope(value):
            if isinstance(inner, ast.NamedExpr):
                raise GraphError(
                    f"sa.function: := inside and, or, a comparison or a conditional expression can't be rewritten, at "
                    f"{place_text(self.file, inner.lineno)}; assign in a statement before"
                )
        return at(thunk(self.visit(value)), value)
