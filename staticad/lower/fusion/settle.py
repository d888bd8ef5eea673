"""After fusion: sink and merge clusters, decide what is stored and what is computed again, find the stages."""

from __future__ import annotations

from dataclasses import replace

from staticad.ir.dims import Size
from staticad.ir.graph import Node, Tensor
from staticad.lower.fusion.clusters import (
    INNER,
    MAP,
    OUTER,
    REUSE_COST,
    ROW,
    Cluster,
    Edge,
    Member,
)
from staticad.lower.fusion.cutting import cut_long, in_order
from staticad.lower.fusion.fuse import INLINE_COST, Fusion
from staticad.lower.fusion.split import raise_rows, split_rows, split_sums
from staticad.lower.index.views import below_all_views, below_views

OPEN = 8  # clusters that read a tensor and may take others that read it

Users = dict[Node, list[tuple[Member, Edge]]]


def settle(fusion: Fusion) -> None:
    """Sink and merge clusters, decide what is stored and what is computed again, find the stages."""
    users: Users = {}
    for cluster in fusion.clusters:
        for member in cluster.members.values():
            for edge in member.edges:
                users.setdefault(edge[0], []).append((member, edge))
    for cluster in sorted(fusion.clusters, key=lambda c: -c.level):
        sink(fusion, cluster, users)
    merge_siblings(fusion)
    fusion.clusters = sorted((c for c in fusion.clusters if c.members), key=lambda c: (c.level, c.number))
    for cluster in fusion.clusters:
        raise_rows(fusion, cluster)
    for cluster in fusion.clusters:
        for member in cluster.members.values():
            member.uses = tuple(dict.fromkeys(u for u, _ in member.edges if fusion.home(u) is cluster))
    parts: list[Cluster] = []
    number = 1 + max((c.number for c in fusion.clusters), default=0)
    for cluster in fusion.clusters:
        first, *sums = split_sums(fusion, cluster, number)
        number += len(sums)
        split = split_rows(fusion, first, number)
        number += len(split) - 1
        for part in (*split, *sums):
            cut = cut_long(fusion, part, number)
            number += len(cut) - 1
            parts += cut
    fusion.clusters = parts
    find_stored(fusion)
    for cluster in fusion.clusters:
        if cluster.loops:
            find_stages(fusion, cluster)


def sink(fusion: Fusion, cluster: Cluster, users: Users) -> None:
    """Move a cluster into the first one that reads it, where that runs over the same loops: what was computed
    early, because it could be, is then computed where it is needed."""
    if not cluster.loops or not cluster.members:
        return
    readers = _readers(fusion, cluster, users)
    if not readers:
        return
    first = min((reader for reader, _, _ in readers), key=lambda c: c.level)
    others = {id(reader) for reader, _, _ in readers if reader.level == first.level}
    if not first.loops or len(others) > 1 or not first.has_room_for(cluster, before=True):
        return
    level = _sunk_level(cluster, first)
    if level is None or (cluster.rows is not None and first.rows is not None and cluster.rows != first.rows):
        return
    for reader, by, (node, context) in readers:
        if reader is first:
            member = cluster.members[node]
            stands = replace(member, level=level if member.level == INNER else member.level)
            axes = by.operand_axes if by.operand is not None else by.axes
            reading = INNER if by.kind == ROW else by.level
            if not fusion.reads_in_place(stands, context, reading, axes):
                return
    for member in cluster.members.values():
        if member.level == INNER:
            member.level = level
    if cluster.outer is not None and level == INNER:
        first.outer = cluster.outer
    first.rows = cluster.rows if first.rows is None else first.rows
    first.take(cluster, before=True)


def _sunk_level(cluster: Cluster, first: Cluster) -> str | None:
    """The level that the whole-space members of a cluster would have in another one; None if it does not fit."""
    if cluster.space == first.space:
        if cluster.outer == first.outer or cluster.plain:
            return INNER
        return INNER if first.outer is None and first.plain else None
    if cluster.plain and first.outer is not None and cluster.space == first.space[: first.outer]:
        return OUTER if cluster.space else None
    return None


def _readers(fusion: Fusion, cluster: Cluster, users: Users) -> list[tuple[Cluster, Member, Edge]]:
    """Every edge from another cluster into this one."""
    found = []
    for node in cluster.members:
        for member, edge in users.get(node, ()):
            reader = fusion.cluster(member.node)
            if reader is not cluster or edge[1] is None:
                found.append((reader, member, edge))
    return found


