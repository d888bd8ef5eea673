"""Sums of products over named axes: einsum, and the pairwise contraction that tensordot and inner rest on.

Two operands meet in one matmul: axes that both keep are its batch, axes that both sum are its inner axis.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional.front import implements
from staticad.functional.movement import broadcast_to, expand_dims, transpose
from staticad.functional.reshaping import reshape_known
from staticad.ir import dims
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Size, product
from staticad.ir.dtypes import BOOL
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import Demands, same_size
from staticad.ops.arithmetic import MUL
from staticad.ops.base import apply
from staticad.ops.contract import MATMUL
from staticad.ops.movement import DIAGONAL, SQUEEZE, swapped
from staticad.ops.promotion import Operand, as_operands
from staticad.ops.reduce import ANY, SUM
from staticad.records import dataclass

Label = Hashable
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # what numbers stand for, in the order of the output


@dataclass(frozen=True)
class Term:
    """A tensor with a label for every axis."""

    tensor: Tensor
    labels: tuple[Label, ...]

    @property
    def sizes(self) -> dict[Label, Size]:
        return dict(zip(self.labels, self.tensor.shape))

    def without(self, dropped: Iterable[Label]) -> Term:
        """Summed over these labels."""
        axes = tuple(sorted(self.labels.index(label) for label in dropped))
        if not axes:
            return self
        op = ANY if self.tensor.dtype == BOOL else SUM
        return Term(apply(op, self.tensor, axes=axes), tuple(k for i, k in enumerate(self.labels) if i not in axes))

    def ordered(self, labels: tuple[Label, ...]) -> Term:
        return Term(transpose(self.tensor, tuple(self.labels.index(k) for k in labels)), labels)


def contract(a: Term, b: Term, kept: Iterable[Label]) -> Term:
    """The product of two terms, summed over the labels that are not kept."""
    wanted = set(kept)
    a = a.without([k for k in a.labels if k not in wanted and k not in b.labels])
    b = b.without([k for k in b.labels if k not in wanted and k not in a.labels])
    batch = tuple(k for k in a.labels if k in b.labels and k in wanted)
    inner = tuple(k for k in a.labels if k in b.labels and k not in wanted)
    rows = tuple(k for k in a.labels if k not in b.labels)
    columns = tuple(k for k in b.labels if k not in a.labels)
    labels = batch + rows + columns
    sizes = {**a.sizes, **b.sizes}
    shape = tuple(sizes[k] for k in labels)
    if not inner or not (rows or columns):  # no matrix in it: products, summed where both sum
        left = _aligned(a, batch + rows + inner, labels + inner)
        right = _aligned(b, batch + columns + inner, labels + inner)
        return Term(apply(MUL, left, right), labels + inner).without(inner)
    left, right = _matrices(a, batch, rows, inner), _matrices(b, batch, inner, columns)
    return Term(reshape_known(apply(MATMUL, left, right), shape), labels)


def _matrices(term: Term, batch: tuple[Label, ...], rows: tuple[Label, ...], columns: tuple[Label, ...]) -> Tensor:
    """The term as a stack of matrices; as a view of their transposes, if that is how it lies."""
    if rows and columns and term.labels == batch + columns + rows:
        return swapped(_matrices(term, batch, columns, rows))
    m, n = (product(term.sizes[label] for label in group) for group in (rows, columns))
    shape = (*(term.sizes[label] for label in batch), m, n)
    return reshape_known(term.ordered(batch + rows + columns).tensor, shape)


def _aligned(term: Term, labels: tuple[Label, ...], target: tuple[Label, ...]) -> Tensor:
    """The tensor with its labels in the order of the target, and axes of size 1 for those that it lacks."""
    missing = tuple(i for i, k in enumerate(target) if k not in labels)
    tensor = term.ordered(labels).tensor
    return expand_dims(tensor, missing) if missing else tensor


@implements(np.einsum)
def einsum(subscripts: str | Operand, *operands: Any) -> Tensor:
    """Einstein's summation, for any number of operands: ``einsum("ij,jk->ik", a, b)`` is ``a @ b``.

    A label that recurs in one operand takes its diagonal; labels that are not in the output are summed. Without "->"
    the output has the labels that occur once, in alphabetical order. "..." stands for axes that broadcast. The
    result has the common dtype of the operands, which does not widen. Several operands are contracted in pairs, in
    the order that takes the fewest multiplications, found while the graph is built (of more than 7 operands, the pair
    with the smallest result comes first). Free sizes count as 64.

    As in NumPy, labels may also be lists of numbers behind each operand, and of the output at the end:
    ``einsum(a, [0, 1], b, [1, 2], [0, 2])``.

    Raises ShapeError for subscripts that do not fit the operands, and for sizes of one label that differ.
    """
    if operands and not isinstance(subscripts, str):
        text, operands = _spelled((subscripts, *operands))
        return einsum(text, *operands)
    tensors = as_operands("einsum", *operands) if operands else []
    inputs, output = _parse(subscripts, tensors)
    terms = [_diagonals(Term(t, labels)) for t, labels in zip(tensors, inputs)]
    terms = _agree(subscripts, terms)
    if len(terms) > LONGEST_SEARCH:
        terms = [_one_by_one(terms, output)]
    term = _in_best_order(terms, output)
    term = term.without([k for k in term.labels if k not in output])
    missing = [k for k in output if k not in term.labels]  # all of size 1
    present = tuple(k for k in output if k in term.labels)
    result = term.ordered(present).tensor
    return expand_dims(result, tuple(output.index(k) for k in missing)) if missing else result


def _spelled(arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The subscripts as a string, and the operands, of operands that are followed by lists of numbers."""
    operands, lists = arguments[: len(arguments) // 2 * 2 : 2], arguments[1::2]
    last = arguments[-1:] if len(arguments) % 2 else ()
    for labels in (*lists, *last):
        known = isinstance(labels, (list, tuple)) and all(
            k is ... or (isinstance(k, (int, np.integer)) and 0 <= k < len(LETTERS)) for k in labels
        )
        if not known:
            raise ShapeError(
                f'einsum: subscripts are a string such as "ij,jk->ik", or behind each operand a list of numbers below '
                f"{len(LETTERS)} and Ellipsis, not {labels!r}"
            )
    words = ["".join("..." if k is ... else LETTERS[k] for k in labels) for labels in (*lists, *last)]
    return ",".join(words[: len(lists)]) + "".join(f"->{word}" for word in words[len(lists) :]), operands


def _parse(subscripts: Any, tensors: list[Tensor]) -> tuple[list[tuple[Label, ...]], tuple[Label, ...]]:
    """The labels of the operands and of the output; the axes of "..." are labelled by numbers, the last one by 1."""
    if not isinstance(subscripts, str):
        raise ShapeError(f'einsum: subscripts are a string such as "ij,jk->ik", not {subscripts!r}')
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    parts = left.split(",")
    listed = ", ".join(map(describe, tensors))
    if len(parts) != len(tensors):
        raise ShapeError(f"einsum: {subscripts!r} is for {len(parts)} operands, got {len(tensors)} ({listed})")
    inputs = [_labels(subscripts, part, t.ndim, t) for part, t in zip(parts, tensors)]
    dots = max((sum(isinstance(k, int) for k in labels) for labels in inputs), default=0)
    if arrow:
        output = _labels(subscripts, right, None, dots)
        unknown = [k for k in output if not any(k in labels for labels in inputs)]
        if unknown or len(set(output)) != len(output):
            raise ShapeError(
                f"einsum: the output of {subscripts!r} has to consist of labels of the operands, once each ({listed})"
            )
        return inputs, output
    letters = [k for labels in inputs for k in labels if isinstance(k, str)]
    single = sorted(k for k in letters if letters.count(k) == 1)
    return inputs, (*range(dots, 0, -1), *single)


def _labels(subscripts: str, part: str, ndim: int | None, subject: Any) -> tuple[Label, ...]:
    """One label per axis. ``subject`` is the operand, or for the output the number of axes that "..." stands for."""
    before, dots, after = part.partition("...")
    letters = before + after
    if not all(k.isascii() and k.isalpha() for k in letters):
        raise ShapeError(f"einsum: {part!r} in {subscripts!r} has to consist of letters and at most one '...'")
    if ndim is None:
        rest = subject
    else:
        rest = ndim - len(letters)
        if rest < 0 or (rest and not dots):
            raise ShapeError(
                f"einsum: {part!r} in {subscripts!r} does not have one label per axis ({describe(subject)})"
            )
    return (*before, *(range(rest, 0, -1) if dots else ()), *after)


def _diagonals(term: Term) -> Term:
    """No label twice."""
    while len(set(term.labels)) < len(term.labels):
        label = next(k for k in term.labels if term.labels.count(k) > 1)
        first = term.labels.index(label)
        second = term.labels.index(label, first + 1)
        # A diagonal is as long as the shorter axis; here both have to be equal.
        with Demands() as demands:
            n = same_size(term.tensor.shape[first], term.tensor.shape[second], demands)
            if n is None:
                raise ShapeError(f"einsum: sizes of the repeated label {label!r} differ ({describe(term.tensor)})")
            shape = tuple(n if i in (first, second) else s for i, s in enumerate(term.tensor.shape))
            square = broadcast_to(term.tensor, shape)
            demands.met_by(square.node.constraints)
        tensor = apply(DIAGONAL, square, offset=0, axis1=first, axis2=second)
        rest = tuple(k for i, k in enumerate(term.labels) if i not in (first, second))
        term = Term(tensor, (*rest, label))
    return term


def _agree(subscripts: Any, terms: list[Term]) -> list[Term]:
    """Every label with one size everywhere: axes of size 1 among larger ones drop out, free ones are checked."""
    common: dict[Label, Size] = {}
    with Demands() as demands:
        for term in terms:
            for label, size in term.sizes.items():
                known = common.get(label, 1)
                merged = size if known == 1 else known if size == 1 else same_size(known, size, demands)
                if merged is None:
                    listed = ", ".join(describe(t.tensor) for t in terms)
                    raise ShapeError(
                        f"einsum: label {label!r} of {subscripts!r} has sizes {known} and {size} ({listed})"
                    )
                common[label] = merged
        fitting = [_fit(term, common) for term in terms]
        demands.met_by(*(term.tensor.node.constraints for term in fitting))
        return fitting


def _fit(term: Term, common: Mapping[Label, Size]) -> Term:
    ones = tuple(i for i, (k, size) in enumerate(term.sizes.items()) if size == 1)
    tensor = apply(SQUEEZE, term.tensor, axes=ones) if ones else term.tensor
    labels = tuple(k for i, k in enumerate(term.labels) if i not in ones)
    return Term(broadcast_to(tensor, tuple(common[k] for k in labels)), labels)


LONGEST_SEARCH = 7  # operands of which all orders are compared


def _in_best_order(terms: list[Term], output: tuple[Label, ...]) -> Term:
    """All terms contracted, by the best order of each set of them, which its best two parts have."""
    sizes = {label: _estimate([size]) for term in terms for label, size in term.sizes.items()}
    everything = (1 << len(terms)) - 1
    kept = [_kept(terms, output, members) for members in range(everything + 1)]
    best: dict[int, tuple[int, int]] = {1 << number: (0, 0) for number in range(len(terms))}
    for members in range(1, everything + 1):
        if members not in best:
            choices = [part for part in range(1, members) if part & members == part and part < members ^ part]
            best[members] = min(
                (best[part][0] + best[members ^ part][0] + _multiplications(kept, sizes, part, members ^ part), part)
                for part in choices
            )

    def contracted(members: int) -> Term:
        part = best[members][1]
        if not part:
            return terms[members.bit_length() - 1]
        return _contracted(contracted(part), contracted(members ^ part), kept[members], members == everything, output)

    return contracted(everything)


def _kept(terms: list[Term], output: tuple[Label, ...], members: int) -> set[Label]:
    """The labels of some terms that the others or the output have too."""
    inside = {label for number, t in enumerate(terms) if members >> number & 1 for label in t.labels}
    return inside & set(output).union(*(t.labels for number, t in enumerate(terms) if not members >> number & 1))


def _multiplications(kept: list[set[Label]], sizes: Mapping[Label, int], first: int, second: int) -> int:
    return math.prod(sizes[label] for label in kept[first] | kept[second])


def _contracted(a: Term, b: Term, kept: set[Label], last: bool, output: tuple[Label, ...]) -> Term:
    if last and output and output[-1] not in b.labels:  # it comes last in rows of the product as well
        a, b = b, a
    return contract(a, b, kept)


def _one_by_one(terms: list[Term], output: tuple[Label, ...]) -> Term:
    while len(terms) > 1:
        i, j = _cheapest(terms, output)
        rest = [t for k, t in enumerate(terms) if k not in (i, j)]
        needed = set(output).union(*(t.labels for t in rest))
        terms = [*rest, _contracted(terms[i], terms[j], needed, not rest, output)]
    return terms[0]


def _cheapest(terms: list[Term], output: tuple[Label, ...]) -> tuple[int, int]:
    """The pair whose result is smallest compared to its operands; a free size counts as 64."""

    def gain(pair: tuple[int, int]) -> int:
        i, j = pair
        others = set(output).union(*(t.labels for k, t in enumerate(terms) if k not in pair))
        sizes = {**terms[i].sizes, **terms[j].sizes}
        result = _estimate(size for label, size in sizes.items() if label in others)
        return result - _estimate(terms[i].tensor.shape) - _estimate(terms[j].tensor.shape)

    return min(itertools.combinations(range(len(terms)), 2), key=gain)


def _estimate(sizes: Iterable[Size]) -> int:
    size = product(sizes)
    return evaluate(size, dict.fromkeys(dims.symbols(size), 64))
