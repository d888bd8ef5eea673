"""Undoing: a backward loop takes the changes of an array back, one by one, and so has its state at every step.

Where a step changes a few places of a carried array and its derivative reads much of it, the tape holds what is
overwritten, not what is read. The backward loop carries the array from its last state on and writes the old values
back, which gives every state bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from staticad.autodiff.loop_parts import LoopParts
from staticad.autodiff.recording import has_runtime_sizes, nominal, nominal_bytes, recorded_values
from staticad.ir.dims import local_symbols
from staticad.ir.graph import Node, Tensor
from staticad.ir.substitute import substitute
from staticad.ops.base import apply
from staticad.ops.control import parameter
from staticad.ops.indexing import GATHER, GATHER_ALONG, SCATTER_ALONG, Scatter
from staticad.ops.slicing import REPLACE, SLICE

GAIN = 4  # how many times smaller the tape has to get


@dataclass(frozen=True)
class Recording:
    """What a forward loop records. ``values`` says what stands in the backward loop for values of the forward loop;
    for arrays whose changes are undone ``undone`` has the number of the carry, its state after a step, and before."""

    recorded: list[Tensor]
    values: dict[Tensor, Tensor]
    undone: list[tuple[int, Tensor, Tensor]] = field(default_factory=list)


def choose_recording(
    outputs: Sequence[Tensor], backward: Sequence[Tensor], parts: LoopParts, free: set[Tensor]
) -> Recording:
    """The cheaper of recording what is read and recording what is overwritten."""
    carried = set(parts.carry)
    plain = recorded_values(outputs, backward, free, carried)
    found = Recording(plain, {t: parameter(t.type) for t in plain})
    changes = {i: _changes(t, parts.following[i]) for i, t in enumerate(parts.carry) if t.ndim}
    changes = {i: links for i, links in changes.items() if links and _is_read(links, plain)}
    if not changes:
        return found
    links = [link for chain in changes.values() for link in chain]
    states = {t for link in links for t in (link.out, link.inputs[0])}
    old = {link: _old(link) for link in links}
    indices = [t for link in links for t in link.inputs[2:]]
    needed = recorded_values(indices, (), free, carried)
    read = recorded_values(outputs, backward, free | states, carried - states)
    recorded = list(dict.fromkeys([*read, *old.values(), *needed]))
    if any(has_runtime_sizes(t) or any(map(local_symbols, t.shape)) for t in recorded) or states & {*needed}:
        return found
    steps = nominal(parts.shape.length)
    last = nominal_bytes(parts.carry[i].type for i in changes)
    if GAIN * (steps * nominal_bytes(t.type for t in recorded) + last) > steps * nominal_bytes(t.type for t in plain):
        return found
    values = {t: parameter(t.type) for t in recorded}
    undone = []
    for i, chain in changes.items():
        after = state = parameter(parts.carry[i].type)
        for link in chain:
            values.setdefault(link.out, state)
            state = _undo(link, state, values[old[link]], values)
        values.setdefault(parts.carry[i], state)
        undone.append((i, after, state))
    return Recording(recorded, values, undone)


def _changes(carry: Tensor, following: Tensor) -> list[Node]:
    """The changes of places that make the next state from a carry, the last one first; none if others are among
    them."""
    found: list[Node] = []
    while following is not carry:
        if not (isinstance(following.op, Scatter) or following.op is REPLACE):
            return []
        found.append(following.node)
        following = following.inputs[0]
    return found


def _is_read(links: Sequence[Node], recorded: Sequence[Tensor]) -> bool:
    """Whether the record has a state of the array in it, or what was gathered from one."""
    states = {t for link in links for t in (link.out, link.inputs[0])}
    return any(t in states or (t.node.inputs and t.node.inputs[0] in states) for t in recorded)


def _old(link: Node) -> Tensor:
    """What a change overwrites."""
    base, value, *indices = link.inputs
    attrs = dict(link.attrs)
    if link.op is REPLACE:
        return apply(SLICE, base, **attrs)
    del attrs["mode"]
    return apply(GATHER_ALONG if link.op is SCATTER_ALONG else GATHER, base, *indices, **attrs)


def _undo(link: Node, state: Tensor, old: Tensor, values: Mapping[Tensor, Tensor]) -> Tensor:
    """The state before a change. Writes to one place write the same old value."""
    if link.op is REPLACE:
        return apply(REPLACE, state, old, **link.attrs)
    indices = substitute(link.inputs[2:], values)
    return apply(link.op, state, old, *indices, **{**link.attrs, "mode": "set"})
