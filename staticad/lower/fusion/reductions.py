"""Placing reductions: along rows in a register, across rows in memory, over large spaces chunk by chunk."""

from __future__ import annotations

from dataclasses import replace

from staticad.ir.dims import product
from staticad.ir.dtypes import FLOAT32, FLOAT64
from staticad.ir.graph import Node
from staticad.ir.types import TensorType
from staticad.lower.fusion.clusters import (
    ACCUMULATE,
    INNER,
    MAP,
    OUTER,
    ROW,
    Cluster,
    Edge,
    Member,
    Reduction,
    chunk_count,
    chunk_rows,
    partial_node,
)
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.fusion.joining import Fitted, loop_axes
from staticad.lower.index.affine import ZERO
from staticad.ops.reduce import PROD, SUM


def place_reduction(fusion: Fusion, node: Node, reduced: set[int], reduction: Reduction) -> None:
    """Give a reduction over these axes of its operand a cluster."""
    x = node.inputs[0]
    shape = fusion.shape(x)
    looped = {a for a in reduced if shape[a] != 1}
    edges = fusion.edges(x, fusion.own_context(shape))
    kept = tuple(a for a in range(len(shape)) if a not in reduced)
    if not looped:
        context = fusion.own_context(fusion.shape(node.outputs[0]))
        operand = tuple(ZERO if a in reduced else context[kept.index(a)] for a in range(len(shape)))
        fusion.place_over(node, MAP, fusion.shape(node.outputs[0]), fusion.edges(x, operand), reduction)
        return
    cluster = fusion.candidate(edges)
    fitted = fusion.fit(cluster, node, shape, edges) if cluster is not None else None
    kind = None
    if cluster is not None and fitted is not None and fitted[0] != "extend":
        kind = _kind(cluster, reduction, fitted, looped)
    if cluster is None or fitted is None or kind is None:
        order = [a for a in range(len(shape)) if shape[a] != 1]
        if reduction.position:
            order = [a for a in order if a not in looped] + [a for a in order if a in looped]
        cluster = fusion.new(edges, tuple(shape[a] for a in order))
        fitted = (INNER, tuple(order.index(a) if shape[a] != 1 else -1 for a in range(len(shape))))
        kind = _kind(cluster, reduction, fitted, looped) or ROW
    level, axes = fitted
    result_axes = tuple(axes[a] for a in kept)
    member = Member(node, kind, level, result_axes, operand=x, operand_axes=axes, reduction=reduction)
    if kind == ROW:
        cluster.outer, member.level = len(cluster.space) - len(looped), OUTER
        fusion.add(cluster, member, edges)
    elif not _chunks(fusion, cluster, node, {axes[a] for a in looped}):
        fusion.add(cluster, member, edges)
    else:
        _add_chunked(fusion, cluster, member, edges)


def _chunks(fusion: Fusion, cluster: Cluster, node: Node, over: set[int]) -> bool:
    """True if a reduction over the first axis, among others, leaves partial results of several chunks."""
    if cluster.small or 0 not in over:
        return False
    if cluster.rows is None:
        cluster.rows = chunk_rows(cluster.space, product(fusion.shape(node.outputs[0])))
    return chunk_count(cluster.space[0], cluster.rows) != 1


def _kind(cluster: Cluster, reduction: Reduction, fitted: Fitted, looped: set[int]) -> str | None:
    level, axes = fitted
    rank = len(cluster.space)
    over = {axes[a] for a in looped}
    outer = rank - len(looped)
    suffix = level == INNER and over == set(range(outer, rank)) and cluster.outer in (None, outer)
    if reduction.position:
        return ROW if suffix and (outer or cluster.small) else None
    if suffix and (outer or cluster.small):
        return ROW
    # A large row that is complete before the next stage, as an argmax needs it, can't be cut into chunks.
    return None if cluster.outer == 0 and not cluster.small else ACCUMULATE


def _add_chunked(fusion: Fusion, cluster: Cluster, whole: Member, edges: list[Edge]) -> None:
    """A reduction over the first axis of a large space: partial results a chunk, then a second, small reduction.

    The second one runs over the results along memory; a single result is accumulated in a register, and what
    reads it can join.
    """
    assert cluster.rows is not None and whole.reduction is not None
    node = whole.node
    result = fusion.shape(node.outputs[0])
    free = [s for s in result if s != 1]
    dtype = node.types[0].dtype
    if dtype == FLOAT32 and node.op in (SUM, PROD) and not free:
        dtype = FLOAT64
    kind = TensorType((chunk_count(cluster.space[0], cluster.rows), *result), dtype)
    partial = partial_node(node, kind, node.where)
    chunk = replace(whole.reduction, partial=True)
    fusion.add(cluster, replace(whole, node=partial, axes=(-1, *whole.axes), reduction=chunk), edges)
    second = fusion.new([(partial, None)], (kind.shape[0], *free))
    own = tuple(axis + 1 if axis >= 0 else -1 for axis in loop_axes(result))
    after = replace(whole, level=INNER, axes=own, operand=partial.out, operand_axes=(0, *own))
    if not free:
        second.outer, after.kind, after.level = 0, ROW, OUTER
    fusion.add(second, after, [(partial, None)])
