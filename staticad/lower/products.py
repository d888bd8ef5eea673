"""Small matrix products as kernels: calling BLAS would cost as much as the product, and no loop can be inlined that
calls it."""

from __future__ import annotations

from staticad.ir.dims import Size, floordiv, maximum, product
from staticad.ir.graph import Node
from staticad.lower.contract import batch_shape
from staticad.lower.emit import Emitter, Memory
from staticad.lower.loops import Index, Loop, MatrixAt, MatrixProduct
from staticad.lower.plan import Buffer, Step
from staticad.lower.strided import Matrix

# Multiplications that one thread takes at a time, and the rows that it takes at least: a piece reads all of b.
_PIECE = 1 << 19
_ROWS = 16
# A panel of b, or of c, of these sizes fits the caches without being packed.
_WIDE = 128
_DEEP = 256
# Rows, or terms, from which on BLAS packs its operands, which for narrow matrices costs more than it gains.
_LONG = 128


def is_small(a: Matrix, b: Matrix, m: Size, n: Size, k: Size, in_loop: bool) -> bool:
    """True for products that kernels compute faster than BLAS (see docs/performance.md): those with narrow matrices,
    of which only one side is long. In a loop also those at equal speed, since the loop may then become one kernel."""
    if b.transposed or not isinstance(n, int) or n > _WIDE:
        return False
    if isinstance(k, int) and k <= _DEEP:
        return in_loop or (n % 16 == 0 and (not isinstance(m, int) or m >= _LONG))
    return isinstance(m, int) and m <= _WIDE and (in_loop or n % 16 == 0)


def product_kernel(memory: Memory, node: Node, onto: Buffer | None, alpha: float) -> Step | None:
    """A product, or ``alpha`` times a product that is added to a buffer, as a kernel; None for a product that BLAS
    computes better."""
    a, b = memory.fusion.operands[node]
    batch = product(batch_shape(node, memory.fusion.sizes))
    m, n = memory.fusion.shape(node.outputs[0])[-2:]
    k = memory.fusion.shape(node.inputs[0])[-1]
    if not is_small(a, b, m, n, k, memory.in_loop):
        return None
    emitter = Emitter(memory)
    target = memory.buffer(node.outputs[0]) if onto is None else onto
    left, right = (memory.buffer(memory.fusion.memory(side.base)) for side in (a, b))
    factor = "" if onto is None else emitter.number(alpha, target.dtype)
    variable = "lo" if batch == 1 else "i0"

    def place(buffer: Buffer, offset: Size, stride: Size, row: Size, column: Size) -> MatrixAt:
        terms = () if stride == 0 else ((variable, emitter.size(stride)),)
        index = Index(terms, emitter.size(offset))
        return MatrixAt(emitter.pointer(buffer), index, emitter.size(row), emitter.size(column))

    row, column = (1, a.ld) if a.transposed else (a.ld, 1)
    alone = batch == 1
    statement = MatrixProduct(
        place(target, 0, n if alone else m * n, n, 1),
        place(left, a.offset, row if alone else a.batch_stride, row, column),
        place(right, b.offset, 0 if alone else b.batch_stride, b.ld, 1),
        "hi - lo" if alone else emitter.size(m),
        emitter.size(n),
        emitter.size(k),
        factor,
    )
    emitter.emit(statement if alone else Loop(variable, "lo", "hi", (statement,)))
    emitter.reads |= dict.fromkeys((left.number, right.number))
    emitter.writes[target.number] = None
    emitter.where[node.where] = None
    if alone:
        grain: Size = _ROWS * (floordiv(_PIECE, _ROWS * maximum(1, n * k)) + 1)
    else:
        grain = floordiv(_PIECE, maximum(1, m * n * k)) + 1
    return emitter.finish("matmul", m if alone else batch, grain, floordiv(batch * m * n * k, 4))
