"""Kernels assembled instead of inferred: from the text of a kernel to LLVM's, in one pass and without Numba.

Every type in a kernel is known from left to right, and what its functions do stands in *pieces* that Numba has made
once (:mod:`staticad.codegen.pieces`). So a kernel is a frame of loops and branches around calls of pieces, which LLVM
inlines. A call hands its alias scopes on to the accesses in it.

A name that is assigned once is a value. One that is assigned again, or read outside of the block that it was assigned
in, is a place on the stack, which LLVM turns into registers; with another dtype it is another place.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import NoReturn

from staticad.codegen.hints import loop_nodes
from staticad.codegen.idioms import DECLARED, Idiom, idioms
from staticad.codegen.pieces import LLVM_TYPES, Piece, float_text, piece
from staticad.codegen.places import places
from staticad.codegen.recipes import COLUMN_SUMS
from staticad.codegen.scopes import shared_scopes
from staticad.codegen.syntax import number_of
from staticad.codegen.target import substitutes
from staticad.errors import CompileError
from staticad.records import dataclass

_ARITHMETIC: dict[type, str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul"}
_COMPARISONS: dict[type, str] = {
    ast.Lt: "slt", ast.LtE: "sle", ast.Gt: "sgt", ast.GtE: "sge", ast.Eq: "eq", ast.NotEq: "ne",
}  # fmt: skip
_HINTS = {"short_loop": "short", "deep_loop": "deep"}
SLOTTED = ("size", "check_index", "failure", "look")  # after the block they take a slot of it


@dataclass(frozen=True, slots=True)
class Buffer:
    """Of a pointer: the dtype of its elements, and its alias scope (see `shared_scopes`)."""

    dtype: str
    scope: int


@dataclass(frozen=True, slots=True)
class Word:
    """A value: its dtype ("slots" of a pointer into the argument block, "dtype" of a dtype) and LLVM's name for it."""

    kind: str
    text: str
    buffer: Buffer | None = None

    @property
    def typed(self) -> str:
        """As an argument of a call."""
        return f"{LLVM_TYPES.get(self.kind, 'ptr')} {self.text}"

    @property
    def key(self) -> str:
        """As the name of a piece has it."""
        return f"*{self.buffer.dtype}" if self.buffer else f"={self.text}" if self.kind == "dtype" else self.kind


@dataclass
class _Frame:
    """An open loop: where a break goes, its hint, and whether it holds a loop of unknown length."""

    done: str
    hint: str = ""
    outer: bool = False


def assemble(function: ast.FunctionDef, symbol: str, loops: bool = True) -> str:
    """LLVM's text for a kernel whose function becomes ``symbol``. Alias scopes are for its ``loops``: without these it
    may have hundreds of buffers, and is no faster for them. Raises CompileError with the line that is not in the
    language of kernels."""
    shared, count = shared_scopes(function)
    return Assembler(places(function), shared, count if loops else 0).function(function, symbol)


