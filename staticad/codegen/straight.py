"""Long kernels of single numbers: assembled so that LLVM has little to do.

Where a kernel has neither loops nor branches, and the pieces that it calls have none, the pieces stand in its text
themselves, and pointers are loaded where they are first used. All that LLVM's passes would find has been found before,
when kernels and pieces were made. So it runs none, and chooses registers in the quick way: for hundreds of such lines
the code is as short, and made in a fraction of the time.
"""

from __future__ import annotations

import ast
import functools
import re
from collections import defaultdict
from collections.abc import Sequence

from staticad.codegen.assembler import Assembler, Word
from staticad.codegen.pieces import Piece
from staticad.records import dataclass

LONG = 64  # statements of a kernel for which it matters
_DEFINED = re.compile(r'define internal [^@]*@"[^"]*"\((.*)\)[^()]*\{\nentry:\n(?s:(.*))\n  ret [^\n ]+ ?([^\n]*)\n\}')
_PARAMETER = re.compile(r"(%[\w.]+)(?:, |$)")
_LOCAL = re.compile(r"%[\w.]+")
_BRANCH = re.compile(r"^[\w.]+:|^  (?:br|switch|unreachable) ?", re.MULTILINE)


@dataclass(frozen=True)
class _Lines:
    """What a piece does: lines and a result, to be formatted with the operands and with a prefix for own names."""

    lines: str
    result: str


class _Branching(Exception):
    """A piece that has branches."""


def assemble_straight(function: ast.FunctionDef, symbol: str) -> str | None:
    """LLVM's text for a long kernel whose function becomes ``symbol``; None if it is short, or has branches. Raises
    CompileError as `assemble` does."""
    if len(function.body) < LONG or not all(isinstance(s, (ast.Assign, ast.Expr)) for s in function.body):
        return None
    names = [s.targets[0].id for s in function.body if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name)]
    if len(set(names)) < len(names):
        return None
    try:
        return _Straight(set(), defaultdict(int), 0).function(function, symbol)
    except _Branching:
        return None


class _Straight(Assembler):
    def __init__(self, places: set[str], shared: dict[int, int], scopes: int) -> None:
        super().__init__(places, shared, scopes)
        self.bodies: dict[str, _Lines] = {}
        self.waiting: dict[str, list[str]] = {}  # the lines that load pointers which nobody has used yet

    def texts(self, piece: Piece) -> Sequence[str]:
        return piece.texts[1:]  # metadata are of the first one

    def read(self, node: ast.Name) -> Word:
        word = super().read(node)
        if word.buffer is not None:
            self.lines += self.waiting.pop(word.text, ())
        return word

    def pointer(self, words: list[Word]) -> Word:
        start = len(self.lines)
        address = super().pointer(words)
        self.waiting[address.text] = self.lines[start:]
        del self.lines[start:]
        return address

    def use(self, key: str, found: Piece, words: Sequence[Word], metadata: str) -> Word:
        body = self.bodies.get(key)
        if body is None:
            body = self.bodies[key] = _lines(*super().texts(found))
        self.count += 1
        own = f"t{self.count}"
        operands = [word.text for word in words if word.kind != "dtype"]
        if body.lines:
            self.lines.append(body.lines.format(*operands, own=own))
        return Word(found.result, body.result.format(*operands, own=own))


@functools.lru_cache(256)
def _lines(text: str, *others: str) -> _Lines:
    """What stands between the head and the end of the function that a piece is; ``others`` are texts beside it."""
    found = _DEFINED.fullmatch(text)
    if found is None or _BRANCH.search(found[2]) or any(other.startswith("define") for other in others):
        raise _Branching
    operands = {name: f"{{{number}}}" for number, name in enumerate(_PARAMETER.findall(found[1]))}

    def renamed(part: str) -> str:
        escaped = part.replace("{", "{{").replace("}", "}}")
        return _LOCAL.sub(lambda match: operands.get(match[0], f"%{{own}}_{match[0][1:]}"), escaped)

    return _Lines(renamed(found[2]), renamed(found[3]))
