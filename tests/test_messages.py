"""Messages that users meet in the first hour, each with its full text: what it is about, the line and the remedy.

``{X}`` and its like are tensors as messages describe them, ``{here}`` is the line of the call.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import FeedDTypeError
from staticad.ir.graph import describe
from staticad.numpy_elsewhere import WAYS
from tests.harness.numpy_tables import FUNCTIONS, UFUNCS

X = sa.placeholder(("n", 3), name="x")
N = X.shape[0]
A = sa.placeholder((), name="a")
B = sa.placeholder((), name="b")
F = sa.placeholder((3,), "float32", name="f")
W = sa.variable(np.zeros(3), name="w")
LOGITS = sa.placeholder((None, 3), "float32", name="logits")
LABELS = sa.placeholder((None,), "int64", name="labels")
LOSS = sa.sum(W * W)
NAMED = {"X": X, "A": A, "B": B, "F": F, "W": W, "LOSS": LOSS}

CROSS_ENTROPY = sa.compile(sa.cross_entropy(LOGITS, LABELS), [LOGITS, LABELS])
TOTAL = sa.compile(F.sum(), [F])
ROWS = np.zeros((2, 3), np.float32)


@sa.function
def widened(x: Any) -> Any:
    y = sa.zeros((1, 3))
    while y.sum() < 10:
        y = y + x
    return y


@sa.function
def appended(x: Any) -> Any:
    y = x
    while y.sum() < 10:
        y = sa.concatenate([y, x])
    return y


NO_VALUE = "has no value before a session runs; compile it, session = sa.compile(tensor), and write"
NO_INT = (
    "the size n is known only at run time and can't be used as a Python int; use it in shapes and arithmetic as it is "
    "(sa.zeros and sa.arange take sizes, np.zeros doesn't), or give the placeholder a fixed size (at {here})"
)
NO_COPY = (
    "{W} can't be copied or pickled: sessions hold the address of its value; copy the value instead: "
    "sa.variable(v.value) (at {here})"
)
NO_TRUTH = (
    "is known only at run time; use sa.where to choose between values, sa.cond / sa.while_loop or @sa.function for "
    "control flow, and &, |, ~ instead of and, or, not and of chains such as 0 < x < 1"
)
IN_LIST = (
    "the truth value of equal bool[] (made at {here}) is known only at run time; to find a tensor in a list, which "
    "compares by ==, write any(x is y for y in items), or use a dict or a set; to choose by values use sa.where or "
    "sa.cond"
)
FETCHED = (
    "the fetches hold updates, of {W}: fetched they are computed, and no variable changes; write "
    "sa.compile(loss, updates=optimizer.minimize(loss)) (at {here})"
)
NOT_NUMPY = "is not available for symbolic tensors (used at {here});"

CASES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    # values that are not there yet
    (lambda: f"{LOSS:.3f}", sa.GraphError, "{LOSS} " + NO_VALUE + " format(session(…), '.3f') (at {here})"),
    (lambda: float(LOSS), sa.GraphError, "{LOSS} " + NO_VALUE + " float(session(…)) (at {here})"),
    (lambda: int(LOSS), sa.GraphError, "{LOSS} " + NO_VALUE + " int(session(…)) (at {here})"),
    (lambda: complex(LOSS), sa.GraphError, "{LOSS} " + NO_VALUE + " complex(session(…)) (at {here})"),
    (
        lambda: [1, 2][LOSS],
        sa.GraphError,
        "{LOSS} " + NO_VALUE + " int(session(…)); in the graph sa.take indexes by a tensor and sa.fori_loop counts to "
        "one (at {here})",
    ),
    (
        lambda: f"{W:.3f}",
        sa.GraphError,
        "{W} has no value before a session runs; use format(w.value, '.3f') (at {here})",
    ),
    (
        lambda: setattr(W, "value", 1.0),
        sa.GraphError,
        "the value of {W} is a copy, which can't be replaced by an assignment; write w.assign(value), or give "
        "sa.compile updates={{w: …}} to change it in every run (at {here})",
    ),
    (lambda: copy.copy(W), sa.GraphError, NO_COPY),
    (lambda: copy.deepcopy({"w": W}), sa.GraphError, NO_COPY),
    # truth
    (lambda: B in [A, B], sa.GraphError, IN_LIST),
    (lambda: [A, B].index(B), sa.GraphError, IN_LIST),
    (lambda: 1 if A > 0 else 2, sa.GraphError, "the truth value of greater bool[] (made at {here}) " + NO_TRUTH),
    (lambda: 0 < A < 1, sa.GraphError, "the truth value of greater bool[] (made at {here}) " + NO_TRUTH),
    # sizes
    (
        lambda: len(X),
        sa.GraphError,
        "len() of {X}: the first size n is free, and len() has to be an int; use .shape[0], which shapes and "
        "arithmetic take, or give the placeholder a fixed size (at {here})",
    ),
    (
        lambda: np.arange(N),
        sa.GraphError,
        "the truth value of equal bool[] (made at {here}) is known only at run time, for it depends on the size n; "
        "sa.arange, sa.zeros, sa.full and sa.eye take such sizes, NumPy's functions of these names don't; or give the "
        "placeholder a fixed size",
    ),
    (lambda: np.eye(N), sa.ShapeError, NO_INT),
    (lambda: np.ones(N), sa.ShapeError, NO_INT),
    (lambda: np.zeros(X.shape), sa.ShapeError, NO_INT),
    (lambda: np.random.default_rng(0).normal(size=N), sa.ShapeError, NO_INT),
    (lambda: range(N), sa.ShapeError, NO_INT),
    (
        lambda: N < 3,
        sa.GraphError,
        "< of the size n and 3 is no size, and its value is known only at run time; make a tensor of the size first, "
        "sa.asarray(size), which takes part in all arithmetic (at {here})",
    ),
    # loops and branches
    (
        lambda: sa.scan(lambda state, row: (state + row, None), sa.zeros((1, 1)), X)[0],
        sa.ShapeError,
        "scan: state 0 changes its shape from full float64[1,1] (made at {here}) to add float64[1,3] (made at {here}); "
        "it has to stay the same: give it the final shape before the loop",
    ),
    (
        lambda: sa.fori_loop(0, 3, lambda i, state: sa.concatenate([state, state]), X),
        sa.ShapeError,
        "fori_loop: state 0 changes its shape from {X} to concatenate float64[2*n,3] (made at {here}); it has to stay "
        "the same: give it the final shape before the loop",
    ),
    (
        lambda: sa.cond(A > 0, lambda: F, lambda: W),
        sa.DTypeError,
        "cond: result 0 is float32 from true_fn ({F}) and float64 from false_fn ({W}); both need the same dtype, use "
        "astype (at {here})",
    ),
    (
        lambda: sa.cond(A > 0, lambda: W, lambda: X),
        sa.ShapeError,
        "cond: result 0 differs in shape: {W} from true_fn and {X} from false_fn; both need the same shape, use "
        "sa.broadcast_to or reshape (at {here})",
    ),
    (
        lambda: sa.cond(A > 0, lambda: (W, A), lambda: [W, A]),
        sa.GraphError,
        "cond: the branches return different nests: (tensor, tensor) from true_fn and [tensor, tensor] from false_fn, "
        "at {here}; return the same nest from both",
    ),
    (
        lambda: sa.switch(LABELS[0], [lambda: W, lambda: F]),
        sa.DTypeError,
        "switch: result 0 is float64 from branch 0 ({W}) and float32 from branch 1 ({F}); both need the same dtype, "
        "use astype (at {here})",
    ),
    # updates that are fetched
    (lambda: sa.compile([LOSS, sa.optim.SGD(0.1).minimize(LOSS)]), sa.GraphError, FETCHED),
    (lambda: sa.compile({**sa.optim.SGD(0.1).minimize(LOSS), A: A}), sa.GraphError, FETCHED),
    (
        lambda: sa.compile(LOSS, sa.optim.SGD(0.1).minimize(LOSS)),  # type: ignore[arg-type]
        sa.GraphError,
        "inputs is a list of placeholders, not a mapping; updates of variables are given as updates= "
        "(in compile) (at {here})",
    ),
    # names
    (
        lambda: sa.grad(LOSS),
        AttributeError,
        "staticad has no 'grad'; use sa.gradients(loss, [w]), which returns a list of tensors (at {here})",
    ),
    (
        lambda: LOSS.backward(),
        AttributeError,
        "{LOSS} has no 'backward'; use sa.gradients(loss, [w]), which returns a list of tensors (at {here})",
    ),
    (
        lambda: np.polyder(W),
        sa.GraphError,
        f"np.polyder {NOT_NUMPY} sa.gradients differentiates the polynomial; or multiply coefficients by their powers",
    ),
    (
        lambda: np.add.at(W, 0, 1),
        sa.GraphError,
        f"np.add.at {NOT_NUMPY} x.at[indices].add(values) makes a changed copy",
    ),
    (
        lambda: np.logical_or.reduceat(W, [0]),
        sa.GraphError,
        f"np.logical_or.reduceat {NOT_NUMPY} the nearest name that is available is np.logical_or.reduce. Write it with "
        "functions of staticad, or compute it before the run and feed the array",
    ),
    # runs
    (
        lambda: CROSS_ENTROPY(ROWS, np.array([0, -1])),
        sa.IndexOutOfBounds,
        "cross_entropy: the target -1 is none of the 3 classes, which are 0 to 2; ignore_index= leaves targets out, at "
        "{losses} (at {here})",
    ),
    (
        lambda: CROSS_ENTROPY(ROWS, np.array([0, 3])),
        sa.IndexOutOfBounds,
        "cross_entropy: the target 3 is none of the 3 classes, which are 0 to 2; ignore_index= leaves targets out, at "
        "{losses} (at {here})",
    ),
    (
        lambda: TOTAL(np.zeros(3)),
        FeedDTypeError,
        "feed for {F} has dtype float64, not float32; convert it with .astype('float32') (at {here})",
    ),
    (
        lambda: TOTAL([1j, 0, 0]),
        FeedDTypeError,
        "feed for {F} holds complex128 numbers, which float32 can't hold; convert them first, or give the placeholder "
        "another dtype (at {here})",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"line {case[0].__code__.co_firstlineno}")
def test_the_whole_text(case: tuple[Callable[[], Any], type[Exception], str]) -> None:
    call, error, text = case
    with pytest.raises(error) as caught:
        call()
    place = f"{__file__}:{call.__code__.co_firstlineno}"
    described = {name: describe(tensor) for name, tensor in NAMED.items()}
    assert str(caught.value) == text.format(here=place, losses=CROSS_ENTROPY.fetches.where, **described)


@pytest.mark.parametrize("function", [widened, appended])
def test_states_of_free_sizes_that_a_step_widens(function: Callable[[Any], Any]) -> None:
    first = function.__wrapped__.__code__.co_firstlineno  # type: ignore[attr-defined]
    while_line, step = f"{__file__}:{first + 3}", f"{__file__}:{first + 4}"
    start = f"full float64[1,3] (made at {__file__}:{first + 2})" if function is widened else describe(X)
    after = "add float64[n,3]" if function is widened else "concatenate float64[2*n,3]"
    with pytest.raises(sa.ShapeError) as caught:
        function(X)
    assert str(caught.value) == (
        f"'y' changes its shape in the while loop at {while_line}: it is {start} before and {after} (made at {step}) "
        "after a step; give it the final shape before the loop"
    )


def test_states_whose_sizes_a_run_may_find_equal_are_kept() -> None:
    other = sa.placeholder(("m", 3))
    for step in (lambda i, x: x + other, lambda i, x: sa.repeat(x[::2], 2, axis=0)):
        assert sa.fori_loop(0, 3, step, X).shape == X.shape


def test_what_was_an_error_and_means_something() -> None:
    assert f"{LOSS}" == str(LOSS) and f"{W!r}" == repr(W)
    assert X[True].shape == (1, N, 3) and X[False].shape == (0, N, 3)
    (jacobian,) = sa.jacobian(F * F, [F])
    assert jacobian.shape == (3, 3)
    assert A in {A: 1} and A in {A, B} and any(t is B for t in [A, B])


def test_a_wrong_dtype_of_a_feed_is_both() -> None:
    for kind in (sa.FeedError, sa.DTypeError, TypeError, ValueError):
        with pytest.raises(kind):
            TOTAL(np.zeros(3))


def test_ways_around_functions_of_numpy() -> None:
    """All functions that NumPy dispatches to tensors and that there are not; what is offered exists."""
    missing = {
        f"np.{name}"
        for name in np.__all__
        if (hasattr(getattr(np, name), "_implementation") or isinstance(getattr(np, name), np.ufunc))
        and getattr(np, name) not in FUNCTIONS
        and getattr(np, name) not in UFUNCS
    }
    assert missing == {name for name in WAYS if not name.endswith(".at")}
    for text in WAYS.values():
        for dotted in re.findall(r"\bsa((?:\.\w+)+)", text):
            found: Any = sa
            for part in dotted[1:].split("."):
                found = getattr(found, part)


def test_the_function_that_was_called_is_named_where_a_step_of_it_fails() -> None:
    x, image = sa.placeholder((4, 3)), sa.placeholder((2, 3, 8, 8))
    line = f" (at {__file__}:"
    for call, text in (
        (lambda: sa.linalg.det(x), " (in det)" + line),
        (lambda: np.linalg.det(x), " (in det)" + line),
        (lambda: sa.nn.conv2d(image, image, bias=sa.zeros(7)), "add: shapes [2,2,1,1] and [7,1,1]"),
        (lambda: sa.nn.conv2d(image, image, bias=sa.zeros(7)), " (in conv2d)"),
        (lambda: sa.random.normal(sa.random.key(0), -3), "a size can't be negative: -3 (in normal)" + line),
        (lambda: x.mean(0, "x"), " (in mean)" + line),
        (lambda: sa.nn.elu(x, "a"), "multiply: an operand has to be a tensor, an array or a number, not 'a' (in elu)"),
    ):
        with pytest.raises(sa.StaticadError) as caught:
            call()
        assert text in str(caught.value), caught.value
    with pytest.raises(sa.ShapeError, match="^softmax: axis 5 is out of bounds") as own:
        sa.nn.softmax(x, 5)
    assert "(in " not in str(own.value)
    with pytest.raises(sa.ShapeError, match="^slogdet: ") as body:
        sa.scan(lambda carry, row: (sa.linalg.det(x), row), sa.constant(0.0), x)
    assert "(in det)" in str(body.value) and "(in scan)" not in str(body.value)


@pytest.mark.parametrize("other", ["a", b"a", None, {}, set()])
def test_operators_refuse_what_is_no_operand(other: Any) -> None:
    x = sa.placeholder((3,))
    for call in (lambda: x * other, lambda: other * x, lambda: x + other, lambda: other @ x, lambda: x < other):
        with pytest.raises(sa.GraphError, match=r"\w+: an operand has to be a tensor, an array or a number, not "):
            call()
    assert (x == other) is False and (x != other) is True
