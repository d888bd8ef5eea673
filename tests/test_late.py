"""What is imported late: as little as a program uses, by one mechanism, whole in every thread and after interrupts."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import os
import pickle
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import staticad as sa
from staticad import contents, late
from staticad.ir.graph import Tensor
from staticad.names import places_of
from tests.test_layers import ROOT, imports, is_module, module_name, trees

PUBLIC = [importlib.import_module(name) for name in contents.NAMES]

PROGRAM = """
import numpy as np
import staticad as sa

def program():
    x, w = sa.placeholder(("n", 3), name="x"), sa.variable(np.ones((3, 2)))
    loss = (sa.tanh(x @ w + 1).mean() * 2 - np.exp(x).sum() / 7) ** 2
    (slope,) = sa.gradients(loss, [w])
    return sa.compile([loss, slope], inputs=[x], updates={w: w - 0.1 * slope})(np.ones((2, 3)))
"""
# What compiles, draws and profiles. All else may be imported where a program from disk needs it.
COMPILER = ("rewrite", "lower", "pairs", "halves", "export", "reference", "saving", "optim")
NEEDED = {"staticad.lower.kernel.routine", "staticad.export.limit"}  # data of programs, a default argument
PACKAGES = ("numba", "scipy", "networkx")


def run(code: str, *arguments: str, cache: Path | None = None) -> str:
    environment = os.environ | ({} if cache is None else {"STATICAD_CACHE_DIR": str(cache)})
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_collector_may_run_whenever_something_is_imported(tmp_path: Path) -> None:
    """What only a cycle holds is gone at the next allocation."""
    run(f"import gc\ngc.set_threshold(1, 1, 1)\n{PROGRAM}\nprogram()", cache=tmp_path)


def test_importing_the_package_imports_little() -> None:
    modules = json.loads(run("import json, sys, staticad; print(json.dumps([*sys.modules]))"))
    own = [name for name in modules if name.startswith("staticad")]
    assert len(own) < 40, own
    assert not {"llvmlite", "staticad.runtime", "staticad.ops", *PACKAGES} & {*modules}


def test_a_program_from_disk_imports_no_compiler(tmp_path: Path) -> None:
    code = PROGRAM + "import json, sys\nprint(json.dumps([np.asarray(program()[0]).item(), [*sys.modules]]))"
    value, _ = json.loads(run(code, cache=tmp_path))
    again, modules = json.loads(run(code, cache=tmp_path))
    assert value == again
    compiler = {f"staticad.{part}" for part in COMPILER}
    found = [name for name in modules if ".".join(name.split(".")[:2]) in compiler and name.count(".") > 1]
    assert [name for name in found if name not in NEEDED and not is_package(name)] == []
    assert not {"staticad.runtime.lowering", "staticad.runtime.compiled", "staticad.codegen.jit", *PACKAGES} & {
        *modules
    }
    if sys.platform == "linux" and platform.machine() == "x86_64":
        assert "llvmlite.binding" not in modules


def is_package(module: str) -> bool:
    return ROOT.joinpath(*module.split(".")[1:]).is_dir()


def test_threads_see_whole_modules() -> None:
    code = (
        PROGRAM
        + """
import sys, threading
sys.setswitchinterval(1e-6)
start, results = threading.Barrier(6), []
def work(k):
    start.wait()
    if k % 2:
        results.append(np.linalg.inv(sa.constant(2 * np.eye(2))).shape == sa.linalg.inv(np.eye(2)).shape)
    results.append(np.isfinite(program()[0]))
threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
[t.start() for t in threads]
[t.join() for t in threads]
print(len(results), all(results))
"""
    )
    assert run(code).split() == ["9", "True"]


def test_an_interrupted_import_is_made_again() -> None:
    """Every import is interrupted when it is tried first, so each of them in the middle of others."""
    code = (
        PROGRAM
        + """
import sys
tried = set()
def interrupt(event, arguments):
    if event == "import" and arguments[0].startswith("staticad") and arguments[0] not in tried:
        tried.add(arguments[0])
        raise KeyboardInterrupt
sys.addaudithook(interrupt)
interrupts = 0
while True:
    try:
        print(np.isfinite(program()[0]))
        break
    except KeyboardInterrupt:
        interrupts += 1
print(interrupts)
"""
    )
    finished, interrupts = run(code).split()
    assert finished == "True"
    assert int(interrupts) > 20


def test_another_version_is_not_mixed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late, "_STATE", ())
    monkeypatch.delitem(sys.modules, "staticad.functional.interpolation", raising=False)
    with pytest.raises(ImportError, match="was replaced by another version.*start a new process"):
        late.value("staticad.functional.interpolation", "interp")
    assert late.value("staticad.late", "later") is late.later


# ---- one mechanism ---------------------------------------------------------------------------------------------------


def late_modules(tree: ast.AST) -> dict[str, str]:
    """The modules that a file imports late, by their names there."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            names = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else [node.targets[0]]
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            for name, value in zip(names, values, strict=False):
                if isinstance(value, ast.Call) and ast.unparse(value.func) in ("later", "late.later"):
                    found[ast.unparse(name)] = ast.literal_eval(value.args[0])
    return found


