"""A new elementwise function takes the steps that CONTRIBUTING.md tells: an op's declaration, a line of the front."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import staticad as sa
from staticad.functional.front import declared, public_names
from staticad.functional.numpy_protocol import MEANINGS
from staticad.reference import evaluate
from tests.harness import families
from tests.harness.derivatives import check_case
from tests.harness.matrix import Matrix
from tests.harness.op_cases import elementwise_cases

OP = """
import numpy as np

from staticad.ir.expressions import add, call, mul
from staticad.ops.base import Elementwise, apply
from staticad.ops.transcendental import EXP

COSH = Elementwise(
    "cosh",
    numpy=np.cosh,
    code=lambda x: add(mul(call("exp", x), 0.5), mul(call("exp", call("neg", x)), 0.5)),
    operands="f",
    cost=25,
    vjp=lambda g, y, x: (g * (0.5 * (apply(EXP, x) - apply(EXP, -x))),),
)
"""

FRONT = """
from staticad.functional.front import float_unary

cosh = float_unary(COSH, np.cosh, "The hyperbolic cosine.")
"""


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """A module with an op and its function."""
    path: Path = tmp_path_factory.mktemp("new") / "hyperbolic.py"
    path.write_text(OP + FRONT, "utf-8")
    specification = importlib.util.spec_from_file_location("hyperbolic", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_function_is_public_and_documented(new: ModuleType) -> None:
    assert public_names(vars(new)) == ["cosh"]
    assert inspect.getdoc(new.cosh) == "The hyperbolic cosine."
    assert str(inspect.signature(new.cosh)) == str(inspect.signature(sa.tanh))


def test_numpys_function_makes_the_node(new: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ((function, names),) = declared(new)
    for name in names.numpy:
        monkeypatch.setitem(MEANINGS, name, function)
    x = sa.placeholder((None,), "float32")
    assert np.cosh(x).op is new.COSH
    assert np.cosh(x).dtype == np.float32


def test_compiled_values_and_derivatives_of_second_order(new: ModuleType, rng: np.random.Generator) -> None:
    x = sa.placeholder((None,))
    y = new.cosh(3 * x)
    (slope,) = sa.gradients(y, [x], sa.ones_like(y))
    (curvature,) = sa.gradients(slope, [x], sa.ones_like(y))
    array = rng.normal(size=7)
    results = sa.compile([y, slope, curvature], inputs=[x])(array)
    expected = [np.cosh(3 * array), 3 * np.sinh(3 * array), 9 * np.cosh(3 * array)]
    np.testing.assert_allclose(results, expected, rtol=1e-14)
    np.testing.assert_allclose(evaluate([y, slope, curvature], {x: array}), expected, rtol=1e-14)
    whole = sa.placeholder((), "int8")
    assert sa.compile(new.cosh(whole), inputs=[whole])(np.int8(2)) == pytest.approx(np.cosh(2), rel=1e-6)


@pytest.mark.parametrize("dtype", families.FLOATS, ids=str)
def test_the_cases_of_every_op_hold_for_it(new: ModuleType, dtype: np.dtype, rng: np.random.Generator) -> None:
    cases = list(elementwise_cases(new.COSH))
    sizes = {"a": 3, "b": 5}
    for order in (0, 1, 2):
        matrix = Matrix(cases, dtype, order)
        feeds = matrix.feeds(rng, {**dict.fromkeys("cde", 2), **sizes})
        assert not matrix.differences(feeds)
        if order == 0:
            special = matrix.feeds(rng, {**dict.fromkeys("cde", 2), **sizes}, families.special)
            assert not matrix.differences(special, only="special")
    for case in cases:
        check_case(case, rng)
