"""Long kernels are cut where that is cheap.

In a long body operations wait for each other, and a CPU does not reach the next elements meanwhile. Two bodies of half
the length are faster, unless much has to be stored by one and loaded by the other: derivatives need most values of the
program that they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from staticad.ir.graph import Node
from staticad.lower.fusion.clusters import ACCUMULATE, INNER, MAP, Cluster, Member
from staticad.lower.fusion.fuse import Fusion

LONG = 100  # cost of the members on each side of a cut, at least
ARRAY = 10  # cost of the members on each side that is worth an array that is stored and loaded
REACH = 100  # values that are evaluated by recursion


def cut_long(fusion: Fusion, cluster: Cluster, number: int) -> list[Cluster]:
    """The parts of a cluster in order, of which the further ones have numbers from ``number`` on. Sets `uses` anew."""
    if cluster.cost < 2 * LONG or not cluster.space or cluster.reads | cluster.after:
        return [cluster]
    if any(m.level != INNER or m.kind not in (MAP, ACCUMULATE) for m in cluster.members.values()):
        return [cluster]
    order = in_order(list(cluster.members.values()), cluster.members)
    first, *others = _parts(fusion, order)
    if not others:
        return [cluster]
    parts, cluster.members = [cluster], {m.node: m for m in first}
    for part in others:
        new = replace(cluster, number=number + len(parts) - 1, members={m.node: m for m in part})
        for m in part:
            fusion.assign(m.node, new)
        parts.append(new)
    for changed in parts:
        for m in changed.members.values():
            m.uses = tuple(node for node in m.uses if node in changed.members)
    return parts


def _parts(fusion: Fusion, order: Sequence[Member]) -> Iterator[list[Member]]:
    """The members, cut where few values are needed behind."""
    last = {node: position for position, m in enumerate(order) for node in m.uses}
    ends = [0] * len(order)  # how many values are needed for the last time at a position
    for node, position in last.items():
        if node not in fusion.stored:
            ends[position] += 1
    start, before, behind, living = 0, 0, sum(m.cost for m in order), 0
    for position, m in enumerate(order):
        before, behind = before + m.cost, behind - m.cost
        living += (m.node in last and m.node not in fusion.stored) - ends[position]
        if min(before, behind) >= max(LONG, ARRAY * living):
            yield list(order[start : position + 1])
            start, before = position + 1, 0
    yield list(order[start:])


def pieces(members: Sequence[Member]) -> list[Member]:
    """The members that cut long chains into pieces, in order: these are evaluated one by one."""
    length: dict[Node, int] = {}
    for m in members:
        if m.kind == MAP:
            length[m.node] = 1 + max((length.get(node, 0) for node in m.uses), default=0)
    return [m for m in members if length.get(m.node, 1) % REACH == 0]


def in_order(members: Sequence[Member], known: dict[Node, Member]) -> list[Member]:
    """Each member behind those that it uses."""
    done: set[Node] = set()
    result: list[Member] = []
    for member in members:
        stack = [(member, False)]
        while stack:
            current, expanded = stack.pop()
            if current.node in done:
                continue
            if expanded:
                done.add(current.node)
                result.append(current)
                continue
            stack.append((current, True))
            stack += [(known[u], False) for u in current.uses if u not in done]
    return result
