"""The arguments of `compile` and of a session's methods: checked, and brought to one form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad import config
from staticad.errors import DTypeError, FeedError, GraphError, ShapeError
from staticad.ir.deferred import Derivation
from staticad.ir.dims import Symbol, symbols
from staticad.ir.graph import Node, Tensor, describe
from staticad.ir.provenance import here
from staticad.ir.types import Demands, same_shape
from staticad.ops.promotion import to_tensor
from staticad.ops.sources import PLACEHOLDER
from staticad.runtime.feeds import bind_sizes, convert, free_symbols, unknown_size
from staticad.runtime.variables import Variable

if TYPE_CHECKING:
    from staticad.lower.kernel.plan import Plan


def read_options(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Every option with its value."""
    flush = config.settings().flush_subnormals
    chosen = {"optimize": True, "stabilize": True, "unsound": False, "flush_subnormals": flush, "widen_feeds": True}
    if options is not None and not isinstance(options, Mapping):
        raise GraphError(f"options are a mapping of names to values, not {options!r} (at {here()})")
    for key, value in (options or {}).items():
        if key not in chosen:
            raise GraphError(f"no option {key!r}; there are {', '.join(map(repr, chosen))} (at {here()})")
        chosen[key] = value
    return chosen


def read_mode(mode: str | None) -> bool | None:
    """Whether a session of that mode trains; None without a mode."""
    if mode is None:
        return None
    if not isinstance(mode, str) or mode not in ("train", "eval"):
        raise GraphError(f'mode is "train", "eval" or None, not {mode!r} (at {here()})')
    return mode == "train"


def read_updates(updates: Mapping[Any, Any] | Iterable[tuple[Any, Any]] | None) -> list[tuple[Variable, Tensor]]:
    """The variables with their new values, in the order given."""
    if updates is None:
        return []
    pairs = _pairs(updates)
    found: list[tuple[Variable, Tensor]] = []
    seen: set[Node] = set()
    for variable, value in pairs:
        if not isinstance(variable, Variable):
            what = describe(variable) if isinstance(variable, Tensor) else repr(variable)
            raise GraphError(f"{what} can't be updated: it is no variable; make it with sa.variable (at {here()})")
        if variable.node in seen:
            raise GraphError(f"{describe(variable)} has two updates; combine them into one (at {here()})")
        seen.add(variable.node)
        try:
            found.append((variable, value if isinstance(value, Tensor) else to_tensor(value, variable.dtype)))
        except (DTypeError, ShapeError) as error:
            raise type(error)(f"update of {describe(variable)}: {error} (at {here()})") from None
    return found


def _pairs(updates: Any) -> list[tuple[Any, Any]]:
    if isinstance(updates, Mapping):
        return list(updates.items())
    if isinstance(updates, (Tensor, str)) or not isinstance(updates, Iterable):
        raise GraphError(
            f"updates are a mapping from variables to new values, or pairs of them, not {updates!r} (at {here()})"
        )
    pairs = list(updates)
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise GraphError(f"an update is a pair (variable, new value), not {pair!r} (at {here()})")
    return [(variable, value) for variable, value in pairs]


def check_update(variable: Variable, value: Tensor, demands: Demands) -> None:
    """Raises DTypeError or ShapeError where the new value does not fit; sizes that have to turn out equal join the
    demands."""
    if value.dtype != variable.dtype:
        raise DTypeError(
            f"update of {describe(variable)} has dtype {value.dtype}: {describe(value)}; "
            f"cast it with .astype({variable.dtype.name!r})"
        )
    if not same_shape(value.shape, variable.shape, demands):
        raise ShapeError(
            f"update of {describe(variable)} has another shape: {describe(value)}; "
            "reshape, reduce or broadcast it to the variable's"
        )


