"""Wrong input, all kinds of it: a typed error that is also the fitting built-in, with op, types, line and remedy.

Every case is a lambda on a line of its own, and every message has to name that line of this file.
"""

from __future__ import annotations

import inspect
import operator
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import config, errors
from staticad.codegen.loader import kernel_address
from staticad.export.svg import to_svg
from staticad.ir.verify import verify

A = sa.placeholder((2, 3), name="a")
B = sa.placeholder((4, 5), name="b")
N = sa.placeholder(("n", 3), name="free")
V = sa.placeholder((3,), name="v")
S = sa.placeholder((), name="s")
I = sa.placeholder((2,), "int64", name="i")  # noqa: E741
T = sa.placeholder((2, 3), "bool", name="t")
W = sa.variable(np.zeros(3), name="w")
TABLE = sa.variable(np.arange(6.0).reshape(3, 2), name="table")
ROWS = sa.placeholder((None,), "int64", name="rows")

FREE = sa.compile(N * 2.0, [N])
PAIR = sa.compile(N.sum(axis=0) + V, [N, V])
LOOKUP = sa.compile([TABLE[ROWS], sa.take_along_axis(N, sa.zeros((N.shape[0], 1), "int64"), axis=1)], [ROWS, N])
TOTAL = sa.compile([], [N], updates={W: W + N.sum(axis=0)})

Case = tuple[Callable[[], Any], type[Exception], type[Exception], str]

