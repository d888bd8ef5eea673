"""Special functions as users call them: SciPy's names, orders, derivatives of every order, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special as scipy

import staticad as sa
from staticad.errors import DTypeError, GradientError
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients

special = sa.special
A = np.array([0.3, 0.7, 1.6, 2.9])
B = np.array([1.2, 0.4, 2.5, 0.9])
UNARY = """
erfc erfcx erfcinv erfinv ndtr log_ndtr ndtri gammaln gamma psi i0 i0e i1 i1e j0 j1 logit expit log_expit entr
expi exp1 k0 k0e k1 k1e y0 y1 dawsn erfi spence"""
BINARY = "beta betaln gammainc gammaincc xlogy xlog1py rel_entr kl_div"


def test_scipys_ufuncs_mean_ours_on_tensors() -> None:
    x = sa.placeholder(A.shape)
    calls: dict[str, tuple[Any, ...]] = dict.fromkeys(UNARY.split(), (x,)) | dict.fromkeys(BINARY.split(), (x, B))
    calls |= {
        "betainc": (x, B, 0.25),
        "expn": (2, x),
        "jv": (2, x),
        "iv": (2, x),
        "ive": (2, x),
        "kn": (2, x),
        "kv": (3, x),
        "kve": (3, x),
        "yn": (2, x),
        "yv": (-3, x),
    }
    found = evaluate([getattr(scipy, name)(*given) for name, given in calls.items()], {x: A})
    for (name, given), value in zip(calls.items(), found, strict=True):
        with np.errstate(all="ignore"):
            expected = getattr(scipy, name)(*(A if v is x else v for v in given))
        np.testing.assert_allclose(value, expected, rtol=1e-12, err_msg=name)


def test_polygamma_of_numbers_and_tensors() -> None:
    x, n = sa.placeholder((4,)), sa.placeholder((4,), "int64")
    orders = np.array([0, 1, 2, 5])
    session = sa.compile([special.polygamma(n, x), *(special.polygamma(k, x) for k in (0, 1, 4))], [n, x])
    for values in (A, -A):
        found = session(orders, values)
        wide = np.where(values < 0, np.ceil(-values), 0)  # SciPy's is for positive numbers
        expected = [scipy.polygamma(k, values + wide) for k in (1, 4)]
        for k, e in zip((1, 4), expected):
            for step in range(int(wide.max())):
                add = (-1) ** (k + 1) * scipy.factorial(k) / (values + step) ** (k + 1)
                e += np.where(step < wide, add, 0)
        np.testing.assert_allclose(found[2:], expected, rtol=1e-11)
        np.testing.assert_allclose(found[1], scipy.digamma(values), rtol=1e-12)
        np.testing.assert_allclose(found[0][:2], [scipy.digamma(values[0]), found[2][1]], rtol=1e-12)


HIGHER: dict[str, Callable[[sa.Tensor], sa.Tensor]] = {
    "erfcx": special.erfcx,
    "log_ndtr": special.log_ndtr,
    "digamma": special.digamma,
    "i1": special.i1,
    "j1": special.j1,
    "gammainc": lambda x: special.gammainc(2.5, x),
    "betainc": lambda x: special.betainc(1.5, 2.5, x / 4),
    "expn": lambda x: special.expn(1, x),
    "k1e": special.k1e,
    "kve": lambda x: special.kve(2, x),
    "yv": lambda x: special.y1(x) + special.yv(3, x),
    "dawsn": special.dawsn,
    "erfi": special.erfi,
    "spence": lambda x: special.spence(x) + special.spence(x / 2.9),
    "sici": lambda x: sa.add(*special.sici(x)),
    "fresnel": lambda x: sa.multiply(*special.fresnel(x)),
    "kl_div": lambda x: special.kl_div(x, 1.5),
}


@pytest.mark.parametrize("name", HIGHER)
def test_derivatives_of_higher_orders(name: str) -> None:
    x = sa.placeholder((4,))
    (slope,) = sa.gradients(HIGHER[name](x).sum(), [x])
    check_gradients(slope, x, {x: A}, order=2)


def test_derivatives_by_parameters() -> None:
    a, b, x = (sa.placeholder((4,)) for _ in range(3))
    feeds = {a: A, b: B, x: A / 4}
    check_gradients(special.betainc(a, b, x), [a, b, x], feeds, order=2)
    check_gradients(special.betaincc(a, b, x), [a, b, x], feeds, order=1)
    check_gradients(special.gammaincc(a, x), [a, x], feeds, order=2)
    (mixed,) = sa.gradients(sa.gradients(special.gammainc(a, x).sum(), [a])[0].sum(), [x])
    expected = np.exp((A - 1) * np.log(A / 4) - A / 4 - scipy.gammaln(A)) * (np.log(A / 4) - scipy.digamma(A))
    np.testing.assert_allclose(evaluate(mixed, feeds)[0], expected, rtol=1e-12)


def test_second_derivatives_by_parameters_have_derivatives_by_the_last_operand() -> None:
    a, b, x = (sa.placeholder((4,)) for _ in range(3))
    curves = [
        sa.gradients(sa.gradients(y.sum(), [by])[0].sum(), [again])[0]
        for y, by, again in (
            (special.gammainc(a, x), a, a), (special.betainc(a, b, x), a, a), (special.betainc(a, b, x), a, b),
            (special.betainc(a, b, x), b, b),
        )
    ]  # fmt: skip
    for curve in curves:
        check_gradients(curve, x, {a: A, b: B, x: A / 4}, order=2)


def test_distribution_functions_stay_between_0_and_1() -> None:
    a, x = sa.placeholder((6,)), sa.placeholder((6,))
    tiny = np.array([5e-324, 1e-310, 1e-20, 1e-3, 3.0, 50.0])
    found = sa.compile(
        [special.gammainc(a, x), special.gammaincc(a, x), *(special.betainc(*p, 0.999) for p in ((a, x), (x, a)))],
        inputs=[a, x],
    )
    for at in np.geomspace(1e-5, 200, 40):
        for values in found(tiny, np.full(6, at)):
            assert (values >= 0).all() and (values <= 1).all()


def test_derivatives_of_erfcx_do_not_cancel() -> None:
    x = sa.placeholder(())
    slope, *_ = sa.gradients(special.erfcx(x), [x])
    for at in (1e3, 1e8):
        found = evaluate(slope, {x: at})[0]
        np.testing.assert_allclose(found, -1 / (at**2 * np.sqrt(np.pi)), rtol=2 / at**2 + 1e-14)


def test_integrals_have_derivatives_where_their_quotients_are_0_by_0() -> None:
    x, y = sa.placeholder(()), sa.placeholder(())
    si, _ = special.sici(x)
    first = [*sa.gradients(si, [x]), *sa.gradients(special.spence(y), [y]), *sa.gradients(special.dawsn(x), [x])]
    second = [sa.gradients(slope, [by])[0] for slope, by in zip(first, (x, y, x), strict=True)]
    found = sa.compile([*first, *second], [x, y])(0.0, 1.0)
    np.testing.assert_allclose(found, [1, -1, 1, 0, 0.5, 0], atol=1e-15)


def test_derivatives_of_dawsons_integral_do_not_cancel() -> None:
    x = sa.placeholder(())
    slope, *_ = sa.gradients(special.dawsn(x), [x])
    curve, *_ = sa.gradients(slope, [x])
    for at in (1e2, 1e5):
        found = sa.compile([slope, curve], [x])(at)
        np.testing.assert_allclose(found, [-1 / (2 * at**2), 1 / at**3], rtol=10 / at**2 + 1e-14)


def test_what_has_no_weight_has_no_derivative() -> None:
    x, y = sa.placeholder((3,)), sa.placeholder((3,))
    found = sa.gradients(special.xlogy(x, y).sum(), [y])
    np.testing.assert_array_equal(evaluate(found, {x: [0.0, 0.0, 2.0], y: [0.0, 2.0, 4.0]})[0], [0, 0, 0.5])


def test_weights_and_signs_of_logsumexp(rng: np.random.Generator) -> None:
    value, weights = rng.standard_normal((3, 4)) * 300, rng.standard_normal(4)
    weights[1] = 0
    value[:, 1] = np.inf
    x, b = sa.placeholder((None, 4)), sa.placeholder((4,))
    found = evaluate(list(special.logsumexp(x, 1, b, return_sign=True)), {x: value, b: weights})
    expected = scipy.logsumexp(value, 1, np.broadcast_to(weights, value.shape), return_sign=True)
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    with np.errstate(invalid="ignore"):
        plain = evaluate(special.logsumexp(x, axis=0, b=b, keepdims=True), {x: value[:, [0, 2, 3, 3]], b: -np.ones(4)})
    assert plain[0].shape == (1, 4) and np.isnan(plain[0]).all()
    empty = special.logsumexp(x, axis=0, b=b)
    np.testing.assert_array_equal(evaluate(empty, {x: np.zeros((0, 4)), b: weights})[0], np.full(4, -np.inf))


def test_results_of_two_integrals_by_scipys_names() -> None:
    x = sa.placeholder(A.shape)
    found = evaluate([*scipy.sici(x), *scipy.fresnel(x)], {x: A})
    np.testing.assert_allclose(found, [*scipy.sici(A), *scipy.fresnel(A)], rtol=1e-12)


def test_what_has_no_derivative_says_so() -> None:
    a, x = sa.placeholder((), name="a"), sa.placeholder(())
    (slope,) = sa.gradients(special.gammainc(a, x), [a])
    (curve,) = sa.gradients(slope, [a])
    (mixed,) = sa.gradients(sa.gradients(special.betainc(a, x, 0.5), [x]), [x])
    for made in (curve, mixed, special.zeta(a, x), special.zeta(a)):
        for differentiate in (lambda t: sa.gradients(t, [a]), lambda t: sa.jvp(t, a, 1.0)):
            with pytest.raises(GradientError, match="derivative.*'a'.*test_special.*stop_gradient"):
                differentiate(made)
    assert sa.gradients(special.zeta(sa.stop_gradient(a), x), [x])


COUNTS = {"beta": 2, "betainc": 3, "betaincc": 3, "betaln": 2, "gammainc": 2, "gammaincc": 2, "zeta": 2}
COUNTS |= dict.fromkeys(("kl_div", "rel_entr", "xlogy", "xlog1py", "binom", "comb", "huber", "pseudo_huber"), 2)
COUNTS |= dict.fromkeys(("boxcox", "boxcox1p", "inv_boxcox", "inv_boxcox1p", "powm1"), 2)
OF_COMPLEX = ("softmax", "log_softmax", "logsumexp", "exp2", "expm1", "log1p", "sinc", "expit", "log_expit",
              "softplus")  # fmt: skip
WITH_ORDER = ("polygamma", "jn", "jv", "iv", "ive", "expn", "kn", "kv", "kve", "yn", "yv")
WITH_TWO_RESULTS = ("sici", "fresnel")
NOT_OF_FLOATS = ("one_hot", "round")


@pytest.mark.parametrize("name", [name for name in special.__all__ if name not in NOT_OF_FLOATS])
def test_dtypes(name: str) -> None:
    """Small integers become float32, others float64, as in SciPy, whose sinc is NumPy's: float64 for all. Halves stay
    halves; complex numbers are refused where there is no function of them."""

    def called(dtype: str) -> sa.Tensor:
        x, function = sa.placeholder((3,), dtype), getattr(special, name)
        if name in WITH_ORDER:
            return function(2, x)
        if name == "multigammaln":
            return function(x, 2)
        if name in WITH_TWO_RESULTS:
            first, second = function(x)
            assert first.dtype == second.dtype
            return first
        return function(*[x] * COUNTS.get(name, 1))

    small = "float64" if name == "sinc" else "float32"
    for given, expected in (
        ("bool", small), ("int8", small), ("uint16", small), ("int32", "float64"), ("uint64", "float64"),
        ("float16", "float16"), ("bfloat16", "bfloat16"), ("float32", "float32"), ("float64", "float64"),
    ):  # fmt: skip
        assert called(given).dtype.name == expected, given
    for given in ("complex64", "complex128"):
        if name in OF_COMPLEX:
            assert called(given).dtype.name == given
            continue
        with pytest.raises(DTypeError, match=f"{given}.*test_special"):
            called(given)


def test_exponential_integrals_of_a_negative_order_are_nan() -> None:
    n, x = sa.placeholder((3,), "int64"), sa.placeholder((2,))
    orders, at = np.array([-2, 0, 3]), np.array([1.0, -1.0])
    fixed, free = evaluate([special.expn(orders[:, None], x), special.expn(n[:, None], x)], {n: orders, x: at})
    np.testing.assert_allclose(fixed, scipy.expn(orders[:, None], at), rtol=1e-13)
    np.testing.assert_array_equal(free, fixed)


def test_orders_and_dimensions_are_integers() -> None:
    x = sa.placeholder((2,))
    with pytest.raises(DTypeError, match="jv: the order has to be an integer, not .*test_special"):
        special.jv(0.5, x)
    with pytest.raises(DTypeError, match="expn: the order"):
        special.expn(x, x)
    with pytest.raises(DTypeError, match="polygamma: the order has to be an integer from 0 on, not -1"):
        special.polygamma(-1, x)
    with pytest.raises(DTypeError, match="multigammaln: the dimension has to be a positive int, not 0"):
        special.multigammaln(x, 0)
    with pytest.raises(DTypeError, match="gamma: complex128 is not supported.*test_special"):
        special.gamma(sa.placeholder((), "complex128"))
    assert special.polygamma(3.0, x).shape == (2,)  # a whole number
    assert np.isnan(evaluate(special.multigammaln(sa.constant(1.0), 3))[0])
