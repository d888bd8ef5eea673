"""What a session is compiled from, and what is made of it: a plan, and from that tables, or tables from the cache.

Where the tables come from the cache the plan is made when somebody asks for it: for the text of an error, a profile or
a drawing, for sizes with which it does not run as usual. It is the one that the tables were made of, for compiling is
repeatable; if it were not, that would show, and the new tables would take the place of the old ones.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad import progress
from staticad.collection import no_collection
from staticad.config import note
from staticad.ir.dims import Symbol
from staticad.ir.graph import Node, Tensor
from staticad.ir.provenance import here, inherit
from staticad.late import later
from staticad.ops.control import all_nodes
from staticad.ops.mode import TRAINING
from staticad.ops.sources import CONSTANT, PLACEHOLDER, ConstantValue
from staticad.ops.unmade import Unmade
from staticad.records import dataclass
from staticad.runtime import arguments, programs
from staticad.runtime.careful import described
from staticad.runtime.feeds import free_symbols
from staticad.runtime.graph_key import GraphKey, NoKey
from staticad.runtime.stored import Stored
from staticad.runtime.tables import PRINTS, Tables
from staticad.runtime.variables import Variable

if TYPE_CHECKING:
    from staticad.ir.deferred import Derivation
    from staticad.rewrite import modes
    from staticad.runtime import lowering
    from staticad.runtime.lowering import Lowered
else:  # what compiles, which a program from disk does without
    modes = later("staticad.rewrite.modes")
    lowering = later("staticad.runtime.lowering")

_LARGEST = 16 << 20  # bytes of constants that are not in the graph but in the stored program


@dataclass(frozen=True)
class Ready:
    """What runs without a plan: tables, the constants and variables that they mean."""

    tables: Tables | None
    constants: tuple[np.ndarray, ...]
    variables: tuple[Variable, ...]
    kept: bool = False  # they come from the cache


class Request:
    """See the module. Knows no session, so that what describes memory keeps none alive."""

    def __init__(
        self,
        fetches: Sequence[Tensor],
        inputs: Any,
        changes: Sequence[tuple[Variable, Tensor]],
        options: Mapping[str, Any],
        training: bool | None,
    ) -> None:
        targets = [*fetches, *(value for _, value in changes)]
        kept, graph = programs.are_kept(), Unmade(targets)
        modal = TRAINING in {node.op for node in graph.nodes}
        if graph.waiting and (modal or not kept or any(node.op is PLACEHOLDER for node in graph.behind)):
            all_nodes(targets)  # which makes them
            graph = Unmade(targets)
        if modal:
            targets = modes.in_mode(targets, training)
            graph = Unmade(targets)
        self.targets, self.fetches = targets, targets[: len(fetches)]
        self.changes = [(variable, value) for (variable, _), value in zip(changes, targets[len(fetches) :])]
        self.options = options
        self.inputs = arguments.read_inputs(inputs, graph.nodes)
        self.symbols = tuple(sorted(free_symbols(self.inputs), key=lambda s: s.key))  # the free sizes
        self._lowered: Lowered | None = None
        self._where = here()
        key = self._key(graph, options) if kept else None
        self.ready = self._kept(key) or self._made(key)

    @property
    def is_lowered(self) -> bool:
        """Whether there is a plan so far."""
        return self._lowered is not None

    @property
    def lowered(self) -> Lowered:
        """The graph as a plan. Raises GraphError, ShapeError and DTypeError for what can't be compiled."""
        # No cached_property: there a lock is held meanwhile, for ever in the child of a fork.
        found = self._lowered
        if found is None:
            with inherit(self._where):  # whoever asks, what no node stands behind is of the line that compiles
                found = self._lowered = lowering.lowered(self, all_nodes(self.targets))
        return found

    def describe(self, values: Mapping[Symbol, int]) -> Callable[[bool], str]:
        """Tells what a run with these sizes needs memory for, with or without its results."""
        return lambda results: described(self.lowered.plan, values, results)

    def whole(self) -> Lowered:
        """The plan; from now on the tables are surely made of it."""
        ready = self.ready
        with no_collection(), progress.line("compiling") if ready.kept else nullcontext():
            lowered = self.lowered
        if ready.kept:
            made = self._ready(lowered, all_nodes(self.targets))
            if not _are_same(ready, made):
                note(1, "a program of the cache is not the one that its graph is compiled to; it is replaced")
                ready = made
            self.ready = replace(ready, kept=False)
        return lowered

    def _ready(self, lowered: Lowered, everything: list[Node]) -> Ready:
        variables = arguments.find_variables(lowered.plan, everything, self.changes)
        tables = None if lowered.traced is None else lowered.traced.tables
        return Ready(tables, tuple(lowered.compiled.constants), variables)

    # ---- the cache -----------------------------------------------------------------------------------------------

    def _key(self, graph: Unmade, options: Mapping[str, Any]) -> GraphKey | None:
        """The hash of the request; None where something in it is not known well enough."""
        roots = {
            "fetches": self.fetches,
            "inputs": self.inputs,
            "updated": [variable for variable, _ in self.changes],
            "updates": [value for _, value in self.changes],
        }
        try:
            return GraphKey(roots, graph, tuple(sorted(options.items())), programs.circumstances())
        except NoKey as error:
            note(1, f"the program is not kept: {error}")
            return None

    def _kept(self, key: GraphKey | None) -> Ready | None:
        """What the cache has."""
        stored = None if key is None else programs.load(key.digest)
        if key is None or stored is None:
            return None
        constants = (_value(key.node(c)).copy() if isinstance(c, int) else c for c in stored.constants)
        variables = [key.node(number).out for number in stored.variables]
        known = tuple(variable for variable in variables if isinstance(variable, Variable))
        return Ready(stored.tables, tuple(constants), known, kept=True)

    def _made(self, key: GraphKey | None) -> Ready:
        """What compiling gives, which the cache keeps if it can."""
        everything = all_nodes(self.targets)
        self._lowered = lowering.lowered(self, everything)
        ready = self._ready(self._lowered, everything)
        if ready.tables is not None and key is not None and PRINTS not in ready.tables.bases:
            constants = _in_graph(ready.constants, key.nodes)
            if sum(c.nbytes for c in constants if isinstance(c, np.ndarray)) <= _LARGEST:
                numbers = key.numbers
                variables = tuple(numbers[variable.node] for variable in ready.variables)
                programs.store(key.digest, Stored(ready.tables, constants, variables))
        return ready


