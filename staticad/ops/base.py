"""The op families. An op is one instance of one family; a family supplies what its ops share.

`lower` goes by the classes of ops, in one table (`staticad.lower.families`): a new op of a known family touches one
file.

Rules of derivatives (all build ordinary nodes, so that they differentiate again):

* ``vjp(g, y, *xs, **attrs)`` returns one cotangent (or None: no dependence) per input. The driver sums a cotangent
  down to its input's shape where the op broadcast it.
* ``jvp(ts, y, *xs, **attrs)`` returns the tangent of the output; an entry of ``ts`` is None where the input has
  none. Elementwise and linear ops need no rule of their own.
* An op of ``several_outputs`` has the rules ``vjp(gs, ys, *xs, **attrs)`` and ``jvp(ts, ys, *xs, **attrs)`` with tuples
  over its outputs: an entry of ``gs`` is None where no cotangent arrived (never all of them), the tangents are one, or
  None, per output. Its reference returns a tuple. Outputs that are not floats (a permutation) have neither cotangents
  nor tangents, and leave the derivatives of the others alone.
* ``certain=True`` says of ``vjp`` that for real floats, where a run has nothing to check of sizes, it gives every float
  operand a cotangent, and raises no error and gives no warning. It may go by nothing but the tensors that it gets, and
  what they are made of. Then nobody needs to ask it before somebody looks at the gradient. Where it gives an operand
  the cotangent itself, and no new tensor, it ``hands_on``.
* ``nondifferentiable=True`` says that the derivative is zero wherever it exists (comparisons, floor), and that
  gradients stop there. An op with neither a rule nor the flag raises GradientError.

What else is known of an op stands in its declaration too: the page of ops, the tests over all ops and the analysis of
indices read it there and know no op by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from staticad.errors import DTypeError, GradientError, ShapeError
from staticad.ir import expressions
from staticad.ir.demands import Needed, element_to_reduce
from staticad.ir.dims import Shape, Size, product
from staticad.ir.dtypes import BOOL, DType, is_complex, kind_of, unsupported
from staticad.ir.expressions import Call, Expression
from staticad.ir.graph import Attrs, Node, Tensor
from staticad.ir.inference import Inferred as Inferred
from staticad.ir.making import new_node
from staticad.ir.types import Constraint, Demands, TensorType, broadcast_shapes, same_size
from staticad.ops.ranges import Progression, Range

Domain = tuple[float, float]
ASKED = "the one asked for"


class Op:
    """What every op has. ``numpy(*arrays, **attrs)`` is the reference; it gets ``shape=`` of the output where
    ``needs_shape`` is set, because a free size of the output may not follow from the inputs' arrays.

    ``ulps`` is how far a float result may be from the true one, in units in the last place: 0 where nothing is rounded,
    0.5 where the result is rounded correctly, None where it is made of many terms whose errors add up.
    ``changes_base`` says that the result is input 0 with some elements changed. What `infer` finds is ``remembered``
    where it depends on types, and attributes that are sizes and numbers, alone. ``of_user`` is set for functions that
    users have written. ``notes`` stand on the page of ops;
    so do the family's ``title`` and what it is ``about``, and ``result``, the dtype of the result: "same" (that of
    the operands), its name, or a few words. ``called`` is its name in errors: that of the function users call.
    """

    family = "op"
    title: str
    about: str
    linear = False
    several_outputs = False
    needs_shape = False
    result = "same"
    changes_base = remembered = of_user = False
    ulps: float | None = 0

    def __init__(
        self,
        name: str,
        *,
        numpy: Callable[..., Any],
        vjp: Callable[..., Sequence[Tensor | GradientError | None]] | None = None,
        jvp: Callable[..., Tensor | Sequence[Tensor | None] | None] | None = None,
        nondifferentiable: bool = False,
        certain: bool = False,
        hands_on: bool = False,
        notes: str = "",
        called: str = "",
    ) -> None:
        self.name, self.called = name, called or name
        self.notes = notes
        self.numpy = numpy
        self.vjp = vjp
        self.jvp = jvp
        self.nondifferentiable = nondifferentiable
        self.certain, self.hands_on = certain, hands_on

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        raise NotImplementedError(self.name)

    def needed(self, node: Node) -> list[Needed]:
        """The axes of the inputs that have to have an element."""
        return []

    def given(self, inputs: Sequence[Tensor]) -> str:
        """What an error of `infer` is followed by: the inputs with the user's lines."""
        listed = ", ".join(f"{t.type}{' ' + repr(t.name) if t.name else ''} from {t.where}" for t in inputs)
        return f" (inputs: {listed or 'none'})"

    def __repr__(self) -> str:
        return self.name


