"""No rule hides NaN or infinity: every rule, on rows of special values and of nothing.

The result after a rule has to be of the same class (NaN, infinite, -infinite, finite within rounding) as the one before
it, or as that in long doubles, whose exponents reach so far that nothing over- or underflows. A new rule needs an
example here.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import RECIPROCAL
from staticad.ops.assemble import EMBED, REPLACE
from staticad.ops.barrier import demanding
from staticad.ops.base import apply
from staticad.ops.creation import fill, size_tensor
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, SQUEEZE
from staticad.ops.reduce import MAX_OR_LOWEST, SUM
from staticad.ops.selection import WHERE
from staticad.ops.sources import placeholder
from staticad.reference import evaluate
from staticad.rewrite.engine import apply_rules
from staticad.rewrite.pattern import Rule
from staticad.rewrite.pipeline import PASSES
from staticad.rewrite.stability import STABILITY_RULES
from tests.rewrite.support import DTYPES, edges, names

INF, NAN = np.inf, np.nan
SPECIAL = [INF, -INF, NAN, 0.0, -0.0, 5e-324, -1e-310, 1.0, 700.0, -700.0, 1000.0, -1000.0]
PLAIN = [1.0, -2.0, 0.5]


def rows(values: list[float]) -> list[list[float]]:
    """Rows of one value, with one value in the middle, and with two."""
    one = [[v] * 3 for v in values] + [[PLAIN[0], v, PLAIN[2]] for v in values]
    return [*one, *([a, b, PLAIN[2]] for a, b in itertools.permutations((INF, -INF, NAN, 0.0, 1000.0), 2)), PLAIN]


WEIGHTS = [
    PLAIN,
    [0.0, 0.0, 0.0],
    [-1.0, -2.0, -3.0],
    [1.0, INF, 1.0],
    [1.0, NAN, 1.0],
    [-INF, 2.0, 0.0],
    [-0.0, 1e-310, 300.0],
]
PAIRS = list(itertools.product(rows(SPECIAL), WEIGHTS))
X, Y = (np.array([pair[i] for pair in PAIRS]) for i in range(2))

Build = Callable[[Tensor, Tensor], Tensor]


def total(x: Tensor) -> Tensor:
    return sa.sum(x, axis=1, keepdims=True)


def spread(x: Tensor) -> Tensor:
    return apply(BROADCAST_TO, x[:, None], shape=(*x.shape[:1], 2, *x.shape[1:]))


def shifted(x: Tensor) -> Tensor:
    return sa.exp(x - sa.max(x, axis=1, keepdims=True))


def wide(x: Tensor) -> Tensor:
    return sa.concatenate([x] * 6, axis=1)


SEVENTHS, THIRDS = (sa.constant(np.arange(len(X)) % n) for n in (7, 3))
MATRIX = sa.constant(np.arange(-8.0, 8.0) * np.ones((18, 1)))


def guard(x: Tensor) -> Tensor:
    return apply(WHERE, sa.isfinite(x), fill((), 1, x.dtype), fill((), NAN, x.dtype))


def known(x: Tensor) -> Tensor:
    return sa.constant(np.array([[1.0, NAN], [INF, -0.0]]))


def whole(x: Tensor, op: object, *operands: Tensor) -> Tensor:
    return apply(op, *operands, starts=(0, 0), steps=(1, 1), sizes=operands[-1].shape)


EXAMPLES: dict[str, list[Build]] = {
    "demand(x) = x": [lambda x, y: demanding(x, [(x.shape[0], y.shape[0])])],
    "constant of equal elements = full": [lambda x, y: sa.constant([INF, INF]), lambda x, y: sa.constant([[-0.0]])],
    "size of a known size = number": [lambda x, y: size_tensor(6)],
    "view(full) = full": [lambda x, y: sa.full((2, 3), INF).T],
    "f(numbers) = number": [lambda x, y: sa.full((2,), INF) - 1, lambda x, y: sa.log(sa.full((2,), 0.0))],
    "f(constants) = constant": [lambda x, y: sa.exp(known(x)), lambda x, y: sa.sum(known(x), axis=1)],
    "-(x * c) = x * -c": [lambda x, y: -(x * 3), lambda x, y: -(0.0 * x)],
    "x / c = x * (1 / c) (c a power of two)": [lambda x, y: x / 4, lambda x, y: x / -0.25],
    "(x op c) op d = x op (c op d)": [lambda x, y: x * 2 * 4],
    "root(x) * root(x) = x, norm(x) * norm(x) = sum(x * x)": [
        lambda x, y: sa.sqrt(x) ** 2, lambda x, y: sa.linalg.norm(x, axis=1) ** 2, lambda x, y: abs(x) * y * abs(x),
        lambda x, y: (y * sa.sqrt(x)) ** 2,
    ],
    "x ** c = products, squares and roots": [
        *(lambda x, y, c=c: x**c for c in (0, 3, -1, -2)),
        *(lambda x, y, c=c: sa.exp(x) ** c for c in (0.5, 1.5, -0.5, -1.5, 2.5)),
    ],
    "x * x = square(x)": [lambda x, y: x * x],
    "1 / x = reciprocal(x), 1 / sqrt(x) = rsqrt(x)": [lambda x, y: 1 / x, lambda x, y: 1 / sa.sqrt(x)],
    "where(known, a, b) = a or b": [lambda x, y: sa.where(sa.constant(True), x, y)],
    "cast(cast(x)) = cast(x), cast to the same dtype = x": [lambda x, y: (x > 0).astype("int32").astype("float64")],
    "transpose of a view = view": [lambda x, y: x.T.T],
    "expand_dims of a view = view": [lambda x, y: apply(EXPAND_DIMS, x[None], axes=(0,))],
    "squeeze of a view = view": [lambda x, y: apply(SQUEEZE, x[None], axes=(0,))],
    "broadcast of a view = view": [lambda x, y: apply(BROADCAST_TO, x, shape=x.shape)],
    "slice of a slice = slice": [lambda x, y: x[:, 1:][:, :1]],
    "reshape of a view = view": [lambda x, y: x.reshape((-1,)).reshape((-1, 3))],
    "f(broadcast(x)) = broadcast(f(x))": [lambda x, y: sa.exp(spread(x)), lambda x, y: spread(x) / spread(sa.tanh(x))],
    "concatenate(x) = x": [lambda x, y: sa.concatenate([x, y[:, :0]], axis=1)],
    "embed(x) = x, if x covers everything": [
        lambda x, y: apply(EMBED, x, shape=x.shape, starts=(0, 0), steps=(1, 1), fill=0.0)
    ],
    "replace(x, y) = y, if y covers everything": [
        lambda x, y: whole(x, REPLACE, x, sa.tanh(x)), lambda x, y: whole(x, REPLACE, x, x[:, :0])
    ],
    "replace(x, slice(x)) = x": [
        lambda x, y: x.at[:, 1:2].set(x[:, 1:2]), lambda x, y: x.at[:, :1].set(y[:, :1]).at[:, 1:2].set(x[:, 1:2])
    ],
    "slice(embed(x)) = x, slice(replace(x, y)) = y or slice(x)": [lambda x, y: x.at[:, :1].set(y[:, :1])[:, 1:]],
    "slice(concatenate(x, y)) = slice(x)": [lambda x, y: sa.concatenate([x, y], axis=1)[:, :3]],
    "reduction over axes of size 1 = squeeze": [
        lambda x, y: sa.sum(x[:, None], axis=1), lambda x, y: sa.prod(x[:, None], axis=(1, 2)),
    ],
    "max_or_lowest(x) = max(x), if x has elements": [lambda x, y: apply(MAX_OR_LOWEST, x, axes=(1,))],
    "f(f(x)) = f(x) over the axes of both": [
        lambda x, y: sa.sum(sa.sum(x[:, None] * y[:, :, None], axis=2), axis=1),
        lambda x, y: sa.max(sa.max(x[:, None] - y[:, :, None], axis=2), axis=1),
    ],
    "sum(full) = count * value": [lambda x, y: sa.sum(sa.full((4,), -2.5)), lambda x, y: sa.max(sa.full((4,), INF))],
    "sum(broadcast(x)) = count * x": [
        lambda x, y: sa.sum(spread(x), axis=(1, 2)), lambda x, y: sa.min(spread(x), axis=1),
    ],
    "f(expand_dims(x)) = expand_dims(f(x))": [lambda x, y: sa.sum(x[:, None], axis=2)],
    "f(guard * x) = guard * f(x)": [
        lambda x, y: sa.exp(guard(x) * y), lambda x, y: guard(x) * y - y / guard(y),
        lambda x, y: guard(x) * (guard(x) * y),
        lambda x, y: sa.sigmoid(guard(x[:, :1]) * y) , lambda x, y: guard(x[:, :1]) + x / y,
    ],
    "x * where(c, 1, NaN) = where(c, x, NaN)": [
        lambda x, y: y * guard(x), lambda x, y: guard(x[:, :1]) * y,
        lambda x, y: y * apply(EXPAND_DIMS, guard(x[:, 0]), axes=(1,)),
    ],
    "log(exp(x) * r) = x + log(r)": [
        lambda x, y: sa.log(sa.exp(x) * y), lambda x, y: sa.log(-y * sa.sigmoid(x)), lambda x, y: sa.log(y / sa.exp(x)),
        lambda x, y: sa.log(sa.exp(x) / total(sa.exp(x))), lambda x, y: sa.log(total(sa.exp(x)) * y),
        lambda x, y: sa.log(sa.exp(x) * y / total(abs(y))), lambda x, y: sa.log(sa.exp(x) / sa.exp(y)),
        lambda x, y: sa.log(sa.sum(sa.exp(x), axis=1)),
    ],
    "p - p * sigmoid(x) = p * sigmoid(-x)": [
        lambda x, y: y - y * sa.sigmoid(x), lambda x, y: y * sa.sigmoid(x) - y,
        lambda x, y: sa.exp(x) - sa.exp(x) * sa.sigmoid(y),
    ],
    "products and quotients of exponentials": [
        lambda x, y: y * sa.exp(x) / sa.exp(x), lambda x, y: x * sa.exp(x) / sa.exp(x),
        lambda x, y: y / (1 + sa.exp(x)),
        lambda x, y: y * sa.sigmoid(x) / sa.sigmoid(x), lambda x, y: y * sa.softplus(x) / sa.softplus(x),
        lambda x, y: total(sa.exp(x)) / total(sa.exp(x)), lambda x, y: y * total(shifted(x)) / total(shifted(x)),
        lambda x, y: y * (1 + sa.exp(x)) / (1 + sa.exp(x)), lambda x, y: y * sa.exp(x) * sa.sigmoid(-x),
        lambda x, y: y * sa.sigmoid(x) / sa.exp(x), lambda x, y: sa.exp(x) / total(sa.exp(x)),
        lambda x, y: sa.exp(x) * (1 / total(sa.exp(x))) * y, lambda x, y: total(y * sa.exp(x)) / total(sa.exp(x)),
        lambda x, y: sa.exp(x) / (1 + sa.exp(x)),
        lambda x, y: y * total(sa.sqrt(sa.exp(x))) / total(sa.sqrt(sa.exp(x))),
        lambda x, y: y * apply(RECIPROCAL, sa.exp(x)) * sa.exp(x), lambda x, y: y * total(sa.exp(x)) / total(sa.exp(x)),
    ],
    "sum(x / s) = sum(x) / s": [
        lambda x, y: sa.sum(y / total(sa.exp(x)), axis=1), lambda x, y: sa.sum(sa.exp(x) / total(sa.exp(x)), axis=1),
        lambda x, y: sa.sum(shifted(x) * y / total(shifted(x)), axis=1),
        lambda x, y: sa.sum(y / total(shifted(x)), axis=1),
        lambda x, y: sa.sum(y / total(sa.exp(x)) - y * y / total(sa.exp(x)), axis=1),
        lambda x, y: sa.sum(sa.softmax(x, axis=1) * y, axis=1),
    ],
    "(a + b) * r = a * r + b * r": [
        lambda x, y: (y / sa.exp(x) + x) * sa.exp(x), lambda x, y: (sa.exp(x) + y) / sa.exp(x),
        lambda x, y: (sa.exp(x) * y - sa.exp(x)) / sa.exp(x), lambda x, y: (y - sa.sigmoid(-x)) * sa.exp(x),
        lambda x, y: (sa.exp(x) + y) * sa.sigmoid(-x),
        lambda x, y: (y + sa.exp(x) * total(sa.exp(x))) / total(sa.exp(x)),
    ],
    "matmul of equal rows or columns = broadcast(matmul)": [
        lambda x, y: sa.full((2, 3), INF) @ y.T, lambda x, y: spread(x) @ y.T,
        lambda x, y: x @ sa.swapaxes(spread(x), 1, 2),
    ],
    "matmul of single rows or columns = products": [
        lambda x, y: x[:, :, None] @ y[:, None], lambda x, y: x[:, None] @ y[:, :, None],
    ],
    "matmul(stack, matrix) = matmul(rows, matrix)": [
        lambda x, y: spread(x) @ sa.constant(np.array([[1.0], [0.0], [-2.0]])),
    ],
    "sum(matmul(xᵀ, y) over the stack) = matmul": [
        lambda x, y: apply(SUM, sa.swapaxes(spread(x), 1, 2) @ spread(sa.tanh(x)), axes=(0,)),
    ],
    "sum of products = matmul": [lambda x, y: sa.sum(wide(x)[:, :, None] * MATRIX, axis=1)],
    "matmul of stacks of vectors = matmul": [
        lambda x, y: MATRIX.T @ wide(x)[:, :, None], lambda x, y: wide(x)[:, None] @ MATRIX,
    ],
    "transpose(f(x)) = f(transpose(x)) for a product": [
        lambda x, y: sa.swapaxes(spread(x) * sa.tanh(x)[:, None], 0, 1) @ sa.constant(np.ones((2, 3, 1))),
    ],
    "slice(matmul(a, b)) = matmul(slice(a), slice(b))": [
        lambda x, y: (x @ sa.constant(np.array([[1.0], [0.0], [-2.0]])))[:5, :],
        lambda x, y: (x[:, None] @ (y * y)[:, :, None])[3:7],
    ],
    "gather(matmul(a, b)) = matmul(gather(a), b)": [
        lambda x, y: (x @ sa.constant(np.ones((3, 20))))[:, sa.constant(np.array([0, -1]))],
    ],
    "gather(f(x)) = f(gather(x))": [
        lambda x, y: (x * y)[sa.constant(np.array([-2]))],
        lambda x, y: sa.take_along_axis(sa.exp(x - y[:, :1]), (y[:, :1] > 0).astype("int64"), axis=1),
    ],
    "sum(scatter(0, x)) = scatter(0, x) for fewer axes": [
        lambda x, y: sa.sum(sa.zeros((len(X), 3)).at[sa.arange(len(X)), THIRDS].add(y[:, 0]), axis=1),
        lambda x, y: sa.sum(-sa.zeros((7, 3)).at[SEVENTHS, THIRDS].add(y[:, 1]), axis=1),
    ],
    "transpose(matmul(a, b)) = matmul(bᵀ, aᵀ)": [lambda x, y: (x @ sa.constant(np.ones((3, 2)))).T],
}  # fmt: skip


INTEGERS = {  # no floats in them
    "any(x or s) = any(x) or s, if s is the same along the axes",
    "one of several keys = a key",
    "words of a block, packed = block",
}


def rules_by_name() -> dict[str, Rule]:
    """Every rule that is applied without being asked for."""
    found = (rule for step in PASSES for rule in (*step.rules([]), *step.settled))
    return {rule.name: rule for rule in found if not rule.unsound}


def test_every_rule_has_an_example() -> None:
    assert {name for name, rule in rules_by_name().items() if rule.left is None} == {*EXAMPLES, *INTEGERS}


def check(before: np.ndarray, after: np.ndarray, exact: np.ndarray) -> None:
    """The class of every element is that before or that of exact arithmetic, and finite numbers are close to either."""
    assert before.shape == after.shape and before.dtype == after.dtype
    if before.dtype.kind != "f":
        np.testing.assert_array_equal(after, before)
        return
    right = np.zeros(after.shape, bool)
    precision = 1e6 * np.finfo(before.dtype).eps
    with np.errstate(all="ignore"):
        for model in (before, exact.astype(before.dtype)):
            sizes = np.where(np.isfinite(model), np.abs(model), 1.0)
            largest = np.max(sizes, initial=1.0, axis=-1, keepdims=True) if model.ndim else 1.0
            right |= (
                (np.isnan(after) & np.isnan(model)) | (after == model) | (np.abs(after - model) <= precision * largest)
            )
    wrong = np.argwhere(~right)
    assert not len(wrong), [(i, before[tuple(i)], after[tuple(i)], exact[tuple(i)]) for i in wrong[:8]]


def compare(rule: Rule, tensor: Tensor, feeds: dict[Tensor, np.ndarray]) -> bool:
    """Whether the rule fires; then both sides are compared."""
    looked = (r for step in PASSES[-3:] for r in step.rules([tensor]))  # some look at the graph first
    rule = next((r for r in looked if r.name == rule.name), rule)
    counts: Counter[str] = Counter()
    (new,) = apply_rules([tensor], [rule], counts)
    if counts:
        with np.errstate(all="ignore"):
            (before,), (after,) = evaluate([tensor], feeds), evaluate([new], feeds)
            (exact,) = evaluate([tensor], feeds, precision=np.longdouble)
        check(before, after, exact)
    return bool(counts)


needs_long_doubles = pytest.mark.skipif(np.finfo(np.longdouble).maxexp < 10000, reason="long double is double here")


@needs_long_doubles
@pytest.mark.parametrize("name", EXAMPLES)
def test_rows_of_special_values(name: str) -> None:
    for build in EXAMPLES[name]:
        x, y = placeholder(("n", 3)), placeholder(("n", 3))
        tensor = build(x, y)
        assert compare(rules_by_name()[name], tensor, {x: X, y: Y})


REDUCING = ["products and quotients of exponentials", "sum(x / s) = sum(x) / s", "(a + b) * r = a * r + b * r"]


@needs_long_doubles
@pytest.mark.parametrize("shape", [(2, 0), ("n", "m")])
def test_rows_of_nothing(shape: tuple[int | str, ...]) -> None:
    fired = 0
    for name in (*REDUCING, "log(exp(x) * r) = x + log(r)"):
        for build in EXAMPLES[name]:
            x, y = placeholder(shape), placeholder(shape)
            try:
                tensor = build(x, y)
            except sa.ShapeError:
                continue  # a maximum of nothing
            feeds = {x: np.zeros((2, 0)), y: np.zeros((2, 0))}
            try:
                fired += compare(rules_by_name()[name], tensor, feeds)
            except sa.FeedError as error:
                assert "no elements" in str(error)
    assert fired > 10


@needs_long_doubles
@pytest.mark.parametrize("name", [name for name, rule in rules_by_name().items() if rule.left is not None])
def test_equations(name: str) -> None:
    rule = rules_by_name()[name]
    assert rule.left is not None
    fired = False
    for dtype, condition in itertools.product(DTYPES, (False, True)):
        kinds = {v: np.dtype("bool") if condition and v == "c" else dtype for v in names(rule.left)}
        if rule in STABILITY_RULES and dtype.kind != "f":
            continue
        numbers = {v: edges(kind) for v, kind in kinds.items()}
        if rule in STABILITY_RULES:  # which are exact where exponentials overflow: test_stability.py
            numbers = {v: a[~(np.abs(a) > 10) | np.isinf(a)] for v, a in numbers.items()}
        elif dtype.kind == "f":
            numbers = {
                v: np.append(a, np.array([700, -700, 1000, -1000], a.dtype)) if a.dtype == dtype else a
                for v, a in numbers.items()
            }
        values = np.meshgrid(*numbers.values(), indexing="ij")
        inputs = {v: placeholder(a.shape, kinds[v]) for v, a in zip(kinds, values, strict=True)}
        try:
            tensor = rule.left.build(inputs, placeholder((), dtype))
            fired |= compare(rule, tensor, {inputs[v]: a for v, a in zip(kinds, values, strict=True)})
        except (DTypeError, OverflowError):
            continue
    assert fired


@pytest.mark.parametrize("columns", [3, None])
def test_quotients_in_compiled_kernels(columns: int | None) -> None:
    """What the rules do together, with and without gradients."""
    x = placeholder((None, columns))
    s = total(sa.exp(x))
    p = sa.exp(x) / s
    (slope,) = sa.gradients(sa.sum(sa.log(p)), [x])
    session = sa.compile([p, sa.sum(p, axis=1), sa.sum(sa.softmax(x), axis=1), (s / s)[:, 0], slope], [x])
    values = np.array([[-INF] * 3, [INF, 0, 1], [NAN, 0, 0], [-INF, 0, 0], [800, -800, 0]])
    exponentials, of_hand, of_softmax, ratio, slopes = session(values)
    np.testing.assert_array_equal(exponentials[:2], [[NAN] * 3, [NAN, 0, 0]])
    for sums in (of_hand, of_softmax, ratio):
        np.testing.assert_array_equal(sums, [NAN, NAN, NAN, 1, 1])
    np.testing.assert_array_equal(slopes, [[NAN] * 3] * 4 + [[-2, 1, 1]])
    if columns is None:
        nothing = session(np.zeros((2, 0)))
        np.testing.assert_array_equal(nothing[1], [0, 0])
        np.testing.assert_array_equal(nothing[2], [0, 0])
        np.testing.assert_array_equal(nothing[3], [NAN, NAN])
