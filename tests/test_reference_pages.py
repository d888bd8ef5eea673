"""The pages that list something list all of it: ops, errors, settings."""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import config, errors
from staticad.autodiff.reverse import gradients
from staticad.ops.catalogue import ALL_OPS
from staticad.reference import evaluate

DOCS = Path(__file__).resolve().parent.parent / "docs"


def load(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_page_of_ops_is_up_to_date() -> None:
    text = load("make_ops").render()
    assert (DOCS / "ops.md").read_text("utf-8") == text, "run python docs/make_ops.py"
    assert all(text.count(f"| `{op.name}` |") == 1 for op in ALL_OPS)


def test_notes_and_families_are_on_the_page_of_ops() -> None:
    text = (DOCS / "ops.md").read_text("utf-8")
    assert all(op.notes in text for op in ALL_OPS)
    assert all(text.count(f"## {op.title}\n\n{op.about}\n") == 1 for op in ALL_OPS)


def test_the_page_of_errors_lists_all_with_their_built_ins() -> None:
    text = (DOCS / "errors.md").read_text("utf-8")
    for name, error in vars(errors).items():
        if isinstance(error, type) and issubclass(error, errors.StaticadError) and error is not errors.StaticadError:
            also = ", ".join(f"`{base.__name__}`" for base in error.__bases__[1:])
            assert f"| `{name}` | {also} |" in text


@pytest.mark.parametrize("setting", config.TABLE, ids=lambda s: s.variable)
def test_the_guide_lists_every_setting(setting: config.Setting) -> None:
    assert f"| `{setting.variable}` | {setting.meaning} |" in (DOCS / "guide.md").read_text("utf-8")


def test_the_page_of_promises_names_tests_that_exist() -> None:
    rows = [row for row in (DOCS / "reliability.md").read_text("utf-8").splitlines() if row.startswith("| ")]
    shown = [re.fullmatch(r"\| .+ \| `(.+)::(.+)` \|", row) for row in rows if "shown by" not in row]
    assert len(shown) > 20 and all(shown)
    for match in shown:
        assert match is not None
        assert f"\ndef {match[2]}(" in (DOCS.parent / match[1]).read_text("utf-8")


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("function", "point", "value", "slopes"),
    [
        (lambda a: abs(a), [0.0], 0.0, [0.0]),
        (sa.relu, [0.0], 0.0, [0.0]),
        (sa.relu, [NAN], NAN, [0.0]),
        (sa.maximum, [1.0, 1.0], 1.0, [0.5, 0.5]),
        (sa.minimum, [1.0, 1.0], 1.0, [0.5, 0.5]),
        (sa.maximum, [NAN, 1.0], NAN, [0.0, 0.0]),
        (sa.power, [0.0, 0.0], 1.0, [0.0, 0.0]),
        (sa.power, [0.0, 2.0], 0.0, [0.0, 0.0]),
        (sa.sqrt, [0.0], 0.0, [INF]),
        (sa.log, [0.0], -INF, [INF]),
        (sa.remainder, [-7.5, 2.0], 0.5, [1.0, 4.0]),
        (lambda a: sa.where(a > 0, sa.log(a), 1.0), [-1.0], 1.0, [0.0]),
        (lambda a: sa.where(a > 0, 1.0 / a, 1.0), [0.0], 1.0, [0.0]),
        (sa.round, [2.5], 2.0, None),
        (sa.sign, [NAN], NAN, None),
        (lambda a: a / 0.0, [1.0], INF, [INF]),
    ],
)
def test_the_conventions_of_the_page_of_ops(function: Any, point: Any, value: float, slopes: Any) -> None:
    xs = [sa.placeholder(()) for _ in point]
    y = function(*xs)
    found = evaluate([y, *(gradients(y, xs) if slopes else [])], dict(zip(xs, point)))
    np.testing.assert_array_equal(found, [value, *(slopes or [])])


def test_integers_wrap_and_divide_by_zero_to_zero() -> None:
    x = sa.placeholder((2,), "int8")
    found = evaluate([x + x, x // (x - x), x % (x - x)], {x: np.array([100, -100], "int8")})
    np.testing.assert_array_equal(found, [[-56, 56], [0, 0], [0, 0]])


def test_the_page_of_functions_is_up_to_date() -> None:
    make_functions = load("make_functions")
    assert (DOCS / "functions.md").read_text("utf-8") == make_functions.render(), "run python docs/make_functions.py"
    listed = {
        name for functions in make_functions.sections().values() for names in functions.values() for name in names
    }
    assert all(
        f"sa.{name}" in listed
        for name in sa.__all__
        if name not in make_functions.OTHERS and inspect.isfunction(getattr(sa, name))
    )