BUILDING: list[Case] = [
    # shapes
    (lambda: A @ B, sa.ShapeError, ValueError, r"^matmul: inner sizes 3 and 4 differ \(float64\[2,3\].*transpose"),
    (lambda: A @ S, sa.ShapeError, ValueError, "^matmul: both operands need an axis; use \\*"),
    (lambda: A + B, sa.ShapeError, ValueError, r"^add: shapes \[2,3\] and \[4,5\] do not broadcast: sizes 2 and 4"),
    (lambda: sa.where(T, A, B), sa.ShapeError, ValueError, "^where: shapes .* do not broadcast"),
    (lambda: sa.broadcast_to(A, (2, 4)), sa.ShapeError, ValueError, r"^broadcast_to: .*\[2,4\]; only sizes .* 1"),
    (lambda: A.reshape(4, 2), sa.ShapeError, ValueError, r"^reshape: 6 elements do not fill the shape \[4,2\]"),
    (lambda: A.reshape(-1, -1), sa.ShapeError, ValueError, "^reshape: only one size can be -1"),
    (lambda: A.reshape(4, -1), sa.ShapeError, ValueError, "^reshape: 6 elements can't be divided"),
    (lambda: A.transpose(0, 0), sa.ShapeError, ValueError, "^transpose: .* names an axis twice"),
    (lambda: A.transpose(0, 2), sa.ShapeError, ValueError, "^transpose: axis 2 is out of bounds for 2 axes"),
    (lambda: sa.squeeze(A, 0), sa.ShapeError, ValueError, "^squeeze: axis 0 can't be squeezed"),
    (lambda: sa.expand_dims(A, 5), sa.ShapeError, ValueError, "^expand_dims: axis 5"),
    (lambda: A.sum(axis=2), sa.ShapeError, ValueError, "^sum: axis 2 is out of bounds for 2 axes"),
    (lambda: A.mean(axis=(0, 0)), sa.ShapeError, ValueError, "axis .* twice"),
    (lambda: sa.argmax(A, axis=7), sa.ShapeError, ValueError, "^argmax: axis 7"),
    (lambda: sa.softmax(A, axis=4), sa.ShapeError, ValueError, "axis 4 is out of bounds for 2 axes"),
    (lambda: sa.max(sa.zeros((0, 3)), axis=0), sa.ShapeError, ValueError, "^max: .* no elements has no value"),
    (lambda: sa.concatenate([A, B]), sa.ShapeError, ValueError, "^concatenate: sizes 3 and 5 of axis 1 differ"),
    (lambda: sa.concatenate([]), sa.ShapeError, ValueError, "^concatenate: needs at least one array"),
    (lambda: sa.stack([A, B]), sa.ShapeError, ValueError, "^stack: .* differ in shape"),
    (lambda: sa.split(A, 2, axis=1), sa.ShapeError, ValueError, "^split: size 3 of axis 1 can't be divided"),
    (lambda: sa.pad(A, -1), sa.ShapeError, ValueError, "^pad: widths -1"),
    (lambda: A[0, 0, 0], sa.ShapeError, ValueError, "^getitem: 3 indices for 2 axes"),
    (lambda: A[::0], sa.ShapeError, ValueError, "^getitem: the step of a slice can't be 0"),
    (lambda: A.at[0].set(B), sa.ShapeError, ValueError, r"^at\[\].set: the values do not fit"),
    (lambda: sa.take_along_axis(A, I, axis=0), sa.ShapeError, ValueError, "^take_along_axis: 2 and 1 axes"),
    (lambda: sa.einsum("ij,jk->ik", A, B), sa.ShapeError, ValueError, "^einsum: label 'j' .* sizes 3 and 4"),
    (lambda: sa.dot(A, B), sa.ShapeError, ValueError, "^dot: sizes 3 and 4"),
    (lambda: sa.diagonal(V), sa.ShapeError, ValueError, "^diagonal: axis 1"),
    (lambda: sa.tril(V), sa.ShapeError, ValueError, "^tril: needs at least two axes"),
    (lambda: sa.mse(A, B), sa.ShapeError, ValueError, "^mse: predictions and targets differ"),
    (lambda: sa.cross_entropy(A, ROWS[:1, None]), sa.ShapeError, ValueError, "^cross_entropy: targets"),
    (lambda: sa.placeholder((-2,)), sa.ShapeError, ValueError, "can't be negative: -2"),
    (lambda: sa.placeholder((2.5,)), sa.ShapeError, ValueError, "2.5 is not a size; use a non-negative int"),
    (lambda: sa.zeros(("n",)), sa.ShapeError, ValueError, "'n' is not a size; .* taken from a tensor's shape"),
    (lambda: sa.constant([[1, 2], [3]]), sa.ShapeError, ValueError, "^constant: .* no rectangular array"),
    (lambda: sa.nn.Dense(0, 3), sa.ShapeError, ValueError, "^Dense: "),
    (lambda: sa.nn.Dense(4, 3)(A), sa.ShapeError, ValueError, r"^Dense\(4, 3\): needs 4 features"),
    # dtypes
    (lambda: sa.placeholder((2,), "S3"), sa.DTypeError, TypeError, "S3 is not supported; use one of bool"),
    (
        lambda: (A * 1j).astype("float32"),
        sa.DTypeError,
        TypeError,
        "^cast: complex128 does not become .*; take .real",
    ),
    (lambda: A.astype("nonsense"), sa.DTypeError, TypeError, "'nonsense' is not a dtype; use one of"),
    (lambda: A & A, sa.DTypeError, TypeError, "^bitwise_and: floats have no bits .* use astype"),
    (lambda: ~A, sa.DTypeError, TypeError, "^invert: floats have no bits"),
    (lambda: -T, sa.DTypeError, TypeError, "^neg: bools have no negative; use ~"),
    (lambda: T - T, sa.DTypeError, TypeError, "^sub: bools have no difference; use"),
    (lambda: A[V], sa.DTypeError, TypeError, "^getitem: index arrays have to be integers"),
    (lambda: A[1.5], sa.DTypeError, TypeError, "^getitem: an index is an int, .* not 1.5"),
    (lambda: sa.take(A, V, axis=0), sa.DTypeError, TypeError, "^take: indices have to be integers"),
    (lambda: sa.one_hot(A, 3), sa.DTypeError, TypeError, "^one_hot: classes have to be integers"),
    (lambda: sa.constant("x"), sa.DTypeError, TypeError, "can't make a constant of str"),
    (lambda: sa.full((2,), 300, "uint8"), sa.DTypeError, TypeError, "300 out of bounds for uint8"),
    (lambda: I.astype("int8") + 1000, sa.DTypeError, TypeError, "^add: .*1000 out of bounds for int8; cast"),
    (lambda: sa.variable("x"), sa.DTypeError, TypeError, "value of a variable"),
    (lambda: W.assign(np.zeros(3, complex)), sa.DTypeError, TypeError, "^assign: a value of dtype complex128"),
    (lambda: W.assign(np.zeros(4)), sa.ShapeError, ValueError, r"^assign: .*\[4\] for variable 'w' float64\[3\]"),
    # indices known before a run
    (lambda: A[5], sa.IndexOutOfBounds, IndexError, "^getitem: index 5 is out of bounds for axis 0 of size 2"),
    (lambda: A[np.array([0, 5])], sa.IndexOutOfBounds, IndexError, "^getitem: index 5 is out of bounds"),
    # symbolic things used as if they had a value
    (lambda: bool(A), sa.GraphError, TypeError, "truth value of placeholder 'a' .* use sa.where .* sa.cond"),
    (lambda: 3 if A.sum() > 0 else 4, sa.GraphError, ValueError, "truth value of greater .* sa.cond"),
    (lambda: bool(N.shape[0]), sa.GraphError, TypeError, "whether the size n is zero .* use sa.cond or sa.where"),
    (lambda: float(S), sa.GraphError, TypeError, "placeholder 's' .* no value before a session runs; compile it"),
    (lambda: operator.index(I[0]), sa.GraphError, TypeError, "no value before a session runs"),
    (lambda: len(N), sa.GraphError, TypeError, "first size n is free, .*; use .shape"),
    (lambda: len(S), sa.GraphError, TypeError, "which has no axes"),
    (lambda: list(N), sa.GraphError, TypeError, "can't iterate over the free size n .* use sa.scan"),
    (lambda: list(S), sa.GraphError, TypeError, "can't iterate over .* no axes"),
    (lambda: range(N.shape[0]), sa.ShapeError, ValueError, "size n is known only at run time"),
    (lambda: np.asarray(A), sa.GraphError, TypeError, "can't become a NumPy array .* sa.stack"),
    (lambda: np.poly(A), sa.GraphError, TypeError, "np.poly is not available"),
    (lambda: np.add(A, A, out=np.zeros((2, 3))), sa.GraphError, TypeError, "^np.add: .* use no out="),
    (lambda: sa.variable(A), sa.GraphError, TypeError, "not a symbolic tensor: placeholder 'a'"),
    (lambda: sa.to_dot(3), sa.GraphError, TypeError, "only tensors can be drawn, not a int"),
    # derivatives
    (lambda: sa.gradients(I.sum(), I), sa.GradientError, ValueError, "^gradients of sum .*int64 .*use astype"),
    (lambda: sa.gradients(A.sum(), [A, I]), sa.GradientError, ValueError, "^gradients by placeholder 'i'.* use astype"),
    (lambda: sa.gradients(A, A), sa.GradientError, ValueError, "placeholder 'a'.* needs grad_ys; or reduce"),
    (lambda: sa.gradients(A.sum(), V), sa.GradientError, ValueError, "'v'.*none of the ys .* unconnected=\"zero\""),
    (lambda: sa.gradients(A.detach().sum(), A), sa.GradientError, ValueError, "stop_gradient at .* stops gradients"),
    (lambda: sa.gradients(A, A, grad_ys=B), sa.GradientError, ValueError, "shapes differ; use broadcast_to"),
    (lambda: sa.gradients(S, S, unconnected="maybe"), sa.GradientError, ValueError, 'it is one of "error"'),
    (lambda: sa.gradients(3.0, A), sa.GradientError, ValueError, "^ys has to be a tensor .* not float"),
    (lambda: sa.gradients(S, "x"), sa.GradientError, ValueError, "^xs has to be a tensor .* not str"),
    (lambda: sa.jvp(A, A, B), sa.GradientError, ValueError, "^tangent placeholder 'b'.* shapes differ"),
    (lambda: sa.jvp([A], [A], []), sa.GradientError, ValueError, "^0 tangents for 1 xs; give one per x"),
    (lambda: sa.hessian(A, A), sa.GradientError, ValueError, "needs grad_ys; or reduce"),
    (lambda: sa.jacobian(I, I), sa.GradientError, ValueError, "int64 has no derivative; use astype"),
    (lambda: sa.optim.SGD(0.1).minimize(A.sum()), sa.GradientError, ValueError, "no trainable variable"),
    # sessions
    (lambda: sa.compile(A + 1.0, [B]), sa.GraphError, TypeError, "depends on placeholder 'a' .* add it to inputs="),
    (lambda: sa.compile(A + 1.0, [A, A]), sa.GraphError, TypeError, "listed twice among the inputs"),
    (lambda: sa.compile(A + 1.0, [A, W]), sa.GraphError, TypeError, "variable 'w' .* inputs are placeholders"),
    (lambda: sa.compile(A + 1.0, A), sa.GraphError, TypeError, r"write inputs=\[x\]"),
    (lambda: sa.compile(A + 1.0, 3), sa.GraphError, TypeError, "inputs is a list of placeholders, not 3"),
    (lambda: sa.compile(sa.zeros((N.shape[0],)), []), sa.GraphError, TypeError, "size n, which no input .* add the"),
    (lambda: sa.compile(3.0), sa.GraphError, TypeError, r"can't fetch 3.0 \(float\): fetches are tensors"),
    (lambda: sa.compile(A, options={"fast": 1}), sa.GraphError, TypeError, "no option 'fast'; there are 'optimize'"),
    (lambda: sa.compile(A, options=3), sa.GraphError, TypeError, "options are a mapping"),
    (lambda: sa.compile([], updates={A: A}), sa.GraphError, TypeError, "placeholder 'a'.* is no variable; make it"),
    (lambda: sa.compile([], updates={W: A}), sa.ShapeError, ValueError, "update of variable 'w' .* another shape"),
    (lambda: sa.compile([], updates={W: I[:1]}), sa.DTypeError, TypeError, "update of variable 'w' .*int64.*astype"),
    (lambda: FREE.to_dot("llvm"), sa.GraphError, TypeError, "no stage 'llvm'; there are 'graph'"),
    (lambda: FREE.memory(), sa.FeedError, ValueError, "no value for the size n; the free sizes are n"),
    # feeds
    (lambda: FREE(np.zeros(3)), sa.FeedError, ValueError, r"placeholder 'free' .* has 1 axes .*\(3,\).* reshape"),
    (lambda: FREE(np.zeros((2, 4))), sa.FeedError, ValueError, r"'free' .*\(2, 4\): the size of axis 1 is 4, not 3"),
    (lambda: FREE(np.zeros((2, 3), "complex64")), sa.DTypeError, TypeError, "'free' .* dtype complex64, not float64"),
    (lambda: FREE("text"), sa.FeedError, ValueError, "'free' .* is str, not an array of numbers"),
    (lambda: FREE(None), sa.FeedError, ValueError, "'free' .* is NoneType, not an array of numbers"),
    (lambda: FREE([[1, 2, 3], [4]]), sa.FeedError, ValueError, "'free' .* no rectangular array"),
    (lambda: FREE(A), sa.FeedError, ValueError, "'free' .* symbolic tensor, placeholder 'a' .* feeds are arrays"),
    (lambda: FREE(), sa.FeedError, ValueError, "takes 1 arrays .*'free'.*, not 0"),
    (lambda: FREE.run({}), sa.FeedError, ValueError, "missing feed for placeholder 'free' .*; add it"),
    (lambda: FREE.run({N: np.zeros((1, 3)), "u": 1}), sa.FeedError, ValueError, "no input is named 'u'; the inputs"),
    (lambda: FREE.run({N: 1, A: 2}), sa.FeedError, ValueError, "'a' .* is no input of this session; the inputs are"),
    (lambda: FREE.run([1]), sa.FeedError, ValueError, "feeds are a mapping .* call the session itself"),
    (
        lambda: FREE.run({N: [[1, 2, 3]]}, out=3),
        sa.FeedError,
        ValueError,
        "out is an array or a list of arrays, not int",
    ),
    (lambda: TOTAL(np.zeros((2, 2))), sa.FeedError, ValueError, "axis 1 is 2, not 3"),
    # indices in a run
    (lambda: LOOKUP([0, 3], np.ones((1, 3))), sa.IndexOutOfBounds, IndexError, "index 3 .* size 3.* from -3 to 2"),
    (lambda: LOOKUP([-4], np.ones((1, 3))), sa.IndexOutOfBounds, IndexError, "index -4 is out of range for axis 0 of"),
    # settings
    (lambda: sa.optim.SGD("fast"), sa.ConfigError, ValueError, "learning_rate has to be a number"),
    # numbers
    (lambda: FREE.check([[1.0]]), sa.FeedError, ValueError, "feeds are a mapping"),
    (lambda: FREE.check({N: [[np.nan, 1, 2]]}), sa.NonFiniteError, FloatingPointError, "'free' .*1 NaN of 3"),
    # the reference
    (lambda: sa.evaluate(A + 1.0, {}), sa.FeedError, ValueError, "no value was given for placeholder 'a'"),
]


