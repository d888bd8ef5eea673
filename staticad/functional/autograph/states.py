"""The variables of a loop as a flat state of tensors, whose types are found by tracing the body.

Tensors keep their types. Python numbers are weak: a number that the body changes becomes a tensor of the dtype (and
shape) that it gets in the body. Everything else has to stay as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.functional.autograph.branches import called
from staticad.functional.autograph.leaves import is_numeric, is_scalar, outline, promoted, same_constant
from staticad.functional.autograph.staging import turned
from staticad.functional.autograph.undefined import Undefined, after_step, is_internal, whole
from staticad.functional.movement import broadcast_to
from staticad.functional.nests import flatten
from staticad.ir.dtypes import FLOAT64, DType, is_float
from staticad.ir.graph import Tensor, describe
from staticad.ir.proofs import may_stay
from staticad.ir.provenance import here
from staticad.ir.types import TensorType
from staticad.ops.creation import zeros
from staticad.ops.promotion import cast, common_dtype, to_tensor


class Unsettled(Exception):
    """The body was traced with types that turned out too narrow; they are wider now."""


class Leaf:
    """One value within a variable. ``kind`` is None while it is a Python value that no step changes."""

    def __init__(self, value: Any, absent: bool = False) -> None:
        self.value = value
        self.absent = absent
        self.weak = absent or is_scalar(value)
        self.kind: TensorType | None = None
        if is_numeric(value) and not self.weak:
            self.kind = to_tensor(value).type
        self.tried: DType | None = None  # the dtype after a step in which numbers were still Python numbers

    def start(self) -> Tensor:
        """The value with which the loop begins, in the settled type."""
        assert self.kind is not None
        if self.absent:
            return zeros(self.kind)
        tensor = to_tensor(self.value, self.kind.dtype)
        return broadcast_to(tensor, self.kind.shape) if self.weak and self.kind.shape else tensor


class Variable:
    """A variable of a loop: its name and the leaves of its value. ``present`` is False while it has no value."""

    def __init__(self, name: str, value: Any, fillable: bool) -> None:
        self.name = name
        self.fillable = fillable or is_internal(name)
        self.present = not isinstance(value, Undefined)
        self.unsettled = not self.present
        self.form: Any = None
        self.leaves: list[Leaf] = []
        if self.present:
            leaves, self.rebuild, self.form = flatten(value)
            self.leaves = [Leaf(leaf) for leaf in leaves]
            self.unsettled = any(leaf.weak for leaf in self.leaves)
            self.value = value

    def adopt(self, value: Any) -> None:
        """Take the form of a value that a step assigns first; the loop begins with zeros that nothing reads."""
        leaves, self.rebuild, self.form = flatten(value)
        self.leaves = []
        for leaf in leaves:
            one = Leaf(leaf, absent=is_numeric(leaf))
            if one.absent:
                one.kind = to_tensor(leaf).type
            self.leaves.append(one)
        self.present = True

    def get(self, values: Iterator[Tensor]) -> Any:
        """The variable's value, with the next of the tensors as its leaves."""
        return self.rebuild(
            [leaf.value if leaf.kind is None else turned(next(values), leaf.weak) for leaf in self.leaves]
        )


