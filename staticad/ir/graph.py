"""Nodes and tensors: an immutable directed acyclic graph.

A `Node` applies an op of `staticad.ops` to tensors and has one or more outputs; a `Tensor` is one output of a node.
Both are compared by identity. Python operators and NumPy methods of `Tensor` are attached by the package
(`staticad.functional.methods`), because they build nodes of ops that stand in a higher layer.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, SupportsIndex

from staticad.boundary import boundaries
from staticad.errors import GraphError
from staticad.ir.dims import Shape
from staticad.ir.dtypes import DType
from staticad.ir.identity import OwnCopy
from staticad.ir.orders import known_orders
from staticad.ir.provenance import Where, here
from staticad.ir.types import Constraint, TensorType

ROOM = 1 << 24  # numbers between those of two nodes, for what is made afterwards in the place of the first


_serials = itertools.count(0, ROOM)


class _Mode(threading.local):
    """Whether nodes that are made now are detached, and where their numbers are from."""

    now: tuple[bool, Iterator[int]] = (False, _serials)


_mode = _Mode()


@contextmanager
def no_grad() -> Iterator[None]:
    """Tensors made inside are constants to every derivative, as if each were wrapped in stop_gradient."""
    before = _mode.now
    _mode.now = True, before[1]
    try:
        yield
    finally:
        _mode.now = before


def no_grad_here() -> bool:
    """Whether tensors that are made now are constants to derivatives."""
    return _mode.now[0]


def set_aside() -> int:
    """A number after which those that follow it, less than `ROOM`, are for `numbered`."""
    return next(_serials)


@contextmanager
def numbered(serial: int) -> Iterator[None]:
    """Nodes made inside have the numbers that were set aside, as if they had been made then; outside of `no_grad`."""
    before = _mode.now
    _mode.now = False, itertools.count(serial + 1)
    try:
        yield
    finally:
        _mode.now = before


class Attrs(Mapping[str, Any]):
    """The immutable, hashable attributes of a node, sorted by name. Floats compare by bits: 0.0 and -0.0 differ."""

    __slots__ = ("_hash", "_key", "_values")

    def __init__(self, **values: Any) -> None:
        self._values = dict(sorted(values.items())) if len(values) > 1 else values
        self._key = tuple([(k, v.hex() if isinstance(v, float) else v) for k, v in self._values.items()])
        self._hash = hash(self._key)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> KeysView[str]:
        return self._values.keys()

    def items(self) -> ItemsView[str, Any]:
        return self._values.items()

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Attrs) and self._key == other._key

    def __repr__(self) -> str:
        return ", ".join(f"{k}={v}" for k, v in self._values.items())


NO_ATTRS = Attrs()


def check_name(what: str, name: Any) -> None:
    """Raises GraphError for a name that is no string."""
    if not isinstance(name, str):
        raise GraphError(f"{what}: a name is a string, not the {type(name).__name__} {name!r}")


@boundaries()
class InGraph(OwnCopy):
    """A part of a graph, which is what it is by identity: its copies are itself, and no other process has it."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise GraphError(
            f"{self!r} can't be pickled: it is a part of a graph of this process; pickle the arguments of the function "
            "that builds the graph, call it in the other process, and assign the values of variables there"
        )


class Node(InGraph):
    """One application of an op. ``where`` is the user's line; ``constraints`` are checked when sizes are bound;
    ``detached`` nodes were made under `no_grad`."""

    __slots__ = (
        "__weakref__", "attrs", "constraints", "detached", "inputs", "name", "op", "outputs", "serial", "types",
        "where",
    )  # fmt: skip

    def __init__(
        self,
        op: Any,
        inputs: tuple[Tensor, ...],
        attrs: Attrs,
        types: tuple[TensorType, ...],
        constraints: tuple[Constraint, ...] = (),
        name: str | None = None,
        where: Where | None = None,
        tensor_class: type[Tensor] | None = None,
    ) -> None:
        if name is not None:
            check_name(op.called, name)
        self.op = op
        self.inputs = inputs
        self.attrs = attrs
        self.types = types
        self.constraints = constraints
        self.name = name
        self.where = where if where is not None else here(3)
        self.detached, serials = _mode.now
        self.serial = next(serials)
        make = tensor_class or Tensor
        self.outputs = (make(self, 0),) if len(types) == 1 else tuple(make(self, index) for index in range(len(types)))

    @property
    def out(self) -> Tensor:
        """The only output of a node that has one."""
        (output,) = self.outputs
        return output

    def __repr__(self) -> str:
        return f"<{self.op.name}{' ' + self.name if self.name else ''} -> {', '.join(map(str, self.types))}>"