def line_of(case: Callable[[], Any]) -> str:
    return f"{__file__}:{case.__code__.co_firstlineno}"


@pytest.mark.parametrize("case", BUILDING, ids=lambda case: f"line {case[0].__code__.co_firstlineno}")
def test_wrong_input(case: Case) -> None:
    call, error, built_in, message = case
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, sa.StaticadError) and isinstance(caught.value, built_in)
    text = str(caught.value)
    assert line_of(call) in text
    assert text.count(f"(at {line_of(call)})") <= 1, "the line is repeated"
    assert len(text) > 30


def test_two_values_of_one_named_size() -> None:
    x, y = sa.placeholder(("batch", 2), name="x"), sa.placeholder(("batch",), name="y")
    session = sa.compile(x.sum(axis=1) * y, [x, y])
    message = "the size batch is 3 by axis 0 of placeholder 'x' .*, but 4 by axis 0 of placeholder 'y'"
    with pytest.raises(sa.FeedError, match=message) as caught:
        session(np.zeros((3, 2)), np.zeros(4))
    assert str(x.where) in str(caught.value) and str(y.where) in str(caught.value)


def test_free_sizes_that_differ_in_a_run_name_the_op() -> None:
    x, y = sa.placeholder((None,), name="x"), sa.placeholder((None,), name="y")
    total = x + y
    session = sa.compile(total, [x, y])
    with pytest.raises(sa.FeedError, match="^add: .*3.*2.* have to be equal") as caught:
        session(np.zeros(3), np.zeros(2))
    for tensor in (x, y, total):
        assert str(tensor.where) in str(caught.value)


