"""The type of a tensor, and how shapes combine: broadcasting and equality of free sizes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from weakref import WeakValueDictionary

from staticad.errors import ShapeError
from staticad.ir.dims import LARGEST, Shape, Size, local_symbols
from staticad.ir.dtypes import DType
from staticad.ir.identity import OwnCopy
from staticad.ir.proofs import follows

Constraint = tuple[Size, Size]  # two sizes that have to be equal at run time
MOST_AXES = 64  # of an array of NumPy's


class TensorType(OwnCopy):
    """Shape (ints and free sizes) and dtype. Raises ShapeError for what no array of NumPy's can have: too many axes, or
    more elements (not counting axes of size 0) than 64 bits count.

    Looked up when it is made, as sizes are: equal types are mostly one object.
    """

    __slots__ = ("__weakref__", "_hash", "dtype", "shape")
    dtype: DType
    shape: Shape
    _hash: int

    def __new__(cls, shape: Shape, dtype: DType) -> TensorType:
        found = _LIVING.get((shape, dtype))
        if found is None:
            _check_shape(shape)
            found = object.__new__(cls)
            found.shape, found.dtype, found._hash = shape, dtype, hash((shape, dtype))
            _LIVING[shape, dtype] = found
        return found

    def __reduce__(self) -> tuple[type[TensorType], tuple[Shape, DType]]:
        return TensorType, (self.shape, self.dtype)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, TensorType):
            return NotImplemented
        return self._hash == other._hash and self.shape == other.shape and self.dtype == other.dtype

    def __repr__(self) -> str:
        return f"TensorType({self.shape}, {self.dtype})"

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __str__(self) -> str:
        return f"{self.dtype.name}{_listed(self.shape)}"


_LIVING: WeakValueDictionary[tuple[Shape, DType], TensorType] = WeakValueDictionary()


def _check_shape(shape: Shape) -> None:
    count = 1
    for size in shape:
        if isinstance(size, int) and size:
            count *= size
    if count > LARGEST:
        raise ShapeError(f"no array has the shape {_listed(shape)}: 64 bits do not count its elements")
    if len(shape) > MOST_AXES:
        raise ShapeError(
            f"no array has {len(shape)} axes, as the shape {_listed(shape)} would: those of NumPy have at most "
            f"{MOST_AXES}; reshape to fewer"
        )


def _listed(shape: Shape) -> str:
    return f"[{','.join(map(str, shape))}]"


class Demands:
    """Collects the equalities of sizes that only a run can check.

    It is used as a context and has to be closed in it: by `close`, which gives the constraints for the node, or by
    `met_by`, where other nodes make the same ones. So nobody compares sizes and forgets what a run has to check.
    """

    def __init__(self, known: Iterable[Constraint] = ()) -> None:
        self._constraints: dict[Constraint, None] = dict.fromkeys(known)
        self._open = False
        self._closed = False

    def __enter__(self) -> Demands:
        self._open = True
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self._open = False
        if error is None and not self._closed:
            raise AssertionError("sizes were compared, but nothing keeps what a run has to check")

    def add(self, left: Size, right: Size) -> None:
        """The two have to be equal."""
        assert self._open and not self._closed, "demands are collected inside of a context, until they are closed"
        if (right, left) not in self._constraints:
            self._constraints[left, right] = None

    def close(self) -> tuple[Constraint, ...]:
        """What was collected, for the node that demands it."""
        self._closed = True
        return tuple(self._constraints)

    def met_by(self, *others: Iterable[Constraint]) -> None:
        """Other nodes demand the same: the equalities follow from their constraints."""
        self._closed = True
        classes: list[set[Size]] = []
        for pair in itertools.chain(*others):
            touched = [c for c in classes if not c.isdisjoint(pair)]
            classes = [c for c in classes if c not in touched] + [set(pair).union(*touched)]
        for left, right in self._constraints:
            if not any(left in c and right in c for c in classes):
                raise AssertionError(f"nothing demands that {left} = {right}")


def may_be_equal(a: Size, b: Size) -> bool:
    """False if two sizes are known to differ. Says nothing of a run: an op that needs them equal demands it."""
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    return a == b or not isinstance(a - b, int)


def same_size(a: Size, b: Size, demands: Demands) -> Size | None:
    """One size for both: None if they are known to differ; where equality shows only at run time, it is demanded."""
    if a == b:
        return a
    if not may_be_equal(a, b):
        return None
    if not local_symbols(a) and not local_symbols(b):
        demands.add(a, b)
    elif not (follows(a - b, ()) and follows(b - a, ())):
        return None  # what only a step knows is not checked when sizes are bound
    return a if isinstance(a, int) else b if isinstance(b, int) else a


def same_shape(a: Shape, b: Shape, demands: Demands) -> bool:
    """False if two shapes are known to differ; the sizes whose equality shows only at run time are demanded."""
    return len(a) == len(b) and all(same_size(m, n, demands) is not None for m, n in zip(a, b, strict=True))


def may_be_same(a: Shape, b: Shape) -> bool:
    """False if two shapes are known to differ."""
    return len(a) == len(b) and all(map(may_be_equal, a, b))


def broadcast_shapes(shapes: list[Shape], demands: Demands) -> Shape:
    """NumPy broadcasting. A statically known 1 stretches; two free sizes have to be equal at run time.

    Raises ShapeError without the name of an op; the caller adds it.
    """
    ndim = max((len(s) for s in shapes), default=0)
    result: list[Size] = []
    for axis in range(ndim):
        size: Size = 1
        for shape in shapes:
            position = axis - (ndim - len(shape))
            if position < 0 or shape[position] == 1:
                continue
            if size == 1:
                size = shape[position]
                continue
            merged = same_size(size, shape[position], demands)
            if merged is None:
                listed = " and ".join(f"[{','.join(map(str, s))}]" for s in shapes)
                raise ShapeError(f"shapes {listed} do not broadcast: sizes {size} and {shape[position]} differ")
            size = merged
        result.append(size)
    return tuple(result)