def _value(node: Node) -> np.ndarray:
    """The value of a constant."""
    value: ConstantValue = node.attrs["value"]
    return value.array


def _in_graph(constants: Sequence[np.ndarray], nodes: Sequence[Node | Derivation]) -> tuple[np.ndarray | int, ...]:
    """The constants of a plan: those that stand in the graph as numbers of nodes."""
    given: dict[tuple[str, tuple[int, ...], int], list[tuple[int, Node]]] = {}
    for number, node in enumerate(nodes):
        if isinstance(node, Node) and node.op is CONSTANT:
            given.setdefault(_kind(_value(node)), []).append((number, node))

    def found(array: np.ndarray) -> np.ndarray | int:
        same = (number for number, node in given.get(_kind(array), ()) if _same_bits(_value(node), array))
        return next(same, array)

    return tuple(map(found, constants))


def _kind(array: np.ndarray) -> tuple[str, tuple[int, ...], int]:
    """What equal constants have in common, and few others."""
    return array.dtype.str, array.shape, zlib.crc32(array.reshape(-1).view(np.uint8).data)


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(a.reshape(-1).view(np.uint8), b.reshape(-1).view(np.uint8))


def _are_same(one: Ready, other: Ready) -> bool:
    """Whether two programs do the same."""
    if one.tables is None or other.tables is None or one.variables != other.variables:
        return False
    arrays = [*zip(one.constants, other.constants, strict=False)]
    for field in fields(Tables):
        a, b = getattr(one.tables, field.name), getattr(other.tables, field.name)
        if isinstance(a, np.ndarray):
            arrays.append((a, b))
        elif a != b:
            return False
    same = (a.dtype == b.dtype and a.shape == b.shape and _same_bits(a, b) for a, b in arrays)
    return len(one.constants) == len(other.constants) and all(same)