def apply(op: Op, *inputs: Tensor, name: str | None = None, **attrs: Any) -> Tensor:
    """A new node of an op with one output; that output. Raises what `new_node` raises."""
    (output,) = new_node(op, inputs, attrs, name).outputs
    return output


def apply_all(op: Op, *inputs: Tensor, name: str | None = None, **attrs: Any) -> tuple[Tensor, ...]:
    """A new node of the op; all its outputs. Raises what `new_node` raises."""
    return new_node(op, inputs, attrs, name).outputs


class Source(Op):
    """Placeholder, variable, constant: no inputs, the type is an attribute. A node of a ``distinct`` op is itself and
    nothing else; of other ops, equal nodes become one."""

    family = "source"
    title, about = "Sources", "No operands; the value comes from outside."
    result = ASKED

    def __init__(self, name: str, *, distinct: bool = True, **kwargs: Any) -> None:
        super().__init__(name, nondifferentiable=True, **kwargs)
        self.distinct = distinct

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        return (attrs["type"],), ()


class Creation(Op):
    """No tensor inputs, computed from sizes and loop indices. Every op has a class of its own, since each is lowered in
    its own way."""

    family = "creation"
    title, about = "Creation", "Made from sizes and indices alone, inside the kernel that uses them."
    needs_shape = True

    def __init__(self, name: str, *, result: str = ASKED, **kwargs: Any) -> None:
        super().__init__(name, nondifferentiable=True, **kwargs)
        self.result = result

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        return (TensorType(attrs["shape"], attrs["dtype"]),), ()