class State:
    """All variables of a loop that matter, in the order of their names."""

    def __init__(self, what: str, names: Sequence[str], live: Sequence[bool], values: Sequence[Any], certain: bool):
        self.what = what
        values = self.values = tuple(map(whole, values))
        self.names = tuple(names)
        self.live = tuple(live)
        triples = zip(names, live, values, strict=True)
        self.variables = {name: Variable(name, value, certain) for name, matters, value in triples if matters}

    @property
    def unsettled(self) -> bool:
        """True if a step has to be tried before types are known."""
        return any(v.unsettled for v in self.variables.values())

    def start(self) -> list[Tensor]:
        """The tensors that the loop begins with."""
        return [leaf.start() for leaf in self._tensors()]

    def _tensors(self) -> list[Leaf]:
        return [leaf for v in self.variables.values() if v.present for leaf in v.leaves if leaf.kind is not None]

    def unpack(self, tensors: Sequence[Tensor], after: bool = False) -> tuple[Any, ...]:
        """The values of all variables inside a step, or after the loop."""
        values = iter(tensors)
        found = []
        for name, matters, before in zip(self.names, self.live, self.values, strict=True):
            variable = self.variables.get(name) if matters else None
            if variable is not None and variable.present:
                found.append(variable.get(values))
            elif not after:
                found.append(before)
            elif variable is None:
                found.append(Undefined(name, f"has no value after the {self.what} at {here()}"))
            else:
                reason = f"has no value if the {self.what} at {here()} makes no step; assign it before the loop"
                found.append(Undefined(name, reason))
        return tuple(found)

    def try_out(self, values: Sequence[Any]) -> None:
        """Learn from a step in which numbers were still Python numbers."""
        counters: list[tuple[Leaf, Any]] = []
        for variable, value in self._pairs(values):
            if isinstance(value, Undefined):
                continue
            if not variable.present:
                if variable.fillable:
                    variable.adopt(value)
                continue
            leaves, _, form = flatten(value)
            if form != variable.form:
                continue  # reported when the loop is traced
            for leaf, new in zip(variable.leaves, leaves, strict=True):
                if not is_numeric(new):
                    continue
                leaf.tried = promoted(leaf.kind.dtype, new) if leaf.kind is not None else to_tensor(new).dtype
                if leaf.weak and is_scalar(new):
                    counters.append((leaf, new))
                elif leaf.weak:
                    leaf.kind = _weak_type(leaf.value, new)
        default = self._float_dtype()
        for leaf, new in counters:
            if not same_constant(leaf.value, new):
                leaf.kind = _weak_type(leaf.value, new, default)

    def _float_dtype(self) -> DType:
        """The dtype for floats that met no tensor: that of the floats beside them."""
        kinds = [leaf.kind.dtype for leaf in self._tensors() if leaf.kind is not None]
        floats = [to_tensor(0, dtype) for dtype in kinds if is_float(dtype)]
        return common_dtype(*floats) if floats else FLOAT64

    def pack(self, values: Sequence[Any], retry: Callable[[], None]) -> list[Tensor]:
        """The state after a step as tensors of the settled types. Raises Unsettled after it has widened a type.

        ``retry`` tries a step with Python numbers, where that decides about a dtype.
        """
        tensors: list[Tensor] = []
        changed = False
        for variable, value in self._pairs(values):
            if not variable.present:
                if variable.fillable and not isinstance(value, Undefined):
                    variable.adopt(value)
                    changed = True
                continue
            if isinstance(value, Undefined):
                value.fail()
            leaves, _, form = flatten(value)
            if form != variable.form:
                before = outline(variable.value) if hasattr(variable, "value") else "something else"
                hint = "; sa.scan stacks the results of steps" if isinstance(value, (list, dict)) else ""
                raise GraphError(
                    f"{called(variable.name)} is {before} before the {self.what} at {here()} and {outline(value)} "
                    f"after a step; a loop that a run counts keeps the form of its variables{hint}"
                )
            for leaf, new in zip(variable.leaves, leaves, strict=True):
                if leaf.kind is None:
                    changed |= self._was_constant(variable, leaf, new)
                else:
                    tensor = self._fitted(variable, leaf, new, retry)
                    changed |= tensor is None
                    tensors += [] if tensor is None else [tensor]
        if changed:
            raise Unsettled
        return tensors

    def _pairs(self, values: Sequence[Any]) -> list[tuple[Variable, Any]]:
        by_name = dict(zip(self.names, values, strict=True))
        return [
            (variable, (whole if variable.present else after_step)(by_name[name]))
            for name, variable in self.variables.items()
        ]

    def _was_constant(self, variable: Variable, leaf: Leaf, new: Any) -> bool:
        if same_constant(leaf.value, new):
            return False
        if not is_numeric(leaf.value) or not is_numeric(new):
            raise GraphError(
                f"{called(variable.name)} is {outline(leaf.value)} before the {self.what} at {here()} and "
                f"{outline(new)} after a step; only tensors and numbers can change in a loop that a run counts"
            )
        leaf.kind = _weak_type(leaf.value, new, self._float_dtype())
        return True

    def _fitted(self, variable: Variable, leaf: Leaf, new: Any, retry: Callable[[], None]) -> Tensor | None:
        """The leaf's next value in its type; None if the type had to be widened."""
        assert leaf.kind is not None
        kind = leaf.kind
        if not is_numeric(new):
            raise GraphError(
                f"{called(variable.name)} is {kind} in the {self.what} at {here()} and {outline(new)} after a step"
            )
        dtype = promoted(kind.dtype, new)
        if dtype != kind.dtype:
            if leaf.weak:
                leaf.kind = TensorType(kind.shape, dtype)
                return None
            if leaf.tried is None and is_float(kind.dtype):
                retry()
            if leaf.tried != kind.dtype or not is_float(kind.dtype):
                raise DTypeError(self._changed(variable, leaf, new, "dtype", "use astype"))
        elif isinstance(new, Tensor) and new.dtype != dtype and not leaf.weak:
            raise DTypeError(self._changed(variable, leaf, new, "dtype", "use astype"))
        tensor = cast(new, kind.dtype) if isinstance(new, Tensor) else cast(to_tensor(new), kind.dtype)
        if _same_shape(tensor, kind):
            return tensor
        if is_scalar(new):
            return broadcast_to(tensor, kind.shape)
        if leaf.weak and not kind.shape:
            leaf.kind = TensorType(tensor.shape, kind.dtype)
            return None
        raise ShapeError(self._changed(variable, leaf, new, "shape", "give it the final shape before the loop"))

    def _changed(self, variable: Variable, leaf: Leaf, new: Any, what: str, remedy: str) -> str:
        first = describe(leaf.value) if isinstance(leaf.value, Tensor) else f"{outline(leaf.value)} ({leaf.kind})"
        return (
            f"{called(variable.name)} changes its {what} in the {self.what} at {here()}: it is {first} before and "
            f"{outline(new)} after a step; {remedy}"
        )


def _weak_type(before: Any, new: Any, default: DType = FLOAT64) -> TensorType:
    """The type of a variable that was a Python number before the loop."""
    shape = new.shape if isinstance(new, Tensor) else ()
    dtype = common_dtype(before, new)
    if is_scalar(new) and is_scalar(before) and is_float(dtype):
        dtype = default
    return TensorType(shape, dtype)


def _same_shape(tensor: Tensor, kind: TensorType) -> bool:
    return may_stay(kind.shape, tensor.shape)
