"""Ops on matrices that a routine computes, most of them with LAPACK. An op says all that lowering has to know of it.

The kernel of a routine stands in `staticad.codegen.lapack` under the name of the op; it finds its arguments by the
names that `Library` gives them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from staticad.errors import DTypeError, LinAlgError, ShapeError, StaticadError
from staticad.ir.dims import Shape, Size
from staticad.ir.dtypes import complex_dtype, kind_of, real_dtype, unsupported
from staticad.ir.graph import Attrs
from staticad.ir.types import Demands, TensorType, same_shape, same_size
from staticad.ops.base import Inferred, Op
from staticad.records import dataclass


@dataclass(frozen=True)
class Part:
    """The last axes of an operand or result, by the names of their sizes; ``dtype`` is "" for that of the matrices,
    "real" for that of their real parts, "complex" for that of complex numbers made of them."""

    axes: tuple[str, ...]
    dtype: str


class Library(Op):
    """``signature`` is written as for NumPy's generalized functions: "(n,n),(n):int64,(n,k)->(n,k)". All axes before
    those named are a batch: an operand has the batch of the results, or none.

    A size that is named in the results only is the attribute of that name.

    ``functions`` are those of BLAS and LAPACK that the kernel calls, without the letter for the dtype. ``changes`` are
    pairs of an operand and a result: the result starts as a copy of the operand, and the routine changes it.
    ``derived`` are sizes of results that no operand has, computed from those that the operands name. ``unread`` are
    operands that only derivatives see, ``optional`` results that the kernel does not make where nobody reads them:
    their address is 0 then. ``workspace`` gives the bytes that the routine needs for a matrix, and ``work`` about how
    many operations it makes, both from the sizes by name. Attributes are ints, which the kernel gets. ``failure`` says
    what it means that the routine reports a status: the text of an ``error`` with {matrix} and {info}; without it the
    routine can't fail. ``operands`` are the legal dtype kinds. ``normwise`` says that errors are relative to a whole
    matrix, not to each element: what orthogonal factors make.
    """

    family = "library"
    title = "Library"
    about = (
        "Routines for matrices, which stand in the last axes; all axes before them are a batch. Most call BLAS or "
        "LAPACK. A matrix for which there is no result raises LinAlgError with the user's line."
    )
    ulps: float | None = None

    def __init__(
        self,
        name: str,
        *,
        signature: str,
        functions: tuple[str, ...] = (),
        changes: tuple[tuple[int, int], ...] = (),
        derived: Mapping[str, Callable[..., Size]] | None = None,
        unread: tuple[int, ...] = (),
        optional: tuple[int, ...] = (),
        workspace: Callable[..., Size] | None = None,
        work: Callable[..., Size],
        failure: str = "",
        error: type[StaticadError] = LinAlgError,
        operands: str = "f",
        normwise: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.operands, self.derived, self.normwise = operands, derived or {}, normwise
        self.signature, self.functions, self.changes, self.unread = signature, functions, changes, unread
        self.optional = optional
        self.workspace, self.work, self.failure, self.error = workspace, work, failure, error
        given, made = signature.split("->")
        self.operand_parts, self.result_parts = _parts(given), _parts(made)
        self.several_outputs = len(self.result_parts) > 1
        self.result = ", ".join(dict.fromkeys(part.dtype or "same" for part in self.result_parts))

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        dtype, types = self._dtype(inputs), []
        with Demands() as demands:
            sizes = self._fitting([t.shape for t in inputs], attrs, demands)
            batch = self._batch(inputs, demands)
            for part in self.result_parts:
                shape = (*batch, *(sizes[axis] for axis in part.axes))
                types.append(TensorType(shape, _dtype_of(part, dtype)))
            return tuple(types), demands.close()

    def sizes(self, shapes: Sequence[Shape], attrs: Attrs) -> dict[str, Size]:
        """The sizes that the signature names, where they stand first, and those derived of them."""
        found: dict[str, Size] = {}
        for shape, part in zip(shapes, self.operand_parts, strict=True):
            for axis, size in zip(part.axes, shape[len(shape) - len(part.axes) :], strict=True):
                found.setdefault(axis, size)
        found |= {axis: size(**found) for axis, size in self.derived.items()}
        made = {axis for part in self.result_parts for axis in part.axes}
        return found | {axis: attrs[axis] for axis in sorted(made - found.keys())}

    def _fitting(self, shapes: Sequence[Shape], attrs: Attrs, demands: Demands) -> dict[str, Size]:
        """The sizes by name. Raises ShapeError where they are known to differ."""
        for number, (shape, part) in enumerate(zip(shapes, self.operand_parts, strict=True)):
            if len(shape) < len(part.axes):
                raise ShapeError(f"operand {number} of shape [{_listed(shape)}] needs at least {len(part.axes)} axes")
        found = self.sizes(shapes, attrs)
        for number, (shape, part) in enumerate(zip(shapes, self.operand_parts, strict=True)):
            for axis, size in zip(part.axes, shape[len(shape) - len(part.axes) :], strict=True):
                if same_size(found[axis], size, demands) is None:
                    square = part.axes.count(axis) > 1 and found[axis] in shape[-2:]
                    known = f"the size has to be {found[axis]}, as that before it"
                    what = "a matrix has to be square" if square else known
                    raise ShapeError(f"{what}, but operand {number} has the shape [{_listed(shape)}]")
        return found

    def _dtype(self, inputs: Sequence[TensorType]) -> np.dtype:
        dtypes = {t.dtype for t, part in zip(inputs, self.operand_parts, strict=True) if not part.dtype}
        if len(dtypes) > 1:
            raise DTypeError(f"operands of several dtypes ({', '.join(sorted(map(str, dtypes)))}); cast them first")
        (dtype,) = dtypes
        if kind_of(dtype) not in self.operands:
            raise DTypeError(unsupported(dtype))
        for kind, part in zip(inputs, self.operand_parts, strict=True):
            if kind.dtype != _dtype_of(part, dtype):
                raise DTypeError(f"{kind} instead of {_dtype_of(part, dtype)}")
        return dtype

    def shown(self, kind: TensorType) -> str:
        """The type of an operand, for errors."""
        return str(kind)

    def _batch(self, inputs: Sequence[TensorType], demands: Demands) -> Shape:
        changed = {operand for operand, _ in self.changes}
        batches = [t.shape[: t.ndim - len(part.axes)] for t, part in zip(inputs, self.operand_parts, strict=True)]
        batch = max(batches, key=len)
        for number, other in enumerate(batches):
            if not other and number not in changed:
                continue
            if not same_shape(batch, other, demands):
                raise ShapeError(f"the batches [{_listed(batch)}] and [{_listed(other)}] differ; broadcast them first")
        return batch


def _dtype_of(part: Part, dtype: np.dtype) -> np.dtype:
    """The dtype of an operand or result, given that of the matrices."""
    if part.dtype == "real":
        return real_dtype(dtype)
    if part.dtype == "complex":
        return complex_dtype(dtype)
    return np.dtype(part.dtype) if part.dtype else dtype


def _listed(shape: Shape) -> str:
    return ",".join(map(str, shape))


def _parts(text: str) -> tuple[Part, ...]:
    found = re.findall(r"\(([a-z,]*)\)(?::(\w+))?", text)
    return tuple(Part(tuple(axes.split(",")) if axes else (), dtype) for axes, dtype in found)