class Elementwise(Op):
    """One scalar expression per element, with broadcasting.

    ``code`` gives the expression of the operands' elements (`staticad.ir.expressions`); without it, it is one call of
    the kernel function that has the op's name. Equal calls in kernels are made once.
    ``result`` is "same" (dtype of the operands) or the name of a dtype; ``operands`` tells which dtype kinds are
    legal ("biufc" letters), ``only`` names the only dtype; all operands have one dtype, except a leading bool condition
    where ``condition`` is set.
    ``cost`` is relative to an addition. ``range_rule`` and ``progression_rule`` say what is known of an int64 result
    (see `staticad.ops.ranges`). ``orders`` is how many derivatives there are by all operands, None for all: beyond it
    the rule gives a GradientError in the place of a cotangent, which is raised where someone needs that.

    For the tests over all ops: ``domain`` is where they draw from, one (low, high) for every operand, and
    ``smooth_domains`` (one for each) where they check derivatives of an op that has jumps there. ``valueless`` are the
    kinds in which some operands of the domain have no value. ``zero_signs`` is False where NumPy leaves a zero's open.
    """

    family, remembered = "elementwise", True
    title, about = "Elementwise", "One scalar expression per element; operands broadcast. They fuse."

    def __init__(
        self,
        name: str,
        *,
        code: Callable[..., Expression] | None = None,
        arity: int = 1,
        result: str = "same",
        operands: str = "biuf",
        only: str | None = None,
        condition: bool = False,
        cost: int = 1,
        domain: Domain = (-2.0, 2.0),
        smooth_domains: tuple[Domain, ...] | None = None,
        valueless: str = "",
        zero_signs: bool = True,
        ulps: float | None = 3,
        commutative: bool = False,
        orders: int | None = None,
        range_rule: Callable[..., Range | None] | None = None,
        progression_rule: Callable[..., Progression | None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.code, self.arity, self.result, self.operands = code, arity, result, operands
        self.only, self.condition, self.cost, self.domain, self.commutative = only, condition, cost, domain, commutative
        self.smooth_domains, self.valueless, self.zero_signs, self.ulps = smooth_domains, valueless, zero_signs, ulps
        self.orders = orders
        self.range_rule, self.progression_rule = range_rule, progression_rule

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        if len(inputs) != self.arity:
            raise ShapeError(f"takes {self.arity} inputs, got {len(inputs)}")
        values = inputs[1:] if self.condition else inputs
        if self.condition and inputs[0].dtype != BOOL:
            raise DTypeError(f"the condition has to be bool, not {inputs[0].dtype}")
        dtypes = {t.dtype for t in values}
        if len(dtypes) > 1:
            raise DTypeError(f"operands of several dtypes ({', '.join(sorted(map(str, dtypes)))}); cast them first")
        (dtype,) = dtypes
        if not self.accepts(dtype):
            raise DTypeError(unsupported(dtype))
        with Demands() as demands:
            shape = broadcast_shapes([t.shape for t in inputs], demands)
            return (TensorType(shape, self.result_dtype(dtype, attrs)),), demands.close()

    def accepts(self, dtype: DType) -> bool:
        """Whether the operands may have that dtype."""
        return kind_of(dtype) in self.operands and (self.only is None or self.only == dtype.name)

    def result_dtype(self, dtype: DType, attrs: Attrs) -> DType:
        return dtype if self.result == "same" else np.dtype(self.result)

    def expression(self, operands: tuple[Expression, ...], dtype: DType) -> Expression:
        """What computes an element of that dtype."""
        return Call(self.name, operands, dtype) if self.code is None else self.code(*operands)


class Cast(Elementwise):
    """astype: attrs dtype. Complex numbers become nothing else, but bool."""

    def result_dtype(self, dtype: DType, attrs: Attrs) -> DType:
        if is_complex(dtype) and attrs["dtype"].kind not in "bc":
            raise DTypeError(f"{dtype} does not become {attrs['dtype']}; take .real, .imag or abs() of it")
        return attrs["dtype"]

    def expression(self, operands: tuple[Expression, ...], dtype: DType) -> Expression:
        return expressions.Cast(operands[0], dtype)


class Reduce(Op):
    """Reduction over ``axes`` (sorted, non-negative), which disappear from the shape.

    ``combine`` is a kernel name taking (accumulator, value); ``initial(dtype)`` is the value of an empty reduction,
    or None where an empty one is an error. Accumulates in the dtype of the input. ``domain`` is where tests draw from.
    """

    family, remembered = "reduce", True
    title, about = "Reductions", "Over any set of axes, which disappear; fused with the expressions that they reduce."

    def __init__(
        self,
        name: str,
        *,
        combine: str,
        initial: Callable[[DType], Any],
        empty: bool = True,
        operands: str = "biuf",
        domain: Domain = (-2.0, 2.0),
        ulps: float | None = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.combine, self.initial, self.empty, self.operands = combine, initial, empty, operands
        self.domain, self.ulps = domain, ulps

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        (x,) = inputs
        axes = attrs["axes"]
        if kind_of(x.dtype) not in self.operands:
            raise DTypeError(unsupported(x.dtype))
        if not self.empty and any(x.shape[a] == 0 for a in axes):
            raise ShapeError("the reduction of no elements has no value; give at least one element")
        return (TensorType(tuple(s for a, s in enumerate(x.shape) if a not in axes), x.dtype),), ()

    def needed(self, node: Node) -> list[Needed]:
        return [] if self.empty else [element_to_reduce(node, axis) for axis in node.attrs["axes"]]


class ArgReduce(Op):
    """argmax and argmin over one ``axis``: the first index of the extreme, NaN being more extreme than any number.

    ``extreme`` is the reduction that finds the extreme itself.
    """

    family = "argreduce"
    title, about = "Positions of extremes", "Over one axis."
    result = "int64"

    def __init__(self, name: str, *, extreme: Reduce, **kwargs: Any) -> None:
        super().__init__(name, nondifferentiable=True, **kwargs)
        self.extreme = extreme

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        (x,) = inputs
        axis = attrs["axis"]
        if is_complex(x.dtype):
            raise DTypeError(unsupported(x.dtype))
        if x.shape[axis] == 0:
            raise ShapeError("the extreme of no elements has no index; give at least one element")
        shape = tuple(s for a, s in enumerate(x.shape) if a != axis)
        return (TensorType(shape, np.dtype(self.result)),), ()

    def needed(self, node: Node) -> list[Needed]:
        return [element_to_reduce(node, node.attrs["axis"])]


# An index of one axis of an operand, as an affine expression of the result's indices: ``offset`` plus
# ``coefficient * index[axis]`` for each (axis, coefficient).
AxisIndex = tuple[Size, tuple[tuple[int, Size], ...]]


class Movement(Op):
    """A view: every element of the result is one element of the operand, at affine indices. Linear.

    ``shape_rule(shape, **attrs)`` gives the result's shape (and may raise ShapeError);
    ``index(shape, result_shape, **attrs)`` gives one `AxisIndex` per axis of the operand. ``keeps_order`` is True if
    the elements stay in row-major order, whatever the shape is.
    """

    family, remembered = "movement", True
    title, about = "Views", "Every element of the result is an element of the operand: index arithmetic, not copies."
    linear = True

    def __init__(
        self,
        name: str,
        *,
        shape_rule: Callable[..., Shape | tuple[Shape, tuple[Constraint, ...]]],
        index: Callable[..., tuple[AxisIndex, ...]],
        keeps_order: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.shape_rule, self.index, self.keeps_order = shape_rule, index, keeps_order

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        (x,) = inputs
        ruled = self.shape_rule(x.shape, **attrs)
        shape, constraints = ruled if ruled and isinstance(ruled[0], tuple) else (ruled, ())
        return (TensorType(shape, x.dtype),), constraints


class Reshape(Op):
    """Row-major reinterpretation: attrs shape, and constraints of its own. Linear. A view where the operand is stored
    row-major."""

    family = "reshape"
    title, about = "Reshape", "The same elements in row-major order: a view where the operand is stored that way."
    linear = True
    needs_shape = True

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        (x,) = inputs
        with Demands(attrs["constraints"]) as demands:
            given, wanted = product(attrs["shape"]), product(x.shape)
            if same_size(given, wanted, demands) is None:
                raise ShapeError(f"{wanted} elements do not fill a shape of {given}")
            return (TensorType(attrs["shape"], x.dtype),), demands.close()


class Assemble(Op):
    """A new array whose regions are copied from the operands; the rest is ``fill``. Linear in the operands.

    ``regions(shapes, result_shape, **attrs)`` gives for each operand the region it fills, one (start, step) per axis
    of the result (operand sizes are the region's sizes). Later operands overwrite earlier ones. ``fill`` in attrs
    may be None when the regions cover everything.
    """

    family = "assemble"
    title, about = "Assembly", "A new array whose regions are copied from the operands."
    linear = True
    needs_shape = True

    def __init__(
        self,
        name: str,
        *,
        shape_rule: Callable[..., tuple[Shape, tuple[Constraint, ...]]],
        regions: Callable[..., tuple[tuple[tuple[Size, int], ...], ...]],
        changes_base: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.shape_rule, self.regions, self.changes_base = shape_rule, regions, changes_base

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        dtypes = {t.dtype for t in inputs}
        if len(dtypes) > 1:
            raise DTypeError(f"operands of several dtypes ({', '.join(sorted(map(str, dtypes)))}); cast them first")
        shape, constraints = self.shape_rule(tuple(t.shape for t in inputs), **attrs)
        return (TensorType(shape, inputs[0].dtype),), constraints
