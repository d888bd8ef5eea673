"""Kernels of single numbers that are long or simple: assembled so that LLVM has little to do.

Where a kernel has neither loops nor branches, and the pieces that it calls have none, the pieces stand in its text
themselves, and pointers are loaded where they are first used. All that LLVM's passes would find has been found before,
when kernels and pieces were made. So it runs none, and chooses registers in the quick way. For hundreds of such lines
the code is as short, and made in a fraction of the time; so it is for one line, if each piece is an instruction or two.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from staticad.codegen.assembler import SLOTTED, Assembler, Buffer, Word, constant_text
from staticad.codegen.pieces import LLVM_TYPES, Piece
from staticad.errors import CompileError
from staticad.records import dataclass

LONG = 64  # statements of a kernel with pieces of any length
SIMPLE = 3  # lines of a piece in shorter ones, whose code is as fast only if there is little in it to be moved
_SPECIAL = frozenset((*SLOTTED, *LLVM_TYPES, "pointer"))
_BOOLS = {"True": True, "False": False}
_STATEMENT = re.compile(r"    (?:(\w+) = )?(\w+)\((.*)")
_PLAIN = re.compile(r"    (?:(\w+) = )?(\w+)\(([-\w]+)(?:, ([-\w]+))?(?:, ([-\w]+))?\)")  # of names and integers
_POINTER = re.compile(r"    (\w+) = pointer\(args, (\d+), (\w+), (\d+), (\d+)\)")
_TOKEN = re.compile(r"\w+\(|[-+\w.]+|\)|, ")
_DEFINED = re.compile(r'define internal [^@]*@"[^"]*"\((.*)\)[^()]*\{\nentry:\n(?s:(.*))\n  ret [^\n ]+ ?([^\n]*)\n\}')
_PARAMETER = re.compile(r"(%[\w.]+)(?:, |$)")
_LOCAL = re.compile(r"%[\w.]+")
_BRANCH = re.compile(r"^[\w.]+:|^  (?:br|switch|unreachable) ?", re.MULTILINE)


@dataclass(frozen=True)
class _Lines:
    """What a piece does: lines and a result, to be formatted with the operands and with a prefix for own names."""

    lines: str
    result: str


class _Other(Exception):
    """Something that straight kernels do not have."""


def assemble_straight(source: str, symbol: str) -> str | None:
    """LLVM's text for a long or simple kernel whose function becomes ``symbol``; None if it is neither, has branches or
    index arithmetic, or is wrong: `assemble` tells why."""
    head, *lines = source.splitlines()
    if head != "def kernel(args, lo, hi):":
        return None
    try:
        return _Straight(None if len(lines) >= LONG else SIMPLE).kernel(lines, symbol)
    except (_Other, CompileError):
        return None


class _Straight(Assembler):
    """Reads the lines of a kernel as they are: Python's parser takes longer than all the rest."""

    def __init__(self, most: int | None) -> None:
        """``most``: lines of a piece."""
        super().__init__(set(), defaultdict(int), 0)
        self.most = most
        self.bodies: dict[str, _Lines] = {}
        self.known: dict[Sequence[str], tuple[_Lines, str]] = {}  # bodies and dtypes of results, by names and operands
        self.used: tuple[_Lines, str] = (_Lines("", ""), "void")  # the last of them
        self.waiting: dict[str, list[str]] = {}  # the lines that load pointers which nobody has used yet

    def kernel(self, lines: Sequence[str], symbol: str) -> str:
        """The whole module."""
        self.names = {"args": Word("slots", "%args"), "lo": Word("int64", "%lo"), "hi": Word("int64", "%hi")}
        names, word = self.names, self.word
        for line in lines:
            plain = _PLAIN.fullmatch(line)
            if plain is None or plain[2] in _SPECIAL:
                found = _POINTER.fullmatch(line)
                name, value = self.line(line) if found is None else self.address(*found.groups())
            else:
                name, function, *operands = plain.groups()
                words = []
                for operand in operands:
                    known = names.get(operand)
                    if known is not None and known.buffer is None:
                        words.append(known)
                    elif operand is not None:
                        words.append(word(operand))
                value = self.piece(function, words)
            if name is not None:
                if name in names:
                    raise _Other
                names[name] = value
        return self.module(symbol)

    def line(self, line: str) -> tuple[str | None, Word]:
        """What a line of any form gives a name to, and the name."""
        found = _STATEMENT.fullmatch(line)
        if found is None:
            raise _Other
        name, function, rest = found.groups()
        tokens = _TOKEN.findall(rest)
        if "".join(tokens) != rest:
            raise _Other
        left = iter(tokens)
        value = self.called_on(function, left)
        if next(left, None) is not None:
            raise _Other
        return name, value

    def called_on(self, name: str, tokens: Iterator[str]) -> Word:
        """A call, of which the name and the parenthesis were read."""
        arguments: list[str | Word] = []
        for token in tokens:
            if token == ")":
                break
            if token != ", ":
                arguments.append(self.called_on(token[:-1], tokens) if token[-1] == "(" else token)
        else:
            raise _Other
        if name in LLVM_TYPES:
            (only,) = arguments
            if isinstance(only, str) and only not in self.names:
                return Word(name, constant_text(name, _number(only)))
            return self.piece("cast", [self.word(only), Word("dtype", name)])
        words = [self.word(argument) for argument in arguments]
        if name == "pointer":
            return self.pointer(words)
        if name in SLOTTED:
            words = [self.slot(name, words), *words[2:]]
        return self.piece(name, words)

    def word(self, argument: str | Word) -> Word:
        """An argument of a call."""
        if isinstance(argument, Word):
            return argument
        found = self.names.get(argument)
        if found is None:
            if argument in LLVM_TYPES:
                return Word("dtype", argument)
            if not argument.lstrip("-").isdigit():
                raise _Other
            return Word("int64", argument)
        if found.buffer is not None and found.text in self.waiting:
            self.lines += self.waiting.pop(found.text)
        return found

    def texts(self, piece: Piece) -> Sequence[str]:
        return piece.texts[1:]  # metadata are of the first one

    def address(self, name: str, slot: str, dtype: str, scope: str, scopes: str) -> tuple[str, Word]:
        """The name of a pointer, and the pointer."""
        if dtype not in LLVM_TYPES or int(scope) >= int(scopes):
            raise _Other
        start = len(self.lines)
        place = self.define(f"getelementptr inbounds i64, ptr %args, i64 {slot}")
        address = self.piece("pointer", [Word("slots", place)]).text
        self.waiting[address] = self.lines[start:]
        del self.lines[start:]
        return name, Word("pointer", address, Buffer(dtype, self.shared[int(scope)]))

    def pointer(self, words: list[Word]) -> Word:
        raise _Other  # in another place than at the beginning of a line

    def piece(self, name: str, words: Sequence[Word], metadata: str = "") -> Word:
        signature = (name, *[word.kind if word.buffer is None else word.key for word in words])
        known = self.known.get(signature)
        if known is not None:
            return self.put(*known, words)
        value = super().piece(name, words, metadata)
        if "dtype" not in signature:  # which its text would tell
            self.known[signature] = self.used
        return value

    def use(self, key: str, found: Piece, words: Sequence[Word], metadata: str) -> Word:
        body = self.bodies.get(key)
        if body is None:
            body = _lines(*super().texts(found))
            if self.most is not None and body.lines.count("\n") >= self.most:
                raise _Other
            self.bodies[key] = body
        self.used = body, found.result
        return self.put(body, found.result, words)

    def put(self, body: _Lines, kind: str, words: Sequence[Word]) -> Word:
        """Write the lines of a piece; its result."""
        self.count += 1
        own = f"t{self.count}"
        operands = [word.text for word in words if word.kind != "dtype"]
        if body.lines:
            self.lines.append(body.lines.format(*operands, own=own))
        return Word(kind, body.result.format(*operands, own=own))


def _number(text: str) -> float:
    """A literal."""
    try:
        return int(text) if text.lstrip("-").isdigit() else _BOOLS[text] if text in _BOOLS else float(text)
    except ValueError:
        raise _Other from None


@functools.lru_cache(256)
def _lines(text: str, *others: str) -> _Lines:
    """What stands between the head and the end of the function that a piece is; ``others`` are texts beside it."""
    found = _DEFINED.fullmatch(text)
    if found is None or _BRANCH.search(found[2]) or any(other.startswith("define") for other in others):
        raise _Other
    operands = {name: f"{{{number}}}" for number, name in enumerate(_PARAMETER.findall(found[1]))}

    def renamed(part: str) -> str:
        escaped = part.replace("{", "{{").replace("}", "}}")
        return _LOCAL.sub(lambda match: operands.get(match[0], f"%{{own}}_{match[0][1:]}"), escaped)

    return _Lines(renamed(found[2]), renamed(found[3]))
