"""Writes staticad/constructors.py, the constructors of dataclasses. A test says when ``python
docs/make_constructors.py`` has to be run again."""

from __future__ import annotations

import dataclasses
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import staticad
from staticad.records import constructor_of, constructor_text

TARGET = Path(__file__).resolve().parent.parent / "staticad" / "constructors.py"

HEAD = '''"""Constructors for so many fields.

`staticad.records` copies them, with other names, for the classes of the package: to compile them at import would take
longer than all else that a class needs.

``python docs/make_constructors.py`` makes this file; a test fails when it is out of date.
"""

# fmt: off
# ruff: noqa: E501, F821
# mypy: ignore-errors
'''


def classes() -> Iterator[type]:
    """All dataclasses of the package."""
    for found in pkgutil.walk_packages(staticad.__path__, "staticad."):
        if found.name.rpartition(".")[2] != "__main__":
            own = vars(import_module(found.name)).values()
            yield from (
                c for c in own if isinstance(c, type) and c.__module__ == found.name and "__match_args__" in vars(c)
            )


def page() -> str:
    """The content of the file."""
    names = {
        constructor_of(cls, dataclasses.fields(cls), cls.__dataclass_params__.frozen)  # type: ignore[attr-defined]
        for cls in classes()
        if dataclasses.is_dataclass(cls)
    }
    texts = [constructor_text(name) for name in sorted(names, key=lambda name: (len(name), name))]
    return HEAD + "".join(f"\n\n{text}\n" for text in texts)


if __name__ == "__main__":
    TARGET.write_text(page(), "utf-8")
