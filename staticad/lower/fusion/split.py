"""Expensive functions of rows leave the kernel that reduces the rows.

What a kernel computes once a row, between loops over the row, is scalar code. An exponential or a logarithm there
takes as long as a dozen elements of the row. If no loop over the row needs it, it moves into a kernel over the rows,
which vectorizes.
"""

from __future__ import annotations

from staticad.ir.dims import product
from staticad.ir.graph import Node
from staticad.lower.fusion.clusters import ACCUMULATE, ASSEMBLE, DEAR, INNER, MAP, OUTER, ROW, Cluster, Member
from staticad.lower.fusion.fuse import Fusion

LONG = 512  # elements of a row beside which nothing of a row is expensive
FEW = 4  # rows that fill no vector


def split_rows(fusion: Fusion, cluster: Cluster, number: int) -> list[Cluster]:
    """The cluster, and behind it one of that number with what has left it, if anything has. Sets `uses` anew."""
    if not cluster.loops or not cluster.outer or not _worthwhile(cluster):
        return [cluster]
    moved = _moved(cluster)
    if not moved:
        return [cluster]
    rows = Cluster(number, cluster.level, space=cluster.space[: cluster.outer])
    rows.rows = cluster.rows
    for node in moved:
        rows.members[node] = cluster.members.pop(node)
        rows.members[node].level = INNER
        fusion.assign(node, rows)
    for changed in (cluster, rows):
        for member in changed.members.values():
            member.uses = tuple(u for u in member.uses if u in changed.members)
    return [cluster, rows]


def _worthwhile(cluster: Cluster) -> bool:
    outer, inner = product(cluster.space[: cluster.outer]), product(cluster.space[cluster.outer :])
    if (isinstance(outer, int) and outer <= FEW) or (isinstance(inner, int) and inner > LONG):
        return False
    return any(_is_expensive(m) for m in cluster.members.values())


def _is_expensive(member: Member) -> bool:
    return member.level == OUTER and member.kind == MAP and member.cost >= DEAR


def _moved(cluster: Cluster) -> list[Node]:
    members = cluster.members
    needed = _needed(members)
    free = [
        m
        for m in members.values()
        if m.level == OUTER and m.kind in (MAP, ACCUMULATE, ASSEMBLE) and m.node not in needed
    ]
    moved = {m.node for m in free if _is_expensive(m)}
    users: dict[Node, list[Node]] = {}
    for member in members.values():
        for used in member.uses:
            users.setdefault(used, []).append(member.node)
    changed = bool(moved)
    while changed:  # all that depends on what moves, and what is of no other use
        more = {
            m.node
            for m in free
            if m.node not in moved
            and (any(u in moved for u in m.uses) or (m.node in users and all(u in moved for u in users[m.node])))
        }
        moved |= more
        changed = bool(more)
    return [node for node in members if node in moved]


def _needed(members: dict[Node, Member]) -> set[Node]:
    """What loops over the rows need, directly or not."""
    stack = [u for m in members.values() if m.level == INNER or m.kind == ROW for u in m.uses]
    found: set[Node] = set()
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += members[node].uses
    return found
