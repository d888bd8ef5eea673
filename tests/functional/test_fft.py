"""Fourier transforms: lengths, axes and norms as NumPy and SciPy have them, errors, and accuracy."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.fft

import staticad as sa
from staticad.functional.fft.roots import turned

NORMS = ("backward", "ortho", "forward")
X = np.random.default_rng(0).standard_normal((6, 8, 7))
Call = Callable[[Any, Any], Any]

ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
SEVERAL = ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")


def calls() -> list[Call]:
    """Calls of functions of a module on an array."""
    found: list[Call] = []
    for number, name in enumerate(ONE):
        norm = NORMS[number % 3]
        found += [lambda m, x, f=name, n=n, norm=norm: getattr(m, f)(x, n, 1, norm) for n in (None, 5, 11)]
    for number, name in enumerate(SEVERAL):
        norm = NORMS[number % 3]
        for s, axes in ((None, None), ((5, 9), (2, 0)), ((5, -1), (-1, 0)), (None, (1, 1))):
            if s is not None or axes is not None or not name.endswith("2"):
                found.append(lambda m, x, f=name, s=s, axes=axes, norm=norm: getattr(m, f)(x, s, axes, norm))
    for axes in (None, 0, (1, 2)):
        found += [lambda m, x, axes=axes: m.fftshift(x, axes), lambda m, x, axes=axes: m.ifftshift(x, axes=axes)]
    for n in (1, 2, 5, 8):
        found += [lambda m, x, n=n: m.fftfreq(n, 0.1), lambda m, x, n=n: m.rfftfreq(n)]
    return found


def cosines() -> list[Call]:
    """The same for cosine and sine transforms."""
    found: list[Call] = []
    options = (("ortho", None), ("backward", True), ("ortho", False), ("forward", None), ("backward", None))
    for number, (name, kind) in enumerate(itertools.product(("dct", "idct", "dst", "idst"), (1, 2, 3, 4))):
        for norm, weighed in {options[number % 5], ("ortho", None)}:
            found.append(
                lambda m, x, f=name, k=kind, norm=norm, o=weighed: getattr(m, f)(
                    x, k, axis=1, norm=norm, orthogonalize=o
                )
            )
    found += [lambda m, x: m.dct(x, n=9, axis=0), lambda m, x: m.idst(x, 3, 5)]
    found += [lambda m, x: m.idctn(x, axes=(0, 2), norm="ortho"), lambda m, x: m.dstn(x, 3, (9, 9), (0, 2))]
    return found


def hermitian() -> list[Call]:
    """The same for transforms of Hermitian arrays, which only SciPy has along several axes."""
    found: list[Call] = []
    for number, name in enumerate(("hfftn", "ihfftn", "hfft2", "ihfft2")):
        for k, (s, axes) in enumerate(((None, (0, 1)), ((5, 9), (2, 0)))):
            norm = NORMS[(number + k) % 3]
            found.append(lambda m, x, f=name, s=s, axes=axes, norm=norm: getattr(m, f)(x, s, axes, norm))
        found.append(lambda m, x, f=name: getattr(m, f)(x))
    return found


def test_values_are_those_of_numpy_and_scipy() -> None:
    x = sa.placeholder(X.shape)
    of_scipy = [*cosines(), *hermitian()]
    fetches = [call(sa.fft, x) for call in (*calls(), *of_scipy)]
    expected = [call(np.fft, X) for call in calls()] + [call(scipy.fft, X) for call in of_scipy]
    for found, wanted in zip(sa.compile(fetches, [x])(X), expected, strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-13)


def test_known_lengths() -> None:
    """Each way to transform a length: few and many columns, matrices, and what has large prime factors."""
    inputs, fetches, arrays, expected = [], [], [], []
    rng = np.random.default_rng(1)
    cases = [(dtype, n) for dtype in ("float64", "float32") for n in (1, 2, 13, 74, 250, 15015, 16411)]
    for dtype, n in [*cases, ("float64", 1 << 14)]:
        for shape, axis in (((5, n), 1), ((n, 6), 0)) if n in (13, 74, 250) and dtype == "float64" else (((n,), 0),):
            x = sa.placeholder(shape, dtype)
            a = rng.standard_normal(shape).astype(dtype)
            z, b = sa.fft.fft(x, axis=axis), np.fft.fft(a.astype(float), axis=axis)
            fetches += [z, sa.fft.rfft(x, axis=axis), sa.fft.ifft(z, axis=axis).real, sa.fft.irfft(z, n, axis)]
            expected += [b, np.fft.rfft(a.astype(float), axis=axis), a, a]
            inputs.append(x)
            arrays.append(a)
    for found, wanted in zip(sa.compile(fetches, inputs)(*arrays), expected, strict=True):
        atol = 8 * np.finfo(found.dtype).eps * np.abs(wanted).max()
        np.testing.assert_allclose(found, wanted, rtol=0, atol=atol)


def test_complex_numbers_are_read_and_written_where_they_lie() -> None:
    """Passes at both ends of a transform, in both directions: parts side by side, in rows, columns and slices."""
    rng = np.random.default_rng(3)
    inputs, fetches, arrays, expected = [], [], [], []
    for dtype, lengths in (("complex128", (4, 8, 12, 60, 64, 72, 256, 1000, 1024, 4096)), ("complex64", (64, 1024))):
        for n in lengths:
            for shape, axis in ((3, n), 1), ((n, 6), 0), ((3, 2 * n), 1):
                a = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
                x = sa.placeholder(shape, dtype)
                z, b = (x[:, ::2], a[:, ::2]) if shape[1] == 2 * n else (x, a)
                fetches += [sa.fft.fft(z, axis=axis), sa.fft.ifft(z, axis=axis)]
                expected += [np.fft.fft(b.astype(complex), axis=axis), np.fft.ifft(b.astype(complex), axis=axis)]
                inputs.append(x)
                arrays.append(a)
    for found, wanted in zip(sa.compile(fetches, inputs)(*arrays), expected, strict=True):
        atol = 4 * np.finfo(found.dtype).eps * np.abs(wanted).max()
        np.testing.assert_allclose(found, wanted, rtol=0, atol=atol)


def test_free_lengths() -> None:
    """One program for all lengths, and for all numbers of columns before and behind."""
    x = sa.placeholder((None, None, None), "complex128")
    session = sa.compile([sa.fft.fft(x, axis=1), sa.fft.irfft(x, x.shape[1], 1)], [x])
    rng = np.random.default_rng(2)
    for n in (1, 2, 5, 8, 37, 60, 64, 128, 509, 1024, 9000):
        for outer, inner in ((1, 1), (5, 1), (2, 6), (0, 2)) if n < 9000 else ((1, 1), (1, 5)):
            a = rng.standard_normal((outer, n, inner)) + 1j * rng.standard_normal((outer, n, inner))
            forward, real = session(a)
            if a.size:
                wanted = np.fft.fft(a, axis=1)
                np.testing.assert_allclose(forward, wanted, rtol=0, atol=2e-15 * np.sqrt(n) * np.abs(wanted).max())
                wanted = np.fft.irfft(a, n, 1)
                np.testing.assert_allclose(real, wanted, rtol=0, atol=2e-15 * np.sqrt(n) * np.abs(wanted).max())
            assert forward.shape == a.shape


def test_free_lengths_with_large_prime_factors() -> None:
    """They are convolutions, in both directions and for derivatives, as accurate as others; others stay as they are."""
    rng = np.random.default_rng(4)
    primes = (74, 97, 127, 1009, 2 * 5003, 10007)
    for dtype, lengths in (("complex128", (*range(1, 71), *primes)), ("complex64", (37, 64, 67, 1009))):
        x = sa.placeholder((None, None, None), dtype)
        z = sa.fft.ifft(x, axis=1, norm="forward")
        session = sa.compile([sa.fft.fft(x, axis=1), z, *sa.gradients(sa.real(sa.sum(z * z)), [x])], [x])
        for n in lengths:
            for outer, inner in ((1, 1), (5, 1), (2, 6)) if n < 1000 else ((1, 2),):
                a = (rng.standard_normal((outer, n, inner)) + 1j * rng.standard_normal((outer, n, inner))).astype(dtype)
                exact = a.astype(complex)
                forward, back = np.fft.fft(exact, axis=1), np.fft.ifft(exact, axis=1, norm="forward")
                slope = 2 * n * np.roll(exact[:, ::-1], 1, 1)  # the transform of a transform is the array backwards
                for found, wanted in zip(session(a), (forward, back, slope), strict=True):
                    atol = 8 * np.finfo(dtype).eps * np.abs(wanted).max()
                    np.testing.assert_allclose(found, wanted, rtol=0, atol=atol, err_msg=f"{n}, {outer}, {inner}")


@pytest.mark.parametrize("n", [1, 2, 6, 7, 37, 74])
def test_frequencies_of_real_numbers_that_are_real_are_exactly_so(n: int) -> None:
    """Frequency 0, and the middle one if n is even: the angle of a negative number there is pi, never -pi."""
    x = np.random.default_rng(n).normal(size=(2, n, 3)) - 3
    for shape in (x.shape, (None,) * 3):
        p = sa.placeholder(shape)
        session = sa.compile(sa.fft.rfft(p, axis=1), inputs=[p])
        for fed in (x, np.where(np.arange(n)[:, None] == n // 2, np.nan, x)):
            got = session(fed)
            assert got.shape == (2, n // 2 + 1, 3)
            assert not got.imag[:, 0].any() and (n % 2 or not got.imag[:, -1].any())
        np.testing.assert_allclose(session(x), np.fft.rfft(x, axis=1), atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 6, 7, 21, 37, 74])
def test_the_whole_transform_of_real_numbers_is_conjugate_to_itself(n: int) -> None:
    """To the last bit, for known and for free lengths, forward and backward."""
    x = np.random.default_rng(n).normal(size=(2, n, 3))
    for shape in (x.shape, (None,) * 3):
        p = sa.placeholder(shape)
        for got, wanted in zip(
            sa.compile([sa.fft.fft(p, axis=1), sa.fft.ifft(p, axis=1)], inputs=[p])(x),
            (np.fft.fft(x, axis=1), np.fft.ifft(x, axis=1)),
            strict=True,
        ):
            np.testing.assert_array_equal(got[:, 1:], got[:, :0:-1].conj())
            assert not got.imag[:, 0].any()
            np.testing.assert_allclose(got, wanted, atol=1e-12)


def test_lengths_as_scipy_takes_them() -> None:
    """One number for one axis, arrays, and None for the size that there is."""
    p = sa.placeholder(X.shape)
    for call in (
        lambda m: m.fftn(p if m is sa.fft else X, np.int64(4), 0),
        lambda m: m.idctn(p if m is sa.fft else X, 2, np.array([4, 5]), (0, 1)),
        lambda m: m.rfft2(p if m is sa.fft else X, (5, 6), (0, 1)),
    ):
        np.testing.assert_allclose(sa.evaluate(call(sa.fft), {p: X})[0], call(scipy.fft), atol=1e-12)
    (found,) = sa.evaluate(sa.fft.fftn(p, (4, None), (0, 2)), {p: X})
    np.testing.assert_allclose(found, scipy.fft.fftn(X, (4, 7), (0, 2)), atol=1e-12)
    with pytest.raises(sa.ShapeError, match="s is a sequence of lengths, not 'two'.*test_fft"):
        sa.fft.fftn(p, "two")


def test_roots_of_unity_are_correct_to_the_last_bits() -> None:
    n = 4 * 3 * 7 * 11
    cos, sin = turned(np.arange(n), n)
    angle = 2 * np.arange(n, dtype=np.longdouble) * np.arctan2(np.longdouble(0), np.longdouble(-1)) / n
    np.testing.assert_array_less(np.abs(cos - np.cos(angle)), 2e-16)
    np.testing.assert_array_less(np.abs(sin - np.sin(angle)), 2e-16)
    assert [cos[0], sin[n // 4], cos[n // 2], sin[3 * n // 4]] == [1, 1, -1, -1]
    assert [sin[0], cos[n // 4], sin[n // 2], cos[3 * n // 4]] == [0, 0, 0, 0]


WRONG: dict[str, tuple[type[Exception], str, Callable[[sa.Tensor], Any]]] = {
    "length": (sa.ShapeError, "n has to be an int of at least 1", lambda x: sa.fft.fft(x, 0)),
    "norm": (sa.ShapeError, "norm is one of 'backward', 'ortho', 'forward', not 'none'",
             lambda x: sa.fft.fft(x, norm="none")),
    "axis": (sa.ShapeError, "axis 2 is out of bounds", lambda x: sa.fft.ifft(x, axis=2)),
    "number": (sa.ShapeError, "a number has no axis", lambda x: sa.fft.fft(x[0, 0])),
    "nothing": (sa.ShapeError, "no elements", lambda x: sa.fft.fft(x[:, :0])),
    "real": (sa.DTypeError, "takes real numbers, use fft", lambda x: sa.fft.rfft(sa.complex(x))),
    "real ones": (sa.DTypeError, "takes real numbers, use fftn", lambda x: sa.fft.rfft2(sa.complex(x))),
    "sizes": (sa.ShapeError, "1 lengths for 2 axes", lambda x: sa.fft.fftn(x, (2,), (0, 1))),
    "axes": (sa.ShapeError, "needs at least one axis", lambda x: sa.fft.rfftn(x, axes=())),
    "one": (sa.ShapeError, "needs at least one axis", lambda x: sa.fft.irfftn(x, axes=())),
    "type": (sa.ShapeError, "the types are 1 to 4", lambda x: sa.fft.dct(x, 5)),
    "two": (sa.ShapeError, "at least two elements", lambda x: sa.fft.dct(x[:, :1], 1)),
    "empty": (sa.ShapeError, "no elements", lambda x: sa.fft.dst(x[:, :0])),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_are_refused_while_the_graph_is_built(name: str) -> None:
    kind, text, call = WRONG[name]
    with pytest.raises(kind, match=text) as caught:
        call(sa.placeholder((2, 3), name="x"))
    assert "test_fft.py" in str(caught.value)


def test_a_free_axis_without_elements_is_refused_in_the_run() -> None:
    x = sa.placeholder((None,))
    session = sa.compile([sa.real(sa.fft.fft(x)), sa.fft.dct(x, 1)], [x])
    with pytest.raises(sa.FeedError):
        session(np.zeros(0))
    with pytest.raises(sa.FeedError):
        session(np.zeros(1))
