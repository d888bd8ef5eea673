"""The HTML documentation: ``sphinx-build -W -c docs . site`` makes it of the Markdown pages and the docstrings.

Pages of the reference are written into docs/reference/ before they are read. What the lists of docs/index.md link to
becomes the navigation.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from sphinx.application import Sphinx

import staticad as sa
from staticad import config

DOCS = Path(__file__).resolve().parent

project = "staticad"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "docs/index"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**"]
exclude_patterns = ["docs/*.py"]
html_theme = "furo"
html_title = project
default_role = "py:obj"  # `name` in a docstring: code, and a link if there is such a name
autodoc_typehints = "none"
myst_heading_anchors = 4

# Pages of the reference: their titles by the part of the package that defines a name, or by the public module.
PAGES = {
    "runtime": "Programs, tensors and variables",
    "autodiff": "Derivatives",
    "functional": "Functions of arrays, branches and loops",
    "linalg": "Linear algebra",
    "fft": "Fourier transforms",
    "special": "Special functions",
    "random": "Random numbers",
    "nn": "Neural networks",
    "optim": "Optimizers",
    "export": "Pictures and graphs",
    "errors": "Errors and warnings",
}
ELSEWHERE = ("array_api",)  # modules whose names are those of the others
SETTINGS = ("override", "settings", "Settings")
SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"(``.*?``|`.*?`)|[|*]|(?<=^[A-Z])\.")
LISTED = re.compile(r"^- \[[^]]+\]\(([^)#]+)\.md\)", re.MULTILINE)


def public(owner: Any) -> dict[str, Any]:
    """What a module offers: the names that it lists, or else those that it defines."""
    own = [name for name, value in vars(owner).items() if getattr(value, "__module__", None) == owner.__name__]
    return {name: getattr(owner, name) for name in getattr(owner, "__all__", own) if name[0] != "_"}


def reference() -> dict[str, dict[str, list[str]]]:
    """The entries by page and section. A section is a module of the package, called what its docstring begins with."""
    found: dict[str, dict[str, list[str]]] = {page: {} for page in PAGES}

    def add(page: str | None, path: str, owner: ModuleType) -> None:
        for name, value in public(owner).items():
            if isinstance(value, ModuleType):
                if name not in ELSEWHERE:
                    add(name if page is None else page, f"{path}.{name}", value)
            elif inspect.isclass(value) or callable(value) and owner is not sa.errors:
                section = found[page or _page(value)].setdefault(_title(value), [])
                section.append(_entry(f"{path}.{name}", value))

    add(None, "staticad", sa)
    found["runtime"]["Settings"] = [_entry(f"staticad.config.{name}", getattr(config, name)) for name in SETTINGS]
    return found


def _defined(value: Any) -> str:
    """The module that defines a name; functions are public under another one."""
    module: str = inspect.unwrap(value).__module__
    return module


def _page(value: Any) -> str:
    part = _defined(value).split(".")[1]
    return part if part in PAGES else "runtime"


def _title(value: Any) -> str:
    module = importlib.import_module(_defined(value))
    return re.split(r"[:;.](?:\s|$)", inspect.getdoc(module) or module.__name__)[0].replace("\n", " ")


def _entry(path: str, value: Any) -> str:
    if inspect.isclass(value):
        shown = "" if value.__base__ is object else "   :show-inheritance:\n"
        return f".. autoclass:: {path}\n   :members:\n{shown}"
    return f".. autofunction:: {path}\n"


def _page_text(title: str, sections: dict[str, list[str]]) -> Iterator[str]:
    yield f"{title}\n{'=' * len(title)}\n"
    for section, listed in sections.items():
        yield f"{section}\n{'-' * len(section)}\n"
        yield from listed


def write_reference(app: Sphinx) -> None:
    folder = DOCS / "reference"
    folder.mkdir(exist_ok=True)
    for page, sections in reference().items():
        text = "\n".join(_page_text(PAGES[page], sections))
        path = folder / f"{page}.rst"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def add_navigation(app: Sphinx, page: str, content: list[str]) -> None:
    """Tables of contents at the end of the pages that have them, made of the lists that readers see."""
    if page == root_doc:
        tables = {title: LISTED.findall(text) for title, text in SECTION.findall(content[0])}
    elif page == "docs/reference":
        tables = {"": [f"reference/{page}" for page in PAGES]}
    else:
        return
    for title, pages in tables.items():
        head = f":caption: {title}\n:hidden:" if title else ":maxdepth: 2"
        content[0] += "\n".join(["", "```{toctree}", head, *pages, "```", ""])


def escape(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Docstrings say |x|, (n, *sizes) and the initial of an author as they are; reStructuredText reads marks there."""
    lines[:] = [MARK.sub(lambda m: m[0] if m[1] else f"\\{m[0]}", line) for line in lines]


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", escape)
    app.connect("builder-inited", write_reference)
    app.connect("source-read", add_navigation)