def find_stored(fusion: Fusion) -> None:
    """What is read across clusters is stored, except cheap functions of one tensor that is stored anyway."""
    required = dict(fusion.stored)
    for cluster in fusion.clusters:
        for member in cluster.members.values():
            for node, context in member.edges:
                if fusion.home(node) is not cluster or context is None:
                    fusion.stored[node] = None
                    if context is None:
                        fusion.read_whole.add(node)
    costs: dict[Node, int] = {}  # of evaluating what is recomputed
    for node in sorted(fusion.stored, key=lambda n: n.serial):
        if node not in required and node not in fusion.read_whole and _is_cheap(fusion, node):
            cost = node.op.cost + sum(costs.get(below_views(x, fusion.families).node, 0) for x in node.inputs)
            if cost <= INLINE_COST:  # single numbers may be functions of single numbers that are recomputed
                costs[node] = cost
                fusion.recomputed.add(node)
    for node in fusion.recomputed:
        del fusion.stored[node]


def _is_cheap(fusion: Fusion, node: Node) -> bool:
    if not fusion.families[node.op].pointwise or node.op.cost > 2:
        return False
    arrays: set[Tensor] = set()
    for x in node.inputs:
        base = below_views(x, fusion.families)
        if fusion.families[base.op].checks_indices:
            return False  # its index may be a value of this kernel that nobody stores
        if fusion.families[base.op].generated or all(s == 1 for s in base.shape):
            if fusion.home(base.node) is not None and base.node not in fusion.stored:
                return False
            if fusion.inline(base.node):
                return False
            continue
        if not fusion.is_source(base) and (base.node not in fusion.stored or base.node in fusion.recomputed):
            return False
        if fusion.changes is not None and fusion.changes.bare(base):
            return False  # its readers may run after a change
        arrays.add(base)
    return len(arrays) <= 1


def merge_siblings(fusion: Fusion) -> None:
    """Clusters of one level and space that read a common tensor run in one sweep: each joins the first one before it
    that takes it. Of those that read a tensor a few are open, so that it costs no more where thousands do."""
    groups: dict[tuple[int, tuple[Size, ...]], dict[Tensor | None, list[Cluster]]] = {}
    for cluster in fusion.clusters:
        if not cluster.loops or not cluster.members:
            continue
        reads: set[Tensor | None] = set(_reads(fusion, cluster)) if cluster.space else {None}
        readers = groups.setdefault((cluster.level, cluster.space), {})
        near = {other.number: other for tensor in reads for other in readers.get(tensor, ())}
        merged = next((near[number] for number in sorted(near) if fusion.merge(near[number], cluster)), cluster)
        for tensor in reads:
            among = readers.setdefault(tensor, [])
            if not any(other is merged for other in among):
                among.append(merged)
            if len(among) > OPEN:
                among.remove(max(among, key=lambda other: len(other.members)))


def _reads(fusion: Fusion, cluster: Cluster) -> set[Tensor]:
    found: set[Tensor] = set()
    for node in cluster.members:
        for x in node.inputs:
            base = below_all_views(x, fusion.families)
            if not base.shape or fusion.families[base.op].generated:  # nothing in memory
                continue
            if fusion.is_source(base) or fusion.home(base.node) is not cluster:
                found.add(base)
    return found


def find_stages(fusion: Fusion, cluster: Cluster) -> None:
    members = cluster.members
    order = in_order(list(members.values()), members)
    cluster.members = {m.node: m for m in order}
    for member in order:
        member.stage = max((members[u].stage + (1 if members[u].kind == ROW else 0) for u in member.uses), default=0)
    for member in order:
        if member.level == INNER or member.kind == ROW:
            for used in member.uses:
                source = members[used]
                again = source.stage < member.stage or (member.reduction is not None and member.reduction.position)
                if source.level == INNER and again and source.kind == MAP:
                    if used not in fusion.stored and _recompute_cost(fusion, cluster, source) > REUSE_COST:
                        fusion.stored[used] = None
                        fusion.staged.add(used)


def _recompute_cost(fusion: Fusion, cluster: Cluster, member: Member) -> int:
    total, stack, seen = 0, [member], {member.node}
    while stack and total <= REUSE_COST:
        current = stack.pop()
        total += current.cost
        for used in current.uses:
            source = cluster.members[used]
            if source.level == INNER and source.kind == MAP and used not in seen and used not in fusion.stored:
                seen.add(used)
                stack.append(source)
    return total