def test_an_index_error_in_a_run_names_the_line_that_indexes() -> None:
    picked = V[ROWS]
    session = sa.compile(sa.exp(picked) * 2.0, [V, ROWS])
    with pytest.raises(sa.IndexOutOfBounds) as caught:
        session(np.zeros(3), np.array([1, 7]))
    assert f"{picked.where.file}:{picked.where.line}" in str(caught.value)
    assert "index 7" in str(caught.value) and "size 3" in str(caught.value)


def test_errors_of_gradient_nodes_name_the_forward_line() -> None:
    x = sa.placeholder(("k",), name="x")
    picked = x[ROWS]
    (slope,) = sa.gradients((picked**2).sum(), x)
    session = sa.compile(slope, [x, ROWS])
    with pytest.raises(sa.IndexOutOfBounds) as caught:
        session(np.zeros(3), np.array([3]))
    assert f"{picked.where.file}:{picked.where.line}" in str(caught.value)


@pytest.mark.parametrize(
    "array",
    [
        np.array([[np.nan, np.inf, -np.inf]]),
        np.zeros((0, 3)),
        np.asfortranarray(np.ones((2, 3))),
        np.ones((4, 6))[::2, ::2],
        np.ones((2, 3), ">f8"),
        [[1, 2, 3]],
        [[True, False, True]],
    ],
    ids=["not finite", "empty", "Fortran", "strided", "byte order", "integers", "bools"],
)
def test_legal_data_is_taken(array: Any) -> None:
    np.testing.assert_array_equal(FREE(array), 2 * np.asarray(array, float))


