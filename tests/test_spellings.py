"""Names of other libraries tell what to write here; what is offered exists, and the tables hold no name that does."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import staticad as sa
from staticad import function_spellings, peer_spellings, spellings

TABLES: list[tuple[Any, dict[str, str]]] = [
    (sa, spellings.PACKAGE),
    (sa.nn, spellings.NETWORKS),
    (sa.optim, spellings.OPTIMIZERS),
    (sa.random, spellings.RANDOM),
    (sa.linalg, function_spellings.LINALG),
    (sa.fft, function_spellings.FOURIER),
    (sa.special, function_spellings.SPECIAL),
    (sa, peer_spellings.LAX),
    (sa, peer_spellings.TORCH),
    (sa.placeholder((2, 3), name="x"), spellings.TENSORS),
]
ROWS = [(owner, name, text) for owner, table in TABLES for name, text in table.items()]


def test_every_row_is_the_message_of_its_name() -> None:
    for owner, name, text in ROWS:
        called = "placeholder 'x'" if isinstance(owner, sa.Tensor) else owner.__name__
        message = f"^{re.escape(called)}.* has no {name!r}; use {re.escape(text)} "
        with pytest.raises(AttributeError, match=message) as caught:
            getattr(owner, name)
        assert isinstance(caught.value, sa.errors.MissingAttribute) and f"at {__file__}:" in str(caught.value)
        assert not hasattr(owner, name)


def test_what_is_offered_exists() -> None:
    for _, _, text in ROWS:
        for dotted in re.findall(r"\bsa((?:\.\w+)+)", text):
            found = sa
            for part in dotted[1:].split("."):
                found = getattr(found, part)


def test_functions_of_hermitian_matrices_are_what_is_offered() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    hermitian = z @ z.conj().T + np.eye(3)
    a, q = sa.constant(hermitian), sa.constant(z)
    given = {"sa": sa, "a": a, "q": q, "f": sa.exp, "p": 0.3}

    def offered(name: str, **known: Any) -> np.ndarray:
        formula = function_spellings.LINALG[name].partition("), and ")[2].partition(";")[0]
        return np.asarray(sa.compile(eval(formula, given | known), [])())

    w, v = sa.linalg.eigh(a)
    for name, want in {
        "logm": scipy.linalg.logm(hermitian),
        "funm": scipy.linalg.expm(hermitian),
        "fractional_matrix_power": scipy.linalg.fractional_matrix_power(hermitian, 0.3),
    }.items():
        np.testing.assert_allclose(offered(name, w=w, v=v), want, rtol=1e-12, atol=1e-12)
    u, s, vh = sa.linalg.svd(q, full_matrices=False)
    unitary, rest = scipy.linalg.polar(z)
    text = function_spellings.LINALG["polar"].rpartition("and ")[2].split(" with ")
    for formula, want in zip(text, (unitary, rest), strict=True):
        found = sa.compile(eval(formula, given | {"u": u, "s": s, "vh": vh}), [])()
        np.testing.assert_allclose(np.asarray(found), want, rtol=1e-12, atol=1e-12)
    solved = eval(function_spellings.LINALG["solve_continuous_lyapunov"], given | {"a": q, "q": a})
    want = scipy.linalg.solve_continuous_lyapunov(z, hermitian)
    np.testing.assert_allclose(np.asarray(sa.compile(solved, [])()), want, rtol=1e-11, atol=1e-11)


def test_names_of_other_places() -> None:
    for owner, name, text in (
        (sa, "erfc", "use sa.special.erfc"),
        (sa.special, "cbrt_", "tensors can't be changed in place; use sa.cbrt"),
        (sa.nn, "svd", "use sa.linalg.svd"),
        (sa.fft, "ones", "use sa.ones"),
        (sa.linalg, "cat", "use sa.concatenate([a, b], axis=0)"),
        (sa, "polyfit", "sa.linalg.lstsq(sa.vander(x, degree + 1), y) solves the same problem"),
        (sa, "exp_", "tensors can't be changed in place; use sa.exp"),
        (sa.random, "clamp_", "tensors can't be changed in place; use sa.clip(x, low, high)"),
    ):
        with pytest.raises(sa.errors.MissingAttribute, match=f" has no '{name}'; {re.escape(text)} "):
            getattr(owner, name)


def test_names_that_are_nearly_right() -> None:
    for owner, name, nearest in ((sa, "sotfmax", "softmax"), (sa.nn, "layernorm", "layer_norm"), (sa.errors, "x", "")):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'.*{nearest}"):
            getattr(owner, name)
    with pytest.raises(AttributeError, match="has no attribute 'reshap'; the nearest name is 'reshape' "):
        TABLES[-1][0].reshap  # noqa: B018
    with pytest.raises(ImportError, match="grad"):
        from staticad import grad  # noqa: F401
    assert not hasattr(sa, "__wrapped__") and not hasattr(TABLES[-1][0], "__array_interface__")


@pytest.mark.parametrize(
    "module",
    [sa, sa.nn, sa.nn.initializers, sa.optim, sa.random, sa.linalg, sa.fft, sa.special, sa.array_api, sa.errors],
    ids=lambda module: module.__name__,
)
def test_dir_shows_public_names_only(module: Any) -> None:
    names = dir(module)
    assert names == sorted(module.__all__) and len(names) == len(set(names))
    assert all(hasattr(module, name) for name in names)
    assert all(name[0] != "_" or module is sa.array_api for name in names)
