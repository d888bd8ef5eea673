"""Functions of rows leave the kernels whose loops over the rows do not need them there.

What a kernel computes once a row, between loops over the row, is scalar code. An exponential or a logarithm there
takes as long as a dozen elements of the row. If no loop over the row needs it, it moves into a kernel over the rows,
which vectorizes. Sums over the rows that need it become a kernel of their own behind that. And sums over rows that do
nothing else for each row take several rows at a time; so what is computed for a row before moves to where its operands
are computed.
"""

from __future__ import annotations

from staticad.ir.dims import product
from staticad.ir.graph import Node
from staticad.lower.fusion.clusters import (
    ACCUMULATE,
    ASSEMBLE,
    DEAR,
    INNER,
    LONG,
    MAP,
    MAX_COST,
    MAX_MEMBERS,
    OUTER,
    ROW,
    Cluster,
    Member,
)
from staticad.lower.fusion.fuse import Fusion

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
    _set_uses(cluster, rows)
    return [cluster, rows]


def split_sums(fusion: Fusion, cluster: Cluster, number: int) -> list[Cluster]:
    """The cluster, and behind it one of that number with the sums over rows that need expensive functions of them."""
    if not cluster.loops or not cluster.outer or fusion.changes is not None or not _worthwhile(cluster):
        return [cluster]
    behind = _behind(cluster)
    kept = [m for m in cluster.members.values() if m.node not in behind]
    if not behind or any(u in behind for m in kept for u in m.uses):
        return [cluster]
    if not all(u in behind or cluster.members[u].level == OUTER for n in behind for u in cluster.members[n].uses):
        return [cluster]  # rows need it, too
    sums = Cluster(number, cluster.level, space=cluster.space, rows=cluster.rows)
    for node in behind:
        sums.members[node] = cluster.members.pop(node)
        fusion.assign(node, sums)
    _set_uses(cluster, sums)
    return [cluster, sums]


def _behind(cluster: Cluster) -> dict[Node, None]:
    """The partial sums over rows, and what they need beside functions of rows."""
    found: dict[Node, None] = {}
    expensive: set[Node] = set()
    for m in cluster.members.values():
        if _is_expensive(m) or any(u in expensive for u in m.uses):
            expensive.add(m.node)
    sums = [m for m in cluster.members.values() if m.kind == ACCUMULATE and m.level == INNER and m.node in expensive]
    if any(m.reduction is None or not m.reduction.partial for m in sums):
        return {}
    stack = [m.node for m in sums]
    while stack:
        node = stack.pop()
        if node not in found and cluster.members[node].level == INNER:
            found[node] = None
            stack += cluster.members[node].uses
    return {node: None for node in cluster.members if node in found}


def raise_rows(fusion: Fusion, cluster: Cluster) -> None:
    """Move what a cluster of partial sums over rows computes for each row first into the last cluster that it reads."""
    members = list(cluster.members.values())
    if not cluster.loops or not cluster.outer or fusion.changes is not None:
        return
    heads = [m for m in members if m.level == OUTER]
    sums = [m for m in members if m.kind == ACCUMULATE]
    if any(m.kind != MAP for m in heads) or any(m.kind not in (MAP, ACCUMULATE) for m in members):
        return
    if not heads or not sums or any(m.reduction is None or not m.reduction.partial for m in sums):
        return
    read = [(m, edge) for m in heads for edge in m.edges if fusion.home(edge[0]) is not cluster]
    homes = {home.number: home for _, (node, _) in read if (home := fusion.home(node)) is not None}
    last = max(homes.values(), key=lambda c: c.level, default=None)
    rows = cluster.space[: cluster.outer]
    if last is None or not last.loops or any(c.level >= last.level for c in homes.values() if c is not last):
        return
    if last.space[: last.outer] != rows or (last.rows is not None and last.rows != cluster.rows):
        return
    if len(last.members) + len(heads) > MAX_MEMBERS or sum(m.cost for m in heads) > MAX_COST // 2:
        return
    level = INNER if last.outer is None else OUTER
    for member, (node, context) in read:
        if fusion.home(node) is last and not fusion.reads_in_place(last.members[node], context, level, member.axes):
            return
    for member in heads:
        del cluster.members[member.node]
        cluster.cost -= member.cost
        member.level = level
        fusion.assign(member.node, last)
        last.add(member)
    cluster.outer, last.rows = None, cluster.rows


def _set_uses(*clusters: Cluster) -> None:
    """Let members use those of their own cluster alone."""
    for cluster in clusters:
        for member in cluster.members.values():
            member.uses = tuple(u for u in member.uses if u in cluster.members)


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