def checked(tree: ast.Module) -> list[ast.If]:
    """The blocks that type checkers see, and what is run in their place."""
    return [node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]


def test_nothing_else_imports_late() -> None:
    """A statement in a function, or a call of the import system, would be interrupted by signals."""
    for path, tree in trees().items():
        deep = [
            ast.unparse(node)
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        assert deep == [], module_name(path)
        words = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        words |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        found = words & {"import_module", "find_spec", "__import__"}
        assert found == ({"import_module", "find_spec"} if path.name == "late.py" else set()), module_name(path)


def test_type_checkers_see_what_is_imported_late() -> None:
    calls = 0
    for path, tree in trees().items():
        declared = {}
        for block in checked(tree):
            for node in block.body:
                for alias in node.names if isinstance(node, ast.ImportFrom) else ():
                    declared[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                for alias in node.names if isinstance(node, ast.Import) else ():
                    declared[alias.asname or alias.name] = alias.name
        for name, module in late_modules(tree).items():
            assert declared.get(name) == module, f"{module_name(path)}: {name}"
            calls += 1
    assert calls > 10


def test_names_for_type_checkers_are_read_in_annotations_alone() -> None:
    found = []
    for path, tree in trees().items():
        names: set[str] = set()
        for block in checked(tree):
            if ast.unparse(block.test) == "TYPE_CHECKING":
                names |= {n for node in block.body if isinstance(node, ast.ImportFrom) for n in bound(node)}
        if not names:
            continue
        names -= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        skipped = {id(n) for node in ast.walk(tree) for a in annotations(node) for n in ast.walk(a)}
        read = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id in names and id(n) not in skipped]
        found += [f"{module_name(path)}:{n.lineno}: {n.id}" for n in read]
    assert found == []


def bound(node: ast.ImportFrom) -> list[str]:
    """The names that a statement imports, without those of machine code, which Python never calls."""
    return [] if "codegen" in (node.module or "") else [a.asname or a.name for a in node.names]


def annotations(node: ast.AST) -> list[ast.AST]:
    found = (getattr(node, "annotation", None), getattr(node, "returns", None))
    return [annotation for annotation in found if isinstance(annotation, ast.AST)]


def test_packages_import_none_of_their_modules() -> None:
    """Two threads that import a package and a module in it would wait for each other, and Python would let one go on
    with a half."""
    found = []
    for path, tree in trees().items():
        if path.name != "__init__.py" or path.parent == ROOT:
            continue
        package = module_name(path)
        hidden = {id(node) for block in checked(tree) for node in ast.walk(block)}
        found += [n for node, n in imports(tree, path) if id(node) not in hidden and n.startswith(f"{package}.")]
    assert [name for name in found if not name.startswith("staticad.lower.families.")] == []


# ---- public names ----------------------------------------------------------------------------------------------------


def load(name: str) -> ModuleType:
    path = ROOT.parent / "docs" / f"{name}.py"
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_table_of_names_is_up_to_date() -> None:
    page = load("make_contents").page()
    assert (ROOT / "contents.py").read_text("utf-8") == page, "run python docs/make_contents.py"


@pytest.mark.parametrize("module", PUBLIC, ids=lambda m: m.__name__)
def test_a_public_module_has_its_names(module: ModuleType) -> None:
    places = places_of(module.__name__)
    assert {*places} <= {*module.__all__}
    assert dir(module) == sorted(module.__all__)
    namespace: dict[str, Any] = {}
    exec(f"from {module.__name__} import *", namespace)
    assert {*module.__all__} <= {*namespace}
    assert all(namespace[name] is getattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("module", PUBLIC, ids=lambda m: m.__name__)
def test_no_name_is_that_of_a_module(module: ModuleType) -> None:
    """An import of the module would put it in the place of the function."""
    places = places_of(module.__name__)
    modules = [name for name in places if is_module(f"{module.__name__}.{name}")]
    assert [name for name in modules if places[name] != (f"{module.__name__}.{name}", ".")] == []


def test_modules_are_attributes_of_packages() -> None:
    """As they are after an import of all of them; other names are none."""
    assert sa.runtime.session.Session is sa.Session
    assert "runtime" not in dir(sa)
    assert not hasattr(sa, "a.b") and not hasattr(sa, "_a") and not hasattr(sa, "nothing_of_this_name")


def functions() -> Iterator[Any]:
    for module in PUBLIC:
        yield from (value for name in module.__all__ if callable(value := getattr(module, name)))


def test_public_functions_can_be_pickled() -> None:
    for function in functions():
        assert pickle.loads(pickle.dumps(function)) is function


def test_attributes_of_tensors_are_made_once() -> None:
    assert Tensor.sum is vars(Tensor)["sum"]
    assert sa.placeholder(()).T.shape == ()
