"""Every public function is compared with JAX or torch in this folder: here those that no other file has.

One call is made with both libraries: values, and where they are floats the first and second derivatives.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import staticad as sa
from tests.harness.function_calls import functions

RNG = np.random.default_rng(0)
X, V = RNG.uniform(0.5, 2.5, (3, 4)), RNG.uniform(0.5, 2.5, (3, 4))
HOLES = np.where(RNG.uniform(size=(3, 4)) < 0.3, np.nan, X)
NUMBERS, ODD = RNG.integers(0, 9, (3, 4)), np.array([-np.inf, -1.5, -0.0, 0.0, 2.5, np.inf, np.nan])
COMPLEX = X + 1j * np.where(V > 1.5, V, 0)
SQUARE = np.eye(3) * 3 + RNG.normal(size=(3, 3)) / 4
Call = Callable[..., Any]


class Names:
    """What the modules of a library have, in one place."""

    def __init__(self, *modules: Any, **others: Any) -> None:
        self.modules, self.others = modules, others

    def __getattr__(self, name: str) -> Any:
        if name in self.others:
            return self.others[name]
        found = next((m for m in self.modules if hasattr(m, name)), None)
        assert found is not None, name
        return getattr(found, name)


def holed(m: Names, x: Any) -> Any:
    return m.where(np.isnan(HOLES), np.nan, x)


def definite(m: Names, x: Any) -> Any:
    return x[:, :3] @ x[:, :3].T + 2 * m.eye(3)


def several(m: Names, parts: Any) -> Any:
    """Arrays of a list as one vector."""
    return m.concatenate([m.ravel(part) * (k + 1) for k, part in enumerate(parts)])


# Of the module m, and of x and v, which are 3 x 4 floats.
SMOOTH: dict[str, Call] = {
    **{name: lambda m, x, v, name=name: getattr(m, name)(x) for name in (
        "degrees", "radians", "cbrt", "rint", "fix", "conjugate", "ravel", "ediff1d", "fliplr", "flipud",
        "atleast_1d", "atleast_2d", "atleast_3d", "diagflat", "ptp", "average", "diag", "log_expit",
    )},
    **{name: lambda m, x, v, name=name: getattr(m, name)(x, v) for name in
       ("true_divide", "mod", "heaviside", "inner")},
    **{name: lambda m, x, v, name=name: getattr(m, name)(holed(m, x), axis=1) for name in
       ("nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd", "nancumsum", "nancumprod",
        "nanmedian")},
    **{name: lambda m, x, v, name=name: getattr(m, name)([x, v]) for name in
       ("vstack", "hstack", "dstack", "column_stack")},
    **{name: lambda m, x, v, name=name: several(m, getattr(m, name)(x, 2)) for name in ("array_split", "hsplit")},
    "vsplit, dsplit": lambda m, x, v: several(m, [*m.vsplit(x, 3), *m.dsplit(m.reshape(v, (2, 3, 2)), 2)]),
    "dot": lambda m, x, v: m.dot(x, v.T), "rot90": lambda m, x, v: m.rot90(x, 3), "rollaxis":
    lambda m, x, v: m.rollaxis(m.reshape(x, (3, 2, 2)), 2, 0),
    "percentile": lambda m, x, v: m.percentile(x, np.array([10.0, 50]), axis=0),
    "nanquantile": lambda m, x, v: m.nanquantile(holed(m, x), 0.3, axis=1),
    "nanpercentile": lambda m, x, v: m.nanpercentile(holed(m, x), 70.0, axis=1),
    "divmod, modf": lambda m, x, v: several(m, [*m.divmod(x, v), *m.modf(x * 3)]),
    "ldexp": lambda m, x, v: m.ldexp(x, NUMBERS), "logspace": lambda m, x, v: m.logspace(x[0], v[0], 4),
    "nan_to_num": lambda m, x, v: m.nan_to_num(holed(m, x), nan=2.0),
    "correlate": lambda m, x, v: m.correlate(x[0], v[1], "full"),
    "associative_scan": lambda m, x, v: m.associative_scan(lambda a, b: a * b, x, axis=1),
    "partition": lambda m, x, v: m.partition(x, 2, axis=1)[:, 2],
    "compress, extract": lambda m, x, v: several(m, [
        m.compress(np.array([True, False, True]), x, axis=0, size=2), m.extract(NUMBERS > 4, v, size=5)]),
    "put": lambda m, x, v: m.put(x, np.array([1, 5]), v[0, :2], **({} if m is OURS else {"inplace": False})),
    "put_along_axis": lambda m, x, v: m.put_along_axis(
        x, np.array([[1], [0], [3]]), v[:, :1], 1, **({} if m is OURS else {"inplace": False})),
    "segment_prod": lambda m, x, v: m.segment_prod(x, np.array([0, 2, 0]), 3)[np.array([0, 2])],
    "stop_gradient": lambda m, x, v: m.stop_gradient(x) * v * x,
    "switch": lambda m, x, v: m.switch(1, [m.sin, m.cos], x),
    "block_diag": lambda m, x, v: m.block_diag(x, v[:, :2]), "toeplitz": lambda m, x, v: m.toeplitz(x[0], v[0]),
    "cho_factor, cho_solve": lambda m, x, v: m.cho_solve(m.cho_factor(definite(m, x)), v),
    "lu_factor, lu_solve": lambda m, x, v: m.lu_solve(m.lu_factor(definite(m, x) + SQUARE), v),
    "solve_triangular": lambda m, x, v: m.solve_triangular(definite(m, x), v, trans=1, lower=True),
    "matvec": lambda m, x, v: m.matvec(x, v[0]), "vecmat": lambda m, x, v: m.vecmat(v[:, 0], x),
    "multi_dot": lambda m, x, v: m.multi_dot([x, v.T, x]), "sqrtm": lambda m, x, v: m.sqrtm(definite(m, x)).real,
    "tensorinv": lambda m, x, v: m.tensorinv(m.reshape(SQUARE @ x[:, :3], (3, 3, 1)), ind=1),
    "tensorsolve": lambda m, x, v: m.tensorsolve(SQUARE @ definite(m, x), v[:, 0]),
    "dct, idct": lambda m, x, v: m.dct(x, axis=0) + m.idct(v, axis=1, norm="ortho"),
    "dctn, idctn": lambda m, x, v: m.dctn(x) * m.idctn(v),
    "unwrap": lambda m, x, v: m.unwrap(x * 5, axis=0), "polyval": lambda m, x, v: m.polyval(x[0], v),
    "where=": lambda m, x, v: several(m, [
        m.masked_softmax(x, axis=1, where=V > 1), m.masked_logsumexp(x, axis=0, where=V > 1)[:1],
        m.where(V > 1, m.masked_log_softmax(v, axis=1, where=V > 1), 0)]),
    "trace, diagonal": lambda m, x, v: several(m, [getattr(m.linalg, name)(
        m.stack([x, v]), offset=1) for name in ("trace", "diagonal")]),
    "polygamma": lambda m, x, v: m.polygamma(1, x), "multigammaln": lambda m, x, v: m.multigammaln(x + 2, 3),
    "boxcox, boxcox1p": lambda m, x, v: m.boxcox(x, v) * m.boxcox1p(v, x), "factorial": lambda m, x, v: m.factorial(x),
    "huber": lambda m, x, v: m.huber(v, x - 1), "zeta": lambda m, x, v: m.zeta(2.5, x),
    "betainc": lambda m, x, v: m.betainc(V, X, x / 3),
}  # fmt: skip

VALUE_ALONE = ("segment_prod", "sqrtm")  # JAX has no derivatives of them

# What has no derivative, or results that a program counts.
EXACT: dict[str, Call] = {
    **{name: lambda m, name=name: getattr(m, name)(NUMBERS) for name in
       ("invert", "bitwise_not", "bitwise_count")},
    **{name: lambda m, name=name: getattr(m, name)(NUMBERS, NUMBERS[::-1] + 1) for name in
       ("gcd", "lcm", "left_shift", "right_shift", "array_equal")},
    **{name: lambda m, name=name: getattr(m, name)(ODD) for name in ("isposinf", "isneginf", "isrealobj")},
    **{name: lambda m, name=name: getattr(m, name)(COMPLEX) for name in ("iscomplex", "isreal", "iscomplexobj")},
    **{name: lambda m, name=name: getattr(m, name)(HOLES, axis=0) for name in ("nanargmax", "nanargmin")},
    **{name: lambda m, name=name: several(m, getattr(m, name)(3, 1, 4)) for name in ("tril_indices", "triu_indices")},
    **{name: lambda m, name=name: several(m, getattr(m, name)(m.asarray(SQUARE))) for name in
       ("tril_indices_from", "triu_indices_from", "diag_indices_from")},
    **{name: lambda m, name=name: getattr(m, name)(NUMBERS[0], NUMBERS[1], size=3, fill_value=-1) for name in
       ("union1d", "intersect1d", "setdiff1d", "setxor1d")},
    "comb": lambda m: m.rint(m.comb(NUMBERS, NUMBERS[::-1])), "gammasgn": lambda m: m.gammasgn(X - 2),
    "isclose": lambda m: m.isclose(ODD, ODD + 1e-9, equal_nan=True), "frexp": lambda m: m.frexp(X)[0],
    "array_equiv": lambda m: m.array_equiv(NUMBERS, NUMBERS[:1]), "empty_like": lambda m: m.empty_like(X),
    "identity": lambda m: m.identity(3), "tri": lambda m: m.tri(3, 4, -1), "argwhere": lambda m:
    m.argwhere(NUMBERS > 4, size=4, fill_value=-1), "flatnonzero": lambda m: m.flatnonzero(NUMBERS > 4, size=4),
    "diag_indices": lambda m: several(m, m.diag_indices(3)), "ix_": lambda m: several(m, m.ix_(NUMBERS[0], NUMBERS[1])),
    "fromfunction": lambda m: m.fromfunction(lambda i, j: i * 2 + j, (3, 4)),
    "histogram": lambda m: m.histogram(X, 5, (0.0, 3.0))[0], "histogram_bin_edges": lambda m:
    m.histogram_bin_edges(X, 5), "histogram2d": lambda m: m.histogram2d(X[0], V[0], 3)[0],
    "unique": lambda m: several(m, m.unique(NUMBERS, return_index=True, return_counts=True, size=5)),
    "lexsort": lambda m: m.lexsort((NUMBERS[0], NUMBERS[1])),
    "digitize": lambda m: m.digitize(X, np.array([0.5, 1, 2])),
    "argpartition": lambda m: m.argpartition(X, 2, axis=1)[:, 2],
    "unravel_index": lambda m: several(m, m.unravel_index(NUMBERS, (3, 4))),
    "ravel_multi_index": lambda m: m.ravel_multi_index((NUMBERS % 3, NUMBERS % 4), (3, 4)),
}  # fmt: skip

# Functions without a peer in JAX and torch, or whose results are none that could be equal.
ALONE = {
    "assert_": "an effect", "print_": "an effect", "sliding_window_view": "compared with NumPy",
    "linalg.schur": "its vectors are one choice of many; its product is tested",
    "linalg.solve_sylvester": "compared with SciPy",
    **{f"fft.{name}": "compared with SciPy" for name in
       ("dst", "dstn", "idst", "idstn", "hfft2", "hfftn", "ihfft2", "ihfftn")},
    **{f"special.{name}": "compared with SciPy and mpmath" for name in
       ("betaincc", "erfcinv", "erfcx", "expn", "iv", "ive", "j0", "j1", "jn", "jv", "binom", "cosm1", "exp10",
        "exprel", "inv_boxcox", "inv_boxcox1p", "powm1", "pseudo_huber", "rgamma")},
    **{f"random.{name}": "other streams; the distribution is tested" for name in
       ("negative_binomial", "randint", "shuffle", "student_t", "von_mises", "weibull")},
    **{f"nn.{name}": "random" for name in ("alpha_dropout", "dropout", "feature_dropout", "Dropout")},
    **{f"nn.{name}": "made of functions that are compared" for name in ("BatchNorm", "Dense", "Sequential")},
    "nn.multi_head_attention": "made of scaled_dot_product_attention", "nn.hinge_loss": "scikit-learn's",
}  # fmt: skip

OURS = Names(
    sa, sa.linalg, sa.special, sa.fft, masked_softmax=sa.nn.softmax, masked_log_softmax=sa.nn.log_softmax,
    masked_logsumexp=sa.nn.logsumexp,
)  # fmt: skip


@pytest.fixture
def peer() -> Names:
    import jax
    import jax.numpy as jnp

    return Names(
        jnp, jnp.linalg, jax.scipy.special, jax.scipy.linalg, jax.scipy.fft, jax.ops, jax.lax,
        huber=lambda delta, r: jnp.where(abs(r) <= delta, r * r / 2, delta * (abs(r) - delta / 2)),
        log_expit=jax.nn.log_sigmoid, fix=jnp.trunc,
        masked_softmax=jax.nn.softmax, masked_log_softmax=jax.nn.log_softmax, masked_logsumexp=jax.nn.logsumexp,
    )  # fmt: skip


@pytest.mark.extras("jax")
def test_values_and_derivatives(peer: Names) -> None:
    import jax

    x, v = sa.placeholder(X.shape), sa.placeholder(V.shape)
    fetched = []
    for call in SMOOTH.values():
        y = call(OURS, x, v)
        first = sa.gradients((y * y * y).sum(), [x, v], unconnected="zero")
        second = sa.gradients(sum((sa.sin(g) * g).sum() for g in first), [x, v], unconnected="zero")
        fetched.append([y, *first, *second])

    def three(name: str, call: Call, *args: Any) -> list[Any]:
        def total(*args: Any) -> Any:
            return (call(peer, *args) ** 3).sum()

        def changed(*args: Any) -> Any:
            return sum((jax.numpy.sin(g) * g).sum() for g in jax.grad(total, (0, 1))(*args))

        if name in VALUE_ALONE:
            return [call(peer, *args)]
        return [call(peer, *args), *jax.grad(total, (0, 1))(*args), *jax.grad(changed, (0, 1))(*args)]

    with jax.enable_x64(True):
        at_once = jax.jit(
            lambda *args: [three(*item, *args) for item in SMOOTH.items()],
            compiler_options={"xla_backend_optimization_level": 0},
        )
        wanted = at_once(X, V)
    wrong = []
    for name, nodes, expected in zip(SMOOTH, fetched, wanted, strict=True):
        found = sa.evaluate(nodes, {x: X, v: V})
        for order, (one, other) in enumerate(zip(found, expected)):
            scale = np.abs(other).max()
            if one.shape != other.shape or not np.allclose(one, other, rtol=1e-7, atol=1e-9 * (1 + scale)):
                wrong.append((name, order, one, other))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.extras("jax")
def test_what_has_no_derivative(peer: Names) -> None:
    import jax

    with jax.enable_x64(True):
        for name, call in EXACT.items():
            found = call(OURS)
            value = sa.evaluate(found)[0] if isinstance(found, sa.Tensor) else found
            np.testing.assert_allclose(value, np.asarray(call(peer)), rtol=1e-15, err_msg=name)


@pytest.mark.extras("jax")
def test_hessians() -> None:
    import jax

    x = sa.placeholder((4,))
    found = sa.compile(sa.hessian((sa.sin(x) * x**3).sum() ** 2, x), [x])(X[0])
    with jax.enable_x64(True):
        wanted = jax.hessian(lambda x: (jax.numpy.sin(x) * x**3).sum() ** 2)(X[0])
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


def test_no_function_is_left_out() -> None:
    """Each has its name in a test that needs JAX or torch, is another name of one that has, or stands in the list."""
    texts = [path.read_text("utf-8") for path in Path(__file__).parents[1].rglob("test_*.py")]
    words = set(re.findall(r"\w+", "\n".join(text for text in texts if "mark.extras(" in text)))
    public = dict(functions())
    compared = {inspect.unwrap(f) for name, f in public.items() if name.rpartition(".")[2] in words}
    left = {name for name, f in public.items() if inspect.unwrap(f) not in compared}
    assert left <= ALONE.keys() and ALONE.keys() <= public.keys()
