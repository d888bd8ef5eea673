"""Which names statements assign, read and declare, within the scope of one function."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

# Methods that change a list, dict or set: a statement that calls one changes the variable.
MUTATORS = frozenset(
    "append extend insert pop remove clear sort reverse update setdefault popitem add discard __setitem__".split()
)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

Nodes = ast.AST | Iterable[ast.AST]


def walk_scope(nodes: Nodes) -> Iterator[ast.AST]:
    """The nodes of the present scope: definitions themselves, but not what is inside functions and classes."""
    pending = [nodes] if isinstance(nodes, ast.AST) else list(nodes)
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            pending += [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)]
        elif isinstance(node, ast.ClassDef):
            pending += [*node.decorator_list, *node.bases, *(k.value for k in node.keywords)]
        elif isinstance(node, ast.Lambda):
            pending += [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
        else:
            pending += list(ast.iter_child_nodes(node))


def assigned(nodes: Nodes) -> set[str]:
    """The variables that statements may change."""
    return bound(nodes) | {name for node in walk_scope(nodes) if (name := _mutated(node)) is not None}


def bound(nodes: Nodes) -> set[str]:
    """The variables to which statements assign."""
    found: set[str] = set()
    kept: set[str] = set()
    for node in _outside_comprehension_targets(nodes):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(a.asname or a.name).partition(".")[0] for a in node.names}
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            kept.add(node.name)  # unbound after its handler
    return found - kept


def _outside_comprehension_targets(nodes: Nodes) -> Iterator[ast.AST]:
    """The nodes of the scope without the targets of comprehensions, which have scopes of their own."""
    nodes = [nodes] if isinstance(nodes, ast.AST) else list(nodes)
    targets: set[ast.AST] = set()
    for node in walk_scope(nodes):
        if isinstance(node, _COMPREHENSIONS):
            for generator in node.generators:
                targets |= set(ast.walk(generator.target))
    return (node for node in walk_scope(nodes) if node not in targets)


def _mutated(node: ast.AST) -> str | None:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        method = node.value.func
        if isinstance(method, ast.Attribute) and method.attr in MUTATORS and isinstance(method.value, ast.Name):
            return method.value.id
    return None


def read_names(nodes: Nodes) -> set[str]:
    """Every name that is read, inside functions and comprehensions too."""
    roots = [nodes] if isinstance(nodes, ast.AST) else list(nodes)
    return {
        node.id
        for root in roots
        for node in ast.walk(root)
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Load, ast.Del))
    }


def read_by_functions(nodes: Nodes) -> set[str]:
    """The names that nested functions and classes read, at times that the order of statements does not tell."""
    found: set[str] = set()
    for node in walk_scope(nodes):
        if isinstance(node, _SCOPES):
            found |= read_names(ast.iter_child_nodes(node))
    return found


def declared(nodes: Nodes) -> tuple[set[str], set[str]]:
    """The names declared global and nonlocal."""
    both: tuple[set[str], set[str]] = set(), set()
    for node in walk_scope(nodes):
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            both[isinstance(node, ast.Nonlocal)].update(node.names)
    return both


def effects(nodes: Nodes) -> list[tuple[str, int]]:
    """Assignments to attributes and items: text and line."""
    found = []
    for node in walk_scope(nodes):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found.append((ast.unparse(node), node.lineno))
    return sorted(found, key=lambda effect: effect[1])


def written(nodes: Nodes) -> set[str]:
    """The variables into whose items statements write."""
    found = (n for n in walk_scope(nodes) if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store))
    return {node.value.id for node in found if isinstance(node.value, ast.Name)}


def parameters(arguments: ast.arguments) -> list[str]:
    """The names of all parameters."""
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    stars = [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return [a.arg for a in (*every, *stars)]
