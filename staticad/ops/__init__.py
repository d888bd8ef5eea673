"""The ops, one file a family, each op declared once. ALL_OPS lists them."""

from __future__ import annotations

from staticad.ops.assemble import CONCATENATE
from staticad.ops.barrier import BARRIER_OPS
from staticad.ops.base import Op
from staticad.ops.contract import MATMUL
from staticad.ops.creation import CREATION_OPS
from staticad.ops.elementwise import ELEMENTWISE_OPS
from staticad.ops.indexing import GATHER, GATHER_ALONG, SCATTER, SCATTER_ALONG
from staticad.ops.movement import BROADCAST_TO, DIAGONAL, EXPAND_DIMS, RESHAPE, SQUEEZE, TRANSPOSE
from staticad.ops.reduce import ALL, ANY, ARGMAX, ARGMIN, MAX, MIN, PROD, SUM
from staticad.ops.slicing import EMBED, REPLACE, SLICE
from staticad.ops.sources import CONSTANT, PLACEHOLDER, VARIABLE

SOURCE_OPS = (PLACEHOLDER, VARIABLE, CONSTANT)
REDUCE_OPS = (SUM, PROD, MAX, MIN, ANY, ALL, ARGMAX, ARGMIN)
MOVEMENT_OPS = (TRANSPOSE, EXPAND_DIMS, SQUEEZE, BROADCAST_TO, SLICE, DIAGONAL, RESHAPE)
ASSEMBLE_OPS = (CONCATENATE, EMBED, REPLACE)
INDEXING_OPS = (GATHER, GATHER_ALONG, SCATTER, SCATTER_ALONG)
CONTRACT_OPS = (MATMUL,)

ALL_OPS: tuple[Op, ...] = (
    *SOURCE_OPS,
    *CREATION_OPS,
    *ELEMENTWISE_OPS,
    *REDUCE_OPS,
    *MOVEMENT_OPS,
    *ASSEMBLE_OPS,
    *INDEXING_OPS,
    *CONTRACT_OPS,
    *BARRIER_OPS,
)
