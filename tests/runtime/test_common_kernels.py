"""Kernels that many programs have are those that programs get, and are loaded without a compiler."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.codegen import jit, loader, object_cache, prebuilt, recipes
from staticad.codegen.recipes import common_recipe
from staticad.codegen.target import Target, host, level
from staticad.errors import CompileError
from staticad.runtime.common_kernels import common_kernels

TEXTS = common_kernels()


def test_programs_have_them() -> None:
    """Of a dense layer of any batch with a step along its gradient, and of a loop over numbers."""
    x, w = sa.placeholder((None, 40), "float32"), sa.variable(np.ones((40, 20), "float32"))
    loss = sa.sum(sa.square(x @ w))
    (slope,) = sa.gradients(loss, [w])
    session = sa.compile(loss, [x], updates={w: w - 0.1 * slope})
    texts = {text for text in TEXTS if text in session.source()}
    assert sum("matrix_product" in text for text in texts) == 2
    session = sa.compile([sa.zeros((7,)), sa.ones((), "int64"), x.T], [x])
    assert len([text for text in TEXTS if text in session.source()]) >= 2


def network(rows: int | None) -> sa.Session:
    """Two dense layers with relu, a third one without, and a step along the gradient of the squared errors."""
    rng = np.random.default_rng(3)
    x, target = sa.placeholder((rows, 12), "float32"), sa.placeholder((rows, 5), "float32")
    shapes = ((12, 20), (20,), (20, 9), (9,), (9, 5), (5,))
    w1, b1, w2, b2, w3, b3 = (sa.variable(rng.standard_normal(shape, "float32")) for shape in shapes)
    y = sa.relu(sa.relu(x @ w1 + b1) @ w2 + b2) @ w3 + b3
    parameters = [w1, b1, w2, b2, w3, b3]
    slopes = sa.gradients(y, parameters, y - target)
    updates = {p: p - 0.01 * slope for p, slope in zip(parameters, slopes, strict=True)}
    return sa.compile([y, *slopes], [x, target], updates=updates)


@pytest.mark.parametrize("rows", [30, 70, None])
def test_a_network_has_no_others(rows: int | None) -> None:
    source = network(rows).source()
    texts = [text for text in TEXTS if text in source]
    assert sum("relu(" in text for text in texts) == 1
    assert sum("greater(" in text for text in texts) >= 1  # the derivative of relu, with the sums of columns
    assert source.count("def kernel(") == len(texts) + source.count("call_gemm(")


def test_they_give_the_bits_of_this_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    x, target = rng.standard_normal((70, 12), "float32"), rng.standard_normal((70, 5), "float32")
    brought, found = prebuilt.object_file, []
    codes = {common_recipe(text, level()): text for text in TEXTS}
    monkeypatch.setattr(object_cache, "load", lambda recipe: None)
    monkeypatch.setattr(object_cache, "store", lambda recipe, payload: None)
    for target_of in (level, host):

        def compiled(recipe: str, target_of: Callable[[], Target] = target_of) -> bytes | None:
            text = codes.get(recipe)
            return brought(recipe) if text is None else jit.compile_source(text, target_of())

        monkeypatch.setattr(prebuilt, "object_file", compiled)
        monkeypatch.setattr(loader, "_codes", {})
        found.append([value.tobytes() for value in network(None)(x, target)])
    assert found[0] == found[1]


def test_each_is_compiled_for_a_level() -> None:
    assert len(TEXTS) == len({*TEXTS}) > 30
    for text in TEXTS[:6]:
        assert recipes.kernel_symbol(text).encode() in jit.compile_source(text, level())


def test_one_that_is_brought_along_is_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    text = next(text for text in TEXTS if text.endswith("store(p0, i0, int64(1))\n"))
    code = jit.compile_source(text, level())
    monkeypatch.setattr(object_cache, "load", lambda recipe: None)
    monkeypatch.setattr(object_cache, "store", None)
    monkeypatch.setattr(prebuilt, "object_file", {common_recipe(text, level()): code}.get)
    monkeypatch.setattr(loader, "_compiled", _refuse)
    monkeypatch.setattr(loader, "_codes", {})
    found = loader.load([text])[text]
    filled = np.zeros(5, "int64")
    block = (ctypes.c_int64 * 1)(filled.ctypes.data)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(found.address)(block, 1, 4)
    assert filled.tolist() == [0, 1, 1, 1, 0]
    with pytest.raises(CompileError, match="compiled"):
        loader.load([text.replace("int64(1)", "int64(3)")])


def _refuse(source: str) -> bytes:
    raise CompileError("compiled")