class Tensor(InGraph):
    """A symbolic array: the value that one output of a node will have at run time.

    ``shape`` holds ints and symbolic sizes. Arithmetic, indexing, and NumPy's functions and methods applied to a
    tensor make new nodes; nothing is computed before a session runs.
    """

    __slots__ = {  # with their docstrings
        "index": "Which output of the node this is.",
        "node": "The node that makes this tensor.",
        "type": "Shape and dtype together.",
    }
    __array_priority__ = 1000
    __hash__ = object.__hash__

    def __init__(self, node: Node, index: int = 0) -> None:
        self.node = node
        self.index = index
        self.type: TensorType = node.types[index]

    @property
    def shape(self) -> Shape:
        """Sizes: ints, and `Dim` where a size is free."""
        return self.type.shape

    @property
    def dtype(self) -> DType:
        """The NumPy dtype of the elements."""
        return self.type.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def op(self) -> Any:
        """The op that makes this tensor."""
        return self.node.op

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The tensors that the op reads."""
        return self.node.inputs

    @property
    def name(self) -> str | None:
        """The name given by the user, if any."""
        return self.node.name

    @property
    def where(self) -> Where:
        """The user's line."""
        return self.node.where

    # How to get at a value, and what it is called then.
    _reading: ClassVar[tuple[str, str]] = ("compile it, session = sa.compile(tensor), and write", "session(…)")

    def __bool__(self) -> NoReturn:
        raise GraphError(f"the truth value of {describe(self)} is known only at run time{_instead_of_truth(self)}")

    def __format__(self, specification: str) -> str:
        if not specification:
            return str(self)
        raise GraphError(self._no_value("format(", f", {specification!r})"))

    def __float__(self) -> NoReturn:
        raise GraphError(self._no_value("float(", ")"))

    def __int__(self) -> NoReturn:
        raise GraphError(self._no_value("int(", ")"))

    def __complex__(self) -> NoReturn:
        raise GraphError(self._no_value("complex(", ")"))

    def __index__(self) -> NoReturn:
        raise GraphError(
            self._no_value("int(", "); in the graph sa.take indexes by a tensor and sa.fori_loop counts to one")
        )

    def _no_value(self, before: str, behind: str) -> str:
        how, value = self._reading
        return f"{describe(self)} has no value before a session runs; {how} {before}{value}{behind}"

    def __len__(self) -> int:
        if not self.shape:
            raise GraphError(f"len() of {describe(self)}, which has no axes")
        size = self.shape[0]
        if not isinstance(size, int):
            raise GraphError(
                f"len() of {describe(self)}: the first size {size} is free, and len() has to be an int; use .shape[0], "
                "which shapes and arithmetic take, or give the placeholder a fixed size"
            )
        return size

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise GraphError(f"can't iterate over {describe(self)}, which has no axes")
        size = self.shape[0]
        if not isinstance(size, int):
            raise GraphError(
                f"can't iterate over the free size {size} of {describe(self)}; use sa.scan to loop at run time"
            )
        return (self[i] for i in range(size))

    def __repr__(self) -> str:
        return f"<Tensor {self.op.name}{' ' + repr(self.name) if self.name else ''} {self.type}>"

    if TYPE_CHECKING:  # attached by staticad.functional.methods

        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __rfloordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __rmod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __pos__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __xor__(self, other: Any) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __eq__(self, other: Any) -> Tensor: ...  # type: ignore[override]
        def __ne__(self, other: Any) -> Tensor: ...  # type: ignore[override]
        def __getitem__(self, key: Any) -> Tensor: ...
        def __getattr__(self, name: str) -> Any: ...


class WeakTensor(Tensor):
    """A float or complex number that was computed of sizes and Python's numbers: it promotes as Python's do."""

    __slots__ = ()


def describe(tensor: Tensor) -> str:
    """A tensor for an error message: op, name, type and the user's line."""
    name = f" {tensor.name!r}" if tensor.name else ""
    return f"{tensor.op.called}{name} {tensor.type} (made at {tensor.where})"


def _instead_of_truth(tensor: Tensor) -> str:
    """What to write where Python has asked for the truth of a tensor, which it does in several ways."""
    sources = [node for node in sort_nodes([tensor]) if not node.inputs]
    sizes = dict.fromkeys(str(node.attrs["size"]) for node in sources if node.op.name == "size")
    if sizes and all(node.op.name in ("size", "constant") for node in sources):
        return (
            f", for it depends on the size {', '.join(sizes)}; sa.arange, sa.zeros, sa.full and sa.eye take such "
            "sizes, NumPy's functions of these names don't; or give the placeholder a fixed size"
        )
    if tensor.op.name == "equal":
        return (
            "; to find a tensor in a list, which compares by ==, write any(x is y for y in items), or use a dict or a "
            "set; to choose by values use sa.where or sa.cond"
        )
    return (
        "; use sa.where to choose between values, sa.cond / sa.while_loop or @sa.function for control flow, and "
        "&, |, ~ instead of and, or, not and of chains such as 0 < x < 1"
    )


def sort_nodes(tensors: Iterable[Tensor], stop: Iterable[Node] = ()) -> list[Node]:
    """Every node that the tensors depend on, inputs before users, in a deterministic order. Iterative.

    Nodes in ``stop`` are listed, but what they depend on is not followed.
    """
    roots, halted, orders = [tensor.node for tensor in tensors], set(stop), known_orders()
    if orders is None or halted:
        return _walk(roots, halted)
    return orders.of(roots, lambda: _walk(roots, halted))


def _walk(roots: list[Node], halted: set[Node]) -> list[Node]:
    done: dict[Node, None] = {}
    for root in roots:
        stack = [root]
        while stack:
            node = stack[-1]
            if node not in done:
                if node.inputs and node not in halted:
                    ready = True
                    for read in reversed(node.inputs):
                        if read.node not in done:
                            stack.append(read.node)
                            ready = False
                    if not ready:
                        continue
                done[node] = None
            stack.pop()
    return list(done)
