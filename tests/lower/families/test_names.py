"""Lowering knows no op and no family by name: it asks the objects in the table of families."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import staticad.lower
from staticad.lower.fusion.clusters import COPY, PARTIAL
from staticad.lower.fusion.frames import FRAME
from staticad.ops.catalogue import ALL_OPS
from staticad.ops.control import PARAMETER

ROOT = Path(staticad.lower.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
MODES = {
    "set",
    "add",
    "multiply",
    "min",
    "max",
}  # of a scatter: no names of ops, though some are spelled so
OPS = (*ALL_OPS, PARAMETER, COPY, PARTIAL, FRAME)
NAMES = ({op.name for op in OPS} | {op.family for op in OPS}) - MODES


def asked_of(tree: ast.AST) -> str | None:
    """What an expression asks of something that is called op: "name" for node.op.name."""
    if not isinstance(tree, ast.Attribute):
        return None
    owner = tree.value
    return tree.attr if "op" in (getattr(owner, "attr", None), getattr(owner, "id", None)) else None


def is_name(tree: ast.AST) -> bool:
    """The name of an op, or a display of such names."""
    if isinstance(tree, ast.Tuple | ast.List | ast.Set):
        return any(is_name(element) for element in tree.elts)
    return isinstance(tree, ast.Constant) and tree.value in NAMES


def is_text(tree: ast.AST) -> bool:
    if isinstance(tree, ast.Tuple | ast.List | ast.Set):
        return any(is_text(element) for element in tree.elts)
    return isinstance(tree, ast.Constant) and isinstance(tree.value, str)


def rules_by_name(source: str) -> Iterator[str]:
    """Places where code depends on what an op or a family is called."""
    for node in ast.walk(ast.parse(source)):
        found: list[ast.AST] = []
        if isinstance(node, ast.Attribute) and node.attr == "family":
            found = [node]
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            asked = [what for what in map(asked_of, sides) if what is not None]
            by_op = "name" in asked or (asked and any(map(is_text, sides)))
            found = sides if by_op or any(map(is_name, sides)) else []
        elif isinstance(node, ast.Match | ast.Subscript):
            subject = node.subject if isinstance(node, ast.Match) else node.slice
            found = [subject] if asked_of(subject) == "name" else []
        elif isinstance(node, ast.Dict):
            found = [key for key in node.keys if key is not None and is_name(key)]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "get":
            found = [argument for argument in node.args if asked_of(argument) == "name"]
        elif isinstance(node, ast.Assign):
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            found = [value for value in values if asked_of(value) == "name"]
        if found:
            yield f"{getattr(node, 'lineno', 0)}: {ast.unparse(node)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_rule_goes_by_a_name(path: Path) -> None:
    assert list(rules_by_name(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('if node.op.family == "source": pass', 2),
        ("family = node.op.family", 1),
        ('if tensor.op.name in ("full", "size"): pass', 1),
        ('if node.op.kind == "fill": pass', 1),
        ('if "gather" == what: pass', 1),
        ("if name == node.op.name: pass", 1),
        ('RULES = {"sub": 1, "mul": 2}', 1),
        ("rule = RULES[node.op.name]", 1),
        ("rule = RULES.get(op.name)", 1),
        ("name, shape = node.op.name, x.shape", 1),
        ('match node.op.name:\n    case "loop": pass', 1),
        ('if mode == "add": pass', 0),
        ('if node.op is FULL and node.op.cost > 2: raise ValueError(f"{node.op.name}")', 0),
        ("names = [node.op.name for node in cluster.members]", 0),
    ],
)
def test_the_check_sees_what_it_should(source: str, count: int) -> None:
    assert len(list(rules_by_name(source))) == count