def read_inputs(inputs: Any, nodes: Sequence[Node | Derivation]) -> tuple[Tensor, ...]:
    """The placeholders that a run is fed, for a graph of these nodes."""
    needed = sorted((n for n in nodes if n.op is PLACEHOLDER and isinstance(n, Node)), key=lambda n: n.serial)
    if inputs is None:
        return tuple(n.out for n in needed)
    if isinstance(inputs, Tensor):
        raise GraphError(f"inputs is a list of placeholders; write inputs=[x] (at {here()})")
    if isinstance(inputs, Mapping):
        raise GraphError(
            f"inputs is a list of placeholders, not a mapping; updates of variables are given as updates= (at {here()})"
        )
    if not isinstance(inputs, Iterable):
        raise GraphError(f"inputs is a list of placeholders, not {inputs!r} (at {here()})")
    given: set[Node] = set()
    for tensor in inputs:
        if not isinstance(tensor, Tensor) or tensor.op is not PLACEHOLDER:
            what = describe(tensor) if isinstance(tensor, Tensor) else repr(tensor)
            raise GraphError(f"{what} can't be an input: inputs are placeholders (at {here()})")
        if tensor.node in given:
            raise GraphError(f"{describe(tensor)} is listed twice among the inputs (at {here()})")
        given.add(tensor.node)
    missing = [n for n in needed if n not in given]
    if missing:
        listed = ", ".join(describe(n.out) for n in missing)
        raise GraphError(f"the graph depends on {listed}, not among the inputs; add it to inputs= (at {here()})")
    return tuple(inputs)


def check_symbols(inputs: tuple[Tensor, ...], nodes: Sequence[Node]) -> None:
    """Raises GraphError where a node has a free size that no input determines."""
    known = free_symbols(inputs)
    fine: set[int] = set()  # types and sizes that were looked at, by identity: many nodes hold the same ones
    for node in nodes:
        sizes = [s for kind in node.types if id(kind) not in fine for s in kind.shape]
        sizes += [s for pair in node.constraints for s in pair]
        if "size" in node.attrs:
            sizes.append(node.attrs["size"])
        for size in sizes:
            if isinstance(size, int) or id(size) in fine:
                continue
            if {s for s in symbols(size) if not s.runtime and not s.local} - known:
                raise unknown_size(node, size)
            fine.add(id(size))
        fine.update(map(id, node.types))


def read_sizes(free: Sequence[Symbol], inputs: Sequence[Tensor], given: Mapping[Any, Any] | None) -> dict[Symbol, int]:
    """The values of the free sizes: given by their names, or by arrays for inputs that have them, which are named or
    given as tensors. Raises FeedError for a size that is missing or unknown, or has two values."""
    if given is not None and not isinstance(given, Mapping):
        raise FeedError(f"sizes are a mapping from names of sizes to ints, or feeds, not {given!r} (at {here()})")
    names = {str(symbol): symbol for symbol in free}
    listed = ", ".join(names) or "none"
    fed: dict[Node, Any] = {}
    values: dict[Symbol, int] = {}
    for key, value in (given or {}).items():
        named = [t for t in inputs if (t is key if isinstance(key, Tensor) else t.name == key)]
        if isinstance(key, Tensor) and not named:
            raise FeedError(f"{describe(key)} is no input of this session (at {here()})")
        if named and str(key) not in names:
            fed[named[0].node] = value
        elif str(key) not in names:
            raise FeedError(f"no size is called {key}, nor an input; the free sizes are {listed} (at {here()})")
        elif isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
            raise FeedError(f"the size {key} is an int of at least 0, not {value!r} (at {here()})")
        else:
            values[names[str(key)]] = int(value)
    used = [t for t in inputs if t.node in fed]
    arrays = [convert(t, fed[t.node]) for t in used]
    for symbol, size in bind_sizes(used, arrays).items():
        if values.setdefault(symbol, size) != size:
            raise FeedError(f"the size {symbol} is {values[symbol]}, but {size} by the feeds (at {here()})")
    missing = next((symbol for symbol in free if symbol not in values), None)
    if missing is not None:
        raise FeedError(f"no value for the size {missing}; the free sizes are {listed} (at {here()})")
    return {symbol: values[symbol] for symbol in free}


def find_variables(
    plan: Plan, nodes: Sequence[Node], updates: Sequence[tuple[Variable, Tensor]]
) -> tuple[Variable, ...]:
    """The variables of a plan, in its order: nodes of the graph, or variables that are only written."""
    outputs = [*(node.outputs[0] for node in nodes), *(variable for variable, _ in updates)]
    known = {t.node.serial: t for t in outputs if isinstance(t, Variable)}
    return tuple(known[spec.key] for spec in plan.variables)
