"""The architecture as a test: layers point one way, imports stand at the top, files stay small."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from staticad.collection import no_collection

PACKAGE = "staticad"
ROOT = Path(__file__).resolve().parent.parent / PACKAGE
MAX_LINES = 400

# From the ground up; a layer may import the layers before it and itself. Names that share a line stand side by side
# and do not import each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("constructors", "collection", "uninterrupted"),
    ("records",),
    ("late",),
    ("user_lines", "spellings", "function_spellings", "numpy_elsewhere", "peer_spellings", "contents"),
    ("errors",),
    ("config",),
    ("arguments", "signatures"),
    ("boundary",),
    ("names",),
    ("progress",),
    ("ir",),
    ("ops",),
    ("functional",),
    ("linalg", "fft", "random", "special"),
    ("reference",),
    ("autodiff",),
    ("rewrite",),
    ("lower",),
    ("halves", "pairs"),
    ("codegen",),
    ("export",),
    ("runtime",),
    ("nn", "optim"),
    ("saving",),
    ("__init__",),
)
# The wings of `lower`, from the ground up: its folders, and the one file that stands between them. What stands beside
# them may import all of them.
WINGS = ("index", "kernel", "fusion", "interface", "emission", "memory", "loops", "families")
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}

FILES = sorted(ROOT.rglob("*.py"))
TEXTS = {path: path.read_text("utf-8") for path in FILES}


@functools.cache
def trees() -> dict[Path, ast.Module]:
    """All files parsed: millions of nodes, which the collector of cycles had better not look through meanwhile."""
    with no_collection():
        return {path: ast.parse(text) for path, text in TEXTS.items()}


def module_name(path: Path) -> str:
    """Dotted name of a source file: staticad/ir/__init__.py is staticad.ir."""
    parts = (PACKAGE, *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer(module: str) -> str:
    """The layer of a module: its first name below the package, or __init__ for the package itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split(".")[1:])
    return path.with_suffix(".py").is_file() or path.is_dir()


def imports(tree: ast.AST, path: Path) -> Iterator[tuple[ast.stmt, str]]:
    """Every import of the package in a tree: the statement and the module that it names."""
    module = module_name(path)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *filter(None, [base])])
            members = [f"{base}.{alias.name}" for alias in node.names]
            names = [name if name.startswith(f"{PACKAGE}.") and is_module(name) else base for name in members]
        else:
            continue
        for name in names:
            if name == PACKAGE or name.startswith(f"{PACKAGE}."):
                assert isinstance(node, ast.stmt)
                yield node, name


def upward_imports(tree: ast.Module, path: Path) -> list[str]:
    own = layer(module_name(path))
    found = []
    for node, name in imports(tree, path):
        other = layer(name)
        if other != own and RANK[other] >= RANK[own]:
            found.append(f"{module_name(path)}:{node.lineno}: {own} imports {name}")
    return found


def wing(module: str) -> int | None:
    """The rank of a module's wing of `lower`; None outside of it."""
    parts = module.split(".")
    if len(parts) < 3 or parts[1] != "lower":
        return None
    return WINGS.index(parts[2]) if parts[2] in WINGS else len(WINGS)


def upward_wings(tree: ast.Module, path: Path) -> list[str]:
    own = wing(module_name(path))
    if own is None:
        return []
    found = []
    for node, name in imports(tree, path):
        other = wing(name)
        if other is not None and other > own:
            found.append(f"{module_name(path)}:{node.lineno}: imports {name}")
    return found


def local_imports(tree: ast.Module, path: Path) -> list[str]:
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        f"{module_name(path)}:{node.lineno}: {function.name} imports {name}"
        for function in functions
        for node, name in imports(function, path)
    ]


def found_in_all(check: Callable[[ast.Module, Path], list[str]]) -> list[str]:
    """What a check finds, for all files."""
    return [text for path, tree in trees().items() for text in check(tree, path)]


def test_the_package_is_found() -> None:
    assert ROOT / "__init__.py" in FILES
    assert len(FILES) > 20


def test_every_module_has_a_layer() -> None:
    strangers = sorted({layer(module_name(path)) for path in FILES} - RANK.keys())
    assert not strangers, f"give these a line in LAYERS: {strangers}"


def test_every_layer_has_a_module() -> None:
    empty = RANK.keys() - {layer(module_name(path)) for path in FILES}
    assert not empty, f"no module belongs to {sorted(empty)}"


def test_imports_point_downwards() -> None:
    assert found_in_all(upward_imports) == []


def test_wings_of_lower_point_downwards() -> None:
    assert found_in_all(upward_wings) == []


def test_every_folder_of_lower_is_a_wing() -> None:
    folders = {path.parent.name for path in FILES if path.parent.parent == ROOT / "lower"}
    assert folders == set(WINGS) - {"interface"}


def test_no_function_imports_the_package() -> None:
    assert found_in_all(local_imports) == []


def test_files_are_small() -> None:
    """But for the table of public names, which `docs/make_contents.py` writes."""
    lines = {module_name(path): len(text.splitlines()) for path, text in TEXTS.items()}
    del lines["staticad.contents"]
    assert {module: number for module, number in lines.items() if number > MAX_LINES} == {}


def test_a_docstring_says_the_modules_idea() -> None:
    assert [module_name(path) for path, tree in trees().items() if not (ast.get_docstring(tree) or "").strip()] == []


@pytest.mark.parametrize(
    ("file", "source", "upward", "local"),
    [
        ("ir/graph.py", "from staticad.errors import GraphError", 0, 0),
        ("ir/graph.py", "from .dims import Dim", 0, 0),
        ("ir/graph.py", "from staticad.ops import exp", 1, 0),
        ("ir/graph.py", "from ..ops.transcendental import EXP", 1, 0),
        ("ir/graph.py", "import staticad", 1, 0),
        ("ir/graph.py", "import staticad.runtime.session as s", 1, 0),
        ("nn/layers.py", "from staticad.optim import sgd", 1, 0),
        ("errors.py", "from . import config", 1, 0),
        ("runtime/session.py", "def f():\n    from staticad.ir import graph", 0, 1),
        ("ir/graph.py", "class A:\n    async def f(self):\n        import staticad.ops", 1, 1),
        ("ir/graph.py", "import numpy\ndef f():\n    import numba", 0, 0),
    ],
)
def test_the_checks_see_what_they_should(file: str, source: str, upward: int, local: int) -> None:
    tree = ast.parse(source)
    assert len(upward_imports(tree, ROOT / file)) == upward
    assert len(local_imports(tree, ROOT / file)) == local


def test_no_decision_goes_by_the_name_of_a_family() -> None:
    """The names are for people; code asks for the class (in `lower`, the family's lowering)."""
    found = [
        f"{module_name(path)}:{n.lineno}"
        for path, tree in trees().items()
        if layer(module_name(path)) not in ("export", "ops")  # which draw families in colours, and name them
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute) and n.attr == "family"
    ]
    assert found == []
