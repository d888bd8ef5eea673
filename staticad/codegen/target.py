"""The CPUs that code is compiled for, as LLVM describes them.

Kernels are compiled for *this* CPU with all its features. The fixed code of the package is compiled for every CPU of an
architecture (*plain*), or once for each *level* of CPUs where that pays, so that a package can bring it along.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.host import this_host
from staticad.late import later
from staticad.records import dataclass

if TYPE_CHECKING:
    import llvmlite.binding as llvm
else:
    llvm = later("llvmlite.binding")

# Kernel functions that x86 CPUs without F16C do not have instructions for, and what stands for them there.
SUBSTITUTES = {"widen_float16": "widen_float16_by_bits", "narrow_float16": "narrow_float16_by_bits"}


@dataclass(frozen=True)
class Target:
    """A kind of CPU: LLVM's name, what it has beyond or without that name's features, its name in file names; and
    whether machine code for it has to be made quickly."""

    cpu: str
    features: str
    name: str = ""
    quick: bool = False


# From the widest vectors to the narrowest, with the features that a CPU of that level has. LLVM uses half of each
# 512-bit register on all Intel CPUs, since the first ones that had them lowered their clock. Those with VBMI (Ice Lake
# and later) don't, so there the whole register is used.
LEVELS: tuple[tuple[tuple[str, ...], Target], ...] = (
    (("avx512vbmi", "avx512vl"), Target("x86-64-v4", "+avx512vbmi,-prefer-256-bit", "v4-wide")),
    (("avx512vl",), Target("x86-64-v4", "", "v4")),
    (("avx2", "fma", "bmi2"), Target("x86-64-v3", "", "v3")),
)


def triple() -> str:
    """LLVM's name of architecture and system."""
    return this_host().triple


def is_x86() -> bool:
    """True where the levels apply."""
    return triple().startswith(("x86", "i386", "i686"))


@functools.cache
def host_features() -> Mapping[str, bool]:
    """What this CPU has, by LLVM's names."""
    return {feature[1:]: feature[0] == "+" for feature in this_host().features.split(",") if feature}


def substitutes() -> Mapping[str, str]:
    """The kernel functions in the place of which others are called on this CPU."""
    return SUBSTITUTES if is_x86() and not host_features().get("f16c") else {}


@functools.cache
def host() -> Target:
    """This CPU with all its features."""
    wide = ",-prefer-256-bit" if host_features().get("avx512vbmi") else ""
    return Target(this_host().cpu, this_host().features + wide)


@functools.cache
def plain() -> Target:
    """Any CPU of this architecture."""
    return Target("x86-64" if is_x86() else "generic", "", "plain")


@functools.cache
def level() -> Target:
    """The level of this CPU; itself where no level fits."""
    features = host_features()
    fitting = (target for needed, target in LEVELS if is_x86() and all(features.get(name) for name in needed))
    return next(fitting, host())


def features_of(target: Target) -> Mapping[str, bool]:
    """What the CPUs of a level have, or this CPU."""
    return next((dict.fromkeys((*needed, "avx"), True) for needed, t in LEVELS if t == target), host_features())


def vector_bytes(features: Mapping[str, bool]) -> int:
    """The bytes of a vector as LLVM makes them for a CPU with these features."""
    if features.get("avx512vbmi"):
        return 64
    return 32 if features.get("avx") else 16


def create_target_machine(target: Target) -> llvm.TargetMachine:
    """A new LLVM target machine, for code that is loaded into this process."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_triple(triple()).create_target_machine(
        cpu=target.cpu,
        features=target.features,
        opt=0 if target.quick else 3,
        reloc="static" if is_x86() else "default",
        codemodel="jitdefault",
        jit=True,
    )


@functools.cache
def target_machine(target: Target) -> llvm.TargetMachine:
    """The target machine that compiles for these CPUs; one for the process."""
    return create_target_machine(target)
