"""Writes staticad/contents.py, where each public name is from: run ``python docs/make_contents.py`` after a change."""

from __future__ import annotations

import ast
import pkgutil
import textwrap
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType

from staticad import functional
from staticad.functional.front import declared
from staticad.functional.numpy_protocol import table_name

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "staticad" / "contents.py"
# The first of them that has a function under its own name is the module of that function.
PUBLIC = (
    "staticad.functional.linalg",
    "staticad.functional.fft",
    "staticad.functional.random",
    "staticad.functional.special",
    "staticad",
    "staticad.nn",
    "staticad.optim",
    "staticad.functional.array_api",
    "staticad.export",
)

HEAD = '''"""Where each public name is from, so that it is imported when somebody uses it.

``python docs/make_contents.py`` makes this file; a test fails when it is out of date.

`NAMES` has for each public module the modules that its names are from: ``name``, or ``name=name there``; behind a dot
stand modules themselves. `NUMPY` has the functions of NumPy, and of SciPy, that functions of a module stand for.
"""

from __future__ import annotations

'''


def imported(module: str) -> Iterator[tuple[str, str, str]]:
    """Of each name under ``if TYPE_CHECKING`` of a public module: the name, the module it is from, its name there."""
    path = ROOT / Path(*module.split("."), "__init__.py")
    for block in ast.parse(path.read_text("utf-8")).body:
        if not (isinstance(block, ast.If) and ast.unparse(block.test) == "_typing.TYPE_CHECKING"):
            continue
        for statement in block.body:
            if not isinstance(statement, ast.ImportFrom):
                continue
            assert statement.module is not None
            source = import_module(statement.module)
            for alias in statement.names:
                if alias.name == "*":
                    yield from ((name, statement.module, name) for name in source.__all__)
                elif hasattr(source, "__path__") and find_spec(f"{statement.module}.{alias.name}") is not None:
                    yield alias.asname or alias.name, ".", f"{statement.module}.{alias.name}"
                else:
                    yield alias.asname or alias.name, statement.module, alias.name


def names() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for module in PUBLIC:
        rows: dict[str, list[str]] = {}
        places = {name: (source, there) for name, source, there in imported(module)}  # the last import of a name counts
        for name, (source, there) in places.items():
            rows.setdefault(source, []).append(name if there == name else f"{name}={there}")
        found[module] = rows
    return found


def numpy_names() -> dict[str, list[str]]:
    """The names of NumPy's and SciPy's functions, as `staticad.functional.numpy_protocol` looks for them."""
    found: dict[str, list[str]] = {}
    claimed: dict[FunctionType, str] = {}
    for info in pkgutil.walk_packages(functional.__path__, "staticad.functional."):
        module = import_module(info.name)
        if info.ispkg or not hasattr(module, "__file__"):
            continue
        for function, stands in declared(module):
            if function.__module__ != info.name:
                continue
            assert claimed.setdefault(function, info.name) == info.name
            words = [table_name(name) for name in stands.numpy] + [f"scipy.{name}" for name in stands.scipy]
            words += [] if stands.reduces is None else [table_name(stands.reduces, "reduce")]
            words += [] if stands.accumulates is None else [table_name(stands.accumulates, "accumulate")]
            found.setdefault(info.name, []).extend(words)
    return {module: sorted(found[module]) for module in sorted(found)}


def text(rows: dict[str, list[str]], indent: str) -> str:
    lines = []
    for module, words in rows.items():
        whole, room = " ".join(words), 120 - len(indent) - 4 - len('""')
        parts = [whole]
        if len(whole) > room:
            parts = textwrap.wrap(whole, room - len(" "), break_long_words=False, break_on_hyphens=False)
        if len(parts) == 1 and len(indent) + len(module) + len(whole) + len('"": "",') <= 120:
            lines.append(f'{indent}"{module}": "{parts[0]}",')
        else:
            body = [f'{indent}    "{part}{" " if part is not parts[-1] else ""}"' for part in parts]
            lines.append("\n".join([f'{indent}"{module}": (', *body, f"{indent}),"]))
    return "\n".join(lines)


def page() -> str:
    public = "\n".join(f'    "{module}": {{\n{text(rows, " " * 8)}\n    }},' for module, rows in names().items())
    return (
        f"{HEAD}NAMES: dict[str, dict[str, str]] = {{\n{public}\n}}\n\n"
        f"NUMPY: dict[str, str] = {{\n{text(numpy_names(), ' ' * 4)}\n}}\n"
    )


if __name__ == "__main__":
    TARGET.write_text(page(), "utf-8")