def test_read_only_data_is_taken() -> None:
    array = np.ones((2, 3))
    array.flags.writeable = False
    np.testing.assert_array_equal(FREE(array), 2 * array)


# ---- the classes -----------------------------------------------------------------------------------------------------

CLASSES = {
    "ShapeError": ValueError,
    "DTypeError": TypeError,
    "GraphError": (TypeError, ValueError),
    "GradientError": ValueError,
    "FeedDTypeError": (ValueError, TypeError),
    "FeedError": ValueError,
    "AssertionFailed": AssertionError,
    "CompileError": RuntimeError,
    "ConfigError": ValueError,
    "IndexOutOfBounds": IndexError,
    "LinAlgError": (np.linalg.LinAlgError, ValueError),
    "NonFiniteError": FloatingPointError,
    "OutOfMemory": MemoryError,
    "LoadError": ValueError,
    "MissingAttribute": AttributeError,
    "MissingPackage": ImportError,
    "VerifyError": AssertionError,
}


def test_every_class_has_its_built_in() -> None:
    found = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, sa.StaticadError) and value is not sa.StaticadError
    }
    assert found == set(CLASSES)
    for name, built_in in CLASSES.items():
        for base in built_in if isinstance(built_in, tuple) else (built_in,):
            assert issubclass(getattr(errors, name), base)


