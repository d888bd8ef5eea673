"""The public names: complete, listed once, and cheap to import."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import staticad as sa

OPS = """
zeros ones full eye arange linspace zeros_like ones_like full_like
add subtract multiply divide true_divide floor_divide remainder mod power pow negative positive absolute abs sign exp
expm1 log log1p sqrt rsqrt square reciprocal sin cos tan tanh sigmoid relu softplus erf maximum minimum clip where
equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor logical_not invert
bitwise_and bitwise_or bitwise_xor left_shift right_shift astype floor ceil trunc rint round isnan isfinite isinf
sum mean prod max min argmax argmin any all
reshape transpose swapaxes moveaxis expand_dims squeeze broadcast_to concatenate stack split pad flip
take take_along_axis matmul dot outer diagonal trace tril triu
softmax log_softmax logsumexp one_hot cross_entropy mse
gradients jvp hvp jacobian hessian stop_gradient no_grad gradcheck
placeholder variable constant compile to_dot to_networkx
""".split()


def test_every_listed_name_exists_once() -> None:
    assert len(set(sa.__all__)) == len(sa.__all__)
    assert [name for name in sa.__all__ if not hasattr(sa, name)] == []


@pytest.mark.parametrize("name", OPS)
def test_the_expected_names_are_public_and_documented(name: str) -> None:
    assert name in sa.__all__
    assert getattr(sa, name).__doc__


def test_all_that_is_public_has_a_docstring() -> None:
    def missing(path: str, owner: Any) -> Iterator[str]:
        own = [name for name, value in vars(owner).items() if getattr(value, "__module__", "") == owner.__name__]
        for name in getattr(owner, "__all__", own):
            value = getattr(owner, name)
            if inspect.ismodule(value):
                yield from missing(f"{path}.{name}", value)
            elif callable(value) and not name.startswith("_") and not inspect.getdoc(value):
                yield f"{path}.{name}"

    assert list(missing("staticad", sa)) == []


def test_nothing_public_is_left_unlisted() -> None:
    modules = {name for name, value in vars(sa).items() if type(value) is type(sa)}
    unlisted = {name for name in vars(sa) if not name.startswith("_")} - set(sa.__all__) - modules - {"annotations"}
    assert unlisted == set()


def test_import_is_light() -> None:
    """A warm program never imports Numba, nor SciPy and networkx unless it uses them."""
    code = "import sys, staticad; print(sorted({'numba', 'scipy', 'networkx'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["fft", "linalg", "nn", "optim", "random", "special"])
def test_public_modules_can_be_imported(name: str) -> None:
    module = importlib.import_module(f"staticad.{name}")
    assert getattr(sa, name) is module
    assert dir(module) == sorted(module.__all__)
