"""A small expression language over LLVM values: formulas written in Python that emit IR as they are evaluated.

`Value` wraps one `llvmlite.ir.Value`, a number or a vector of them, together with the Numba type of a number (which
knows about signedness). Arithmetic on values emits instructions at the builder's position; Python numbers are lifted to
constants of the type of the other operand. No fast-math flag is ever set here: error-free transformations rely on exact
IEEE semantics.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import types

BOOLEAN = types.boolean
FLOATS: tuple[types.Type, ...] = (types.float32, types.float64)
SIGNED: tuple[types.Type, ...] = (types.int8, types.int16, types.int32, types.int64)
UNSIGNED: tuple[types.Type, ...] = (types.uint8, types.uint16, types.uint32, types.uint64)
INTEGERS = SIGNED + UNSIGNED
NUMBERS = FLOATS + INTEGERS
DTYPES = (BOOLEAN, *NUMBERS)

Number = int | float
LONG = 7  # coefficients


def is_float(dtype: types.Type) -> bool:
    """True for float32 and float64."""
    return isinstance(dtype, types.Float)


def is_signed(dtype: types.Type) -> bool:
    """True for int8 to int64."""
    return dtype in SIGNED


def width(dtype: Any) -> int:
    """Bits of a value in a register; a boolean has one."""
    return 1 if dtype == BOOLEAN else int(dtype.bitwidth)


def signed_of(dtype: types.Type) -> types.Integer:
    """The signed integer type as wide as `dtype`."""
    return types.Integer.from_bitwidth(width(dtype), True)


def ir_type(dtype: types.Type) -> ir.Type:
    """The LLVM type of a value of `dtype` in a register."""
    if dtype == types.float32:
        return ir.FloatType()
    if dtype == types.float64:
        return ir.DoubleType()
    return ir.IntType(width(dtype))


class Value:
    """An LLVM value with its Numba type; operators emit instructions."""

    __slots__ = ("builder", "dtype", "ir")

    def __init__(self, builder: ir.IRBuilder, value: ir.Value, dtype: types.Type) -> None:
        self.builder = builder
        self.ir = value
        self.dtype = dtype

    def _kind(self, dtype: types.Type) -> ir.Type:
        """The LLVM type of `dtype`, with as many lanes as this value has."""
        kind = self.ir.type
        return ir.VectorType(ir_type(dtype), kind.count) if isinstance(kind, ir.VectorType) else ir_type(dtype)

    # ---- constants and lifting

    def constant(self, number: Number, dtype: types.Type | None = None) -> Value:
        """A constant of `dtype` (default: of this value's type), in each lane."""
        dtype = self.dtype if dtype is None else dtype
        if is_float(dtype):
            payload: Number = float(number)
            if dtype == types.float32:
                payload = round_to_float32(payload)
        else:
            payload = int(number)
        kind = self._kind(dtype)
        lanes = [payload] * kind.count if isinstance(kind, ir.VectorType) else payload
        return Value(self.builder, ir.Constant(kind, lanes), dtype)

    def lift(self, other: Value | Number) -> Value:
        """`other` itself, or the Python number as a constant of this value's type."""
        if not isinstance(other, Value):
            return self.constant(other)
        if other.dtype != self.dtype:
            raise TypeError(f"operands of different types: {self.dtype} and {other.dtype}")
        return other

    def _wrap(self, value: ir.Value, dtype: types.Type | None = None) -> Value:
        return Value(self.builder, value, self.dtype if dtype is None else dtype)

    def _binary(self, float_op: str, int_op: str, other: Value | Number, flags: tuple[str, ...] = ()) -> Value:
        other = self.lift(other)
        if is_float(self.dtype):
            return self._wrap(getattr(self.builder, float_op)(self.ir, other.ir, flags=flags))
        return self._wrap(getattr(self.builder, int_op)(self.ir, other.ir))

    # ---- arithmetic (integers wrap around)

    def add(self, other: Value | Number, *flags: str) -> Value:
        """Sum, with fast-math flags on this one instruction."""
        return self._binary("fadd", "add", other, flags)

    def sub(self, other: Value | Number, *flags: str) -> Value:
        """Difference, with fast-math flags on this one instruction."""
        return self._binary("fsub", "sub", other, flags)

    def mul(self, other: Value | Number, *flags: str) -> Value:
        """Product, with fast-math flags on this one instruction."""
        return self._binary("fmul", "mul", other, flags)

    def __add__(self, other: Value | Number) -> Value:
        return self.add(other)

    def __radd__(self, other: Number) -> Value:
        return self.constant(other).add(self)

    def __sub__(self, other: Value | Number) -> Value:
        return self.sub(other)

    def __rsub__(self, other: Number) -> Value:
        return self.constant(other).sub(self)

    def __mul__(self, other: Value | Number) -> Value:
        return self.mul(other)

    def __rmul__(self, other: Number) -> Value:
        return self.constant(other).mul(self)

    def __truediv__(self, other: Value | Number) -> Value:
        return self._wrap(self.builder.fdiv(self.ir, self.lift(other).ir))

    def __rtruediv__(self, other: Number) -> Value:
        return self.constant(other) / self

    def __neg__(self) -> Value:
        return self._wrap(self.builder.fneg(self.ir)) if is_float(self.dtype) else self.constant(0).sub(self)

    def int_quotient(self, other: Value) -> Value:
        """Integer division that truncates; undefined for a zero divisor and for MIN / -1."""
        divide = self.builder.sdiv if is_signed(self.dtype) else self.builder.udiv
        return self._wrap(divide(self.ir, other.ir))

    def int_remainder(self, other: Value) -> Value:
        """Remainder that goes with `int_quotient`."""
        divide = self.builder.srem if is_signed(self.dtype) else self.builder.urem
        return self._wrap(divide(self.ir, other.ir))

    # ---- bits

    def __and__(self, other: Value | Number) -> Value:
        return self._wrap(self.builder.and_(self.ir, self.lift(other).ir))

    def __or__(self, other: Value | Number) -> Value:
        return self._wrap(self.builder.or_(self.ir, self.lift(other).ir))

    def __xor__(self, other: Value | Number) -> Value:
        return self._wrap(self.builder.xor(self.ir, self.lift(other).ir))

    def __invert__(self) -> Value:
        return self._wrap(self.builder.not_(self.ir))

    def __lshift__(self, other: Value | Number) -> Value:
        return self._wrap(self.builder.shl(self.ir, self.lift(other).ir))

    def __rshift__(self, other: Value | Number) -> Value:
        shift = self.builder.ashr if is_signed(self.dtype) else self.builder.lshr
        return self._wrap(shift(self.ir, self.lift(other).ir))

    def logical_shift_right(self, count: int) -> Value:
        """Shift right that fills with zeros, for signed integers too."""
        return self._wrap(self.builder.lshr(self.ir, self.constant(count).ir))

    def bits(self) -> Value:
        """The bits of a float as a signed integer of the same width."""
        dtype = signed_of(self.dtype)
        return self._wrap(self.builder.bitcast(self.ir, self._kind(dtype)), dtype)

    def float_bits(self) -> int:
        """The bit pattern of a float constant, as a Python int."""
        code, number = ("<f", "<i") if self.dtype == types.float32 else ("<d", "<q")
        return int(struct.unpack(number, struct.pack(code, self.ir.constant))[0])

    def as_float(self) -> Value:
        """A 32 or 64 bit pattern as the float that it encodes."""
        dtype = types.float32 if width(self.dtype) == 32 else types.float64
        return self._wrap(self.builder.bitcast(self.ir, self._kind(dtype)), dtype)

    # ---- comparisons (ordered: false when an operand is NaN, but `ne` is true)

    def _compare(self, op: str, other: Value | Number) -> Value:
        other = self.lift(other)
        if is_float(self.dtype):
            compare = self.builder.fcmp_unordered if op == "!=" else self.builder.fcmp_ordered
        else:
            compare = self.builder.icmp_signed if is_signed(self.dtype) else self.builder.icmp_unsigned
        return self._wrap(compare(op, self.ir, other.ir), BOOLEAN)

    def __lt__(self, other: Value | Number) -> Value:
        return self._compare("<", other)

    def __le__(self, other: Value | Number) -> Value:
        return self._compare("<=", other)

    def __gt__(self, other: Value | Number) -> Value:
        return self._compare(">", other)

    def __ge__(self, other: Value | Number) -> Value:
        return self._compare(">=", other)

    def eq(self, other: Value | Number) -> Value:
        """Equality as a boolean value."""
        return self._compare("==", other)

    def ne(self, other: Value | Number) -> Value:
        """Inequality as a boolean value; true for NaN."""
        return self._compare("!=", other)

    def is_nan(self) -> Value:
        """True for NaN."""
        return self._wrap(self.builder.fcmp_unordered("uno", self.ir, self.ir), BOOLEAN)

    # ---- conversions

    def to(self, dtype: types.Type) -> Value:
        """Plain conversion between numbers; a float outside the range of an integer `dtype` is undefined."""
        if dtype == self.dtype:
            return self
        source, target = self.dtype, self._kind(dtype)
        emit = self.builder
        if is_float(source) and is_float(dtype):
            convert = emit.fpext if width(dtype) > width(source) else emit.fptrunc
        elif is_float(source):
            convert = emit.fptosi if is_signed(dtype) else emit.fptoui
        elif is_float(dtype):
            convert = emit.sitofp if is_signed(source) else emit.uitofp
        elif width(dtype) < width(source):
            convert = emit.trunc
        elif width(dtype) == width(source):
            return self._wrap(self.ir, dtype)
        else:
            convert = emit.sext if is_signed(source) else emit.zext
        return self._wrap(convert(self.ir, target), dtype)

    # ---- LLVM intrinsics

    def intrinsic(self, name: str, *others: Value | Number, flags: Sequence[str] = ()) -> Value:
        """Call `llvm.<name>` with this value and others of the same type; the result has that type too."""
        operands = [self.ir, *(self.lift(other).ir for other in others)]
        kind = self._kind(self.dtype)
        suffix = f"f{width(self.dtype)}" if is_float(self.dtype) else f"i{width(self.dtype)}"
        if isinstance(kind, ir.VectorType):
            suffix = f"v{kind.count}{suffix}"
        function = declare(self.builder.module, f"llvm.{name}.{suffix}", kind, [kind] * len(operands))
        return self._wrap(self.builder.call(function, operands, fastmath=flags))

    def __abs__(self) -> Value:
        return self.intrinsic("fabs")

    def sqrt(self) -> Value:
        """Correctly rounded square root."""
        return self.intrinsic("sqrt")

    def floor(self) -> Value:
        """Largest integral value not above."""
        return self.intrinsic("floor")

    def rint(self) -> Value:
        """Nearest integral value, halves to even."""
        return self.intrinsic("roundeven")

    def trunc(self) -> Value:
        """Integral value towards zero."""
        return self.intrinsic("trunc")

    def copysign(self, sign: Value | Number) -> Value:
        """Magnitude of this value with the sign of another."""
        return self.intrinsic("copysign", sign)


def round_to_float32(number: float) -> float:
    """The float32 nearest to `number`, as a Python float."""
    return float(struct.unpack("f", struct.pack("f", number))[0])


def declare(module: ir.Module, name: str, result: ir.Type, arguments: Sequence[ir.Type]) -> ir.Function:
    """The function `name` of `module`, declared at its first use."""
    existing = module.globals.get(name)
    if existing is not None:
        return existing
    return ir.Function(module, ir.FunctionType(result, arguments), name)


def fma(a: Value, b: Value | Number, c: Value | Number) -> Value:
    """`a * b + c` with one rounding."""
    return a.intrinsic("fma", b, c)


def select(condition: Value, yes: Value | Number, no: Value | Number) -> Value:
    """`yes` where the condition holds, else `no`, without a branch. At least one of the two is a Value."""
    if not isinstance(yes, Value):
        if not isinstance(no, Value):
            raise TypeError("select needs the type of at least one of its two values")
        yes = no.constant(yes)
    no = yes.lift(no)
    return Value(condition.builder, condition.builder.select(condition.ir, yes.ir, no.ir), yes.dtype)


def two_sum(a: Value, b: Value) -> tuple[Value, Value]:
    """a + b as the rounded sum and its rounding error, exact for any a and b (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def lookup(name: str, values: Sequence[float], index: Value) -> Value:
    """Element `index` (int64, in range) of a constant float64 array that the module holds once under `name`."""
    module = index.builder.module
    table = module.globals.get(name)
    if table is None:
        kind = ir.ArrayType(ir.DoubleType(), len(values))
        table = ir.GlobalVariable(module, kind, name)
        table.linkage = "internal"
        table.global_constant = True
        table.initializer = ir.Constant(kind, list(values))
    place = index.builder.gep(table, [ir.Constant(index.ir.type, 0), index.ir], inbounds=True)
    loaded = index.builder.load(place)
    loaded.set_metadata("invariant.load", module.add_metadata([]))
    return Value(index.builder, loaded, types.float64)


def horner(x: Value, coefficients: Sequence[float]) -> Value:
    """The polynomial with the given coefficients, highest power first, by fused multiply-adds.

    The upper part of a long one is the sum of its even and its odd half, two chains that the CPU computes side by
    side: loops over elementary functions wait for the latency of these chains. The last two steps, which decide the
    rounding error, are Horner's.
    """
    upper, last = (coefficients[:-2], coefficients[-2:]) if len(coefficients) > LONG else ((), coefficients)
    if upper:
        ascending = upper[::-1]
        square = x * x
        result = fma(horner(square, ascending[1::2][::-1]), x, horner(square, ascending[::2][::-1]))
    else:
        result, last = x.constant(last[0]), last[1:]
    for coefficient in last:
        result = fma(result, x, coefficient)
    return result


def repeat_while(
    state: Sequence[Value],
    proceed: Callable[..., Value],
    update: Callable[..., Sequence[Value]],
) -> tuple[Value, ...]:
    """The state after `while proceed(*state): state = update(*state)`, a real loop (which blocks vectorization)."""
    builder = state[0].builder
    before = builder.block
    head = builder.append_basic_block("while")
    body = builder.append_basic_block("while.body")
    done = builder.append_basic_block("while.done")
    builder.branch(head)
    builder.position_at_end(head)
    phis = [builder.phi(value.ir.type) for value in state]
    current = tuple(Value(builder, phi, value.dtype) for phi, value in zip(phis, state, strict=True))
    builder.cbranch(proceed(*current).ir, body, done)
    builder.position_at_end(body)
    following = update(*current)
    for phi, first, again in zip(phis, state, following, strict=True):
        phi.add_incoming(first.ir, before)
        phi.add_incoming(again.ir, builder.block)
    builder.branch(head)
    builder.position_at_end(done)
    return current