def present_line() -> int:
    frame = sys._getframe(1)
    return frame.f_lineno


def test_the_present_line_is_added_once() -> None:
    line, bare = present_line(), sa.ShapeError("wrong")
    assert str(bare) == f"wrong (at {__file__}:{line})"
    line, full = present_line(), sa.ShapeError(f"wrong, at {__file__}:{present_line()} or so")
    assert str(full) == f"wrong, at {__file__}:{line} or so"
    line, longer = present_line(), sa.ShapeError(f"made at {__file__}:{present_line()}0")
    assert str(longer) == f"made at {__file__}:{line}0 (at {__file__}:{line})"  # a line that begins with its digits
    line, outer = present_line(), sa.GraphError(f"outer: {sa.ShapeError('inner')}, really")
    assert str(outer) == f"outer: inner, really (at {__file__}:{line})"
    assert str(sa.ShapeError()).startswith(f"at {__file__}:")


def test_errors_are_caught_as_built_ins() -> None:
    for call, built_in in ((lambda: A @ B, ValueError), (lambda: A[9], IndexError), (lambda: ~A, TypeError)):
        with pytest.raises(built_in):
            call()


def test_compile_errors_name_the_kernel() -> None:
    with pytest.raises(sa.CompileError, match="kernel|undefined|not defined") as caught:
        kernel_address("def kernel(args, lo, hi):\n    undefined_name(args)\n")
    assert isinstance(caught.value, RuntimeError) and "undefined_name" in str(caught.value)


def test_settings_that_cannot_be() -> None:
    for changes in ({"threads": 0}, {"nothing": 1}):
        with pytest.raises(sa.ConfigError), config.override(**changes):
            pass
    done = subprocess.run(
        [sys.executable, "-c", "import staticad"],
        env={"STATICAD_THREADS": "many", "PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "ConfigError: environment STATICAD_THREADS: 'many' is not a number of threads" in done.stderr


def test_too_much_memory() -> None:
    n = sa.placeholder(("n",), name="huge")
    size = n.shape[0]
    total = sa.exp(sa.arange(size * 10**9) * 1.0)[::-1].reshape(-1, 1)[::-1]
    session = sa.compile([total.sum(axis=0), n.sum()], [n])
    with pytest.raises(MemoryError):
        session(np.zeros(10**6))


def test_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(errors.MissingPackage, match="pygraphviz") as caught:
        to_svg("digraph { a }")
    assert isinstance(caught.value, ImportError) and "pip install" in str(caught.value)


def test_graphs_that_break_the_rules() -> None:
    node = sa.exp(A).node
    broken = sa.Tensor(node, 0)
    with pytest.raises(sa.VerifyError, match="exp .*none of the node's 1 outputs"):
        verify([broken])
