"""Memory of a kernel: pointers from the argument block, loads and stores with alias scopes.

A kernel is `kernel(args, lo, hi)`; `args` points to 8-byte slots that hold buffer addresses and sizes. A pointer
carries its element type and its alias scope in its Numba type, so that `load` and `store` can tell LLVM which buffers
are disjoint: an access belongs to its own scope and is `noalias` with every other scope of the kernel. Pointers with
the same scope number may alias exactly (in-place work). Indices are element counts, without wraparound of negatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.errors import NumbaTypeError
from numba.extending import intrinsic, models, register_model

from staticad.codegen.vecmath.builder import BOOLEAN, DTYPES, ir_type, width

ARGS = types.CPointer(types.int64)
SLOT = ir.IntType(64)
LONGEST = 1 << 20  # steps between two looks


def _memory_type(dtype: types.Type) -> ir.Type:
    return ir.IntType(8) if dtype == BOOLEAN else ir_type(dtype)


def _alignment(dtype: types.Type) -> int:
    return 1 if dtype == BOOLEAN else width(dtype) // 8


class Pointer(types.Type):
    """Numba type of a buffer: element dtype, and alias scope `scope` of the `scopes` in the kernel."""

    def __init__(self, dtype: types.Type, scope: int, scopes: int) -> None:
        self.dtype = dtype
        self.scope = scope
        self.scopes = scopes
        super().__init__(f"Pointer({dtype}, scope {scope} of {scopes})")


@register_model(Pointer)
class PointerModel(models.PrimitiveModel):
    """A pointer is one machine address."""

    def __init__(self, manager: Any, pointer: Pointer) -> None:
        super().__init__(manager, pointer, _memory_type(pointer.dtype).as_pointer())


def literal(function: str, what: str, argument: types.Type) -> int:
    if not isinstance(argument, types.IntegerLiteral):
        raise NumbaTypeError(f"{function}: {what} must be a literal int, not {argument}")
    return int(argument.literal_value)


def require(function: str, what: str, argument: types.Type, kind: types.Type) -> None:
    if types.unliteral(argument) != kind:
        raise NumbaTypeError(f"{function}: {what} must be {kind}, not {argument}")


def load_slot(builder: ir.IRBuilder, args: ir.Value, slot: int, kind: ir.Type) -> ir.Value:
    address = builder.gep(args, [ir.Constant(SLOT, slot)], inbounds=True, source_etype=SLOT)
    loaded = builder.load(address, typ=kind, align=8)
    loaded.set_metadata("invariant.load", builder.module.add_metadata([]))  # slots never change during a kernel
    return loaded


@intrinsic(prefer_literal=True)
def pointer(_context: Any, args: Any, slot: Any, dtype: Any, scope: Any, scopes: Any) -> Any:
    """The buffer whose address is in `slot`, with element type `dtype`, in alias scope `scope` of `scopes`."""
    require("pointer", "args", args, ARGS)
    if not isinstance(dtype, types.NumberClass) or dtype.dtype not in DTYPES:
        raise NumbaTypeError(f"pointer: {dtype} is no supported dtype")
    slot_number, number, count = (
        literal("pointer", what, value) for what, value in (("slot", slot), ("scope", scope), ("scopes", scopes))
    )
    if not 0 <= number < count:
        raise NumbaTypeError(f"pointer: scope {number} is not in range({count})")

    def emit(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        return load_slot(builder, values[0], slot_number, _memory_type(dtype.dtype).as_pointer())

    return Pointer(dtype.dtype, number, count)(ARGS, slot, dtype, scope, scopes), emit


@intrinsic(prefer_literal=True)
def size(_context: Any, args: Any, slot: Any) -> Any:
    """The int64 in `slot`."""
    require("size", "args", args, ARGS)
    slot_number = literal("size", "slot", slot)

    def emit(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        return load_slot(builder, values[0], slot_number, SLOT)

    return types.int64(ARGS, slot), emit


def element_address(builder: ir.IRBuilder, buffer: Pointer, address: ir.Value, index: ir.Value) -> ir.Value:
    """The address of an element of a buffer."""
    return builder.gep(address, [index], inbounds=True, source_etype=_memory_type(buffer.dtype))


def _set_scope(builder: ir.IRBuilder, instruction: Any, buffer: Pointer) -> None:
    if buffer.scopes == 1:
        return
    known = builder.module.__dict__.setdefault(_SCOPES, {})
    key = (builder.function.name, buffer.scopes, buffer.scope)
    if key not in known:
        known[key] = _scope_lists(builder.module, *key)
    own, others = known[key]
    instruction.set_metadata("alias.scope", own)
    instruction.set_metadata("noalias", others)


# The attribute of a module for the metadata of its scopes: a kernel has many accesses of each buffer. They refer to the
# module, so whatever else held them would hold it for ever.
_SCOPES = "staticad_scopes"


def _scope_lists(module: ir.Module, kernel: str, count: int, scope: int) -> tuple[Any, Any]:
    """The list that names a buffer's own scope, and the one that names all others of the kernel."""
    scopes = _kernel_scopes(module, kernel, count)
    own = scopes.pop(scope)
    return module.add_metadata([own]), module.add_metadata(scopes)


