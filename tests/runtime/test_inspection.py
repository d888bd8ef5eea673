"""The check for numbers that are not finite."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa


def line_of(tensor: sa.Tensor) -> str:
    return f"{__file__}:{tensor.where.line}"


# ---- check -----------------------------------------------------------------------------------------------------------

X = sa.placeholder((None,), name="x")


def test_finite_numbers_pass() -> None:
    session = sa.compile([sa.log(X), X > 0], [X])
    assert session.check({X: np.array([1.0, 2.0])}) is True
    assert session.check({"x": []}) is True
    assert sa.compile(sa.constant(1.0) * 2.0).check() is True


@pytest.mark.parametrize(
    ("function", "array", "op", "found", "remedy"),
    [
        (sa.log, [1.0, -1.0, -2.0], "log", r"2 NaN of 3 elements, the first at \[1\]", "domain"),
        (sa.log, [0.0, 1.0], "log", r"1 infinite of 2 elements, the first at \[0\]", "domain"),
        (sa.sqrt, [4.0, -4.0], "sqrt", "1 NaN of 2 elements", "domain"),
        (lambda x: 1.0 / x, [2.0, 0.0], "div", "1 infinite of 2", "divisor away from 0"),
        (lambda x: x / x, [0.0, 0.0], "div", "2 NaN of 2", "divisor away from 0"),
        (sa.exp, [1.0, 1000.0], "exp", r"1 infinite of 2 elements, the first at \[1\]", "outside the range of float64"),
        (lambda x: x.astype("float32"), [1e300], "cast", "1 infinite of 1", "outside the range of float32"),
        (lambda x: (x * 1e200).sum() * 1e200, [1e10], "mul", "1 infinite of 1 elements", "scale the operands"),
    ],
)
def test_the_first_op_that_makes_them_is_named(
    function: Callable[[sa.Tensor], sa.Tensor], array: list[float], op: str, found: str, remedy: str
) -> None:
    inner = function(X)
    session = sa.compile(sa.tanh(inner) + 1.0, [X], options={"optimize": False})
    with pytest.raises(sa.NonFiniteError, match=rf"^{op} .* makes numbers that are not finite \({found}") as caught:
        session.check({X: np.array(array)})
    message = str(caught.value)
    assert isinstance(caught.value, FloatingPointError)
    assert line_of(inner) in message and remedy in message


def test_the_ranges_of_the_inputs_are_given() -> None:
    y = sa.placeholder((None,), name="y")
    session = sa.compile(X / y, [X, y])
    with pytest.raises(sa.NonFiniteError) as caught:
        session.check({X: np.array([-3.0, 5.0]), y: np.array([0.0, 2.0])})
    assert f"placeholder 'x' {X.type} (made at {X.where}) from -3.0 to 5.0" in str(caught.value)
    assert f"placeholder 'y' {y.type} (made at {y.where}) from 0.0 to 2.0" in str(caught.value)


def test_the_users_graph_is_checked_not_the_rewritten_one() -> None:
    naive = sa.log(sa.softmax(X))
    session = sa.compile(naive, [X])
    array = np.array([0.0, -2000.0])
    assert np.isfinite(session(array)).all()  # the compiler has rewritten it
    with pytest.raises(sa.NonFiniteError, match="^log "):
        session.check({X: array})


def test_gradients_name_the_line_of_what_they_differentiate() -> None:
    root = sa.sqrt(X)
    (slope,) = sa.gradients(root.sum(), X)
    session = sa.compile(slope, [X])
    with pytest.raises(sa.NonFiniteError) as caught:
        session.check({X: np.array([0.0])})
    assert line_of(root) in str(caught.value) and "gradient of sqrt" in str(caught.value)


def test_updates_are_checked_and_not_applied() -> None:
    w = sa.variable(np.array([1.0, 0.0]), name="w")
    session = sa.compile([], [X], updates={w: X / w})
    with pytest.raises(sa.NonFiniteError, match="^div "):
        session.check({X: np.ones(2)})
    np.testing.assert_array_equal(w.value, [1, 0])
    w.assign([1.0, 2.0])
    assert session.check({X: np.ones(2)})
    np.testing.assert_array_equal(w.value, [1, 2])


def test_feeds_and_variables_that_hold_them_are_named() -> None:
    w = sa.variable(np.array([1.0, np.inf]), name="w")
    session = sa.compile(X * w, [X])
    with pytest.raises(sa.NonFiniteError, match=r"feed placeholder 'x' .*1 NaN of 2 elements, the first at \[1\]"):
        session.check({X: np.array([1.0, np.nan])})
    with pytest.raises(sa.NonFiniteError, match=r"variable 'w' .*1 infinite of 2 elements, the first at \[1\]"):
        session.check({X: np.ones(2)})
    with pytest.raises(sa.NonFiniteError, match="variable 'w'"):
        sa.compile(w).check()


def test_infinities_that_the_user_writes_are_meant() -> None:
    masked = sa.where(X > 0, X, -np.inf)
    session = sa.compile([sa.softmax(masked), masked.max()], [X])
    assert session.check({X: np.array([1.0, -1.0])})
    assert sa.compile(sa.full((2,), np.inf) + X[0], [X]).check({X: np.ones(1)})


def test_checks_check_feeds_as_runs_do() -> None:
    index = sa.placeholder((None,), "int64", name="index")
    session = sa.compile(X[index], [X, index])
    with pytest.raises(sa.FeedError, match="missing feed"):
        session.check({X: np.ones(2)})
    with pytest.raises(sa.DTypeError):
        session.check({X: np.ones(2, "complex64"), index: [0]})
    with pytest.raises(sa.IndexOutOfBounds):
        session.check({X: np.ones(2), index: [2]})
    y = sa.placeholder((None,), name="y")
    with pytest.raises(sa.FeedError, match="^add: .* have to be equal"):
        sa.compile(X + y, [X, y]).check({X: np.ones(2), y: np.ones(3)})


def test_bodies_of_loops_are_looked_into() -> None:
    def body(carry: sa.Tensor, x: sa.Tensor) -> tuple[sa.Tensor, sa.Tensor]:
        return carry + 1.0, sa.log(x - carry)

    _, logs = sa.scan(body, sa.constant(0.0), X)
    session = sa.compile(logs, [X])
    assert session.check({X: np.array([1.0, 2.0])})
    with pytest.raises(sa.NonFiniteError, match="^log .*1 infinite of 1 elements") as caught:
        session.check({X: np.array([1.0, 2.0, 2.0])})
    assert f"{__file__}:" in str(caught.value)
