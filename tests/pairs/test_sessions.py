"""Complex numbers at the border: feeds, results, variables, the cache of programs, drawings, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import DTypeError, FeedError, Tensor
from staticad.ir.graph import sort_nodes
from staticad.lower.kernel.plan import LoopCall
from staticad.pairs.decompose import Decomposition
from staticad.runtime import programs

Z = sa.placeholder((None,), "complex128", name="z")
A = np.array([1 + 2j, 3 - 1j, -0.5j])


def test_feeds_and_results_are_numpys() -> None:
    """Other byte orders, strides, lists and weak numbers; results can be written into arrays of the user."""
    session = sa.compile([Z * 2, Z.real], inputs=[Z])
    for value in (A, A.astype(">c16"), np.repeat(A, 2)[::2], list(A), A.tolist()):
        double, real = session(value)
        np.testing.assert_array_equal(double, A * 2)
        np.testing.assert_array_equal(real, A.real)
    np.testing.assert_array_equal(session([1, 2.5])[0], [2, 5])
    out = [np.empty(3, "complex128"), np.empty(3)]
    assert session.run({Z: A}, out=out)[0] is out[0]
    np.testing.assert_array_equal(out[0], A * 2)
    for narrow in (A.astype("complex64"), A.real):  # loses nothing
        np.testing.assert_array_equal(session(narrow)[0], narrow * 2)
    scalar = sa.placeholder((), "complex128")
    run = sa.compile(scalar * scalar)
    assert [run(x) for x in (2j, np.complex128(2j), np.array(2j), 2)] == [-4, -4, -4, 4]
    single = sa.placeholder((), "complex64")
    plain = sa.compile(single + 1, inputs=[single])
    assert plain(np.complex64(1j)).dtype == np.complex64
    with pytest.raises(FeedError, match=r"feed for placeholder complex64.*has dtype complex128, not complex64"):
        plain(np.array(1j))


def test_results_that_are_inputs_constants_or_views() -> None:
    session = sa.compile([Z, sa.constant(A), Z[::-1], Z.real, sa.zeros(2, "complex64"), sa.constant(1j)], inputs=[Z])
    got = session(A)
    for value, expected in zip(got, (A, A, A[::-1], A.real, np.zeros(2, "complex64"), np.array(1j)), strict=True):
        assert value.dtype == expected.dtype
        np.testing.assert_array_equal(value, expected)
    assert not np.shares_memory(got[0], A)


def test_variables() -> None:
    v = sa.variable(A, name="v")
    small = sa.variable(1j, dtype="complex64")
    assert v.dtype == np.complex128 and v.trainable and small.value == np.complex64(1j)
    assert sa.variable([1, 2], dtype=complex).value.dtype == np.complex128
    step = sa.compile(v.sum(), updates={v: v * 1j, small: small.at[()].set(2)})
    assert step() == A.sum() and step() == (A * 1j).sum()
    np.testing.assert_array_equal(v.value, -A)
    assert small.value == 2
    v.assign([1, 2j, 3])
    np.testing.assert_array_equal(v.value, [1, 2j, 3])
    part = sa.compile([], updates={v: v.at[1].add(1)})
    part()
    np.testing.assert_array_equal(v.value, [1, 1 + 2j, 3])
    with pytest.raises(DTypeError, match="complex128"):
        sa.variable(A, dtype="float64")


def test_a_real_graph_is_not_touched() -> None:
    x = sa.placeholder((3,))
    outputs = [x * 2, (x @ x).sum()]
    assert all(a is b for a, b in zip(Decomposition().outputs(outputs), outputs, strict=True))


def test_kernels_are_real() -> None:
    """One kernel for a chain, which reads the feed and writes the result as they are."""
    session = sa.compile(np.exp(Z * 2j + 1) * Z)
    nodes = sort_nodes(session._lowered.optimized)
    assert not any(kind.dtype.kind == "c" for node in nodes for kind in node.types)
    assert "1 kernel calls" in repr(session), session
    np.testing.assert_allclose(session(A), np.exp(A * 2j + 1) * A, rtol=1e-14)


def test_two_products_where_an_operand_is_real() -> None:
    a, b = sa.placeholder((40, 40), "complex128"), sa.placeholder((40, 40))
    both, one = (sa.compile(t)._lowered.optimized for t in (a @ a, a @ b))
    assert [sum(node.op.name == "matmul" for node in sort_nodes(found)) for found in (both, one)] == [4, 2]


def test_loops_with_derivatives_run_once() -> None:
    """A loop and the one that its gradient extends are still found to be one."""
    c = sa.placeholder((), "complex128")
    last, states = sa.scan(lambda s, z: (s * z + c, s), c, Z)
    loss = abs(last) + abs(states).sum()
    (gradient,) = sa.gradients(loss, c)
    session = sa.compile([loss, gradient], inputs=[Z, c])
    value, slope = session(A, 0.5j)

    def model(start: complex) -> float:
        state, total = start, 0.0
        for z in A:
            total += abs(state)
            state = state * z + start
        return abs(state) + total

    np.testing.assert_allclose(value, model(0.5j), rtol=1e-14)
    h = 1e-6
    by_parts = [(model(0.5j + d) - model(0.5j - d)) / (2 * h) for d in (h, h * 1j)]
    np.testing.assert_allclose(slope, by_parts[0] - 1j * by_parts[1], rtol=1e-8)
    calls = [step for step in session._plan.steps if isinstance(step.kernel, LoopCall)]
    assert len(calls) <= 2, "forwards and backwards"


def test_programs_are_kept_by_their_dtypes() -> None:
    """The same graph of other dtypes is another program; the same one is found again."""

    def build(dtype: str) -> sa.Session:
        z = sa.placeholder((None,), dtype)
        return sa.compile(z * 1.25 + 3, inputs=[z])

    assert programs.are_kept()
    for _ in range(2):
        for dtype in ("complex64", "complex128", "float64"):
            ones = np.ones(2, dtype)
            assert build(dtype)(ones).dtype == dtype
    session = build("complex128")
    assert session._request.ready.kept
    np.testing.assert_array_equal(session(A), A * 1.25 + 3)


def test_functions_of_python() -> None:
    @sa.function
    def escape(c: Tensor) -> Tensor:
        z, count = 0j, 0
        while count < 50 and abs(z) <= 2:
            z, count = z * z + c, count + 1
        return count

    c = sa.placeholder((), "complex128")
    run = sa.compile(escape(c))

    def plain(number: complex) -> int:
        z, count = 0j, 0
        while count < 50 and abs(z) <= 2:
            z, count = z * z + number, count + 1
        return count

    for number in (0.1 + 0.2j, 0.4 + 0.4j, -1.5 + 0.1j, 2 + 2j):
        assert run(number) == plain(number)


def test_drawings_and_listings_show_what_the_user_wrote() -> None:
    session = sa.compile(np.conj(Z) * 1j, name="complex")
    assert "complex128" in session.to_dot() and "conj" in session.to_dot()
    assert "complex128" not in session.to_dot("optimized")
    assert "float64" in session.to_dot("kernels")
    assert "complex128" in sa.to_svg(np.conj(Z))
    with pytest.raises(sa.NonFiniteError, match=r"^div .*test_sessions\.py.* of sizes from 0.0 to 2.0; keep"):
        sa.compile(1 / Z).check({Z: np.array([0, 2j])})
    with pytest.raises(sa.NonFiniteError, match=r"feed placeholder 'z'.*1 NaN of 2"):
        sa.compile(1 / Z).check({Z: np.array([1, complex(0, np.nan)])})


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "less": (lambda z: z < 1, "less: complex128 is not supported; take .real, .imag or abs"),
    "maximum": (lambda z: np.maximum(z, 0), "maximum: complex128 is not supported"),
    "max": (np.max, "max: complex128 is not supported"),
    "argmin": (np.argmin, "argmin: complex128 is not supported"),
    "clip": (lambda z: np.clip(z, 0, 1), "maximum: complex128 is not supported"),
    "floor": (np.floor, "floor: complex128 is not supported"),
    "floor_divide": (lambda z: z // 2, "floor_divide: complex128 is not supported"),
    "remainder": (lambda z: z % 2, "remainder: complex128 is not supported"),
    "relu": (sa.relu, "relu: complex128 is not supported"),
    "erf": (sa.erf, "erf: complex128 is not supported"),
    "invert": (lambda z: ~z, "invert: complex128 is not supported"),
    "arctan2": (lambda z: np.arctan2(z, 1), "arctan2: complex128 is not supported"),
    "astype": (lambda z: z.astype("float64"), "cast: complex128 does not become float64; take .real"),
    "index": (lambda z: z[z], "index arrays have to be integers"),
    "multiplied places": (lambda z: z.at[[0]].multiply(2), "multiply at places of complex128 is not supported"),
    "smallest places": (lambda z: z.at[[0]].min(2), "min at places of complex128 is not supported"),
    "made of complex parts": (lambda z: sa.complex(z, 1), "complex: complex128 is not supported"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_meaning_is_refused_with_the_line(name: str) -> None:
    function, message = REFUSED[name]
    with pytest.raises(DTypeError, match=message) as caught:
        function(Z)
    assert f"{__file__}:" in str(caught.value)