def _kernel_scopes(module: ir.Module, kernel: str, count: int) -> list[Any]:
    domain = module.add_metadata([f"buffers of {kernel}"])
    return [module.add_metadata([f"{kernel} {number}", domain]) for number in range(count)]


def _all_scopes(builder: ir.IRBuilder, count: int) -> Any:
    """The list that names all scopes of the kernel."""
    return builder.module.add_metadata(_kernel_scopes(builder.module, builder.function.name, count))


@intrinsic
def load(_context: Any, p: Any, i: Any) -> Any:
    """Element `i` (int64) of buffer `p`. A boolean is a byte that is not 0."""
    if not isinstance(p, Pointer):
        raise NumbaTypeError(f"load: {p} is no pointer")
    require("load", "the index", i, types.int64)

    def emit(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        return _truth(builder, p, _load(builder, p, *values))

    return p.dtype(p, types.int64), emit


def _load(builder: ir.IRBuilder, p: Pointer, address: ir.Value, index: ir.Value) -> ir.Value:
    place = element_address(builder, p, address, index)
    loaded = builder.load(place, typ=_memory_type(p.dtype), align=_alignment(p.dtype))
    _set_scope(builder, loaded, p)
    return loaded


def _truth(builder: ir.IRBuilder, p: Pointer, loaded: ir.Value) -> ir.Value:
    """What was loaded; of a boolean's byte, whether it is not 0."""
    if p.dtype == BOOLEAN:
        return builder.icmp_unsigned("!=", loaded, ir.Constant(_memory_type(p.dtype), 0))
    return loaded


@intrinsic
def load_where(_context: Any, mask: Any, p: Any, i: Any) -> Any:
    """Element `i` of buffer `p` where `mask` (a bool) holds, else 0. Vectorizes to a masked load."""
    if not isinstance(p, Pointer):
        raise NumbaTypeError(f"load_where: {p} is no pointer")
    require("load_where", "the mask", mask, BOOLEAN)
    require("load_where", "the index", i, types.int64)

    def emit(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        condition, address, index = values
        before = builder.block
        with builder.if_then(condition):
            loaded = _load(builder, p, address, index)
            inside = builder.block
        found = builder.phi(_memory_type(p.dtype))
        found.add_incoming(ir.Constant(_memory_type(p.dtype), None), before)
        found.add_incoming(loaded, inside)
        return _truth(builder, p, found)

    return p.dtype(BOOLEAN, p, types.int64), emit


@intrinsic
def store(_context: Any, p: Any, i: Any, v: Any) -> Any:
    """Set element `i` (int64) of buffer `p` to `v`, which has the buffer's dtype. A boolean is a byte 0 or 1."""
    if not isinstance(p, Pointer):
        raise NumbaTypeError(f"store: {p} is no pointer")
    require("store", "the index", i, types.int64)
    require("store", "the value", v, p.dtype)

    def emit(context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        address, index, value = values
        if p.dtype == BOOLEAN:
            value = builder.zext(value, ir.IntType(8))
        stored = builder.store(value, element_address(builder, p, address, index), align=_alignment(p.dtype))
        _set_scope(builder, stored, p)
        return context.get_dummy_value()

    return types.void(p, types.int64, p.dtype), emit


@intrinsic(prefer_literal=True)
def failure(_context: Any, args: Any, slot: Any) -> Any:
    """The first word of the status block whose address `slot` holds: not 0 once a check has failed."""
    require("failure", "args", args, ARGS)
    slot_number = literal("failure", "slot", slot)

    def emit(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        status = load_slot(builder, values[0], slot_number, SLOT.as_pointer())
        return builder.load(status, typ=SLOT, align=8)

    return types.int64(ARGS, slot), emit


@intrinsic(prefer_literal=True)
def look(_context: Any, args: Any, slot: Any, steps: Any, scopes: Any) -> Any:
    """How many steps a loop, which has made `steps` since its last look, makes before the next one; 0: it has to end.

    `slot` holds the address of a block whose first word is the address of the function that decides. It touches none
    of the buffers of the kernel, which has `scopes` alias scopes: what a loop carries stays in registers.
    """
    require("look", "args", args, ARGS)
    require("look", "the steps", steps, types.int64)
    slot_number, count = literal("look", "slot", slot), literal("look", "scopes", scopes)

    def emit(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        function = ir.FunctionType(SLOT, [SLOT.as_pointer(), SLOT, SLOT]).as_pointer()
        block = load_slot(builder, values[0], slot_number, SLOT.as_pointer())
        address = builder.load(builder.bitcast(block, function.as_pointer()), typ=function, align=8)
        called = builder.call(address, [block, values[2], ir.Constant(SLOT, LONGEST)], attrs=("nounwind",))
        set.add(called.attributes, "willreturn")  # LLVM knows it, llvmlite's list of attributes does not
        if count > 1:
            called.set_metadata("noalias", _all_scopes(builder, count))
        return called

    return types.int64(ARGS, slot, types.int64, scopes), emit


KERNEL_NAMES: dict[str, object] = {
    "pointer": pointer,
    "size": size,
    "load": load,
    "load_where": load_where,
    "store": store,
    "failure": failure,
    "look": look,
}