class Assembler:
    def __init__(self, places: set[str], shared: dict[int, int], scopes: int) -> None:
        self.places, self.shared, self.scope_count = places, shared, scopes
        self.current: ast.AST = ast.Pass()
        self.lines: list[str] = []
        self.names: dict[str, Word] = {}
        self.allocas: dict[tuple[str, str], str] = {}
        self.frames: list[_Frame] = []
        self.pieces: dict[str, Piece] = {}
        self.declared: list[str] = []
        self.idioms: dict[ast.For, Idiom] = {}
        self.substitutes = substitutes()
        self.metadata: list[str] = []
        self.scopes: list[str] = []  # the metadata of accesses in each scope
        self.every_scope = ""
        self.count = 0

    # ---- the module

    def function(self, function: ast.FunctionDef, symbol: str) -> str:
        """The whole module."""
        self.idioms = idioms(function)
        block, lo, hi = (argument.arg for argument in function.args.args)
        self.names = {block: Word("slots", "%args"), lo: Word("int64", "%lo"), hi: Word("int64", "%hi")}
        self.block(function.body)
        return self.module(symbol)

    def module(self, symbol: str) -> str:
        """The module of the lines that there are."""
        allocas = [f"  {place} = alloca {LLVM_TYPES[kind]}" for (_, kind), place in self.allocas.items()]
        head = [f"define void @{symbol}(ptr %args, i64 %lo, i64 %hi) nounwind {{", "entry:"]
        body = [*head, *allocas, *self.lines, "  ret void", "}"]
        used: dict[str, None] = {}
        for p in self.pieces.values():
            used |= dict.fromkeys(self.texts(p))
        nodes = [f"!{number} = {node}" for number, node in enumerate(self.metadata)]
        return "\n".join([*body, *used, *self.declared, *nodes]) + "\n"

    def texts(self, piece: Piece) -> Sequence[str]:
        """What the module has of a piece."""
        texts, nodes = piece.numbered(len(self.metadata))
        self.metadata += nodes
        return texts

    def emit(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def define(self, text: str) -> str:
        self.count += 1
        self.lines.append(f"  %t{self.count} = {text}")
        return f"%t{self.count}"

    def label(self, what: str) -> str:
        self.count += 1
        return f"{what}{self.count}"

    def begin(self, label: str) -> None:
        self.lines.append(f"{label}:")

    def node(self, text: str) -> str:
        self.metadata.append(text)
        return f"!{len(self.metadata) - 1}"

    def refuse(self, reason: str) -> NoReturn:
        line, text = getattr(self.current, "lineno", 0), ast.unparse(self.current).splitlines()[0]
        raise CompileError(f"a kernel cannot be assembled, line {line} ({text}): {reason}")

    # ---- names

    def bind(self, name: str, word: Word) -> None:
        if name in self.places and word.buffer is None:
            place = self.allocas.setdefault((name, word.kind), f"%{name}.{len(self.allocas)}")
            self.emit(f"store {word.typed}, ptr {place}")
            word = Word(word.kind, "")
        self.names[name] = word

    def read(self, node: ast.Name) -> Word:
        if node.id in LLVM_TYPES:
            return Word("dtype", node.id)
        word = self.names.get(node.id)
        if word is None:
            self.refuse(f"{node.id} is no name of a kernel, or has no value yet")
        if word.text:
            return word
        place = self.allocas[node.id, word.kind]
        return Word(word.kind, self.define(f"load {LLVM_TYPES[word.kind]}, ptr {place}"))

    # ---- statements

    def block(self, statements: Sequence[ast.stmt]) -> None:
        for s in statements:
            self.statement(s)

    def statement(self, s: ast.stmt) -> None:
        self.current = s
        match s:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.bind(name, self.expression(value))
            case ast.AugAssign(target=ast.Name() as target, op=ast.Add(), value=value):
                total = self.define(f"add i64 {self.read(target).text}, {self.expression(value).text}")
                self.bind(target.id, Word("int64", total))
            case ast.Expr(value=ast.Call() as called):
                self.expression(called)
            case ast.For() if s in self.idioms and self.called(self.idioms[s]):
                pass
            case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"), args=bounds), orelse=[]):
                self.count_up(name, [self.expression(bound).text for bound in bounds], s.body)
            case ast.While(test=ast.Constant(value=True), orelse=[]):
                self.repeat(s.body)
            case ast.If(test=test, body=[ast.Break()], orelse=[]) if self.frames:
                after = self.label("after")
                condition = self.expression(test).text
                self.emit(f"br i1 {condition}, label %{self.frames[-1].done}, label %{after}")
                self.begin(after)
            case ast.If(test=test, orelse=[]):
                inside, after = self.label("inside"), self.label("after")
                condition = self.expression(test).text
                self.emit(f"br i1 {condition}, label %{inside}, label %{after}")
                self.begin(inside)
                self.block(s.body)
                self.emit(f"br label %{after}")
                self.begin(after)
            case ast.Pass():
                pass
            case _:
                self.refuse("no statement of a kernel")

    def count_up(self, name: str, bounds: list[str], body: Sequence[ast.stmt]) -> None:
        """``for name in range(...)``."""
        start, stop = ("0", *bounds) if len(bounds) == 1 else bounds
        loop = self.label("loop")
        done = f"{loop}.done"
        self.emit(f"br i1 {self.define(f'icmp slt i64 {start}, {stop}')}, label %{loop}.before, label %{done}")
        self.begin(f"{loop}.before")
        self.emit(f"br label %{loop}")
        self.begin(loop)
        following = f"%{loop}.following"
        counter = self.define(f"phi i64 [ {start}, %{loop}.before ], [ {following}, %{loop}.last ]")
        self.bind(name, Word("int64", counter))
        known = all(bound.isdigit() for bound in (start, stop))
        hint = self.loop_body(done, body, known)
        self.emit(f"br label %{loop}.last")
        self.begin(f"{loop}.last")
        self.emit(f"{following} = add nsw i64 {counter}, 1")
        again = self.define(f"icmp slt i64 {following}, {stop}")
        self.emit(f"br i1 {again}, label %{loop}, label %{done}{self.hinted(hint)}")
        self.begin(done)

    def called(self, idiom: Idiom) -> bool:
        """A loop that is called; False where its buffers are not such as the function takes."""
        buffers = [self.names[name].buffer for name, _, _ in idiom.buffers]
        known = [b for b in buffers if b is not None]
        if [b.dtype for b in known] != [dtype for _, _, dtype in idiom.buffers]:
            return False
        if len({b.scope for b in known}) < len(known):
            return False
        places = [
            self.define(f"getelementptr {LLVM_TYPES[dtype]}, ptr {self.names[name].text}, i64 {self.integers(index)}")
            for name, index, dtype in idiom.buffers
        ]
        given = f"ptr {places[0]}, ptr {places[-1]}, i64 {self.integers(idiom.count)}, i64 {idiom.what.value}"
        self.emit(f"call void @{COLUMN_SUMS}({given})")
        self.declared = [DECLARED]
        return True

    def repeat(self, body: Sequence[ast.stmt]) -> None:
        """``while True``."""
        loop = self.label("loop")
        self.emit(f"br label %{loop}")
        self.begin(loop)
        hint = self.loop_body(f"{loop}.done", body, False)
        self.emit(f"br label %{loop}{self.hinted(hint)}")
        self.begin(f"{loop}.done")

    def loop_body(self, done: str, body: Sequence[ast.stmt], known: bool) -> str:
        """The hint of the loop; ``known``: how often it runs."""
        self.frames.append(_Frame(done))
        self.block(body)
        frame = self.frames.pop()
        if known:
            return frame.hint
        if self.frames:
            self.frames[-1].outer = True
        return "outer" if frame.outer else frame.hint

    def hinted(self, hint: str) -> str:
        """The metadata of a loop's last branch."""
        nodes = [self.node(text) for text in loop_nodes(hint)]
        if not nodes:
            return ""
        parts = ", ".join([f"!{len(self.metadata)}", *nodes])
        return f", !llvm.loop {self.node(f'distinct !{{{parts}}}')}"

    # ---- expressions

    def expression(self, e: ast.expr) -> Word:
        match e:
            case ast.Name():
                return self.read(e)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(name, arguments)
            case ast.Constant(value=bool() as value):
                return Word("bool_", constant_text("bool_", value))
            case ast.Constant(value=int() as value):
                return Word("int64", str(value))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
                return Word("int64", str(-value))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Word("int64", self.define(f"sub i64 0, {self.integers(operand)}"))
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
                return self.piece("quotient", [self.expression(left), self.expression(right)])
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return Word("int64", self.define(f"{_ARITHMETIC[type(op)]} i64 {self.integers(left, right)}"))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
                return Word("bool_", self.define(f"icmp {_COMPARISONS[type(op)]} i64 {self.integers(left, right)}"))
        self.refuse(f"{ast.unparse(e)} is no expression of a kernel")

    def integers(self, *operands: ast.expr) -> str:
        """Operands of index arithmetic."""
        words = [self.expression(operand) for operand in operands]
        for word, operand in zip(words, operands):
            if word.kind != "int64":
                self.refuse(f"{ast.unparse(operand)} is {word.kind}, index arithmetic needs int64")
        return ", ".join(word.text for word in words)

    def call(self, name: str, arguments: list[ast.expr]) -> Word:
        if name in LLVM_TYPES:
            number = number_of(arguments[0])
            if number is not None:
                return Word(name, constant_text(name, number))
            return self.piece("cast", [self.expression(arguments[0]), Word("dtype", name)])
        if name in _HINTS:
            self.frames[-1].hint = _HINTS[name]
            return Word("void", "")
        words = [self.expression(argument) for argument in arguments]
        if name == "pointer":
            return self.pointer(words)
        if name not in SLOTTED:
            return self.piece(name, words)
        slot, rest = self.slot(name, words), words[2:]
        if name == "look":
            return self.piece(name, [slot, *rest[:1]], self.apart())
        return self.piece(name, [slot, *rest])

    def pointer(self, words: list[Word]) -> Word:
        address = self.piece("pointer", [self.slot("pointer", words)])
        scope, scopes = (self.literal("pointer", word) for word in words[3:])
        if not 0 <= scope < scopes:
            self.refuse(f"pointer: scope {scope} is not in range({scopes})")
        return Word("pointer", address.text, Buffer(words[2].text, self.shared[scope]))

    def slot(self, name: str, words: list[Word]) -> Word:
        """A slot of the block, which functions take as their first two arguments."""
        if words[0].kind != "slots":
            self.refuse(f"{name}: args must be the argument block, not {words[0].kind}")
        number = self.literal(name, words[1])
        return Word("slots", self.define(f"getelementptr inbounds i64, ptr %args, i64 {number}"))

    def literal(self, name: str, word: Word) -> int:
        if not word.text.lstrip("-").isdigit():
            self.refuse(f"{name} needs a literal int here, not {word.text}")
        return int(word.text)

    def piece(self, name: str, words: Sequence[Word], metadata: str = "") -> Word:
        """The call of a piece."""
        key = f"{self.substitutes.get(name, name)}({','.join(word.key for word in words)})"
        found = self.pieces.get(key)
        if found is None:
            try:
                found = self.pieces[key] = piece(key)
            except CompileError as error:
                self.refuse(str(error))
        return self.use(key, found, words, metadata)

    def use(self, key: str, found: Piece, words: Sequence[Word], metadata: str) -> Word:
        """What a piece gives for these operands."""
        if self.scope_count > 1 and found.scoped and not metadata:
            metadata = next((self.scope(word.buffer) for word in words if word.buffer is not None), "")
        text = f'@"{key}"({", ".join(word.typed for word in words if word.kind != "dtype")}){metadata}'
        if found.result == "void":
            self.emit(f"call void {text}")
            return Word("void", "")
        return Word(found.result, self.define(f"call {LLVM_TYPES.get(found.result, 'ptr')} {text}"))

    # ---- alias scopes

    def scope(self, buffer: Buffer) -> str:
        """The metadata of an access of a buffer."""
        self.make_scopes()
        return self.scopes[buffer.scope]

    def apart(self) -> str:
        """The metadata of a call that touches no buffer."""
        if self.scope_count < 2:
            return ""
        self.make_scopes()
        return f", !noalias {self.every_scope}"

    def make_scopes(self) -> None:
        if self.scopes:
            return
        domain = self.node(f'distinct !{{!{len(self.metadata)}, !"buffers"}}')
        own = [self.node(f"distinct !{{!{len(self.metadata)}, {domain}}}") for _ in range(self.scope_count)]
        for number, scope in enumerate(own):  # of two accesses one has to say that they are apart
            before, alone = ", ".join(own[:number]), self.node(f"!{{{scope}}}")
            apart = f", !noalias {self.node(f'!{{{before}}}')}" if before else ""
            self.scopes.append(f", !alias.scope {alone}{apart}")
        self.every_scope = self.node(f"!{{{', '.join(own)}}}")


def constant_text(dtype: str, value: float) -> str:
    """A number as LLVM writes it."""
    if dtype == "bool_":
        return "true" if value else "false"
    return float_text(value, dtype) if dtype.startswith("float") else str(int(value))
