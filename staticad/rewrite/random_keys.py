"""Keys of random numbers: a block of the generator is not taken apart into words that are put together again.

A key is the two words of a block, ``cast(block >> [32, 0], uint32)``, and a use of it packs them. In a loop that
derives keys, words would go through memory in every step; and of two keys that are drawn together, both would be.
"""

from __future__ import annotations

from staticad.ir.dtypes import UINT32, UINT64
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.bitwise import BITWISE_OR, LEFT_SHIFT, RIGHT_SHIFT
from staticad.ops.conversion import CAST
from staticad.ops.creation import POSITION, fill
from staticad.ops.movement import EXPAND_DIMS, SLICE, SQUEEZE
from staticad.ops.random import THREEFRY64
from staticad.ops.sources import constant_array
from staticad.rewrite.match import op_of, scalar_value
from staticad.rewrite.movement import squeezed
from staticad.rewrite.pattern import Rule, some

WORD = 32


def _block(words: Tensor) -> Tensor | None:
    """The blocks whose words these are; None for any other tensor."""
    shifted = op_of(words, CAST)
    if shifted is None or words.dtype != UINT32 or shifted.dtype != UINT64 or shifted.op is not RIGHT_SHIFT:
        return None
    spread, counts = shifted.node.inputs
    array = constant_array(counts)
    block = op_of(spread, EXPAND_DIMS)
    if array is None or array.tolist() != [WORD, 0] or block is None:
        return None
    return block if spread.node.attrs["axes"] == (block.ndim,) else None


def _key_of_several(tensor: Tensor) -> Tensor | None:
    """words(threefry(key, 0, 1, …))[i:i+1] = words(threefry(key, i))."""
    words = tensor.node.inputs[0]
    block = _block(words)
    if block is None or block.ndim != 1 or block.op is not THREEFRY64:
        return None
    key, counter = block.node.inputs
    (row, column), (_, step) = tensor.node.attrs["starts"], tensor.node.attrs["steps"]
    whole = tensor.node.attrs["sizes"] == (1, 2) and column == 0 and step == 1
    if key.ndim or counter.op is not POSITION or not whole or not isinstance(row, int):
        return None
    one = apply(THREEFRY64, key, fill((1,), row, UINT64))
    _, counts = words.node.inputs[0].node.inputs
    return apply(CAST, apply(RIGHT_SHIFT, apply(EXPAND_DIMS, one, axes=(1,)), counts), dtype=UINT32)


def _word(tensor: Tensor) -> tuple[Tensor, int] | None:
    """The block and the number of the word that a uint64 scalar is."""
    word = op_of(tensor, CAST)
    part = None if word is None or word.ndim else op_of(word, SQUEEZE)
    words = None if part is None or part.ndim != 1 else op_of(part, SLICE)
    if part is None or words is None or not isinstance(part.node.attrs["starts"][0], int):
        return None
    row = op_of(words, SQUEEZE)
    block = _block(words) if row is None else _block(row)
    if block is None or any(size != 1 for size in block.shape):
        return None
    return squeezed(block, tuple(range(block.ndim))), part.node.attrs["starts"][0]


def _packed(tensor: Tensor) -> Tensor | None:
    """(first word << 32) | second word = block."""
    if tensor.dtype != UINT64 or tensor.ndim:
        return None
    upper, lower = tensor.node.inputs
    if upper.op is not LEFT_SHIFT or scalar_value(upper.node.inputs[1]) != WORD:
        return None
    first, second = _word(upper.node.inputs[0]), _word(lower)
    if first is None or second is None or (first[1], second[1]) != (0, 1):
        return None
    return first[0] if _same(first[0], second[0]) else None


def _same(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are one, up to views that rules have just made."""
    return a is b or (a.op is b.op is SQUEEZE and a.node.inputs == b.node.inputs)


KEY_RULES = (
    Rule("one of several keys = a key", (SLICE,), _key_of_several, fits=some((CAST,))),
    Rule("words of a block, packed = block", (BITWISE_OR,), _packed, fits=some((LEFT_SHIFT,))),
)
